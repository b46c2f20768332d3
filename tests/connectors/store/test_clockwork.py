"""One leader; timed runs that are neither doubled nor lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.store import Store
from connectors.store.clockwork import Leadership
from connectors.store.inbox import WEBHOOK
from tests.conftest import ToldClock
from triage.events import EventKind, TicketEvent

LEASE = timedelta(seconds=15)


def leader(store: Store, owner: str) -> Leadership:
    return Leadership(store.database, owner, LEASE)


def test_only_one_clock_leads(store: Store, clock: ToldClock) -> None:
    first, second = leader(store, "a"), leader(store, "b")
    assert first.hold(clock())
    assert not second.hold(clock())
    clock.forward(seconds=10)
    assert first.hold(clock())
    clock.forward(seconds=10)
    assert not second.hold(clock())


def test_a_standby_takes_over_and_the_sleeper_knows(store: Store, clock: ToldClock) -> None:
    first, second = leader(store, "a"), leader(store, "b")
    first.hold(clock())
    clock.forward(seconds=16)
    assert second.hold(clock())
    assert not first.hold(clock())


def test_a_clock_that_resigns_is_followed_at_once(store: Store, clock: ToldClock) -> None:
    first, second = leader(store, "a"), leader(store, "b")
    first.hold(clock())
    first.resign()
    assert second.hold(clock())
    first.resign()
    assert second.hold(clock())


def test_a_timed_run_becomes_one_row_however_many_were_missed(store: Store, tenant: str, clock: ToldClock) -> None:
    every = timedelta(minutes=5)
    assert store.schedule.run_due(tenant, "reconcile", every, now=clock())
    assert not store.schedule.run_due(tenant, "reconcile", every, now=clock())
    store.replays.park(["in-1"], now=clock())
    clock.forward(hours=3)
    assert store.schedule.run_due(tenant, "reconcile", every, now=clock())
    assert not store.schedule.run_due(tenant, "reconcile", every, now=clock())
    assert [row.what for row in store.deliveries.newest()] == ["Check for missed events"] * 2


def test_a_clock_set_back_does_not_stop_the_timetable(store: Store, tenant: str, clock: ToldClock) -> None:
    every = timedelta(minutes=5)
    store.schedule.run_due(tenant, "reconcile", every, now=clock())
    store.replays.park(["in-1"], now=clock())
    clock.forward(hours=-2)
    assert store.schedule.run_due(tenant, "reconcile", every, now=clock())


def test_a_run_that_still_waits_is_not_started_again(store: Store, tenant: str, clock: ToldClock) -> None:
    every = timedelta(minutes=5)
    assert store.schedule.run_due(tenant, "reconcile", every, now=clock())
    clock.forward(minutes=6)
    assert not store.schedule.run_due(tenant, "reconcile", every, now=clock())
    store.replays.park(["in-1"], now=clock())
    assert store.schedule.run_due(tenant, "reconcile", every, now=clock())


@pytest.mark.parametrize(("away", "first"), [(5, "in-2"), (10, "in-2"), (11, "in-3")])
def test_after_an_outage_the_check_goes_before_everything_else(
    store: Store, tenant: str, clock: ToldClock, away: int, first: str
) -> None:
    every = timedelta(minutes=5)
    store.schedule.run_due(tenant, "reconcile", every, now=clock())
    store.replays.park(["in-1"], now=clock())
    clock.forward(minutes=away)
    event = TicketEvent(kind=EventKind.TICKET_CREATED, ticket_ref="1", dedup_key="first")
    store.inbox.receive(tenant, WEBHOOK, event, now=clock())
    store.schedule.run_due(tenant, "reconcile", every, now=clock())
    [(claimed, _)] = store.inbox.claim(now=clock(), lease=LEASE, limit=1)
    assert f"in-{claimed.id}" == first


def test_cursors_are_kept_for_each_tenant_and_stream(store: Store, tenant: str, clock: ToldClock) -> None:
    assert store.cursors.get(tenant, "tickets") is None
    for value in ("abc", "def"):
        with store.database.write() as transaction:
            store.cursors.set_in(transaction, tenant, "tickets", value, now=clock())
    assert store.cursors.get(tenant, "tickets") == "def"
    assert store.cursors.get(tenant, "users") is None


def test_a_person_asks_for_one_run_and_the_timetable_goes_on(store: Store, tenant: str, clock: ToldClock) -> None:
    every = timedelta(minutes=5)
    assert not store.schedule.waits(tenant, "articles")
    assert store.schedule.ask(tenant, "articles", now=clock())
    assert store.schedule.waits(tenant, "articles")
    assert not store.schedule.ask(tenant, "articles", now=clock())
    assert not store.schedule.run_due(tenant, "articles", every, now=clock())
    assert not store.schedule.waits(tenant, "doctor")
    store.replays.park(["in-1"], now=clock())
    assert not store.schedule.waits(tenant, "articles")
    assert store.schedule.run_due(tenant, "articles", every, now=clock())
    assert not store.schedule.ask(tenant, "articles", now=clock())
