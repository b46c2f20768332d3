"""Circuits: shared by processes, by family, one probe at a time, and what the line does with them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from connectors.errors import CircuitOpen, OverBudget
from connectors.limits import EVERYTHING, FIRST_OPEN_S, PROBE_S, TRIPS_AT, UPDATES, Gate
from connectors.store import Store
from connectors.store.database import Database
from connectors.store.leases import URGENT
from connectors.store.schema import circuit
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_budgets import LEASE, LIMITS, fill, gate

AMPLE = {EVERYTHING: 2000.0, UPDATES: 2000.0}
READ, WRITE = (EVERYTHING,), (EVERYTHING, UPDATES)


def fail(door: Gate, *families: str, times: int = TRIPS_AT) -> None:
    for _ in range(times):
        door.enter(families)
        door.failed(families, 0.01)


def rows(store: Store) -> int:
    with store.database.read() as connection:
        return len(connection.execute(select(circuit)).all())


def claimed(store: Store, clock: ToldClock) -> int:
    return len(store.outbox.claim(now=clock(), lease=LEASE, limit=50))


def test_after_five_failures_every_process_is_refused(store: Store, tenant: str, clock: ToldClock) -> None:
    second = Store(Database(store.database.url), store.vault)
    fail(gate(store, clock), *READ)
    for each in (store, second):
        with pytest.raises(CircuitOpen, match="failed our last 5 requests") as refused:
            gate(each, clock, urgent=True).enter(READ)
        assert refused.value.retry_after_s == pytest.approx(FIRST_OPEN_S)
    second.database.close()


def test_an_answer_in_between_starts_the_count_again(store: Store, tenant: str, clock: ToldClock) -> None:
    door = gate(store, clock, AMPLE)
    fail(door, *READ, times=TRIPS_AT - 1)
    door.enter(READ)
    door.answered(READ)
    assert rows(store) == 0
    fail(door, *READ, times=TRIPS_AT - 1)
    door.enter(READ)


@pytest.mark.parametrize("limits", [LIMITS, {EVERYTHING: 100_000.0, UPDATES: 100_000.0}, {"nothing": 1.0}])
def test_one_probe_at_a_time_and_its_answer_opens_the_way(
    store: Store, tenant: str, clock: ToldClock, limits: dict[str, float]
) -> None:
    door, other = gate(store, clock, limits), gate(store, clock, limits)
    fail(door, *READ)
    clock.forward(seconds=FIRST_OPEN_S)
    door.enter(READ)
    with pytest.raises(CircuitOpen):
        other.enter(READ)
    door.answered(READ)
    other.enter(READ)
    assert store.circuits.open() == []


def test_a_probe_that_fails_shuts_it_and_one_that_dies_gives_way(store: Store, tenant: str, clock: ToldClock) -> None:
    door = gate(store, clock)
    fail(door, *READ)
    clock.forward(seconds=FIRST_OPEN_S)
    fail(door, *READ, times=1)
    assert store.circuits.open(tenant)[0].open_until == clock() + timedelta(seconds=FIRST_OPEN_S)
    clock.forward(seconds=FIRST_OPEN_S)
    gate(store, clock).enter(READ)  # and nothing is heard of it again
    clock.forward(seconds=PROBE_S)
    door.enter(READ)


def test_a_probe_that_our_own_budget_holds_back_is_none(store: Store, tenant: str, clock: ToldClock) -> None:
    fail(gate(store, clock), *READ)
    clock.forward(seconds=FIRST_OPEN_S)
    with pytest.raises(OverBudget, match="used up"):
        gate(store, clock).enter((EVERYTHING,) * 99)
    gate(store, clock).enter(READ)


def test_one_broken_family_does_not_stop_the_others(store: Store, tenant: str, clock: ToldClock) -> None:
    door = gate(store, clock)
    fail(door, EVERYTHING, "search")
    door.enter(WRITE)
    with pytest.raises(CircuitOpen, match="search"):
        door.enter((EVERYTHING, "search"))
    assert [(each.tenant, each.family) for each in store.circuits.open()] == [(tenant, "search")]


def test_a_helpdesk_that_is_away_stops_all_its_families_and_no_other_tenant(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    fail(gate(store, clock), *READ)
    with pytest.raises(CircuitOpen):
        gate(store, clock).enter(WRITE)
    store.budgets.gate("other", LIMITS, now=clock).enter(WRITE)


def test_a_failed_probe_is_held_against_every_family_it_was_the_probe_of(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    door = gate(store, clock, AMPLE)
    fail(door, *WRITE)
    fail(door, *READ)
    clock.forward(seconds=FIRST_OPEN_S)
    fail(door, *WRITE, times=1)
    assert [each.failures for each in store.circuits.open()] == [TRIPS_AT + 1] * 2


def test_whoever_is_to_look_may_insist(store: Store, tenant: str, clock: ToldClock) -> None:
    fail(gate(store, clock), *READ)
    looking = store.budgets.gate(tenant, LIMITS, insist=True, now=clock)
    looking.enter(READ)
    looking.failed(READ, 0.01)
    assert store.circuits.open()[0].failures == TRIPS_AT
    looking.enter(READ)
    looking.answered(READ)
    gate(store, clock).enter(READ)


def test_what_goes_well_writes_nothing_more(store: Store, tenant: str, clock: ToldClock) -> None:
    door = gate(store, clock)
    door.enter(READ)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(store.database.engine, "before_cursor_execute", note)
    door.answered(READ)
    assert statements == []
    door.enter(READ)
    assert len([each for each in statements if "circuit" in each]) == 1
    assert not [each for each in statements if "circuit" in each and not each.startswith("SELECT")]


def test_a_busy_database_does_not_hide_what_became_of_a_request(
    store: Store, tenant: str, clock: ToldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = gate(store, clock)
    fail(door, *READ, times=1)
    door.enter(READ)

    def busy() -> None:
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("locked"))

    monkeypatch.setattr(store.database, "write", busy)
    door.answered(READ)
    door.failed(READ, 0.01)
    door.close(3)
    door.limit_seen(EVERYTHING, 700)


def test_rows_wait_in_the_table_and_one_is_handed_out_to_probe(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    fill(store, clock, 20)
    fill(store, clock, 1, tenant="other")
    door = gate(store, clock, {EVERYTHING: 6000.0, UPDATES: 6000.0})
    fail(door, *READ)
    assert claimed(store, clock) == 1  # the other tenant's
    clock.forward(seconds=FIRST_OPEN_S)
    assert claimed(store, clock) == 1
    door.enter(READ)
    assert claimed(store, clock) == 0
    door.answered(READ)
    assert claimed(store, clock) == 19


def test_urgent_rows_are_the_first_to_probe(store: Store, tenant: str, clock: ToldClock) -> None:
    fill(store, clock, 3)
    fill(store, clock, 1, rank=URGENT)
    fail(gate(store, clock), *READ)
    clock.forward(seconds=FIRST_OPEN_S)
    assert [each.id for each in store.outbox.claim(now=clock(), lease=LEASE, limit=1)] == [4]


def test_broken_updates_stop_the_outbox_and_not_the_inbox(store: Store, tenant: str, clock: ToldClock) -> None:
    fill(store, clock, 3)
    assert store.schedule.run_due(tenant, "reconcile", timedelta(minutes=5), now=clock())
    fail(gate(store, clock), *WRITE)
    assert claimed(store, clock) == 0
    assert len(store.inbox.claim(now=clock(), lease=LEASE, limit=50)) == 1


def test_open_ones_are_listed_for_people(store: Store, tenant: str, clock: ToldClock) -> None:
    fail(gate(store, clock), *READ, times=TRIPS_AT - 1)
    assert store.circuits.open() == []
    fail(gate(store, clock), *READ, times=1)
    [found] = store.circuits.open(tenant)
    until: datetime = clock() + timedelta(seconds=FIRST_OPEN_S)
    assert (found.tenant, found.family, found.failures, found.open_until) == (tenant, EVERYTHING, TRIPS_AT, until)
    assert store.circuits.open("other") == []
