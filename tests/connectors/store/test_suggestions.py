"""What was found for tickets, and what agents did with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from connectors.store import Store
from connectors.store.article_events import Usage
from connectors.store.article_rows import HELPDESK
from connectors.store.suggestions import LONGEST_QUERY, Suggestion
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_articles import article
from triage.suggestions import Act, Candidate

VECTOR = np.array([0.6, 0.8, 0.0], np.float32)


def candidate(article_id: int = 1, **changes: object) -> Candidate:
    values: dict[str, object] = {
        "article_id": article_id,
        "key": "501",
        "locale": "en",
        "title": "Webhooks stop",
        "url": "https://help.example/501",
        "place": 1,
        "score": 2.5,
        "sure": 0.7,
        "why": "Same words: webhooks",
        "passage": "Send the full chain.",
        "headings": ("Certificates",),
        "highlights": ((9, 13),),
        "signals": {"passage": 0.5, "words": 0.25},
    }
    return Candidate(**(values | changes))  # type: ignore[arg-type]


def suggestion(clock: ToldClock, ref: str = "7", **changes: object) -> Suggestion:
    values: dict[str, object] = {
        "ticket_ref": ref,
        "query": "Webhooks stopped",
        "vector": VECTOR,
        "encoder": "minilm",
        "index_version": "v1",
        "ranker": "shipped",
        "product_area": "integrations",
        "sure": 0.7,
        "found": (candidate(), candidate(2, url=None, highlights=(), headings=())),
        "made_at": clock(),
    }
    return Suggestion(**(values | changes))  # type: ignore[arg-type]


def same(one: Suggestion | None, other: Suggestion) -> bool:
    assert one is not None
    assert one.vector.dtype == np.float32
    assert np.array_equal(one.vector, other.vector)
    return replace(one, vector=VECTOR) == replace(other, vector=VECTOR)


@pytest.fixture
def articles(store: Store, tenant: str, clock: ToldClock) -> list[int]:
    """The ids of three articles."""
    reads = store.articles.compare(tenant, HELPDESK, [article(ref) for ref in "123"])
    with store.database.write() as transaction:
        store.articles.keep_in(transaction, tenant, HELPDESK, reads, now=clock())
    return [each.id for each in store.articles.find(tenant)]


def test_what_was_found_comes_back_as_it_was_kept(store: Store, tenant: str, clock: ToldClock) -> None:
    made = suggestion(clock)
    store.suggestions.keep(tenant, made)
    assert same(store.suggestions.of(tenant, "7"), made)
    assert store.suggestions.of(tenant, "8") is None


def test_a_new_search_takes_the_place_of_the_old_one(store: Store, tenant: str, clock: ToldClock) -> None:
    store.suggestions.keep(tenant, suggestion(clock))
    clock.forward(hours=1)
    later = suggestion(clock, index_version="v2", found=(), sure=0.0, product_area=None)
    store.suggestions.keep(tenant, later)
    assert same(store.suggestions.of(tenant, "7"), later)
    assert len(store.suggestions.many(tenant, ["7"])) == 1


def test_a_long_text_is_cut(store: Store, tenant: str, clock: ToldClock) -> None:
    store.suggestions.keep(tenant, suggestion(clock, query="a" * 9_000))
    kept = store.suggestions.of(tenant, "7")
    assert kept is not None
    assert kept.query == "a" * LONGEST_QUERY


def test_another_tenants_are_not_seen(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-token", now=clock())
    store.suggestions.keep("other", suggestion(clock))
    assert store.suggestions.of(tenant, "7") is None
    assert store.suggestions.many(tenant, ["7"]) == {}
    assert store.suggestions.tidy(tenant, clock() + timedelta(days=1)) == 0
    assert store.suggestions.of("other", "7") is not None


def test_many_are_read_at_once(store: Store, tenant: str, clock: ToldClock) -> None:
    for ref in ("0", "3", "4"):
        store.suggestions.keep(tenant, suggestion(clock, ref))
    assert set(store.suggestions.many(tenant, ["0", "3", "9"])) == {"0", "3"}


def test_old_ones_are_tidied(store: Store, tenant: str, clock: ToldClock) -> None:
    store.suggestions.keep(tenant, suggestion(clock, "1"))
    before = clock.forward(days=2)
    store.suggestions.keep(tenant, suggestion(clock, "2"))
    assert store.suggestions.tidy(tenant, before) == 1
    assert set(store.suggestions.many(tenant, ["1", "2"])) == {"2"}


def test_a_click_counts_once(store: Store, tenant: str, clock: ToldClock, articles: list[int]) -> None:
    add = store.article_events.add
    assert add(tenant, "7", articles[0], Act.SHOWN, now=clock())
    assert add(tenant, "7", articles[0], Act.FLAG, by_id="1", by_name="Ana", note="Wrong menu", now=clock())
    assert not add(tenant, "7", articles[0], Act.FLAG, by_id="1", by_name="Ana", note="Again", now=clock())
    assert add(tenant, "7", articles[0], Act.FLAG, by_id="2", by_name="Bo", now=clock())
    found = store.article_events.of_ticket(tenant, "7")
    assert [(each.act, each.by_name, each.note) for each in found] == [
        (Act.SHOWN, "", ""),
        (Act.FLAG, "Ana", "Wrong menu"),
        (Act.FLAG, "Bo", ""),
    ]
    assert store.article_events.of_ticket(tenant, "8") == []


def test_usage_counts_tickets(store: Store, tenant: str, clock: ToldClock, articles: list[int]) -> None:
    add, (first, second, _) = store.article_events.add, articles
    add(tenant, "0", first, Act.INSERT_TEXT, by_id="1", now=clock())
    since = clock.forward(days=1)
    for ref in ("1", "2", "3"):
        add(tenant, ref, first, Act.SHOWN, now=clock())
    add(tenant, "1", first, Act.INSERT_TEXT, by_id="1", now=clock())
    add(tenant, "1", first, Act.INSERT_LINK, by_id="2", now=clock())
    add(tenant, "2", first, Act.INSERT_LINK, by_id="1", now=clock())
    add(tenant, "2", first, Act.NOT_HELPFUL, by_id="2", now=clock())
    add(tenant, "3", first, Act.NOT_HELPFUL, by_id="2", now=clock())
    add(tenant, "1", second, Act.FLAG, by_id="2", now=clock())
    assert store.article_events.counts(tenant, since) == {
        first: Usage(shown=3, inserted=2, judged=2, inserted_judged=1),
        second: Usage(flagged=1),
    }
    assert store.article_events.counts("other", since) == {}
