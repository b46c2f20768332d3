"""The database: migrations give the declared tables, and a file that cannot keep the promise is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from connectors.store import Store
from connectors.store.database import Database
from connectors.store.schema import metadata, ticket
from tests.conftest import ToldClock


def test_the_migrations_lead_to_the_declared_tables(store: Store) -> None:
    with store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    store.database.migrate()
    store.database.migrate()


def test_migrations_go_both_ways(tmp_path: Path) -> None:
    from alembic import command

    database = Database(f"sqlite:///{tmp_path}/both.sqlite3")
    database.migrate()
    command.downgrade(database.alembic(), "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    database.migrate()
    database.close()


def test_commits_survive_a_power_cut(store: Store) -> None:
    with store.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_an_error_does_not_carry_what_a_customer_wrote(store: Store, tenant: str, clock: ToldClock) -> None:
    with pytest.raises(SQLAlchemyError) as failed, store.database.write() as connection:
        connection.execute(ticket.insert(), {"tenant": tenant, "ref": "1", "subject": "a customer's words"})
    assert "a customer's words" not in str(failed.value)
