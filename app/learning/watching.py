"""Drift of the model in use, looked for every night and shown among the checks of the connection."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from app.bootstrap import Deps
from app.learning.history import CATEGORY
from app.learning.models import CHECK, Kept, OtherEncoder, in_use, load, unusable
from connectors.encoder import Encoder
from connectors.installing import Finding, Health
from connectors.model_file import ModelFileBroken
from connectors.store.examples import Answered
from connectors.store.models import StoredModel
from triage.classify.state import UnknownRecipe
from triage.drift import FEWEST, Look, Now, Spread, Then, look

DRIFT = "drift"
RECENT, BEFORE = timedelta(days=7), timedelta(days=28)
NO_MODEL = Finding(check=CHECK, health=Health.GOOD, state="No own model", detail="The shipped model answers.")
SAYS = {
    "input": "other tickets",
    "labels": "other labels",
    "confidence": "less sure",
    "corrections": "more corrections",
}


def watch(deps: Deps, tenant: str, encoder: Encoder) -> None:
    """Compare what the own model answered lately with what it was measured on, and keep what was found.

    Nothing for a tenant whom the shipped model answers, which nobody measured on its tickets; what was found of an own
    model before no longer counts.
    """
    stored, now = deps.store.models.champion(tenant, CATEGORY), deps.now()
    if stored is None:
        old = {each.finding.check for each in deps.store.findings.all(tenant)} & {CHECK, DRIFT}
        deps.store.findings.save(tenant, [replace(NO_MODEL, check=check) for check in old], now)
        return
    try:
        kept = load(deps.store, tenant, stored, encoder)
    except (ModelFileBroken, UnknownRecipe, OtherEncoder) as error:
        deps.store.findings.save(tenant, [unusable(stored, str(error))], now)
        return
    answered = deps.store.examples.answered(tenant, stored.version, since=now - RECENT - BEFORE)
    corrected = {ref for ref, (label, _) in deps.store.examples.corrections(tenant).items() if label is not None}
    recent = [each for each in answered if each.at >= now - RECENT]
    earlier = [each for each in answered if each.at < now - RECENT]
    looks = look(_then(stored, kept, earlier, corrected), _now(recent, corrected))
    deps.store.findings.save(tenant, [in_use(stored), finding(looks, len(recent))], now)


def finding(looks: Collection[Look], recent: int) -> Finding:
    """What an admin reads."""
    if not looks:
        few = f"{recent} of at least {FEWEST} recent answers of the model in use: too few to compare."
        return Finding(check=DRIFT, health=Health.GOOD, state="Too few yet", detail=few)
    alarms = [each for each in looks if each.alarm]
    if not alarms:
        return Finding(check=DRIFT, health=Health.GOOD, state="Unchanged", detail=" ".join(each.said for each in looks))
    return Finding(
        check=DRIFT,
        health=Health.WARN,
        state=", ".join(SAYS[each.what] for each in alarms).capitalize(),
        detail=" ".join(each.said for each in alarms),
        fix="Look at the tickets of the last days. If they are right, train again: `deskhand triage train`.",
    )


def _then(stored: StoredModel, kept: Kept, earlier: Collection[Answered], corrected: Collection[str]) -> Then:
    card = stored.card
    mean, deviation = kept.nearest
    steps = [(step.said, step.right.of) for step in card.reliability]
    total = sum(count for _, count in steps) or 1
    sure = sum(said * count for said, count in steps) / total
    spread = (sum(count * (said - sure) ** 2 for said, count in steps) / total) ** 0.5
    return Then(
        nearest=Spread(mean=mean, deviation=deviation, count=card.held_out),
        confidence=Spread(mean=sure, deviation=spread, count=total),
        labels={row.label: row.precision.of for row in card.by_label},
        corrected=sum(each.ref in corrected for each in earlier),
        decided=len(earlier),
    )


def _now(recent: Collection[Answered], corrected: Collection[str]) -> Now:
    return Now(
        nearest=[each.nearest for each in recent if each.nearest is not None],
        confidence=[each.confidence for each in recent],
        labels=[each.category for each in recent],
        corrected=sum(each.ref in corrected for each in recent),
        decided=len(recent),
    )
