"""The database, on SQLite and on PostgreSQL: migrations keep what is there, writers do not harm one another, and what
cannot be stored is an error.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connectors.store import Store
from connectors.store.clockwork import Leadership
from connectors.store.database import Database
from connectors.store.revisions import revisions
from connectors.store.schema import EPOCH, inbox, metadata, ticket
from connectors.store.schema import tenant as tenant_table
from connectors.store.tenants import SHADOW, settings_in
from tests.conftest import ROOT, ToldClock
from tests.connectors.store.test_line import claim, plan_effect, receive
from tests.locking import locked

ROWS: dict[str, dict[str, Any]] = {
    "tenant": {
        "id": "acme",
        "name": "Acme",
        "vendor": "zendesk",
        "base_url": "https://acme.example",
        "origin": "https://acme.example",
        "webhook_token": "hashed",
        "groups": json.dumps({"Billing": "3"}),
        "fields": "{}",
        "settings": json.dumps({"mode": "live"}),
        "data_key": b"sealed",
        "data_key_id": "1",
        "created_at": 1_795_000_000_000_000,
    },
    "secret": {"tenant": "acme", "name": "api_token", "sealed": b"sealed"},
    "inbox": {
        "tenant": "acme",
        "source": "webhook",
        "dedup_key": "first",
        "stale": False,
        "received_at": 1_795_000_000_000_001,
        "state": "new",
        "rank": 5,
        "next_at": 1_795_000_000_000_001,
        "tries": 0,
        "crashes": 0,
    },
    "outbox": {
        "key": "k" * 32,
        "tenant": "acme",
        "kind": "update_ticket",
        "payload": "{}",
        "summary": "Note",
        "inbox_id": 1,
        "created_at": 1_795_000_000_000_002,
        "state": "pending",
        "rank": 5,
        "next_at": 1_795_000_000_000_002,
        "tries": 0,
        "crashes": 0,
    },
}
"""One row of each table on which the others stand, as the first version wrote it."""


def fill(database: Database) -> None:
    with database.write() as connection:
        for table, row in ROWS.items():
            columns = ", ".join(f'"{name}"' for name in row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f'INSERT INTO "{table}" ({columns}) VALUES ({values})'), row)  # noqa: S608


def kept(database: Database) -> dict[str, list[dict[str, Any]]]:
    """What stands in the columns that were filled."""
    with database.read() as connection:
        found = {name: connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in ROWS}  # noqa: S608
    return {
        name: [{column: getattr(row, column) for column in ROWS[name]} for row in rows] for name, rows in found.items()
    }


def differences(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_the_migrations_lead_to_the_declared_tables(store: Store) -> None:
    assert differences(store.database) == []
    assert store.database.revision() == revisions()[-1]


def test_migrating_again_changes_nothing(store: Store) -> None:
    store.database.migrate()
    store.database.migrate()


@pytest.mark.parametrize("step", range(len(revisions())))
def test_from_every_earlier_shape_what_is_there_comes_along_both_ways(empty_url: str, step: int) -> None:
    database = Database(empty_url)
    command.upgrade(database.alembic(), revisions()[step])
    fill(database)
    before = kept(database)
    database.migrate()
    assert kept(database) == before
    assert differences(database) == []
    command.downgrade(database.alembic(), revisions()[0])
    assert kept(database) == before
    command.downgrade(database.alembic(), "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    database.migrate()
    assert differences(database) == []
    database.close()


def test_several_that_migrate_at_once_do_it_once(empty_url: str) -> None:
    code = f"from connectors.store.database import Database; Database({empty_url!r}, busy_timeout_s=60).migrate()"
    several = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]
    assert [each.wait(60) for each in several] == [0, 0, 0]
    database = Database(empty_url)
    assert differences(database) == []
    database.close()


def test_a_migration_that_fails_half_way_has_changed_nothing(empty_url: str) -> None:
    database = Database(empty_url)
    command.upgrade(database.alembic(), revisions()[0])
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE finding (other INTEGER)")
    with pytest.raises(SQLAlchemyError):
        database.migrate()
    assert database.revision() == revisions()[0]
    assert "budget" not in inspect(database.engine).get_table_names()
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE finding")
    database.migrate()
    assert differences(database) == []
    database.close()


@pytest.mark.sqlite_only
def test_commits_survive_a_power_cut(store: Store) -> None:
    store.database.migrate()
    with store.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_on_a_server_commits_are_synchronous_and_waits_end(store: Store) -> None:
    if store.database.is_sqlite:
        pytest.skip("is about PostgreSQL")
    for _ in range(2):
        with store.database.read() as connection:
            shown = {
                name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
                for name in ("synchronous_commit", "lock_timeout", "statement_timeout")
            }
        assert shown == {"synchronous_commit": "on", "lock_timeout": "5s", "statement_timeout": "30s"}


def test_an_error_does_not_carry_what_a_customer_wrote(store: Store, tenant: str, clock: ToldClock) -> None:
    words = "a customer's words"
    with pytest.raises(SQLAlchemyError) as failed, store.database.write() as connection:
        connection.execute(ticket.insert(), {"tenant": tenant, "ref": "1", "subject": words})
    with pytest.raises(SQLAlchemyError) as not_a_number, store.database.write() as connection:
        connection.execute(text("INSERT INTO attempt (id, row_id, what) VALUES (:id, :id, 'x')"), {"id": words})
    for error in (failed.value, not_a_number.value):
        assert isinstance(error, DBAPIError)
        assert words not in str(error)
        assert words not in str(error.orig)


def test_text_with_a_nul_is_stored(store: Store, tenant: str, clock: ToldClock) -> None:
    row = {"tenant": tenant, "ref": "1", "subject": "a\0b", "updated_at": clock(), "planned_at": clock()}
    with store.database.write() as connection:
        connection.execute(ticket.insert(), row)
        connection.execute(ticket.insert(), [row | {"ref": "2"}, row | {"ref": "3"}])
        found = connection.execute(select(ticket.c.subject)).scalars().all()
    assert len(found) == 3
    assert all(subject.startswith("a") and subject.endswith("b") for subject in found)


def test_ready_means_that_an_event_can_be_stored(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> None:
    assert store.database.is_writable()
    impatient = Database(store.database.url, busy_timeout_s=0.05)
    with locked(store.database.url), pytest.raises(SQLAlchemyError):
        impatient.is_writable()
    assert impatient.is_writable()
    impatient.close()
    with store.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM leader")).scalar_one() == 0


def test_a_database_that_may_only_be_read_is_not_ready(store: Store, tmp_path: Path) -> None:
    if store.database.is_sqlite:
        read_only = Database(f"sqlite:///file:{tmp_path}/store.sqlite3?mode=ro&uri=true")
    else:
        read_only = Database(f"{store.database.url}&options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(SQLAlchemyError):
        read_only.is_writable()
    read_only.close()


@pytest.mark.sqlite_only
def test_a_full_database_is_not_ready(store: Store) -> None:
    store.database.close()
    with store.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(SQLAlchemyError, match="full"):
        store.database.is_writable()


def test_a_database_without_tables_is_not_ready(empty_url: str) -> None:
    database = Database(empty_url)
    with pytest.raises(SQLAlchemyError):
        database.is_writable()
    assert database.revision() is None
    database.close()


@contextmanager
def claiming(store: Store, limit: int) -> Iterator[set[int]]:
    """Another clock in the middle of its claim: it has locked the first rows and not committed."""
    with store.database.write() as connection:
        first = select(inbox.c.id).order_by(inbox.c.id).limit(limit).with_for_update()
        yield set(connection.execute(first).scalars())


def test_two_clocks_that_claim_at_once_get_different_rows_and_do_not_wait(
    store: Store, tenant: str, clock: ToldClock, tmp_path: Path
) -> None:
    if store.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    for number in range(6):
        receive(store, tenant, clock, str(number))
    impatient = Store.open(store.database.url, var=tmp_path, busy_timeout_s=0.2)
    with claiming(store, 3) as taken:
        mine = {each.id for each in claim(impatient, clock, limit=6)}
    impatient.database.close()
    assert len(taken) == 3
    assert len(mine) == 3
    assert not taken & mine


def test_of_many_clocks_no_two_get_the_same_row(store: Store, tenant: str, clock: ToldClock) -> None:
    for number in range(40):
        receive(store, tenant, clock, str(number % 25), f"event {number}")
    with ThreadPoolExecutor(6) as threads:
        found = [each.id for some in threads.map(lambda _: claim(store, clock, limit=5), range(12)) for each in some]
    assert len(found) == len(set(found))
    assert len(found) + len(claim(store, clock, limit=40)) == 25


def test_of_many_clocks_one_leads(store: Store, clock: ToldClock) -> None:
    clocks = [Leadership(store.database, f"clock {number}", timedelta(seconds=15)) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda each: each.hold(clock()), clocks)) == 1


def test_the_same_rows_in_another_order_lock_nobody_up(store: Store, tenant: str, clock: ToldClock) -> None:
    keys = [str(number) for number in range(60)]
    with ThreadPoolExecutor(8) as threads:
        for each in [threads.submit(receive, store, tenant, clock, key) for key in (*keys, *keys[::-1], *keys)]:
            each.result()
    assert store.deliveries.line(since=EPOCH).received.total == len(keys)


def test_what_is_planned_while_the_tenant_goes_into_shadow_is_not_left_to_be_sent(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    with ThreadPoolExecutor(1) as threads:
        with store.database.write() as connection:
            assert store.outbox.add_in(
                connection,
                tenant=tenant,
                kind="update_ticket",
                ticket_ref="1",
                cause="triage",
                payload={},
                summary="Note",
                now=clock(),
            )
            switching = threads.submit(store.tenants.set_mode, tenant, SHADOW)
            until_waiting(store, switching.done)
        switching.result()
    assert store.deliveries.show("out-1")["state"] == "ignored"
    assert not plan_effect(store, tenant, clock, ref="2")


def test_settings_changed_at_once_are_all_kept(store: Store, tenant: str) -> None:
    names = [f"setting_{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda name: store.installations.set(tenant, **{name: True}), names))
    assert set(names) <= set(store.tenants.summary(tenant).settings)


def until_waiting(store: Store, done: Any) -> None:
    """Until somebody waits for a lock; SQLite shows none, there the writer's turn is taken for sure."""
    deadline = time.monotonic() + 30
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while not store.database.is_sqlite and not done():
        with store.database.read() as connection:
            if connection.execute(waiting).scalar_one():
                return
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.01)


