"""What an operator does with rows: put back to work, set aside, drop. Rows are named `in-12` and `out-34`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, FromClause, Select, Table, and_, case, or_, select, update

from connectors.crash import crash_point
from connectors.store import history
from connectors.store.database import Database
from connectors.store.filters import EVERYTHING, Filter
from connectors.store.names import direction_of, name_of, table_of, unknown
from connectors.store.schema import inbox, outbox
from connectors.store.tenants import held_back_in_shadow, shadow_in

REPLAY, DROP, PARK = "replay", "drop", "park"
FROM_STATES = {REPLAY: ("parked", "ignored"), DROP: ("parked",), PARK: ("new", "pending", "unknown")}
AT_ONCE = 200
"""Rows in one transaction: others write in between."""
OVERTAKEN = "Overtaken: the ticket got a newer change."


class Replays:
    def __init__(self, database: Database) -> None:
        self.database = database

    def replay(self, names: Sequence[str], *, now: datetime, by: str | None = None) -> int:
        """Put parked or ignored rows back to work; returns how many were. Their keys stay: nothing happens twice.

        An effect whose ticket got a newer one meanwhile is not: it would undo what came after. It ends as ignored.
        """
        return self._move(names, REPLAY, now=now, by=by)

    def drop(self, names: Sequence[str], *, now: datetime, by: str | None = None) -> int:
        """Decide that parked rows need nothing: they stay on record as ignored."""
        return self._move(names, DROP, now=now, by=by)

    def park(self, names: Sequence[str], *, now: datetime, by: str | None = None) -> int:
        """Set waiting rows aside by hand; one being worked on is left alone."""
        return self._move(names, PARK, now=now, by=by)

    def matching(self, chosen: Filter, action: str, *, now: datetime) -> list[str]:
        """Names of the rows that match at `now` and that `action` can move, oldest first.

        What was ignored on purpose is replayed only where the filter asks for that state. A row that ended after `now`
        is left out: so a person moves what was on the page, and no row that came since.
        """
        states = [each for each in FROM_STATES[action] if each != "ignored" or chosen.state == "ignored"]
        names: list[str] = []
        with self.database.read() as connection:
            for table in chosen.tables():
                where = [*chosen.conditions(table, now), table.c.state.in_(states), table.c.lease_token.is_(None)]
                if action != PARK:
                    where.append(table.c.done_at.is_(None) | (table.c.done_at <= now))
                if action == REPLAY and table is inbox:
                    where.append(inbox.c.kind.is_not(None))
                rows = connection.execute(select(table.c.id).where(*where).order_by(table.c.id))
                names += [name_of(table, row.id) for row in rows]
        return names

    def parked(self) -> list[str]:
        """Names of everything parked, oldest first."""
        names: list[str] = []
        with self.database.read() as connection:
            for table in EVERYTHING.tables():
                rows = connection.execute(select(table.c.id).where(table.c.state == "parked").order_by(table.c.id))
                names += [name_of(table, row.id) for row in rows]
        return names

    def overtaken_by(self, name: str) -> str | None:
        """The newer effect on the same ticket that keeps this one from being replayed."""
        table, row_id = table_of(name)
        if table is not outbox:
            return None
        newer = outbox.alias()
        with self.database.read() as connection:
            newest: Select[Any] = _newer(newer).where(outbox.c.id == row_id).order_by(newer.c.id.desc()).limit(1)
            found = connection.execute(newest).scalar_one_or_none()
        return None if found is None else name_of(outbox, found)

    def _move(self, names: Sequence[str], action: str, *, now: datetime, by: str | None) -> int:
        """All or none of the names are known; returns how many rows changed. Oldest first, for the overtaken."""
        named = {table_of(name): name for name in names}
        rows = sorted(named, key=lambda each: (direction_of(each[0]), each[1]))
        tenants: dict[tuple[Table, int], str] = {}
        with self.database.read() as connection:
            for table, row_id in rows:
                found = connection.execute(select(table.c.tenant).where(table.c.id == row_id)).scalar_one_or_none()
                if found is None:
                    raise unknown(named[table, row_id])
                tenants[table, row_id] = found
        moved = 0
        for first in range(0, len(rows), AT_ONCE):
            with self.database.write() as connection:
                for table, row_id in rows[first : first + AT_ONCE]:
                    what = _move_one(connection, table, row_id, tenants[table, row_id], action, now)
                    if what is not None:
                        tenant = tenants[table, row_id]
                        history.note_in(connection, table, row_id, what, tenant=tenant, at=now, by=by)
                    moved += what not in (None, history.OVERTAKEN)
                crash_point("replay.before_commit")
        return moved


def _move_one(connection: Connection, table: Table, row_id: int, tenant: str, action: str, now: datetime) -> str | None:
    """What became of the row, as its history says it; None when it stays as it is."""
    free = [table.c.id == row_id, table.c.state.in_(FROM_STATES[action]), table.c.lease_token.is_(None)]
    if action != REPLAY:
        state, what = {DROP: ("ignored", history.DROPPED), PARK: ("parked", history.SET_ASIDE)}[action]
        changed = connection.execute(update(table).where(*free).values(state=state, done_at=now))
        return what if changed.rowcount else None
    fresh: dict[str, Any] = {"next_at": now, "tries": 0, "crashes": 0, "done_at": None, "error": None}
    if table is inbox:
        # What could not be read has nothing to plan.
        readable = update(inbox).where(*free, inbox.c.kind.is_not(None))
        return history.REPLAYED if connection.execute(readable.values(state="new", **fresh)).rowcount else None
    late = {"state": "ignored", "done_at": now, "error": OVERTAKEN}
    overtaken = _newer(outbox.alias()).correlate(outbox).exists()
    if connection.execute(update(outbox).where(*free, overtaken).values(**late)).rowcount:
        return history.OVERTAKEN
    if shadow_in(connection, tenant):
        # Nothing new is written; it can be replayed when live.
        free.append(or_(outbox.c.first_attempt_at.is_not(None), ~held_back_in_shadow()))
    # One that was tried may have landed after all: it is verified first.
    waits = case((outbox.c.first_attempt_at.is_(None), "pending"), else_="unknown")
    changed = connection.execute(update(outbox).where(*free).values(state=waits, **fresh))
    return history.REPLAYED if changed.rowcount else None


def _newer(newer: FromClause) -> Select[tuple[int]]:
    """Effects planned after one of `outbox` on its ticket that were or will be carried out, or may have been: one that
    was set aside while its outcome was unknown.
    """
    may_be_there = and_(newer.c.first_attempt_at.is_not(None), or_(newer.c.last_status.is_(None), newer.c.crashes > 0))
    return select(newer.c.id).where(
        newer.c.tenant == outbox.c.tenant,
        newer.c.ticket_ref == outbox.c.ticket_ref,
        newer.c.id > outbox.c.id,
        or_(newer.c.state.not_in(("parked", "ignored")), may_be_there),
    )
