"""Tickets that were sent to us instead of to the helpdesk: each is one effect, written before it is acknowledged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from connectors.store.database import Database
from connectors.store.outbox import CREATE_TICKET, Outbox, effect_key
from connectors.store.schema import outbox as table
from triage.actions import CreateTicket


class KeyReused(Exception):
    """The same idempotency key came with another ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentIn:
    """One ticket that was sent in. `state` is the effect's, `ticket_ref` the helpdesk's number once there is one;
    `fresh` is False for a repetition.
    """

    id: str
    state: str
    ticket_ref: str | None
    fresh: bool = False


class Intake:
    def __init__(self, database: Database, outbox: Outbox) -> None:
        self.database = database
        self.outbox = outbox

    def accept(self, tenant: str, idempotency_key: str, draft: CreateTicket, *, summary: str, now: datetime) -> SentIn:
        """Plan to create the ticket, or find that it was planned before. Committed when this returns.

        Raises `KeyReused`, and `SQLAlchemyError` when nothing is stored.
        """
        cause, payload = f"intake:{idempotency_key}", draft.to_payload()
        with self.database.write() as connection:
            fresh = self.outbox.add_in(
                connection,
                tenant=tenant,
                kind=CREATE_TICKET,
                ticket_ref=None,
                cause=cause,
                payload=payload,
                summary=summary,
                now=now,
            )
            row = _row(connection, tenant, effect_key(tenant, CREATE_TICKET, "", cause))
            if row is None:
                raise RuntimeError("a ticket that was sent in was not planned")
            if row.payload != payload:
                raise KeyReused
        return _sent_in(row, fresh=fresh)

    def find(self, tenant: str, ticket_id: str) -> SentIn | None:
        """What became of a ticket that this tenant sent in."""
        with self.database.read() as connection:
            row = _row(connection, tenant, ticket_id)
        return None if row is None else _sent_in(row)


def _row(connection: Connection, tenant: str, key: str) -> Row[Any] | None:
    return connection.execute(
        select(table).where(table.c.key == key, table.c.tenant == tenant, table.c.kind == CREATE_TICKET)
    ).one_or_none()


def _sent_in(row: Row[Any], *, fresh: bool = False) -> SentIn:
    return SentIn(id=row.key, state=row.state, ticket_ref=row.ticket_ref, fresh=fresh)
