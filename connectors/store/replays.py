"""What an operator does with rows: put back to work, set aside, drop. Rows are named `in-12` and `out-34`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, case, select, update

from connectors.store.database import Database
from connectors.store.schema import inbox, outbox


class NoSuchDelivery(LookupError):
    """No row of that name."""


class Replays:
    def __init__(self, database: Database) -> None:
        self.database = database

    def replay(self, names: Sequence[str], *, now: datetime) -> int:
        """Put parked or ignored rows back to work; returns how many were. Their keys stay: nothing happens twice.

        An effect whose ticket got a newer one meanwhile is not: it would undo what came after. It ends as ignored.
        """
        return self._move(names, from_states=("parked", "ignored"), to="waiting", now=now)

    def drop(self, names: Sequence[str], *, now: datetime) -> int:
        """Decide that parked rows need nothing: they stay on record as ignored."""
        return self._move(names, from_states=("parked",), to="ignored", now=now)

    def park(self, names: Sequence[str], *, now: datetime) -> int:
        """Set waiting rows aside by hand; one being worked on is left alone."""
        return self._move(names, from_states=("new", "pending", "unknown"), to="parked", now=now)

    def parked(self) -> list[str]:
        """Names of everything parked, oldest first."""
        names: list[str] = []
        with self.database.read() as connection:
            for prefix, table in (("in", inbox), ("out", outbox)):
                rows = connection.execute(select(table.c.id).where(table.c.state == "parked").order_by(table.c.id))
                names += [f"{prefix}-{row.id}" for row in rows]
        return names

    def _move(self, names: Sequence[str], *, from_states: tuple[str, ...], to: str, now: datetime) -> int:
        """All or none of the names are known; returns how many rows changed."""
        rows = [table_of(name) for name in names]
        with self.database.write() as connection:
            for name, (table, row_id) in zip(names, rows, strict=True):
                if connection.execute(select(table.c.id).where(table.c.id == row_id)).first() is None:
                    raise NoSuchDelivery(
                        f"There is no delivery {name}. `deskhand deliveries list` shows those there are."
                    )
            return sum(_move_one(connection, table, row_id, from_states, to, now) for table, row_id in rows)


def _move_one(
    connection: Connection, table: Table, row_id: int, from_states: tuple[str, ...], to: str, now: datetime
) -> int:
    free = [table.c.id == row_id, table.c.state.in_(from_states), table.c.lease_token.is_(None)]
    if to != "waiting":
        return connection.execute(update(table).where(*free).values(state=to, done_at=now)).rowcount
    fresh: dict[str, Any] = {"next_at": now, "tries": 0, "crashes": 0, "done_at": None, "error": None}
    if table is inbox:
        # What could not be read has nothing to plan.
        return connection.execute(
            update(inbox).where(*free, inbox.c.kind.is_not(None)).values(state="new", **fresh)
        ).rowcount
    newer = outbox.alias()
    overtaken = (
        select(newer.c.id)
        .where(
            newer.c.tenant == outbox.c.tenant,
            newer.c.ticket_ref == outbox.c.ticket_ref,
            newer.c.id > outbox.c.id,
            newer.c.state.not_in(("parked", "ignored")),
        )
        .exists()
    )
    late = {"state": "ignored", "done_at": now, "error": "Overtaken: the ticket got a newer change."}
    if connection.execute(update(outbox).where(*free, overtaken).values(**late)).rowcount:
        return 0
    # One that was tried may have landed after all: it is verified first.
    state = case((outbox.c.first_attempt_at.is_(None), "pending"), else_="unknown")
    return connection.execute(update(outbox).where(*free).values(state=state, **fresh)).rowcount


def table_of(name: str) -> tuple[Table, int]:
    prefix, _, digits = name.partition("-")
    tables = {"in": inbox, "out": outbox}
    if prefix not in tables or not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise NoSuchDelivery(f"{name!r} is not the name of a delivery: they look like in-12 or out-34.")
    return tables[prefix], int(digits)


def unknown(name: str) -> NoSuchDelivery:
    return NoSuchDelivery(f"There is no delivery {name}. `deskhand deliveries list` shows those there are.")
