"""Somebody else who holds the database's write lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody else can write while this lasts."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(parsed.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("LOCK TABLE inbox, outbox, leader IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()
    engine.dispose()
