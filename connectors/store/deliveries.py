"""The operator's view of the line: what came, what waits, what is parked and why.

Rows are named `in-12` and `out-34`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, func, or_, select

from connectors.store.database import Database
from connectors.store.replays import table_of, unknown
from connectors.store.schema import decision, inbox, outbox, ticket
from connectors.store.schema import tenant as tenant_table

WAITING = {"inbox": ("new", "planning"), "outbox": ("pending", "inflight", "unknown")}
ENDED = ("done", "ignored", "parked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One row of either table, as an operator reads it. `took_s` is from arrival to end."""

    id: str
    direction: str
    tenant: str
    what: str
    ticket_ref: str | None
    key: str
    state: str
    tries: int
    at: datetime
    done_at: datetime | None
    error: str | None
    source: str | None = None
    status: int | None = None
    evidence: str | None = None

    @property
    def took_s(self) -> float | None:
        return None if self.done_at is None else (self.done_at - self.at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Counts of one stage of the line. `oldest_at` is the oldest row that still waits there."""

    total: int
    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """Everything between an event's arrival and its effect, counted since an instant."""

    received: Stage
    planned: Stage
    sent: Stage
    verifying: Stage
    parked: Stage
    ignored: int
    lost: int
    """Events that were accepted and are neither ended nor waiting. Counted, not assumed: it must be 0."""
    last_received_at: datetime | None
    last_sent_at: datetime | None
    seconds_to_effect: tuple[float, ...]
    """Seconds from an event's arrival to its effect, sorted; at most the latest 1,000."""

    @property
    def waiting(self) -> int:
        return self.planned.waiting + self.sent.waiting + self.verifying.waiting


class Deliveries:
    def __init__(self, database: Database) -> None:
        self.database = database

    def newest(
        self,
        *,
        state: str | None = None,
        direction: str | None = None,
        query: str | None = None,
        limit: int = 50,
    ) -> list[Delivery]:
        """The newest rows of both tables; `query` matches a ticket's number, a key's start or part of its subject."""
        found: list[Delivery] = []
        with self.database.read() as connection:
            if direction in (None, "in"):
                rows = select(inbox).order_by(inbox.c.id.desc()).limit(limit)
                found += [_incoming(row) for row in connection.execute(rows.where(*_matches(inbox, state, query)))]
            if direction in (None, "out"):
                rows = select(outbox).order_by(outbox.c.id.desc()).limit(limit)
                found += [_outgoing(row) for row in connection.execute(rows.where(*_matches(outbox, state, query)))]
        return sorted(found, key=lambda each: each.at, reverse=True)[:limit]

    def show(self, name: str) -> dict[str, Any]:
        """One row whole, with the bytes that came or the payload that goes."""
        table, row_id = table_of(name)
        with self.database.read() as connection:
            row = connection.execute(select(table).where(table.c.id == row_id)).one_or_none()
        if row is None:
            raise unknown(name)
        shown = dict(row._mapping)
        if shown.get("raw") is not None:
            shown["raw"] = shown["raw"].decode("utf-8", "replace")
        return {"name": name, **shown}

    def line(self, *, since: datetime) -> LineState:
        with self.database.read() as connection:

            def stage(table: Table, at: Any, total_states: tuple[str, ...] | None, waiting: tuple[str, ...]) -> Stage:
                counted = select(func.count()).select_from(table).where(at >= since)
                if total_states is not None:
                    counted = counted.where(table.c.state.in_(total_states))
                held = connection.execute(
                    select(func.count(), func.min(at, type_=at.type)).where(table.c.state.in_(waiting))
                ).one()
                return Stage(total=connection.execute(counted).scalar_one(), waiting=held[0], oldest_at=held[1])

            received_at, created_at = inbox.c.received_at, outbox.c.created_at
            parked_in = stage(inbox, received_at, ("parked",), ("parked",))
            parked_out = stage(outbox, created_at, ("parked",), ("parked",))
            oldest = [each for each in (parked_in.oldest_at, parked_out.oldest_at) if each is not None]
            pairs = connection.execute(
                select(inbox.c.received_at, outbox.c.done_at)
                .join(outbox, outbox.c.inbox_id == inbox.c.id)
                .where(outbox.c.state == "done", outbox.c.created_at >= since)
                .order_by(outbox.c.id.desc())
                .limit(1000)
            ).all()
            return LineState(
                received=stage(inbox, received_at, None, ()),
                planned=stage(inbox, received_at, ("done",), WAITING["inbox"]),
                sent=stage(outbox, created_at, ("done",), ("pending", "inflight")),
                verifying=stage(outbox, created_at, ("unknown",), ("unknown",)),
                parked=Stage(
                    total=parked_in.total + parked_out.total,
                    waiting=parked_in.waiting + parked_out.waiting,
                    oldest_at=min(oldest) if oldest else None,
                ),
                ignored=stage(inbox, received_at, ("ignored",), ()).total,
                lost=connection.execute(
                    select(func.count())
                    .select_from(inbox)
                    .where(received_at >= since, inbox.c.state.not_in((*WAITING["inbox"], *ENDED)))
                ).scalar_one()
                + connection.execute(_planned_without_effect(since)).scalar_one(),
                last_received_at=connection.execute(select(func.max(received_at, type_=received_at.type))).scalar_one(),
                last_sent_at=connection.execute(
                    select(func.max(outbox.c.done_at, type_=outbox.c.done_at.type)).where(outbox.c.state == "done")
                ).scalar_one(),
                seconds_to_effect=tuple(sorted((done - at).total_seconds() for at, done in pairs)),
            )

    def arrivals(self, *, since: datetime) -> list[datetime]:
        """When each event since then arrived, oldest first."""
        with self.database.read() as connection:
            return list(
                connection.execute(
                    select(inbox.c.received_at).where(inbox.c.received_at >= since).order_by(inbox.c.received_at)
                ).scalars()
            )

    def outcomes(self, *, since: datetime) -> dict[str, int]:
        """How many tickets were triaged, sent to a human or skipped."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(decision.c.outcome, func.count())
                .where(decision.c.decided_at >= since)
                .group_by(decision.c.outcome)
            )
            return {row[0]: row[1] for row in rows}

    def found_by_check(self, *, since: datetime) -> int:
        """Events that no webhook brought and reconciliation found."""
        with self.database.read() as connection:
            return connection.execute(
                select(func.count())
                .select_from(inbox)
                .where(inbox.c.source == "reconcile", inbox.c.received_at >= since)
            ).scalar_one()

    def missed(self, tenant: str, *, since: datetime) -> int:
        """The same for one tenant, without what changed before it was connected: no webhook was there to bring it."""
        with self.database.read() as connection:
            return connection.execute(
                select(func.count())
                .select_from(inbox)
                .join(tenant_table, tenant_table.c.id == inbox.c.tenant)
                .where(
                    inbox.c.tenant == tenant,
                    inbox.c.source == "reconcile",
                    inbox.c.received_at >= since,
                    inbox.c.event_at >= tenant_table.c.created_at,
                )
            ).scalar_one()


def _planned_without_effect(since: datetime) -> Any:
    """Tickets decided to be changed for which no effect was ever written."""
    effect = select(outbox.c.id).where(
        outbox.c.tenant == decision.c.tenant, outbox.c.ticket_ref == decision.c.ticket_ref
    )
    return (
        select(func.count())
        .select_from(decision)
        .where(
            decision.c.decided_at >= since,
            decision.c.outcome != "skipped",
            decision.c.shadow.is_(False),
            ~effect.exists(),
        )
    )


def _matches(table: Table, state: str | None, query: str | None) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if state == "waiting":
        where.append(table.c.state.in_((*WAITING["inbox"], *WAITING["outbox"])))
    elif state:
        where.append(table.c.state == state)
    if query:
        text = query.strip().lstrip("#")
        key = table.c.dedup_key if table is inbox else table.c.key
        subjects = select(ticket.c.ref).where(
            ticket.c.tenant == table.c.tenant, ticket.c.subject.icontains(text, autoescape=True)
        )
        where.append(
            or_(table.c.ticket_ref == text, key.startswith(text, autoescape=True), table.c.ticket_ref.in_(subjects))
        )
    return where


def _incoming(row: Any) -> Delivery:
    what = {
        "ticket_created": "Ticket created",
        "ticket_updated": "Ticket changed",
        "comment_added": "Comment added",
        "ticket_deleted": "Ticket deleted",
        "reconcile": "Check for missed events",
        "renew": "Renew access",
        "test": "Test event",
    }.get(row.kind, "Unreadable delivery")
    return Delivery(
        id=f"in-{row.id}",
        direction="in",
        tenant=row.tenant,
        what=what,
        ticket_ref=row.ticket_ref,
        key=row.dedup_key,
        state=row.state,
        tries=row.tries,
        at=row.received_at,
        done_at=row.done_at,
        error=row.error,
        source=row.source,
    )


def _outgoing(row: Any) -> Delivery:
    return Delivery(
        id=f"out-{row.id}",
        direction="out",
        tenant=row.tenant,
        what=row.summary,
        ticket_ref=row.ticket_ref,
        key=row.key,
        state=row.state,
        tries=row.tries,
        at=row.created_at,
        done_at=row.done_at,
        error=row.error,
        status=row.last_status,
        evidence=row.evidence,
    )
