"""Counters that all processes share: they grow with what they count, and never make it fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from connectors.store import Store
from connectors.store.inbox import WEBHOOK
from connectors.store.schema import EPOCH
from connectors.store.tallies import API_429, DUP_PREVENTED, JOBS_REFUSED, LEASE_LOST, NOBODY, PARKED, count_in
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_line import receive


def counted(store: Store) -> dict[tuple[str, str, str], int]:
    return {(each.tenant, each.name, each.label): each.value for each in store.tallies.all()}


def break_counters(store: Store, how: str) -> None:
    """From now on writing a counter fails: `ABORT` fails the statement, `ROLLBACK` ends the transaction."""
    with store.database.write() as connection:
        connection.execute(
            text(f"CREATE TRIGGER broken BEFORE INSERT ON tally BEGIN SELECT RAISE({how}, 'broken'); END")
        )


def test_counts_add_up_over_threads_and_stores(store: Store, tenant: str, tmp_path: Path) -> None:
    second = Store.open(store.database.url, var=tmp_path)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: (store, second)[number % 2].tallies.add(tenant, API_429), range(40)))
    store.tallies.add(tenant, PARKED, "out", by=3)
    store.tallies.add(NOBODY, JOBS_REFUSED)
    assert counted(second) == {
        (tenant, API_429, ""): 40,
        (tenant, PARKED, "out"): 3,
        (NOBODY, JOBS_REFUSED, ""): 1,
    }
    second.database.close()


def test_a_count_goes_with_the_transaction_it_belongs_to(store: Store, tenant: str) -> None:
    with store.database.write() as connection:
        count_in(connection, tenant, LEASE_LOST)
        connection.get_transaction().rollback()  # type: ignore[union-attr]
    assert counted(store) == {}
    with store.database.write() as connection:
        count_in(connection, tenant, LEASE_LOST)
        count_in(connection, tenant, LEASE_LOST, by=0)
    assert counted(store) == {(tenant, LEASE_LOST, ""): 1}


def test_repeats_are_counted_for_each_tenant(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="another-token", now=clock())
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: receive(store, tenant, clock, str(number % 10)), range(40)))
        list(threads.map(lambda number: receive(store, ("other", tenant)[number % 2], clock, "same"), range(12)))
    assert store.deliveries.line(since=EPOCH).received.total == 12
    assert counted(store) == {(tenant, DUP_PREVENTED, ""): 30 + 5, ("other", DUP_PREVENTED, ""): 5}


def test_an_unreadable_delivery_is_parked_once_however_often_it_comes(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    for _ in range(3):
        store.inbox.set_aside(
            tenant, WEBHOOK, "digest", state="parked", reason="unreadable", now=clock(), raw=b"?", headers={}
        )
    assert counted(store) == {(tenant, PARKED, "in"): 1, (tenant, DUP_PREVENTED, ""): 2}


@pytest.mark.sqlite_only
def test_a_counter_that_cannot_be_written_fails_nothing(
    store: Store, tenant: str, clock: ToldClock, caplog: pytest.LogCaptureFixture
) -> None:
    break_counters(store, "ABORT")
    store.tallies.add(tenant, API_429)
    for _ in range(2):
        receive(store, tenant, clock, "one")
    receive(store, tenant, clock, "two")
    assert store.deliveries.line(since=EPOCH).received.total == 2
    assert counted(store) == {}
    assert "counter dup_prevented not written" in caplog.text


@pytest.mark.sqlite_only
def test_when_the_whole_transaction_is_gone_the_work_is_not_taken_for_done(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    """As a full disk does it. Swallowing that would acknowledge what was never stored."""
    receive(store, tenant, clock, "one")
    break_counters(store, "ROLLBACK")
    with store.database.write() as connection:
        store.inbox.schedule_in(connection, tenant, "doctor", "slot", now=clock(), rank=5)
        with pytest.raises(SQLAlchemyError):
            count_in(connection, tenant, LEASE_LOST)
    assert store.deliveries.line(since=EPOCH).received.total == 1
    with pytest.raises(SQLAlchemyError):
        receive(store, tenant, clock, "one")
    receive(store, tenant, clock, "two")
    assert store.deliveries.line(since=EPOCH).received.total == 2
