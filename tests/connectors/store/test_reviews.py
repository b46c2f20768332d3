"""Reviews in the store: one for a cause, what they make of their article's state, and whose turn it is."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from connectors.store import Store
from connectors.store.review_rows import Outcome, StoredReview
from connectors.store.reviews import NEXT
from connectors.store.tenants import LIVE, SHADOW
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_articles import article, keep
from triage.articles import Facts, State

DAY = timedelta(days=1)


@pytest.fixture
def number(store: Store, tenant: str, clock: ToldClock) -> int:
    """An article's."""
    keep(store, clock, article())
    return store.articles.find(tenant)[0].id


def opened(store: Store, clock: ToldClock, number: int, cause: str = "release:1", **changes: Any) -> bool:
    tenant = changes.pop("tenant", "acme")
    values: dict[str, Any] = {
        "kind": "release",
        "why": "Release 4.6 renamed Export",
        "evidence": {"score": 0.9},
        "owner": "ana",
        "due_at": clock() + 10 * DAY,
        "next_at": clock(),
        "now": clock(),
    }
    with store.database.write() as transaction:
        return store.reviews.open_in(transaction, tenant, number, cause=cause, **(values | changes))


def state(store: Store, number: int) -> State:
    return store.articles.some("acme", [number])[number].state


def queue(store: Store, **only: Any) -> list[str]:
    return [each.cause for each in store.reviews.open("acme", **only)]


def test_a_cause_opens_one_review_ever(store: Store, tenant: str, clock: ToldClock, number: int) -> None:
    mark = store.articles.mark(tenant)
    assert opened(store, clock, number)
    assert not opened(store, clock, number)
    assert state(store, number) is State.REVIEW_DUE
    [found] = store.reviews.open(tenant)
    assert (found.article.id, found.kind, found.owner, found.evidence) == (number, "release", "ana", {"score": 0.9})
    assert (found.told, found.reminded, found.edited_at, found.closed_at) == ({}, 0, None, None)
    assert store.reviews.close(tenant, found.id, Outcome.STILL_RIGHT, by="Ana", now=clock())
    assert not store.reviews.close(tenant, found.id, Outcome.OUTDATED, by="Ben", now=clock())
    assert not opened(store, clock, number), "what was answered is not asked again"
    assert (state(store, number), queue(store)) == (State.VERIFIED, [])
    [closed] = store.reviews.of_article(tenant, number)
    assert (closed.outcome, closed.closed_by, closed.closed_at) == (Outcome.STILL_RIGHT, "Ana", clock())
    assert store.articles.mark(tenant) == mark, "the search index need not be made again"


def test_who_says_that_it_is_right_verifies_it_for_the_newest_release(
    store: Store, tenant: str, clock: ToldClock, number: int
) -> None:
    store.releases.add(tenant, "4.6", notes="", source="api", now=clock())
    opened(store, clock, number)
    opened(store, clock, number, "flag:1043", kind="flag")
    first = store.reviews.open(tenant)[0]
    store.reviews.close(tenant, first.id, Outcome.STILL_RIGHT, by="Ana", now=clock())
    kept = store.articles.some(tenant, [number])[number]
    assert (kept.state, kept.verified_at) == (State.REVIEW_DUE, None), "another review is open"
    clock.forward(hours=1)
    assert store.reviews.close_all(tenant, number, Outcome.STILL_RIGHT, by="Ben", now=clock()) == 1
    kept = store.articles.some(tenant, [number])[number]
    assert (kept.state, kept.verified_at, kept.verified_by, kept.verified_for) == (
        State.VERIFIED,
        clock(),
        "Ben",
        "4.6",
    )
    assert store.reviews.close_all(tenant, number + 1, Outcome.STILL_RIGHT, by="Ben", now=clock()) is None


def test_an_outdated_article_is_not_asked_about(store: Store, tenant: str, clock: ToldClock, number: int) -> None:
    opened(store, clock, number)
    opened(store, clock, number, "flag:1043", kind="flag")
    store.reviews.close(tenant, store.reviews.open(tenant)[0].id, Outcome.OUTDATED, by="Ana", now=clock())
    assert (state(store, number), queue(store)) == (State.OUTDATED, [])
    assert opened(store, clock, number, "release:2")
    assert state(store, number) is State.OUTDATED, "it stays so until somebody says that it is right"
    store.reviews.close_all(tenant, number, Outcome.STILL_RIGHT, by="Ana", now=clock())
    assert state(store, number) is State.VERIFIED


def test_a_draft_stays_one_and_is_due_when_it_is_published(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, clock, article(is_draft=True))
    number = store.articles.find(tenant)[0].id
    assert opened(store, clock, number)
    assert state(store, number) is State.DRAFT
    keep(store, clock, article())
    assert state(store, number) is State.REVIEW_DUE
    keep(store, clock, article(is_outdated=True))
    assert store.reviews.close_all(tenant, number, Outcome.STILL_RIGHT, by="Ana", now=clock()) == 1
    assert state(store, number) is State.OUTDATED, "the source says so"


