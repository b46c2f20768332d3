"""Timers: whose turn it is, in an order, and nothing overwritten that somebody set meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.dialects import sqlite

from connectors.store import Store
from connectors.store.tenants import LIVE, SHADOW
from connectors.store.timers import due_query
from tests.conftest import ToldClock, new_tenant
from triage.sla.log import StatusSet
from triage.tickets import Status

SECOND = timedelta(seconds=1)


def put(store: Store, tenant: str, ref: str, due_at: datetime | None) -> None:
    with store.database.write() as transaction:
        store.timers.set_in(transaction, tenant, ref, due_at)


def test_a_tenant_is_due_with_its_first_timer(store: Store, tenant: str, clock: ToldClock) -> None:
    put(store, tenant, "1", clock() + SECOND)
    assert store.timers.due(clock()) == set()
    assert store.timers.due(clock() + SECOND) == {tenant}
    put(store, tenant, "1", None)
    assert store.timers.due(clock() + SECOND) == set()
    put(store, tenant, "1", None)


def test_the_longest_overdue_is_taken_first_and_stays_until_it_is_moved(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="another", now=clock())
    due = {"3": clock() - 3 * SECOND, "1": clock() - SECOND, "2": clock() - 2 * SECOND, "4": clock() + SECOND}
    for ref, at in due.items():
        put(store, tenant, ref, at)
        put(store, "other", ref, at)
    taken = store.timers.take(tenant, clock(), 2)
    assert list(taken.items()) == [("3", due["3"]), ("2", due["2"])]
    assert store.timers.take(tenant, clock(), 2) == taken
    with store.database.write() as transaction:
        moves = {"3": (due["3"], None), "2": (due["2"], clock() + 9 * SECOND)}
        assert store.timers.move_in(transaction, tenant, moves) == {"3", "2"}
    assert list(store.timers.take(tenant, clock(), 9)) == ["1"]
    assert list(store.timers.take(tenant, clock() + 9 * SECOND, 9)) == ["1", "4", "2"]
    assert list(store.timers.take("other", clock(), 9)) == ["3", "2", "1"]


def test_what_was_set_meanwhile_stays(store: Store, tenant: str, clock: ToldClock) -> None:
    for ref in ("1", "2"):
        put(store, tenant, ref, clock() - SECOND)
    taken = store.timers.take(tenant, clock(), 9)
    for ref in taken:
        put(store, tenant, ref, clock())
    with store.database.write() as transaction:
        moves = {"1": (taken["1"], None), "2": (taken["2"], clock() + timedelta(days=1))}
        assert store.timers.move_in(transaction, tenant, moves) == set()
    assert store.timers.take(tenant, clock(), 9) == {"1": clock(), "2": clock()}


def test_in_shadow_and_disconnected_timers_wait(store: Store, tenant: str, clock: ToldClock) -> None:
    put(store, tenant, "1", clock())
    store.tenants.set_mode(tenant, SHADOW)
    assert store.timers.due(clock()) == set()
    store.tenants.set_mode(tenant, LIVE)
    assert store.timers.due(clock()) == {tenant}
    store.installations.set(tenant, connected=False)
    assert store.timers.due(clock()) == set()


def test_timers_can_be_put_off_and_all_tickets_woken(store: Store, tenant: str, clock: ToldClock) -> None:
    later = clock() + timedelta(minutes=10)
    for ref, at in (("1", clock() - SECOND), ("2", later + SECOND)):
        put(store, tenant, ref, at)
    with store.database.write() as transaction:
        store.timers.put_off_in(transaction, tenant, later)
    assert store.timers.due(later - SECOND) == set()
    assert list(store.timers.take(tenant, later, 9)) == ["1"]
    with store.database.write() as transaction:
        for ref in ("2", "3"):
            event = StatusSet(at=clock(), status=Status.NEW)
            store.ticket_log.append_in(transaction, tenant, ref, [event], now=clock())
        store.timers.wake_all_in(transaction, tenant, clock())
    assert list(store.timers.take(tenant, clock(), 9)) == ["1", "2", "3"]


@pytest.mark.sqlite_only
def test_the_clocks_question_looks_at_no_timer_that_is_not_due(store: Store, tenant: str, clock: ToldClock) -> None:
    """One look into the index for each tenant, whatever the table holds."""
    query = due_query(clock()).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with store.database.read() as connection:
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    looks = [step for step in plan if "timer" in step]
    assert looks == ["SEARCH timer USING COVERING INDEX timer_due (tenant=? AND due_at<?)"], plan
