"""The engine: short transactions, writers queued by the database itself, nothing lost at a crash."""

from __future__ import annotations

import math
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, Engine, Table, create_engine, delete, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import TimeoutError as StoreBusy

from connectors.store.backups import back_up, folder_of
from connectors.store.revisions import MIGRATIONS, revisions
from connectors.store.schema import EPOCH, leader

LOOK_AGAIN_S = 0.0005
CONNECTIONS, MORE_CONNECTIONS = 5, 10
"""Of one process to PostgreSQL: one for each thread, and some for a rush."""
STATEMENT_S = 30.0
DATA_EXCEPTION = "22"
"""How the codes of PostgreSQL begin for a value that cannot be stored."""
PROBE = "probe"
ROOM = 16_384
"""Bytes that must fit into the database for it to count as writable: most events are smaller."""


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
        self.file = Path(parsed.database) if self.is_sqlite and parsed.database else None
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        self.busy_timeout_s = busy_timeout_s
        # SQLite has one writer. Threads of one process queue here, where the next one starts at once;
        # in SQLite they would sleep for up to 100 ms between looks.
        self._writer = threading.Lock() if self.is_sqlite else None
        self.engine = _sqlite_engine(url, busy_timeout_s) if self.is_sqlite else _postgresql(parsed, busy_timeout_s)

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
        """Bring the tables to this version's shape; a SQLite file that has another one is copied before."""
        newest = revisions()[-1]
        before = self.revision() if self.file is not None and self.file.exists() else None
        if self.file is not None and before not in (None, newest):
            copy = folder_of(self.file) / f"before-{newest}.sqlite3"
            copy.unlink(missing_ok=True)
            back_up(self.file, copy)
        command.upgrade(self.alembic(), "head")
        if self.is_sqlite:
            self._check_sqlite()

    def alembic(self) -> Config:
        """Alembic's configuration for this engine: there is no file of it."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = self.engine
        return config

    def revision(self) -> str | None:
        """The shape its tables have; None when there are none."""
        with self.read() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def is_writable(self) -> bool:
        """Commit a row and take it away again; raises `SQLAlchemyError` where an event could not be stored either:
        locked, full, read only, away, or without its tables.
        """
        name = f"{PROBE}-{secrets.token_hex(4)}"
        filler = "." * (ROOM if self.is_sqlite else 80)
        with self.write() as connection:
            connection.execute(leader.insert().values(name=name, owner=filler, token="", until=EPOCH))
            connection.execute(delete(leader).where(leader.c.name == name))
        return True

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


def _engine(url: str | URL, **options: Any) -> Engine:
    # Errors name the statement and never its values: those hold what customers wrote. How many rows an INSERT
    # stored is what tells a new one from a conflict; it would else be forgotten on PostgreSQL.
    return create_engine(url, hide_parameters=True, execution_options={"preserve_rowcount": True}, **options)


def _postgresql(url: URL, busy_timeout_s: float) -> Engine:
    """A lock that is not free in `busy_timeout_s` is an error, as in SQLite, and so is a server that went silent."""
    wait_s = max(2, math.ceil(busy_timeout_s))
    silent_server = {
        "application_name": "deskhand",
        "connect_timeout": wait_s,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    engine = _engine(
        url,
        pool_pre_ping=True,
        pool_size=CONNECTIONS,
        max_overflow=MORE_CONNECTIONS,
        pool_timeout=busy_timeout_s,
        connect_args={name: value for name, value in silent_server.items() if name not in url.query},
    )

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.autocommit = True  # what a transaction sets ends with it
        for setting in (
            f"lock_timeout={math.ceil(busy_timeout_s * 1000)}",
            f"statement_timeout={int(STATEMENT_S * 1000)}",
            f"idle_in_transaction_session_timeout={int(STATEMENT_S * 1000)}",
            "synchronous_commit=on",
        ):
            dbapi_connection.execute(f"SET {setting}")
        dbapi_connection.autocommit = False

    @event.listens_for(engine, "handle_error")
    def without_values(context: ExceptionContext) -> None:
        """The server's detail quotes the row, and of a value that does not fit so does its first line."""
        diagnosis = getattr(context.original_exception, "diag", None)
        if diagnosis is None or diagnosis.sqlstate is None:
            return
        of_a_value = diagnosis.sqlstate.startswith(DATA_EXCEPTION)
        told = f"error {diagnosis.sqlstate}" if of_a_value else str(diagnosis.message_primary)
        context.original_exception.args = (told,)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = (f"({type(context.original_exception).__name__}) {told}",)

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def without_nul(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool
    ) -> tuple[str, Any]:
        return statement, [_no_nul(each) for each in parameters] if executemany else _no_nul(parameters)

    return engine


def _no_nul(parameters: Any) -> Any:
    """PostgreSQL's text has no NUL, and what customers write may."""
    if not isinstance(parameters, dict):
        return parameters
    return {
        name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value
        for name, value in parameters.items()
    }


def _sqlite_engine(url: str, busy_timeout_s: float) -> Engine:
    engine = _engine(url)

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

    return engine


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