def test_an_edit_shows_and_counts_as_the_outcome(store: Store, tenant: str, clock: ToldClock, number: int) -> None:
    keep(store, clock, article(body_html="<p>Choose File.</p>"))
    clock.forward(hours=1)
    opened(store, clock, number)
    edited = clock.forward(hours=1)
    keep(store, clock, article(body_html="<p>Choose Export.</p>", labels=("other",)))
    clock.forward(hours=1)
    keep(store, clock, article(body_html="<p>Choose Export.</p>", labels=()))
    [found] = store.reviews.open(tenant)
    assert (found.edited_at, state(store, number)) == (edited, State.REVIEW_DUE)
    store.reviews.close_all(tenant, number, Outcome.STILL_RIGHT, by="Ana", now=clock())
    assert store.reviews.of_article(tenant, number)[0].outcome is Outcome.EDITED


def test_the_queue_is_filtered_and_lacks_what_is_gone(store: Store, tenant: str, clock: ToldClock, number: int) -> None:
    keep(store, clock, article("2"), article("3"))
    second, third = (each.id for each in store.articles.find(tenant) if each.id != number)
    store.articles.set_facts(tenant, second, Facts(product_areas=("api", "data")), now=clock())
    opened(store, clock, number, "a", due_at=clock() + 3 * DAY)
    opened(store, clock, second, "b", due_at=clock() + DAY, kind="flag", owner=None)
    opened(store, clock, third, "c", due_at=clock() + 2 * DAY, owner="ben")
    assert queue(store) == ["b", "c", "a"]
    assert queue(store, area="data") == ["b"]
    assert queue(store, kind="release", owner="ana") == ["a"]
    assert queue(store, article_ids=[second, third]) == ["b", "c"]
    assert store.reviews.counts(tenant) == {"flag": 1, "release": 2}
    clock.forward(hours=1)
    keep(store, clock, article(), article("2"))
    with store.database.write() as transaction:
        assert store.articles.delete_unseen_in(transaction, tenant, "helpdesk", since=clock(), now=clock()) == 1
    assert queue(store) == ["b", "a"]
    assert not opened(store, clock, third, "d")
    keep(store, clock, article("3"))
    assert queue(store) == ["b", "c", "a"], "it is back, and so is what was asked"


def test_what_a_release_opened_is_counted(store: Store, tenant: str, clock: ToldClock, number: int) -> None:
    release = store.releases.add(tenant, "4.6", notes="", source="api", now=clock())
    opened(store, clock, number, release_id=release.id)
    opened(store, clock, number, "flag:1", kind="flag")
    assert [(each.release, each.kind) for each in store.reviews.of_release(tenant, release.id)] == [("4.6", "release")]
    assert (store.reviews.tallies(tenant)[release.id].opened, store.reviews.tallies(tenant)[release.id].open) == (1, 1)
    store.reviews.close_all(tenant, number, Outcome.OUTDATED, by="Ana", now=clock())
    assert (store.reviews.tallies(tenant)[release.id].opened, store.reviews.tallies(tenant)[release.id].open) == (1, 0)
    assert store.reviews.opened_since(tenant, "flag", clock() - DAY) == 1
    assert store.reviews.opened_since(tenant, "flag", clock()) == 0


def test_late_is_what_was_due_with_the_release_it_was_due_for(
    store: Store, tenant: str, clock: ToldClock, number: int
) -> None:
    release = store.releases.add(tenant, "4.6", notes="", source="api", now=clock())
    opened(store, clock, number, "flag:1", kind="flag", due_at=clock() + DAY)
    opened(store, clock, number, release_id=release.id, due_at=clock() + 2 * DAY)
    assert store.reviews.late(tenant, [number], clock() + DAY - timedelta(seconds=1)) == {}
    early = store.reviews.late(tenant, [number, 77], clock() + DAY)
    assert {key: (each.since, each.due_at) for key, each in early.items()} == {number: ("", clock() + DAY)}
    both = store.reviews.late(tenant, [number], clock() + 2 * DAY)[number]
    assert (both.since, both.due_at) == ("release 4.6", clock() + DAY)
    assert store.reviews.late(tenant, [], clock() + 9 * DAY) == {}
    store.reviews.close_all(tenant, number, Outcome.STILL_RIGHT, by="Ana", now=clock())
    assert store.reviews.late(tenant, [number], clock() + 9 * DAY) == {}


def rested(store: Store, tenant: str, clock: ToldClock, span: timedelta) -> None:
    with store.database.write() as transaction:
        store.cursors.set_in(transaction, tenant, NEXT, (clock() + span).isoformat(), now=clock())


