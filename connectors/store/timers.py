"""When somebody is to look at a ticket's clocks next: one row a ticket, and none where nothing is to come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, literal, select, update

from connectors.store.database import Database
from connectors.store.schema import tenant as tenants
from connectors.store.schema import ticket_event
from connectors.store.schema import timer as table
from connectors.store.tenants import CONNECTED, is_shadow

LATELY = timedelta(days=60)


class Timers:
    def __init__(self, database: Database) -> None:
        self.database = database

    def set_in(self, connection: Connection, tenant: str, ticket_ref: str, due_at: datetime | None) -> None:
        """Look at the ticket then, whatever was said before; None: no more."""
        if due_at is None:
            connection.execute(delete(table).where(table.c.tenant == tenant, table.c.ticket_ref == ticket_ref))
            return
        statement = self.database.insert(table).values(tenant=tenant, ticket_ref=ticket_ref, due_at=due_at)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["tenant", "ticket_ref"], set_={"due_at": due_at})
        )

    def move_in(
        self, connection: Connection, tenant: str, moves: Mapping[str, tuple[datetime, datetime | None]]
    ) -> set[str]:
        """Ticket -> (when it was due, when it is next); returns those that were moved.

        One that somebody moved meanwhile stays where they put it: they knew more, or did what it was due for.
        """
        moved = set()
        for ref, (was, then) in moves.items():
            mine = (table.c.tenant == tenant, table.c.ticket_ref == ref, table.c.due_at == was)
            statement = delete(table).where(*mine) if then is None else update(table).where(*mine).values(due_at=then)
            if connection.execute(statement).rowcount == 1:
                moved.add(ref)
        return moved

    def due(self, now: datetime) -> set[str]:
        """Tenants with a ticket to look at. Left out are those in shadow mode, whose timers wait until they go live,
        and those that are not connected.

        The index is asked once for each tenant: what it costs does not grow with timers, due or not.
        """
        with self.database.read() as connection:
            rows = connection.execute(due_query(now))
            return {row.id for row in rows if row.settings.get(CONNECTED, True) and not is_shadow(row.settings)}

    def take(self, tenant: str, now: datetime, limit: int) -> dict[str, datetime]:
        """Tickets that are due with when they were, the longest overdue first. They stay due until they are moved."""
        query = select(table.c.ticket_ref, table.c.due_at).where(table.c.tenant == tenant, table.c.due_at <= now)
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(table.c.due_at, table.c.ticket_ref).limit(limit))
            return {row.ticket_ref: row.due_at for row in rows}

    def put_off_in(self, connection: Connection, tenant: str, until: datetime) -> None:
        """Nothing of the tenant's is due before then."""
        connection.execute(update(table).where(table.c.tenant == tenant, table.c.due_at < until).values(due_at=until))

    def wake_all_in(self, connection: Connection, tenant: str, now: datetime) -> None:
        """Look at every ticket that is still of interest, because other rules hold now: those that have a timer, and
        those of which something was seen lately, for new rules may promise what the old ones did not.
        """
        mine = (ticket_event.c.tenant == tenant, ticket_event.c.seen_at > now - LATELY)
        known = select(literal(tenant), ticket_event.c.ticket_ref, literal(now, table.c.due_at.type))
        connection.execute(update(table).where(table.c.tenant == tenant).values(due_at=now))
        known = known.where(*mine).distinct()
        statement = self.database.insert(table).from_select(["tenant", "ticket_ref", "due_at"], known)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["tenant", "ticket_ref"], set_={"due_at": now})
        )


def due_query(now: datetime) -> Select[tuple[str, dict[str, object]]]:
    """Each tenant that has a timer due by `now`, with its settings."""
    has_one = select(literal(1)).where(table.c.tenant == tenants.c.id, table.c.due_at <= now).exists()
    return select(tenants.c.id, tenants.c.settings).where(has_one)
