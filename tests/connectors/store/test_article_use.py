"""Counting what agents did with articles: tickets, not clicks; one tenant; the right span of time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connectors.store import Store
from connectors.store import article_use as module
from connectors.store.article_use import Said, Span
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_articles import article, keep
from tests.connectors.store.test_suggestions import suggestion
from triage.suggestions import Act

pytestmark = pytest.mark.on_both
DAY = timedelta(days=1)


@pytest.fixture
def ids(store: Store, tenant: str, clock: ToldClock) -> list[int]:
    keep(store, clock, *(article(ref) for ref in "123"))
    return [each.id for each in store.articles.find(tenant)]


def note(store: Store, at: datetime, article_id: int, ref: str, act: Act = Act.SHOWN, by: str = "") -> None:
    store.article_events.add("acme", ref, article_id, act, now=at, by_id=by, by_name=by.title(), note="")


@pytest.mark.parametrize("at_once", [1, 500])
def test_a_ticket_counts_once_however_many_of_them_it_was_shown(
    store: Store, clock: ToldClock, ids: list[int], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    one, two, three = ids
    note(store, clock(), one, "7")
    note(store, clock(), two, "7")
    note(store, clock(), two, "8")
    note(store, clock(), three, "9")
    note(store, clock(), one, "10", Act.FLAG, "mei")
    note(store, clock() - DAY, one, "11")
    assert store.article_use.shown_on("acme", [one, two], clock()) == 2
    assert store.article_use.shown_on("acme", [one, two], clock() - DAY) == 3
    assert store.article_use.shown_on("acme", [], clock()) == 0


def test_inserts_count_on_tickets_that_were_searched_for_since(store: Store, clock: ToldClock, ids: list[int]) -> None:
    since = clock()
    assert store.article_use.inserted("acme", since) == (0, 0)
    for ref in ("7", "8"):
        store.suggestions.keep("acme", suggestion(clock, ref))
    store.suggestions.keep("acme", suggestion(clock, "6", made_at=since - DAY))
    for ref, act in (("7", Act.INSERT_TEXT), ("7", Act.INSERT_LINK), ("6", Act.INSERT_TEXT), ("8", Act.NOT_HELPFUL)):
        note(store, since, ids[0], ref, act, "mei")
    assert store.article_use.inserted("acme", since) == (1, 2)


def test_spans_share_no_moment(store: Store, clock: ToldClock, ids: list[int]) -> None:
    began, one = clock(), ids[0]
    for after, ref, act in (
        (timedelta(0), "7", Act.SHOWN),
        (timedelta(0), "7", Act.INSERT_TEXT),
        (timedelta(0), "7", Act.INSERT_LINK),
        (DAY - timedelta(seconds=1), "8", Act.SHOWN),
        (DAY, "9", Act.SHOWN),
        (DAY, "9", Act.NOT_HELPFUL),
        (DAY, "9", Act.FLAG),
        (2 * DAY, "10", Act.SHOWN),
    ):
        note(store, began + after, one, ref, act, "" if act is Act.SHOWN else "mei")
    note(store, began, ids[1], "7")
    assert store.article_use.by_span("acme", one, [began, began + DAY], began + 2 * DAY) == [
        Span(began=began, shown=2, inserted=1, judged=0, flagged=0),
        Span(began=began + DAY, shown=1, inserted=0, judged=1, flagged=1),
    ]
    assert store.article_use.by_span("acme", one, [], began) == []


def test_the_newest_words_come_first(store: Store, clock: ToldClock, ids: list[int]) -> None:
    for number, act in enumerate((Act.NOT_HELPFUL, Act.FLAG, Act.INSERT_TEXT, Act.SHOWN)):
        note(store, clock() + number * DAY, ids[0], "7", act, "mei")
    told = store.article_use.said("acme", ids[0], 5)
    assert [each.act for each in told] == [Act.FLAG, Act.NOT_HELPFUL]
    assert told[1] == Said(act=Act.NOT_HELPFUL, by_name="Mei", note="", ticket_ref="7", at=clock())
    assert len(store.article_use.said("acme", ids[0], 1)) == 1


def test_another_tenants_use_is_not_counted(store: Store, clock: ToldClock, ids: list[int]) -> None:
    store.tenants.add(new_tenant("globex"), webhook_token="other", now=clock())
    store.suggestions.keep("acme", suggestion(clock, "7"))
    note(store, clock(), ids[0], "7", Act.INSERT_TEXT, "mei")
    note(store, clock(), ids[0], "7", Act.FLAG, "mei")
    note(store, clock(), ids[0], "7")
    use = store.article_use
    assert use.shown_on("globex", ids, clock()) == 0
    assert use.inserted("globex", clock()) == (0, 0)
    assert use.by_span("globex", ids[0], [clock()], clock() + DAY)[0].shown == 0
    assert use.said("globex", ids[0], 5) == []
