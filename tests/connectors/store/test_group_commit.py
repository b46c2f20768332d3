"""Rows that arrive together are stored together, and none is acknowledged without being stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from connectors.store import Store
from connectors.store.schema import EPOCH
from tests.conftest import ToldClock
from tests.connectors.store.test_line import receive
from tests.locking import locked


def test_many_threads_store_every_row_once(store: Store, tenant: str, clock: ToldClock) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda number: receive(store, tenant, clock, str(number % 100)), range(400)))
    assert store.deliveries.line(since=EPOCH).received.total == 100


def test_while_the_database_is_locked_every_waiting_thread_is_told(
    store: Store, tenant: str, clock: ToldClock, tmp_path: Path
) -> None:
    impatient = Store.open(store.database.url, var=tmp_path, busy_timeout_s=0.05)

    def refused(number: int) -> bool:
        try:
            receive(impatient, tenant, clock, str(number))
        except SQLAlchemyError:
            return True
        return False

    with locked(store.database.url), ThreadPoolExecutor(8) as threads:
        assert all(threads.map(refused, range(24)))
    assert store.deliveries.line(since=EPOCH).received.total == 0
    receive(impatient, tenant, clock)
    assert store.deliveries.line(since=EPOCH).received.total == 1
    impatient.database.close()


def test_a_row_that_cannot_be_stored_raises(store: Store, clock: ToldClock) -> None:
    with pytest.raises(SQLAlchemyError):
        receive(store, "nobody", clock)
    assert store.deliveries.line(since=EPOCH).received.total == 0
