"""Gaps and article findings: kept from night to night, each a tenant's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from connectors.store import Store
from connectors.store.gaps import KEPT, Counts
from connectors.store.schema import article, ticket
from connectors.store.suggestions import Suggestion
from tests.conftest import ToldClock, new_tenant
from tests.triage.search.shelf import article as written
from triage.article_findings import ArticleFinding, Kind
from triage.gaps import Gap, State
from triage.suggestions import Act


def gap(*tickets: str, title: str = "Export misses rows", replies: int = 2) -> Gap:
    return Gap(
        title=title,
        words=("export", "rows"),
        product_area="exports",
        tickets=tickets,
        replies=replies,
        people=2,
        before=None,
        first_at=datetime.fromisoformat("2026-11-01T08:00:00+00:00"),
        last_at=datetime.fromisoformat("2026-11-16T08:00:00+00:00"),
    )


def night(store: Store, tenant: str, clock: ToldClock, *found: Gap) -> Counts:
    with store.database.write() as transaction:
        return store.gaps.replace_in(transaction, tenant, found, now=clock())


def test_a_gap_keeps_its_number_its_state_and_its_draft(store: Store, tenant: str, clock: ToldClock) -> None:
    first = clock()
    assert night(store, tenant, clock, gap("1", "2", "3"), gap("7", "8", "9")) == Counts(new=2)
    [one, two] = store.gaps.open(tenant)
    assert store.gaps.set_draft(tenant, one.id, "# Export", author="ann", by="bo", now=clock.forward(hours=1))
    told = clock()
    clock.forward(days=1)
    grown = gap("2", "3", "4", title="Export stops")
    assert night(store, tenant, clock, gap("7", "8", "9"), grown) == Counts(same=2)
    found = store.gaps.get(tenant, one.id)
    assert found is not None
    assert (found.gap, found.state, found.draft, found.author) == (grown, State.DRAFTED, "# Export", "ann")
    assert (found.made_at, found.changed_at, found.changed_by) == (first, told, "bo")
    assert store.gaps.get(tenant, two.id) == two


def test_a_night_that_is_run_twice_changes_nothing(store: Store, tenant: str, clock: ToldClock) -> None:
    night(store, tenant, clock, gap("1", "2", "3"), gap("4", "5", "6"))
    clock.forward(days=1)
    tonight = (gap("7", "8", "9"), gap("3", "2", "11", replies=5))
    night(store, tenant, clock, *tonight)
    before = store.gaps.find(tenant)
    clock.forward(hours=1)
    assert night(store, tenant, clock, *tonight) == Counts(same=2)
    assert store.gaps.find(tenant) == before


def test_what_nobody_asks_any_more_is_gone_and_comes_back(store: Store, tenant: str, clock: ToldClock) -> None:
    night(store, tenant, clock, gap("1", "2", "3"))
    [known] = store.gaps.find(tenant)
    assert night(store, tenant, clock) == Counts(gone=1)
    assert store.gaps.open(tenant) == []
    [gone] = store.gaps.find(tenant, State.GONE)
    assert gone.gap == known.gap
    assert night(store, tenant, clock, gap("2", "3", "4")) == Counts(new=1)
    [back] = store.gaps.open(tenant)
    assert (back.id, back.state) == (known.id, State.OPEN)


def test_a_draft_stays_with_its_author_though_nobody_asks_any_more(store: Store, tenant: str, clock: ToldClock) -> None:
    night(store, tenant, clock, gap("1", "2", "3"), gap("5", "6", "7"))
    mine, _ = store.gaps.open(tenant)
    store.gaps.set_draft(tenant, mine.id, "text", author="ann", by=None, now=clock())
    assert store.gaps.assign(tenant, mine.id, "bo", by="ann", now=clock())
    night(store, tenant, clock)
    assert [each.id for each in store.gaps.open(tenant)] == [mine.id]
    assert [each.id for each in store.gaps.find(tenant, author="bo")] == [mine.id]
    assert store.gaps.find(tenant, author="ann") == []


def test_what_was_dismissed_stays_so_until_it_is_taken_back(store: Store, tenant: str, clock: ToldClock) -> None:
    night(store, tenant, clock, gap("1", "2", "3"))
    [known] = store.gaps.open(tenant)
    assert store.gaps.dismiss(tenant, known.id, by="ann", now=clock())
    assert night(store, tenant, clock, gap("2", "3", "4")) == Counts(same=1)
    assert store.gaps.open(tenant) == []
    assert store.gaps.reopen(tenant, known.id, by="ann", now=clock())
    assert [each.state for each in store.gaps.open(tenant)] == [State.OPEN]
    store.gaps.set_draft(tenant, known.id, "text", author=None, by=None, now=clock())
    store.gaps.dismiss(tenant, known.id, by="ann", now=clock())
    store.gaps.reopen(tenant, known.id, by="ann", now=clock())
    assert [each.state for each in store.gaps.open(tenant)] == [State.DRAFTED]


def test_what_is_long_over_is_forgotten(store: Store, tenant: str, clock: ToldClock) -> None:
    night(store, tenant, clock, gap("1", "2", "3"), gap("4", "5", "6"))
    [first, _] = store.gaps.open(tenant)
    store.gaps.dismiss(tenant, first.id, by=None, now=clock())
    still = gap("1", "2", "3")
    night(store, tenant, clock, still)
    clock.at += KEPT + timedelta(hours=1)
    night(store, tenant, clock, still)
    assert [each.id for each in store.gaps.find(tenant)] == [first.id], "it is still asked, and still dismissed"
    night(store, tenant, clock)
    assert store.gaps.find(tenant) == []


def test_gaps_are_a_tenants_own_and_the_greatest_burden_is_first(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    night(store, "other", clock, gap("1", "2", "3"))
    [theirs] = store.gaps.open("other")
    night(store, tenant, clock, gap("1", "2", "3"), gap("4", "5", "6", replies=9))
    assert [each.gap.burden for each in store.gaps.open(tenant)] == [12, 5]
    assert store.gaps.get(tenant, theirs.id) is None
    assert not store.gaps.dismiss(tenant, theirs.id, by=None, now=clock())
    assert not store.gaps.reopen(tenant, theirs.id, by=None, now=clock())
    assert not store.gaps.assign(tenant, theirs.id, "ann", by=None, now=clock())
    assert not store.gaps.set_draft(tenant, theirs.id, "x", author=None, by=None, now=clock())
    night(store, tenant, clock)
    assert store.gaps.open("other") == [theirs]


def searched(ref: str, at: datetime, **more: object) -> Suggestion:
    values = {
        "query": f"Subject {ref}\ntext",
        "vector": np.array([1, 2, 3], np.float32),
        "encoder": "one",
        "index_version": "v1",
        "ranker": "shipped",
        "product_area": "exports",
        "sure": 0.05,
        "found": (),
        "made_at": at,
    }
    return Suggestion(ticket_ref=ref, **{**values, **more})  # type: ignore[arg-type]


def known_ticket(store: Store, tenant: str, ref: str, now: datetime) -> None:
    with store.database.write() as transaction:
        transaction.execute(
            ticket.insert().values(
                tenant=tenant,
                ref=ref,
                subject=f"Subject {ref}",
                requester_id=f"person-{ref}",
                organization_id=None,
                updated_at=now,
                planned_at=now,
            )
        )


def refs(store: Store, tenant: str, since: datetime, **more: bool | int) -> list[str]:
    return [each.ref for each in store.gaps.unanswered(tenant, since=since, under=0.15, **more)]  # type: ignore[arg-type]


def test_unanswered_is_what_was_searched_found_nothing_sure_and_got_no_article(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    began = clock()
    [number] = articles(store, tenant, clock, "Export")
    for suggestion in (
        searched("old", began),
        searched("first", clock.forward(minutes=1)),
        searched("sure", clock(), sure=0.15),
        searched("inserted", clock()),
        searched("shown", clock()),
        searched("unsearched", clock(), index_version=""),
        searched("other-encoder", clock(), encoder="two"),
        searched("newest", clock.forward(minutes=1)),
    ):
        store.suggestions.keep(tenant, suggestion)
    store.article_events.add(tenant, "inserted", number, Act.INSERT_LINK, now=clock(), by_id="7")
    store.article_events.add(tenant, "shown", number, Act.SHOWN, now=clock())
    known_ticket(store, tenant, "newest", clock())
    assert refs(store, tenant, began) == ["shown", "first", "newest"]
    assert "unsearched" in refs(store, tenant, began, with_unsearched=True)
    assert refs(store, tenant, began, limit=1) == ["newest"]
    *_, first, newest = store.gaps.unanswered(tenant, since=began, under=0.15)
    assert (newest.subject, newest.person, newest.text) == ("Subject newest", "person-newest", "Subject newest\ntext")
    assert (first.subject, first.person, first.vector.tolist()) == ("", None, [1, 2, 3])
    assert store.gaps.searched_since(tenant) == began


def test_only_tenants_with_searches_or_gaps_have_work_for_the_night(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    assert store.gaps.due() == set()
    store.suggestions.keep(tenant, searched("1", clock()))
    assert store.gaps.due() == {tenant}
    night(store, "other", clock, gap("1", "2", "3"))
    assert store.gaps.due() == {tenant, "other"}
    assert store.gaps.searched_since("other") is None


def articles(store: Store, tenant: str, clock: ToldClock, *titles: str) -> list[int]:
    reads = store.articles.compare(tenant, "helpdesk", [written(title, title) for title in titles])
    with store.database.write() as transaction:
        store.articles.keep_in(transaction, tenant, "helpdesk", reads, now=clock())
    return [store.articles.find(tenant, words=title)[0].id for title in titles]


def keep(store: Store, tenant: str, clock: ToldClock, found: Sequence[ArticleFinding]) -> int:
    with store.database.write() as transaction:
        return store.article_findings.replace_in(transaction, tenant, found, now=clock())


def test_findings_are_those_of_the_last_night(store: Store, tenant: str, clock: ToldClock) -> None:
    export, again, reset = articles(store, tenant, clock, "Export", "Export again", "Reset")
    unused = ArticleFinding(kind=Kind.NEVER_USED, article_id=reset, why="Shown on 20 tickets.")
    twin = ArticleFinding(kind=Kind.DUPLICATE, article_id=again, other_id=export, why="Says the same.")
    first = clock()
    assert keep(store, tenant, clock, [unused, twin]) == 2
    before = store.article_findings.find(tenant)
    assert [(each.finding, each.title, each.other_title) for each in before] == [
        (twin, "Export again", "Export"),
        (unused, "Reset", None),
    ]
    clock.forward(days=1)
    assert keep(store, tenant, clock, [unused, twin]) == 0
    assert store.article_findings.find(tenant) == before
    more = replace(unused, why="Shown on 21 tickets.")
    assert keep(store, tenant, clock, [more]) == 0
    [found] = store.article_findings.find(tenant)
    assert (found.finding, found.made_at) == (more, first)
    assert store.article_findings.find(tenant, Kind.DUPLICATE) == []
    assert store.article_findings.counts(tenant) == {**dict.fromkeys(Kind, 0), Kind.NEVER_USED: 1}


@pytest.mark.parametrize("gone", ["Export", "Export again"])
def test_a_finding_about_an_article_that_was_deleted_is_not_shown(
    store: Store, tenant: str, clock: ToldClock, gone: str
) -> None:
    export, again = articles(store, tenant, clock, "Export", "Export again")
    keep(store, tenant, clock, [ArticleFinding(kind=Kind.DUPLICATE, article_id=again, other_id=export, why="Same.")])
    with store.database.write() as transaction:
        transaction.execute(article.update().where(article.c.title == gone).values(deleted_at=clock()))
    assert store.article_findings.find(tenant) == []


def test_findings_are_a_tenants_own(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    [number] = articles(store, "other", clock, "Export")
    theirs = ArticleFinding(kind=Kind.NEVER_SHOWN, article_id=number, why="Not shown.")
    keep(store, "other", clock, [theirs])
    keep(store, tenant, clock, [])
    assert store.article_findings.find(tenant) == []
    assert [each.finding for each in store.article_findings.find("other")] == [theirs]
