"""One leader, and what runs when: both are rows, so a standby clock can take over and missed runs are known."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from connectors.crash import crash_point
from connectors.store.database import Database
from connectors.store.inbox import ANY_RANK, STATES, Inbox
from connectors.store.schema import cursor, inbox, leader, schedule

LEADER_LEASE = timedelta(seconds=6)
"""How long nothing is handed out after the leader died. Two leaders at once do no harm, so it may be short."""
FIRST = 0
"""The rank of what goes before everything else."""
LAST = 9
"""The rank of what gives way to all work, however long it waited."""


@dataclass(slots=True)
class Leadership:
    """A claim to be the only clock; `hold` takes it or renews it."""

    database: Database
    owner: str
    lease: timedelta
    name: str = "clock"
    token: str | None = None

    def hold(self, now: datetime) -> bool:
        """True while this process leads. A leader that slept past its lease finds its token gone."""
        with self.database.write() as connection:
            if self.token is not None:
                renewed = connection.execute(
                    update(leader)
                    .where(leader.c.name == self.name, leader.c.token == self.token)
                    .values(until=now + self.lease)
                )
                if renewed.rowcount == 1:
                    return True
                self.token = None
            token = secrets.token_hex(8)
            values = {"owner": self.owner, "token": token, "until": now + self.lease}
            statement = self.database.insert(leader).values(name=self.name, **values)
            taken = connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_=values, where=leader.c.until <= now)
            )
            if taken.rowcount == 1:
                self.token = token
                crash_point("leader.taken")
            return self.token is not None

    def resign(self) -> None:
        """Give the lead up at once, so that a standby need not wait for the lease to end."""
        if self.token is None:
            return
        with self.database.write() as connection:
            connection.execute(delete(leader).where(leader.c.name == self.name, leader.c.token == self.token))
            crash_point("leader.resigned")
        self.token = None


class Schedule:
    def __init__(self, database: Database, inbox: Inbox) -> None:
        self.database = database
        self.inbox = inbox

    def run_due(self, tenant: str, name: str, every: timedelta, *, now: datetime, rank: int = ANY_RANK) -> bool:
        """Turn a due run into an inbox row, in the transaction that remembers it; several missed runs are one.

        While an earlier run still waits there is no second one. After an outage, which is when the last run is older
        than two periods, it goes before everything else.
        """
        with self.database.read() as connection:
            if connection.execute(select(inbox.c.id).where(*_unfinished(tenant, name)).limit(1)).first() is not None:
                return False
        with self.database.write() as connection:
            last = connection.execute(
                select(schedule.c.last_run_for).where(schedule.c.tenant == tenant, schedule.c.name == name)
            ).scalar_one_or_none()
            statement = self.database.insert(schedule).values(tenant=tenant, name=name, last_run_for=now)
            due = connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant", "name"],
                    set_={"last_run_for": now},
                    where=or_(schedule.c.last_run_for <= now - every, schedule.c.last_run_for > now),
                )
            )
            if due.rowcount != 1:
                return False
            if last is not None and last < now - 2 * every and rank < LAST:
                rank = FIRST
            self.inbox.schedule_in(connection, tenant, name, now.isoformat(), now=now, rank=rank)
            crash_point("schedule.before_commit")
            return True

    def ask(self, tenant: str, name: str, *, now: datetime) -> bool:
        """Run it at once, because a person waits for it; False while a run waits or goes on already."""
        with self.database.write() as connection:
            if connection.execute(select(inbox.c.id).where(*_unfinished(tenant, name)).limit(1)).first() is not None:
                return False
            self.inbox.schedule_in(connection, tenant, name, f"asked {now.isoformat()}", now=now, rank=ANY_RANK)
            return True

    def waits(self, tenant: str, name: str) -> bool:
        """Whether a run waits or goes on."""
        with self.database.read() as connection:
            return connection.execute(select(inbox.c.id).where(*_unfinished(tenant, name)).limit(1)).first() is not None


def _unfinished(tenant: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return inbox.c.tenant == tenant, inbox.c.kind == name, inbox.c.state.in_(STATES.unfinished)


class Cursors:
    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, tenant: str, stream: str) -> str | None:
        with self.database.read() as connection:
            return connection.execute(
                select(cursor.c.value).where(cursor.c.tenant == tenant, cursor.c.stream == stream)
            ).scalar_one_or_none()

    def set_in(self, connection: Connection, tenant: str, stream: str, value: str, *, now: datetime) -> None:
        """Move the cursor, in the transaction that stores what it has passed."""
        values = {"value": value, "updated_at": now}
        connection.execute(
            self.database.insert(cursor)
            .values(tenant=tenant, stream=stream, **values)
            .on_conflict_do_update(index_elements=["tenant", "stream"], set_=values)
        )
