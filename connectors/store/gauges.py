"""How the line stands now, for whoever watches it: read by index, so that it costs what waits and not what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, func, literal, select

from connectors.store import inbox as incoming
from connectors.store import outbox as outgoing
from connectors.store.clockwork import LEADER_LEASE
from connectors.store.database import Database
from connectors.store.leases import States
from connectors.store.names import direction_of
from connectors.store.schema import inbox, leader, outbox, tenant

LINE: tuple[tuple[Table, States, Column[Any]], ...] = (
    (inbox, incoming.STATES, inbox.c.received_at),
    (outbox, outgoing.STATES, outbox.c.created_at),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The rows of one kind that are in one state; `kind` is empty for what came in."""

    tenant: str
    direction: str
    kind: str
    state: str
    rows: int
    oldest_at: datetime


class Gauges:
    def __init__(self, database: Database) -> None:
        self.database = database

    def unfinished(self) -> list[Standing]:
        """What waits, runs or is parked. One look at each table through the index of its states."""
        found: list[Standing] = []
        with self.database.read() as connection:
            for table, states, began in LINE:
                kind = table.c.kind if table is outbox else literal("")
                grouped = (table.c.tenant, kind, table.c.state) if table is outbox else (table.c.tenant, table.c.state)
                query = (
                    select(
                        table.c.tenant,
                        kind.label("kind"),
                        table.c.state,
                        func.count().label("rows"),
                        func.min(began, type_=began.type).label("oldest_at"),
                    )
                    .where(table.c.state.in_((*states.unfinished, states.parked)))
                    .group_by(*grouped)
                )
                found += [
                    Standing(
                        tenant=row.tenant,
                        direction=direction_of(table),
                        kind=row.kind,
                        state=row.state,
                        rows=row.rows,
                        oldest_at=row.oldest_at,
                    )
                    for row in connection.execute(query)
                ]
        return found

    def tenants(self) -> list[str]:
        with self.database.read() as connection:
            return list(connection.execute(select(tenant.c.id).order_by(tenant.c.id)).scalars())

    def led_at(self) -> datetime | None:
        """When a clock last said that it leads; None when none does."""
        with self.database.read() as connection:
            until = connection.execute(select(func.max(leader.c.until, type_=leader.c.until.type))).scalar_one()
        return None if until is None else until - LEADER_LEASE
