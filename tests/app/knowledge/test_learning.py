"""Measured on what agents inserted, and an order learned from that: used where it is better, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.knowledge import ordering
from app.knowledge.evaluating import Query, answerable, evaluate, own_queries
from app.knowledge.learning import NEW, learn_order
from app.knowledge.measuring import measure
from app.knowledge.ordering import Ranker
from app.knowledge.suggesting import Shelves, brought_up
from connectors.store import Store
from tests.app.knowledge.ground import TOPICS, Ground, topics
from tests.conftest import ToldClock
from tests.triage.search.shelf import article
from triage.articles import Audience
from triage.search.audience import Reader
from triage.search.lessons import LEAST
from triage.suggestions import Act, Candidate, ordered

TWINS = ("apple", "pear", "plum", "fig")
"""Kinds of tickets whose words no article has; agents know which article helps."""


@pytest.fixture
def ground(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Ground:
    return Ground(store, clock, tmp_path)


def test_own_inserts_are_the_queries_and_what_is_gone_is_none(ground: Ground) -> None:
    ground.begun(tickets=24)
    ground.insert("t3", "invoice")
    ground.insert("t3", TOPICS[3], Act.NOT_HELPFUL)
    shelf = ground.shelf()
    queries = own_queries(ground.deps, "acme")
    assert {each.ticket_ref: each.right for each in queries}["t3"] == {"invoice"}
    found = evaluate(ground.deps, "acme", shelf, answerable(queries, shelf))
    assert (found.queries, found.first.count) == (24, 23)
    assert [(each.ticket_ref, each.right, each.first) for each in found.worst] == [("t3", ("invoice",), "webhook")]

    ground.keep(topics()[5:])
    ground.refresh()
    shelf = ground.shelf()
    assert {each.ticket_ref for each in answerable(queries, shelf)} == {f"t{number}" for number in range(5, 24)}


def test_languages_are_one_article_and_restricted_ones_are_found(ground: Ground) -> None:
    german = [replace(each, locale="de", title=f"{each.title} DE") for each in topics()[:2]]
    restricted = article("vip", "Giraffes", "<p>Giraffes</p>", audience=Audience.RESTRICTED, allowed=("group:1",))
    ground.keep([*topics(), *german, restricted])
    ground.refresh()
    queries = [
        Query(text=text, right=frozenset((right,)), at=ground.clock())
        for text, right in (("password", "password"), ("giraffes", "vip"))
    ]
    found = evaluate(ground.deps, "acme", ground.shelf(), queries)
    assert found.first.count == 2


def test_the_daily_measurement_is_kept(ground: Ground) -> None:
    assert measure(ground.deps, "acme", ground.encoder).startswith("Search was not measured: ")
    ground.begun(tickets=19)
    assert measure(ground.deps, "acme", ground.encoder) == (
        "Search was not measured: 19 inserts of articles that are there, 20 are needed."
    )
    assert ground.store.search_tests.newest("acme") is None
    ground.begun(tickets=20)
    told = measure(ground.deps, "acme", ground.encoder)
    assert told == ("On the 20 newest inserts the right article is first for 100 % and in the first three for 100 %.")
    newest = ground.store.search_tests.newest("acme")
    assert newest is not None
    assert (newest.queries, newest.ranker, newest.is_used) == (20, "shipped", True)
    assert newest.index_version == ground.shelf().index.version


def candidate(key: str, place: int, score: float) -> Candidate:
    return Candidate(
        article_id=place,
        key=key,
        locale="en",
        title=key,
        url=None,
        place=place,
        score=score,
        sure=0.5,
        why="",
        passage="",
        signals={"score": score, "passage": 0.3, "words": 0.1},
    )


def tickets(ground: Ground, count: int, *, random: bool = False) -> None:
    """Tickets of four kinds; the same four articles are found in a chance order, and agents insert their kind's."""
    draw = np.random.default_rng(0)
    worked = []
    for number in range(count):
        kind = number % len(TWINS)
        keys = [TOPICS[at] for at in draw.permutation(len(TWINS))]
        key = keys[int(draw.integers(3))] if random else TOPICS[kind]
        worked.append((f"k{number}", f"{TWINS[kind]} {TWINS[kind]} again", listed(keys), key))
    ground.worked(worked)


def listed(keys: Sequence[str]) -> list[Candidate]:
    return [candidate(key, place, 2.0 - 0.2 * place) for place, key in enumerate(keys, 1)]


def test_few_inserts_teach_nothing_and_that_is_said(ground: Ground) -> None:
    ground.keep(topics())
    ground.refresh()
    tickets(ground, LEAST - 1)
    assert learn_order(ground.deps, "acme") == (
        "Order of suggestions: nothing learned; 99 inserts to learn from, 100 are needed."
    )
    assert ground.store.rankers.newest("acme") is None


