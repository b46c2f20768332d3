"""Measurements of search, what was learned about its order, and the inserts that both come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from connectors.store import Store
from connectors.store import inserts as module
from connectors.store.article_rows import HELPDESK
from connectors.store.search_tests import FILE, INSERTS, Missed
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_articles import article
from tests.connectors.store.test_suggestions import suggestion
from triage.suggestions import Act

MISSED = Missed(query="where is it", ticket_ref="7", right=("501", "502"), place=4, first="9")


def measured(store: Store, clock: ToldClock, version: str, tenant: str = "acme", **changes: Any) -> int:
    values: dict[str, Any] = {
        "index_version": version,
        "ranker": "shipped",
        "source": INSERTS,
        "queries": 40,
        "recall_at_1": 0.75,
        "recall_at_3": 0.9,
        "mrr_at_10": 0.8,
        "worst": [MISSED],
        "is_used": True,
        "why": "",
        "now": clock.forward(minutes=1),
    }
    return store.search_tests.add(tenant, **(values | changes))


@pytest.fixture
def other(store: Store, tenant: str, clock: ToldClock) -> str:
    store.tenants.add(new_tenant("other"), webhook_token="other-token", now=clock())
    return "other"


def test_a_measurement_comes_back_as_it_was_kept(store: Store, tenant: str, clock: ToldClock) -> None:
    number = measured(store, clock, "v1")
    newest = store.search_tests.newest(tenant)
    assert newest is not None
    assert (newest.id, newest.index_version, newest.recall_at_3, newest.at) == (number, "v1", 0.9, clock())
    assert newest.worst == (MISSED,)


def test_the_newest_is_of_an_index_in_use(store: Store, tenant: str, clock: ToldClock, other: str) -> None:
    assert store.search_tests.newest(tenant) is None
    first = measured(store, clock, "v1")
    from_file = measured(store, clock, "v1", source=FILE)
    refused = measured(store, clock, "v2", is_used=False, why="Worse.")
    measured(store, clock, "v9", tenant=other)
    newest, own = store.search_tests.newest(tenant), store.search_tests.newest(tenant, INSERTS)
    assert newest is not None
    assert own is not None
    assert (newest.id, own.id) == (from_file, first)
    assert [each.id for each in store.search_tests.history(tenant)] == [refused, from_file, first]
    assert [each.id for each in store.search_tests.history(tenant, limit=1)] == [refused]


def test_what_customers_wrote_is_cut_and_forgotten_in_time(
    store: Store, tenant: str, clock: ToldClock, other: str
) -> None:
    measured(store, clock, "v1", worst=[replace(MISSED, query="a" * 5_000)])
    measured(store, clock, "v1", tenant=other)
    assert [len(each.query) for each in store.search_tests.history(tenant)[0].worst] == [200]
    clock.forward(days=181)
    measured(store, clock, "v2")
    newest, old = store.search_tests.history(tenant)
    assert (len(newest.worst), old.worst, old.recall_at_1) == (1, (), 0.75)
    assert len(store.search_tests.history(other)[0].worst) == 1


def learned(store: Store, clock: ToldClock, *, promoted: bool, tenant: str = "acme") -> int:
    return store.rankers.add(
        tenant,
        weights={"score": 1.0, "before": 2.5},
        measured={"held_out": 25},
        promoted=promoted,
        why="Better." if promoted else "Noise.",
        now=clock.forward(minutes=1),
    ).id


def test_there_is_one_champion(store: Store, tenant: str, clock: ToldClock, other: str) -> None:
    assert store.rankers.champion(tenant) is None
    assert store.rankers.champion_id(tenant) is None
    first, foreign = learned(store, clock, promoted=True), learned(store, clock, promoted=True, tenant=other)
    refused = learned(store, clock, promoted=False)
    champion, newest = store.rankers.champion(tenant), store.rankers.newest(tenant)
    assert champion is not None
    assert newest is not None
    assert (champion.id, champion.name, champion.weights) == (first, f"learned-{first}", {"score": 1.0, "before": 2.5})
    assert (newest.id, newest.state, newest.why, newest.made_at) == (refused, "refused", "Noise.", clock())
    second = learned(store, clock, promoted=True)
    assert [(each.id, each.state) for each in store.rankers.history(tenant)] == [
        (second, "champion"),
        (refused, "refused"),
        (first, "retired"),
    ]
    assert store.rankers.champion_id(other) == foreign


def test_the_way_back_to_the_shipped_order(store: Store, tenant: str, clock: ToldClock, other: str) -> None:
    learned(store, clock, promoted=True)
    foreign = learned(store, clock, promoted=True, tenant=other)
    assert store.rankers.retire(tenant, "Worse.")
    assert not store.rankers.retire(tenant, "Again.")
    assert store.rankers.champion_id(tenant) is None
    assert store.rankers.history(tenant)[0].why == "Worse."
    assert store.rankers.champion_id(other) == foreign


@pytest.fixture
def rows(store: Store, tenant: str, clock: ToldClock) -> dict[str, int]:
    """Articles a and b, b in two languages: their rows."""
    found = [article("a"), article("b"), article("b", locale="de")]
    reads = store.articles.compare(tenant, HELPDESK, found)
    with store.database.write() as transaction:
        store.articles.keep_in(transaction, tenant, HELPDESK, reads, now=clock())
    names = {("a", "en"): "a", ("b", "en"): "b", ("b", "de"): "b-de"}
    return {names[each.article.ref, each.article.locale]: each.id for each in store.articles.find(tenant)}


def act(store: Store, clock: ToldClock, ref: str, article_id: int, kind: Act = Act.INSERT_TEXT) -> None:
    store.article_events.add("acme", ref, article_id, kind, now=clock.forward(minutes=1), by_id="7")


def test_inserts_come_with_what_was_found_oldest_first(
    store: Store, tenant: str, clock: ToldClock, rows: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    for ref in "12345":
        store.suggestions.keep(tenant, suggestion(clock, ref, query=f"query {ref}"))
    act(store, clock, "3", rows["a"])
    first_at = clock()
    act(store, clock, "1", rows["b-de"], Act.INSERT_LINK)
    act(store, clock, "3", rows["b"], Act.INSERT_LINK)
    act(store, clock, "2", rows["a"], Act.FLAG)
    act(store, clock, "4", rows["a"])
    act(store, clock, "4", rows["a"], Act.NOT_HELPFUL)
    act(store, clock, "9", rows["a"])  # its suggestion was tidied away
    lessons = store.inserts.newest(tenant, 10)
    assert [(each.made.query, each.inserted) for each in lessons] == [
        ("query 3", {"a", "b"}),
        ("query 1", {"b"}),
    ]
    assert lessons[0].at == first_at
    assert [each.made.ticket_ref for each in store.inserts.newest(tenant, 2)] == ["1"], "the newest two; one was judged"

    memory = store.inserts.memory(tenant, "minilm", 10)
    assert memory.keys == ({"a", "b"}, {"b"})
    assert memory.times == tuple(each.at for each in lessons)
    assert np.array_equal(memory.vectors, np.stack([each.made.vector for each in lessons]))
    assert store.inserts.memory(tenant, "another", 10).vectors.shape == (0, 0)


def test_whose_agents_insert(store: Store, tenant: str, clock: ToldClock, rows: dict[str, int], other: str) -> None:
    store.suggestions.keep(tenant, suggestion(clock, "1"))
    act(store, clock, "1", rows["a"], Act.NOT_HELPFUL)
    assert store.inserts.tenants(clock() - timedelta(days=2)) == []
    act(store, clock, "1", rows["a"])
    assert store.inserts.tenants(clock() - timedelta(days=2)) == [tenant]
    assert store.inserts.tenants(clock() + timedelta(seconds=1)) == []
    assert store.inserts.newest(other, 10) == []
