"""What happened to a row beside the straight way, one line each, in the transaction that changed the row.

A row that is done at its first try has no history: it costs nothing there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, select

from connectors.store.database import Database
from connectors.store.names import direction_of, table_of
from connectors.store.schema import attempt
from connectors.store.tallies import LEASE_LOST, count_in
from connectors.store.tallies import PARKED as EVER_PARKED

FAILED, UNKNOWN, TAKEN_OVER, PARKED = "failed", "unknown", "taken_over", "parked"
REPLAYED, DROPPED, SET_ASIDE, OVERTAKEN = "replayed", "dropped", "set_aside", "overtaken"
DONE, IGNORED = "done", "ignored"
"""Told only of a row that has a history already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One line of a row's history. `by` is the person who did it; empty for what the line did itself."""

    at: datetime
    what: str
    status: int | None
    detail: str | None
    by: str | None


class History:
    def __init__(self, database: Database) -> None:
        self.database = database

    def of(self, name: str) -> list[Attempt]:
        """The history of one row, oldest first; empty where all went straight."""
        table, row_id = table_of(name)
        with self.database.read() as connection:
            rows = connection.execute(
                select(attempt)
                .where(attempt.c.direction == direction_of(table), attempt.c.row_id == row_id)
                .order_by(attempt.c.id)
            ).all()
        return [Attempt(at=row.at, what=row.what, status=row.status, detail=row.detail, by=row.by) for row in rows]


def note_in(
    connection: Connection,
    table: Table,
    row_id: int,
    what: str,
    *,
    tenant: str,
    at: datetime,
    status: int | None = None,
    detail: str | None = None,
    by: str | None = None,
) -> None:
    """Tell one thing about a row. `detail` is a message of ours: it holds nothing personal."""
    connection.execute(
        attempt.insert().values(
            tenant=tenant,
            direction=direction_of(table),
            row_id=row_id,
            at=at,
            what=what,
            status=status,
            detail=detail,
            by=by,
        )
    )
    if what in (PARKED, SET_ASIDE):
        count_in(connection, tenant, EVER_PARKED, direction_of(table))
    elif what == TAKEN_OVER:
        count_in(connection, tenant, LEASE_LOST)


def is_told(table: Table) -> ColumnElement[bool]:
    """Whether a row of `table` has a history: a column for a query on it."""
    lines = select(attempt.c.id).where(and_(attempt.c.direction == direction_of(table), attempt.c.row_id == table.c.id))
    return lines.exists()