def test_a_tenant_is_due_for_a_release_an_owner_or_after_its_rest(
    store: Store, tenant: str, clock: ToldClock, number: int
) -> None:
    assert store.reviews.due(clock()) == {tenant}, "never looked at"
    rested(store, tenant, clock, 300 * DAY)
    assert store.reviews.due(clock()) == {tenant}, "no rest is that long: the machine's clock went back"
    rested(store, tenant, clock, DAY)
    assert store.reviews.due(clock()) == set()
    release = store.releases.add(tenant, "4.6", notes="", source="api", now=clock())
    assert store.reviews.due(clock()) == {tenant}
    with store.database.write() as transaction:
        store.releases.read_in(transaction, tenant, release, now=clock())
    opened(store, clock, number, next_at=clock() + timedelta(hours=1))
    assert store.reviews.due(clock()) == set()
    clock.forward(hours=1)
    assert store.reviews.due(clock()) == {tenant}
    store.tenants.set_mode(tenant, SHADOW)
    assert store.reviews.due(clock()) == set(), "nobody is told"
    store.tenants.set_mode(tenant, LIVE)
    assert store.reviews.due(clock()) == {tenant}
    store.reviews.close_all(tenant, number, Outcome.STILL_RIGHT, by="Ana", now=clock())
    assert store.reviews.due(clock()) == set()
    assert store.reviews.due(clock() + DAY) == {tenant}


def test_a_new_owner_is_told_and_the_old_one_remembered(
    store: Store, tenant: str, clock: ToldClock, number: int
) -> None:
    opened(store, clock, number)
    [found] = taken(store, clock)
    with store.database.write() as transaction:
        store.reviews.told_in(transaction, tenant, found.id, {"ana": 1}, clock() + DAY)
    assert taken(store, clock) == []
    assert store.reviews.assign(tenant, number, "ben", now=clock()) == 1
    assert store.reviews.assign(tenant, number, "ben", now=clock()) == 0
    [found] = taken(store, clock)
    assert (found.owner, found.reminded, found.told) == ("ben", 0, {"ana": 1})
    store.reviews.assign(tenant, number, None, now=clock())
    assert queue(store, owner="ben") == []
    store.reviews.assign(tenant, number, "ana", now=clock())
    assert store.reviews.open(tenant)[0].reminded == 1
    opened(store, clock, number, "flag:1", owner=None)
    assert store.reviews.assign(tenant, number, "cleo", now=clock(), only_ownerless=True) == 1
    assert sorted(each.owner or "" for each in store.reviews.open(tenant)) == ["ana", "cleo"]


def taken(store: Store, clock: ToldClock) -> list[StoredReview]:
    with store.database.write() as transaction:
        return store.reviews.to_tell_in(transaction, "acme", clock(), 9)


def test_reviews_are_a_tenants_own(store: Store, tenant: str, clock: ToldClock, number: int) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    keep(store, clock, article(), tenant="other")
    theirs = store.articles.find("other")[0].id
    assert not opened(store, clock, theirs), "not this tenant's article"
    assert opened(store, clock, theirs, tenant="other")
    [found] = store.reviews.open("other")
    assert store.reviews.open(tenant) == store.reviews.of_article(tenant, theirs) == taken(store, clock) == []
    assert store.reviews.late(tenant, [theirs], clock() + 99 * DAY) == {}
    assert not store.reviews.close(tenant, found.id, Outcome.OUTDATED, by="Ana", now=clock())
    assert store.reviews.close_all(tenant, theirs, Outcome.OUTDATED, by="Ana", now=clock()) is None
    assert store.reviews.assign(tenant, theirs, "ben", now=clock()) == 0
    assert not store.articles.verify(tenant, theirs, by="Ana", release=None, now=clock())
    assert not store.articles.set_facts(tenant, theirs, Facts(owner="ana"), now=clock())
    assert [each.outcome for each in store.reviews.of_article("other", theirs)] == [None]


def test_opening_and_closing_at_once_leave_no_verified_article_with_an_open_review(
    store: Store, tenant: str, clock: ToldClock, number: int
) -> None:
    for turn in range(12):
        opened(store, clock, number, f"flag:{turn}")
        both = threading.Barrier(2)

        def close(both: threading.Barrier = both) -> None:
            both.wait()
            store.reviews.close_all(tenant, number, Outcome.STILL_RIGHT, by="Ana", now=clock())

        closing = threading.Thread(target=close)
        closing.start()
        both.wait()
        opened(store, clock, number, f"release:{turn}")
        closing.join()
        assert state(store, number) is (State.REVIEW_DUE if queue(store) else State.VERIFIED)
        store.reviews.close_all(tenant, number, Outcome.STILL_RIGHT, by="Ana", now=clock())
