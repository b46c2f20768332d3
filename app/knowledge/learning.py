"""The order of suggestions learned from what a tenant's agents inserted, and used where it is better."""

from __future__ import annotations

from collections.abc import Sequence

from app.bootstrap import Deps
from app.knowledge.ordering import MOST
from connectors.store import inserts
from triage.search.learned import SHIPPED, in_words
from triage.search.lessons import LEAST, Lesson, Tried, better, choices, tried

NEW = 20
"""So many inserts after the last lesson there is another: trying every night would in time find one that is lucky."""


def learn_order(deps: Deps, tenant: str) -> str:
    """Learn from the older inserts, try it on the newer ones, and use it if it is better there beyond noise; what came
    of it in a sentence. The same inserts give the same order.
    """
    known = deps.store.inserts.newest(tenant, MOST)
    last, champion = deps.store.rankers.newest(tenant), deps.store.rankers.champion(tenant)
    if last is not None and sum(each.at > last.made_at for each in known) < NEW:
        return f"Order of suggestions: fewer than {NEW} inserts since it was learned last."
    made = choices(lessons_of(known))
    if len(made) < LEAST:
        return f"Order of suggestions: nothing learned; {len(made)} inserts to learn from, {LEAST} are needed."
    current = champion.weights if champion else SHIPPED
    found = tried(made, current)
    why = _why(found, "the order before" if champion else "the shipped order")
    deps.store.rankers.add(
        tenant,
        weights=found.weights,
        measured={
            "inserts": len(made),
            "held_out": found.held_out,
            "mrr": round(found.mrr, 4),
            "mrr_before": round(found.mrr_before, 4),
            "lately": round(found.lately, 4),
            "gain": [round(value, 4) for value in (found.gain.mean, found.gain.low, found.gain.high)],
        },
        promoted=found.is_better,
        why=why,
        now=deps.now(),
    )
    if champion is not None and not found.is_better and (worse := better(made, SHIPPED, current)).low > 0:
        why = f"On the newest inserts the shipped order is better: MRR {worse}."
        deps.store.rankers.retire(tenant, why)
        return f"Order of suggestions: as shipped again. {why}"
    return f"Order of suggestions: {why} Learned: {in_words(found.weights)}."


def lessons_of(known: Sequence[inserts.Lesson]) -> list[Lesson]:
    """Of the newest encoder only: vectors and cosines of another do not compare."""
    return [
        Lesson(
            vector=each.made.vector,
            keys=tuple(found.key for found in each.made.found),
            signals=tuple(found.signals for found in each.made.found),
            inserted=each.inserted,
        )
        for each in known
        if each.made.encoder == known[-1].made.encoder
    ]


def _why(found: Tried, against: str) -> str:
    end = "better beyond noise, so it is used" if found.is_better else "no more than noise, so the order stays"
    return f"On the {found.held_out} newest inserts MRR {found.gain} against {against}: {end}."
