"""The operator's view of the line: what came, what waits, what is parked and why.

Rows are named `in-12` and `out-34`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, case, func, select

from connectors.store.database import Database
from connectors.store.filters import ENDED, EVERYTHING, WAITING, Filter, began
from connectors.store.inbox import SCHEDULE
from connectors.store.names import direction_of, table_of, unknown
from connectors.store.rows import Delivery, Place, delivery
from connectors.store.schema import EPOCH, decision, inbox, outbox
from connectors.store.schema import tenant as tenant_table

AGES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
"""Where the age classes end; what is older than the last is in a class of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How many rows of one kind and state there are in each age class of `AGES`, youngest first."""

    direction: str
    tenant: str
    kind: str | None
    state: str
    ages: tuple[int, ...]


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
        chosen: Filter = EVERYTHING,
        *,
        now: datetime | None = None,
        before: Place | None = None,
        limit: int = 50,
    ) -> list[Delivery]:
        """The newest rows of both tables that match, newest first; `before` is where an earlier page ended.

        `now` is needed only where the filter names an age.
        """
        found: list[Delivery] = []
        with self.database.read() as connection:
            for table in chosen.tables():
                where = [*chosen.conditions(table, now or EPOCH), *(before.conditions(table) if before else ())]
                rows = select(table).where(*where).order_by(began(table).desc(), table.c.id.desc()).limit(limit)
                found += [delivery(table, row) for row in connection.execute(rows)]
        return sorted(found, key=lambda each: each.place, reverse=True)[:limit]

    def one(self, name: str) -> Delivery:
        """One row; raises `NoSuchDelivery`."""
        table, row_id = table_of(name)
        return delivery(table, self._row(name, table, row_id))

    def show(self, name: str) -> dict[str, Any]:
        """One row whole, with the bytes that came or the payload that goes."""
        table, row_id = table_of(name)
        shown = dict(self._row(name, table, row_id)._mapping)
        if shown.get("raw") is not None:
            shown["raw"] = shown["raw"].decode("utf-8", "replace")
        return {"name": name, **shown}

    def effects_of(self, name: str) -> list[Delivery]:
        """What an event led to, oldest first."""
        _, row_id = table_of(name)
        with self.database.read() as connection:
            rows = connection.execute(select(outbox).where(outbox.c.inbox_id == row_id).order_by(outbox.c.id))
            return [delivery(outbox, row) for row in rows]

    def by_key(self, key: str) -> Delivery | None:
        """The effect that has this key, if it was planned."""
        with self.database.read() as connection:
            row = connection.execute(select(outbox).where(outbox.c.key == key)).one_or_none()
        return None if row is None else delivery(outbox, row)

    def kinds(self) -> list[str]:
        """Every kind of row there is, sorted."""
        with self.database.read() as connection:
            found = {
                kind
                for table in EVERYTHING.tables()
                for kind in connection.execute(select(table.c.kind).distinct()).scalars()
            }
        return sorted(kind for kind in found if kind)

    def _row(self, name: str, table: Table, row_id: int) -> Row[Any]:
        with self.database.read() as connection:
            row = connection.execute(select(table).where(table.c.id == row_id)).one_or_none()
        if row is None:
            raise unknown(name)
        return row

    def unfinished(self, now: datetime) -> list[Held]:
        """What waits and what is parked, counted by kind and age; the longest waiting kinds first."""
        held: list[Held] = []
        with self.database.read() as connection:
            for table in EVERYTHING.tables():
                age = case(
                    *((began(table) > now - limit, number) for number, limit in enumerate(AGES)), else_=len(AGES)
                )
                keys = (table.c.tenant, table.c.kind, table.c.state)
                counted = (
                    select(*keys, age.label("age"), func.count().label("rows"))
                    .where(table.c.state.in_((*WAITING[table.name], "parked")))
                    .group_by(*keys, "age")
                )
                counts: dict[tuple[str, str | None, str], list[int]] = {}
                for row in connection.execute(counted):
                    ages = counts.setdefault((row.tenant, row.kind, row.state), [0] * (len(AGES) + 1))
                    ages[row.age] = row.rows
                held += [
                    Held(direction=direction_of(table), tenant=tenant, kind=kind, state=state, ages=tuple(ages))
                    for (tenant, kind, state), ages in counts.items()
                ]
        return sorted(held, key=lambda each: (each.ages[::-1], each.direction, each.state), reverse=True)

    def line(self, *, since: datetime) -> LineState:
        with self.database.read() as connection:

            def stage(
                table: Table,
                at: Any,
                total_states: tuple[str, ...] | None,
                waiting: tuple[str, ...],
                *only: ColumnElement[bool],
            ) -> Stage:
                counted = select(func.count()).select_from(table).where(at >= since, *only)
                if total_states is not None:
                    counted = counted.where(table.c.state.in_(total_states))
                held = connection.execute(
                    select(func.count(), func.min(at, type_=at.type)).where(table.c.state.in_(waiting))
                ).one()
                return Stage(total=connection.execute(counted).scalar_one(), waiting=held[0], oldest_at=held[1])

            received_at, created_at = inbox.c.received_at, outbox.c.created_at
            events = inbox.c.source != SCHEDULE  # timed work has rows there too
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
                received=stage(inbox, received_at, None, (), events),
                planned=stage(inbox, received_at, ("done",), WAITING["inbox"], events),
                sent=stage(outbox, created_at, ("done",), ("pending", "inflight")),
                verifying=stage(outbox, created_at, ("unknown",), ("unknown",)),
                parked=Stage(
                    total=parked_in.total + parked_out.total,
                    waiting=parked_in.waiting + parked_out.waiting,
                    oldest_at=min(oldest) if oldest else None,
                ),
                ignored=stage(inbox, received_at, ("ignored",), (), events).total,
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
