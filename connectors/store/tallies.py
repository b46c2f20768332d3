"""Counters of what is in no other table, shared by all processes and kept for ever: they only grow.

A counter must never fail the work it counts. So a failed write of one is logged and forgotten; inside somebody
else's transaction it happens in a savepoint of its own. What is not forgotten is a failure that ended that whole
transaction, as a full disk does: committing would then do nothing and raise nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from connectors.store.database import Database
from connectors.store.schema import tally

log = logging.getLogger("deskhand.store")

EFFECTS = "effects"
"""Tries of effects, by `kind:outcome`."""
PARKED = "parked"
"""Rows ever parked, by direction."""
DUP_PREVENTED, RECONCILED, API_429, LEASE_LOST = "dup_prevented", "reconciled", "api_429", "lease_lost"
JOBS_REFUSED = "jobs_refused"
SUGGESTION_FAILED = "suggestion_failed"
NOBODY = ""
"""The tenant of what belongs to none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    tenant: str
    name: str
    label: str
    value: int


class Tallies:
    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, tenant: str, name: str, label: str = "", by: int = 1) -> None:
        """Count in a transaction of its own; never raises."""
        try:
            with self.database.write() as connection:
                _add(connection, tenant, name, label, by)
        except SQLAlchemyError as error:
            _forget(name, error)

    def all(self) -> list[Tally]:
        with self.database.read() as connection:
            rows = connection.execute(select(tally)).all()
        return [Tally(tenant=row.tenant, name=row.name, label=row.label, value=row.value) for row in rows]


def count_in(connection: Connection, tenant: str, name: str, label: str = "", by: int = 1) -> None:
    """Count in the caller's transaction, with what it counts; a failure leaves that transaction as it was."""
    if by:
        counts_in(connection, {(tenant, name, label): by})


def counts_in(connection: Connection, counts: Mapping[tuple[str, str, str], int]) -> None:
    """The same for several counters, in one order for all processes: else two could wait for each other."""
    for (tenant, name, label), by in sorted(counts.items()):
        try:
            with connection.begin_nested():
                _add(connection, tenant, name, label, by)
        except SQLAlchemyError as error:
            if not is_open(connection):
                raise
            _forget(name, error)


def is_open(connection: Connection) -> bool:
    """Whether the transaction still stands. SQLite ends it at some errors; PostgreSQL then refuses to commit it."""
    return bool(getattr(connection.connection.dbapi_connection, "in_transaction", True))


def _add(connection: Connection, tenant: str, name: str, label: str, by: int) -> None:
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(tally).values(tenant=tenant, name=name, label=label, value=by)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant", "name", "label"], set_={"value": tally.c.value + statement.excluded.value}
        )
    )


def _forget(name: str, error: SQLAlchemyError) -> None:
    log.warning("counter %s not written: %s", name, type(error).__name__)
