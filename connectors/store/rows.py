"""One row of either table as an operator reads it, and its place in the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, or_

from connectors.store.filters import began
from connectors.store.names import direction_of, name_of, table_of
from connectors.store.schema import EPOCH, inbox

KINDS = {
    "ticket_created": "Ticket created",
    "ticket_updated": "Ticket changed",
    "comment_added": "Comment added",
    "ticket_deleted": "Ticket deleted",
    "reconcile": "Check for missed events",
    "renew": "Renew access",
    "doctor": "Check of the connection",
    "dry_run": "Dry run",
    "tidy": "Take old markers off",
    "learn": "Learn from solved tickets",
    "articles": "Read the help centre",
    "reviews": "Look for articles to check",
    "gaps": "Look for what no article answers",
    "search": "Measure the search",
    "escalate": "Look at clocks that are due",
    "test": "Test event",
    "update_ticket": "Change of a ticket",
    "add_comment": "Comment",
    "link_incident": "Link to an incident",
    "create_ticket": "New ticket",
    "send_mail": "Mail",
    "page": "Page",
    "post_chat": "Chat post",
    "post_webhook": "Call of a webhook",
}


def kind_in_words(kind: str | None) -> str:
    """A row's kind as a person reads it; one without a kind could not be read."""
    if kind is None:
        return "Unreadable delivery"
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a row stands in the list of both tables: by time, and where two have the same by name."""

    at: datetime
    direction: str
    row_id: int

    def __str__(self) -> str:
        micros = (self.at - EPOCH) // timedelta(microseconds=1)
        return f"{micros}.{self.direction}-{self.row_id}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Reads what `str` wrote; raises ValueError or `NoSuchDelivery`."""
        micros, _, name = text.partition(".")
        table, row_id = table_of(name)
        if not (micros.isascii() and micros.isdecimal() and len(micros) <= 17):
            raise ValueError("not a place in the list")
        return cls(EPOCH + timedelta(microseconds=int(micros)), direction_of(table), row_id)

    def conditions(self, table: Table) -> tuple[ColumnElement[bool], ...]:
        """What stands after it, in a list that begins with the newest."""
        at, direction = began(table), direction_of(table)
        if direction == self.direction:
            return (or_(at < self.at, and_(at == self.at, table.c.id < self.row_id)),)
        return (at <= self.at if direction < self.direction else at < self.at,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One row. `took_s` is from arrival to end; `caused_by` is the event that led to an effect."""

    id: str
    direction: str
    tenant: str
    kind: str | None
    what: str
    ticket_ref: str | None
    key: str
    state: str
    tries: int
    crashes: int
    at: datetime
    next_at: datetime
    done_at: datetime | None
    error: str | None
    lease_owner: str | None = None
    lease_until: datetime | None = None
    source: str | None = None
    status: int | None = None
    evidence: str | None = None
    caused_by: str | None = None
    tried_at: datetime | None = None

    @property
    def took_s(self) -> float | None:
        return None if self.done_at is None else (self.done_at - self.at).total_seconds()

    @property
    def place(self) -> Place:
        return Place(self.at, self.direction, int(self.id.partition("-")[2]))


def delivery(table: Table, row: Row[Any]) -> Delivery:
    shared: dict[str, Any] = {
        "id": name_of(table, row.id),
        "direction": direction_of(table),
        "tenant": row.tenant,
        "kind": row.kind,
        "ticket_ref": row.ticket_ref,
        "state": row.state,
        "tries": row.tries,
        "crashes": row.crashes,
        "next_at": row.next_at,
        "done_at": row.done_at,
        "error": row.error,
        "lease_owner": row.lease_owner,
        "lease_until": row.lease_until,
    }
    if table is inbox:
        what = kind_in_words(row.kind)
        return Delivery(**shared, what=what, key=row.dedup_key, at=row.received_at, source=row.source)
    return Delivery(
        **shared,
        what=row.summary,
        key=row.key,
        at=row.created_at,
        status=row.last_status,
        evidence=row.evidence,
        caused_by=None if row.inbox_id is None else f"in-{row.inbox_id}",
        tried_at=row.first_attempt_at,
    )
