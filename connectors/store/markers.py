"""Which marker tags of ours are still on tickets, and which are being taken off.

A marker has served when its effect can no longer be repeated. Verifying an unknown outcome takes minutes, at most the
24 h after which a row is given up; the one that needs markers for longer is an install restored from an older backup.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, literal, or_, select, update

from connectors.store.database import Database
from connectors.store.outbox import STATES
from connectors.store.schema import outbox, tenant
from connectors.store.tenants import is_shadow, shadow_in

KEPT = timedelta(days=7)
SAVED_UP = timedelta(days=1)
"""A run is worth its requests once the oldest marker is overdue for so long: then it takes a day's worth."""
ENDED = ("done", "parked", "ignored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One effect's marker on a ticket."""

    row_id: int
    ticket_ref: str
    key: str


class Markers:
    def __init__(self, database: Database) -> None:
        self.database = database

    def due(self, now: datetime) -> list[str]:
        """Tenants with markers enough for a run; none in shadow mode, where nothing is written."""
        overdue = (
            select(literal(1))
            .where(
                outbox.c.tenant == tenant.c.id,
                outbox.c.tidied_at.is_(None),
                outbox.c.done_at <= now - KEPT - SAVED_UP,
            )
            .exists()
        )
        with self.database.read() as connection:
            rows = connection.execute(select(tenant.c.id, tenant.c.settings).where(overdue))
            return [row.id for row in rows if not is_shadow(row.settings)]

    def begin(self, tenant_id: str, *, now: datetime, lease: timedelta, limit: int) -> list[Mark]:
        """The oldest markers, with their rows leased: until `end` no other effect on those tickets is handed out.

        A ticket with an effect under way is left for later: on a helpdesk without a version check, two writers of one
        ticket's tags could undo each other. What left no marker is set down as tidied, without a request.
        """
        old = (outbox.c.tenant == tenant_id, outbox.c.tidied_at.is_(None), outbox.c.done_at <= now - KEPT)
        other = outbox.alias()
        under_way = (
            select(other.c.id)
            .where(
                other.c.tenant == tenant_id,
                other.c.ticket_ref == outbox.c.ticket_ref,
                other.c.state.in_(STATES.unfinished),
            )
            .exists()
        )
        with self.database.write() as connection:
            if shadow_in(connection, tenant_id):
                return []
            unmarked = or_(outbox.c.state != "done", outbox.c.ticket_ref.is_(None))
            connection.execute(update(outbox).where(*old, outbox.c.state.in_(ENDED), unmarked).values(tidied_at=now))
            rows = connection.execute(
                select(outbox.c.id, outbox.c.ticket_ref, outbox.c.key)
                .where(*old, outbox.c.state == "done", ~under_way)
                .order_by(outbox.c.done_at, outbox.c.id)
                .limit(limit)
                .with_for_update()
            ).all()
            began = case(
                (outbox.c.tidying_at.is_(None), literal(now, outbox.c.tidying_at.type)), else_=outbox.c.tidying_at
            )
            connection.execute(
                update(outbox)
                .where(outbox.c.id.in_([row.id for row in rows]))
                .values(tidying_at=began, lease_token=secrets.token_hex(8), lease_until=now + lease)
            )
        return [Mark(row_id=row.id, ticket_ref=row.ticket_ref, key=row.key) for row in rows]

    def end(self, marks: Sequence[Mark], *, now: datetime, off: Collection[str], unsure: Collection[str]) -> None:
        """Set down what became of them, by ticket: `off` is tidied, `unsure` may be, the rest was not touched."""
        with self.database.write() as connection:
            for refs, values in (
                (off, {"tidied_at": now}),
                (unsure, {}),
                ({mark.ticket_ref for mark in marks}.difference(off, unsure), {"tidying_at": None}),
            ):
                free: dict[str, Any] = {"lease_token": None, "lease_until": None, **values}
                ids = [mark.row_id for mark in marks if mark.ticket_ref in refs]
                connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(free))