def test_what_agents_go_by_becomes_the_order(ground: Ground) -> None:
    ground.keep(topics())
    ground.refresh()
    tickets(ground, 120)
    told = learn_order(ground.deps, "acme")
    assert told.startswith("Order of suggestions: On the 60 newest inserts MRR +0.")
    assert "against the shipped order: better beyond noise, so it is used. Learned: the shipped order" in told
    champion = ground.store.rankers.champion("acme")
    assert champion is not None
    assert champion.weights["before"] > 1
    assert champion.measured["held_out"] == 60
    assert champion.measured["mrr"] > champion.measured["mrr_before"] + 0.3

    made = ground.asked("later", "pear pear please", listed(TOPICS[:4]))
    ranker = Ranker.of(ground.store, "acme", encoder="words", now=ground.clock())
    assert (ranker.name, str(ranker)) == (champion.name, str(ranker))

    def first(vector: NDArray[np.float32] | None, at: datetime) -> str:
        return ordered(made.found, ranker.order(vector, at))[0].key

    assert first(made.vector, made.made_at) == TOPICS[TWINS.index("pear")]
    assert first(made.vector, made.made_at - timedelta(days=30)) == TOPICS[0], "nothing was inserted by then"
    assert first(None, made.made_at) == TOPICS[0]
    assert learn_order(ground.deps, "acme") == (
        f"Order of suggestions: fewer than {NEW} inserts since it was learned last."
    )


def test_inserts_at_random_change_nothing(ground: Ground) -> None:
    ground.keep(topics())
    ground.refresh()
    tickets(ground, 120, random=True)
    assert "no more than noise, so the order stays" in learn_order(ground.deps, "acme")
    assert ground.store.rankers.champion("acme") is None
    assert Ranker.of(ground.store, "acme", encoder="words", now=ground.clock()).name == "shipped"
    [refused] = ground.store.rankers.history("acme")
    assert refused.state == "refused"


def test_an_order_that_is_worse_by_now_is_given_up(ground: Ground) -> None:
    ground.keep(topics())
    ground.refresh()
    ground.store.rankers.add(
        "acme", weights={"score": -1.0}, measured={}, promoted=True, why="By hand.", now=ground.clock()
    )
    ground.worked((f"k{at}", f"unlike {at}", listed(TOPICS[:4]), TOPICS[at % 2]) for at in range(120))
    told = learn_order(ground.deps, "acme")
    champion = ground.store.rankers.champion("acme")
    assert "against the order before: better beyond noise" in told
    assert champion is not None
    assert champion.weights["score"] > 0


def test_new_inserts_are_known_after_a_while_and_a_new_champion_at_once(ground: Ground) -> None:
    ground.keep(topics())
    ground.refresh()
    tickets(ground, 4)

    def add(weight: float) -> None:
        weights = {"score": 1.0, "before": weight}
        ground.store.rankers.add("acme", weights=weights, measured={}, promoted=True, why="", now=ground.clock())

    def known() -> tuple[str, int]:
        ranker = Ranker.of(ground.store, "acme", encoder="words", now=ground.clock())
        return str(ranker), len(ranker.memory.times)

    add(2.0)
    assert known() == ("the shipped order 1.0, used on alike tickets 2.0", 4)
    asked_at = ground.clock()
    ground.asked("new", "fig", [])
    ground.insert("new", TOPICS[0])
    assert ground.clock() < asked_at + ordering.FRESH
    assert known()[1] == 4
    ground.clock.forward(minutes=5)
    assert known()[1] == 5
    add(3.0)
    assert known() == ("the shipped order 1.0, used on alike tickets 3.0", 5)
    add(0.0)
    assert known() == ("the shipped order 1.0", 0), "what is not needed is not kept"
    ground.store.rankers.retire("acme", "")
    assert known() == ("the shipped order 1.0, review overdue -0.5", 0)


def test_tickets_are_answered_in_the_learned_order(ground: Ground) -> None:
    ground.keep(topics()[:6])
    ground.refresh()
    ground.worked((f"k{at}", "apple invoice", None, "export") for at in range(5))
    shelves, reader = Shelves(ground.deps), Reader(is_agent=True)

    def suggested() -> tuple[str, str]:
        made = replace(ground.asked("new", "apple invoice", []), index_version="")
        found = brought_up(shelves, "acme", made, reader, now=ground.clock(), languages=())
        return found.ranker, found.found[0].key

    assert suggested() == ("shipped", "invoice")
    stored = ground.store.rankers.add(
        "acme", weights={"score": 1.0, "before": 9.0}, measured={}, promoted=True, why="", now=ground.clock()
    )
    assert suggested() == (stored.name, "export")
