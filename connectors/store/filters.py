"""Which deliveries are meant: the same filter for the list, the search, replay, drop and park."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Table, or_, select

from connectors.store.names import direction_of
from connectors.store.schema import inbox, outbox, ticket

WAITING = {"inbox": ("new", "planning"), "outbox": ("pending", "inflight", "unknown")}
ENDED = ("done", "ignored", "parked")
STATES = ("waiting", *ENDED, *WAITING["inbox"], *WAITING["outbox"])
"""What `Filter.state` takes: `waiting` stands for everything that has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What rows must match, all of it; empty means any.

    `kind` is the row's own word (`ticket_created`, `update_ticket`), `reason` a part of its error, `find` a ticket's
    number, the start of a key or a part of a subject. Age counts from a row's arrival or planning.
    """

    direction: str | None = None
    state: str | None = None
    kind: str | None = None
    tenant: str | None = None
    reason: str | None = None
    find: str | None = None
    older_than: timedelta | None = None
    newer_than: timedelta | None = None

    @property
    def is_empty(self) -> bool:
        return self == Filter()

    def tables(self) -> tuple[Table, ...]:
        """The tables it can find rows in."""
        return tuple(table for table in (inbox, outbox) if self.direction in (None, direction_of(table)))

    def conditions(self, table: Table, now: datetime) -> list[ColumnElement[bool]]:
        """Its WHERE for one of the tables."""
        where: list[ColumnElement[bool]] = []
        if self.state == "waiting":
            where.append(table.c.state.in_(WAITING[table.name]))
        elif self.state:
            where.append(table.c.state == self.state)
        if self.kind:
            where.append(table.c.kind == self.kind)
        if self.tenant:
            where.append(table.c.tenant == self.tenant)
        if self.reason:
            where.append(table.c.error.icontains(self.reason, autoescape=True))
        if self.older_than is not None:
            where.append(began(table) <= now - self.older_than)
        if self.newer_than is not None:
            where.append(began(table) > now - self.newer_than)
        if self.find and (text := self.find.strip().lstrip("#")):
            where.append(_named(table, text))
        return where


EVERYTHING = Filter()


def began(table: Table) -> Column[datetime]:
    """When a row came to be: what its age counts from."""
    return table.c.received_at if table is inbox else table.c.created_at


def _named(table: Table, text: str) -> ColumnElement[bool]:
    key = table.c.dedup_key if table is inbox else table.c.key
    subjects = select(ticket.c.ref).where(
        ticket.c.tenant == table.c.tenant, ticket.c.subject.icontains(text, autoescape=True)
    )
    return or_(table.c.ticket_ref == text, key.startswith(text, autoescape=True), table.c.ticket_ref.in_(subjects))