def test_an_update_of_a_tenant_does_not_hold_its_events_up(
    store: Store, tenant: str, clock: ToldClock, tmp_path: Path
) -> None:
    if store.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    impatient = Store.open(store.database.url, var=tmp_path, busy_timeout_s=0.2)
    with store.database.write() as connection:
        settings_in(connection, tenant)
        connection.execute(update(tenant_table).where(tenant_table.c.id == tenant).values(settings={"mode": "live"}))
        receive(impatient, tenant, clock)
    impatient.database.close()
    assert store.deliveries.line(since=EPOCH).received.total == 1


def test_a_server_that_is_killed_in_the_middle_of_a_transaction_is_a_store_error(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    if store.database.is_sqlite:
        pytest.skip("SQLite has no server")

    def killed(ask_again: bool) -> None:
        with store.database.write() as connection:
            own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with store.database.write() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({own}, 5000)")
            if ask_again:
                connection.execute(select(inbox))

    for ask_again in (True, False):
        with pytest.raises(SQLAlchemyError):
            killed(ask_again)
        receive(store, tenant, clock)
    assert store.deliveries.line(since=EPOCH).received.total == 1


def test_a_server_that_is_away_is_a_store_error(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://postgres@/none?host={tmp_path}")
    with pytest.raises(SQLAlchemyError), database.write():
        pass
    with pytest.raises(SQLAlchemyError):
        database.is_writable()
    database.close()


def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").write_bytes(b"not a database" * 1000)
    database = Database(f"sqlite:///{tmp_path}/store.sqlite3")
    with pytest.raises(SQLAlchemyError), database.write():
        pass
    database.close()
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "store.sqlite3").execute("PRAGMA integrity_check").fetchall()
