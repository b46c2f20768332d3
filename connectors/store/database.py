"""The engine: short transactions, writers queued by the database itself, nothing lost at a crash."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import TimeoutError as StoreBusy

LOOK_AGAIN_S = 0.0005
MIGRATIONS = Path(__file__).parent / "migrations"


class StoreUnusable(Exception):
    """The database cannot keep the promise; the message says what to change."""


class Database:
    """One engine. `write()` takes the write lock at once, so that a transaction never fails half-way on it.

    Both raise a `SQLAlchemyError` when the database is locked, full or away.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = 5.0) -> None:
        self.url = url
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self.busy_timeout_s = busy_timeout_s
        # SQLite has one writer. Threads of one process queue here, where the next one starts at once;
        # in SQLite they would sleep for up to 100 ms between looks.
        self._writer = threading.Lock() if self.is_sqlite else None
        # Errors name the statement and never its values: those hold what customers wrote.
        self.engine: Engine = create_engine(url, pool_pre_ping=not self.is_sqlite, hide_parameters=True)
        if self.is_sqlite:
            _prepare_sqlite(self.engine, busy_timeout_s)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with (
            self._turn(),
            self.engine.connect().execution_options(deskhand_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._writer is None:
            yield
            return
        if not self._writer.acquire(timeout=self.busy_timeout_s):
            raise StoreBusy(f"another thread has been writing for {self.busy_timeout_s} s")
        try:
            yield
        finally:
            self._writer.release()

    def insert(self, table: Table) -> Any:
        """An INSERT that can `on_conflict_do_nothing` or `_do_update` on either database."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def migrate(self) -> None:
        """Bring the tables to this version's shape."""
        command.upgrade(self.alembic(), "head")
        if self.is_sqlite:
            self._check_sqlite()

    def alembic(self) -> Config:
        """Alembic's configuration for this engine: there is no file of it."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = self.engine
        return config

    def is_writable(self) -> bool:
        """Whether a write transaction can begin now."""
        with self.write() as connection:
            return connection.execute(select(func.count()).select_from(select(1).subquery())).scalar_one() == 1

    def close(self) -> None:
        self.engine.dispose()

    def _check_sqlite(self) -> None:
        with self.read() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        if mode != "wal":
            raise StoreUnusable(
                f"{self.url}: this file system cannot do write-ahead logging (journal mode is {mode}). "
                "Put the database on a local disk, or set DATABASE_URL to PostgreSQL."
            )


def _prepare_sqlite(engine: Engine, busy_timeout_s: float) -> None:
    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            f"busy_timeout={int(busy_timeout_s * 1000)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("deskhand_write"):
            _begin_writing(connection, busy_timeout_s)
        else:
            connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection, busy_timeout_s: float) -> None:
    """Take the write lock, looking every half millisecond: SQLite's own waiting sleeps up to 100 ms between looks,
    and processes that write often starve one another.
    """
    raw: Any = connection.connection.dbapi_connection
    deadline = time.monotonic() + busy_timeout_s
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < deadline:
            try:
                raw.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError:
                time.sleep(LOOK_AGAIN_S)
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last try raises the engine's own error
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
