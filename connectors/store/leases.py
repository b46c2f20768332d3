"""Who works on which row, and for how long: the part that inbox and outbox share.

A row is *claimed* by the clock (token A, queued), *started* by a job (token A is swapped for token B, so a
doubled queue entry finds nothing), kept with a heartbeat, and *finished* only while token B still stands.
A process that lost its lease can therefore never overwrite its successor's work.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, bindparam, func, or_, select, update

from connectors.limits import EVERYTHING
from connectors.store import history
from connectors.store.budgets import room_in
from connectors.store.database import Database
from connectors.store.schema import Instant, access, inbox, outbox, throttle

MAX_CRASHES = 3
QUEUED = "queue"
"""Who holds a row that was handed out and that no job has started."""
KILLED = "Killed its process"
"""How the reason begins of a row parked for that."""
URGENT = 1
"""Rows of this rank (a P1's) and before pass a tenant whose budget is used up, and may use the reserve."""
UNKNOWN = "unknown"
LANDED = timedelta(seconds=40)
"""By then a write that nobody waits for any more has landed or never will: twice the longest time-out."""
_UNFINISHED = ("new", "planning", "pending", "unknown", "inflight")
"""Of both tables, whose words differ: what may be leased."""
NOW = bindparam("now", type_=Instant)
"""A parameter, so that what the clock asks at every turn is built once: that costs more than the answer."""


class LeaseLost(Exception):
    """Another process took the row over; whatever this one was about to write is discarded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A leased row on its way to the queue."""

    id: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """The words one table uses: where work waits, where it runs, where it ends badly.

    `families` are the endpoint families that its work counts in. Rows whose kind is `elsewhere` have nothing to do with
    the helpdesk: its pauses and our budget for it do not hold them up. Finished rows that are `tidied` are leased again
    for that; other finished ones never are.
    """

    waiting: tuple[str, ...]
    running: str
    parked: str = "parked"
    families: tuple[str, ...] = (EVERYTHING,)
    elsewhere: tuple[str, ...] = ()
    tidied: tuple[str, ...] = ()

    @property
    def unfinished(self) -> tuple[str, ...]:
        return (*self.waiting, self.running)


def claim(
    database: Database,
    table: Table,
    states: States,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
) -> list[tuple[Claim, str | None]]:
    """Lease up to `limit` due rows, most urgent first and tenant by tenant in turn; of one ticket only the oldest
    unfinished one. Returns them with their kinds.

    Of a tenant only as many as its budget can carry now, so that a backlog waits here instead of being handed out
    and given back; urgent rows pass. Left out are tenants whose helpdesk named a time to come back, until then, and
    those that have to be reconnected.

    A running row whose lease ran out killed its process; after `MAX_CRASHES` of those it is parked.
    """
    # Choosing looks at every due row. Under SQLite's one write lock a backlog would make the receiver wait for that.
    with database.read() as connection:
        chosen = _choose(connection, table, states, now=now, limit=limit)
    if not chosen:
        return []
    with database.write() as connection:
        return _lease(connection, table, states, chosen, now=now, until=now + lease)


def _choose(connection: Connection, table: Table, states: States, *, now: datetime, limit: int) -> list[int]:
    """The ids of rows to lease, in their order."""
    room = room_in(connection, states.families, _UNFINISHED, now)
    spent = [tenant for tenant, rows in room.items() if not rows]
    # Each tenant's first row comes before any tenant's second: a long backlog leaves places for the others' rows.
    turn = func.row_number().over(partition_by=table.c.tenant, order_by=(table.c.rank, table.c.id))
    passes = or_(table.c.rank <= URGENT, table.c.kind.in_(states.elsewhere))
    rows = connection.execute(
        select(table.c.id, table.c.tenant, table.c.kind, table.c.rank)
        .where(_due(table, states), _alone(table, states), or_(table.c.tenant.not_in(spent), passes))
        .order_by(table.c.rank, turn, table.c.id)
        .limit(limit),
        {NOW.key: now},
    ).all()
    chosen: list[int] = []
    for row in rows:
        if row.rank > URGENT and row.kind not in states.elsewhere and row.tenant in room:
            if not room[row.tenant]:
                continue
            room[row.tenant] -= 1
        chosen.append(row.id)
    return chosen


def _lease(
    connection: Connection, table: Table, states: States, chosen: Sequence[int], *, now: datetime, until: datetime
) -> list[tuple[Claim, str | None]]:
    """Lease those of the chosen rows that nobody took and nothing overtook meanwhile."""
    rows = connection.execute(
        select(*(table.c[name] for name in ("id", "tenant", "kind", "state", "crashes", "lease_owner")))
        .where(table.c.id.in_(chosen), _due(table, states), _alone(table, states))
        .with_for_update(skip_locked=True, of=table),
        {NOW.key: now},
    ).all()
    claims: list[tuple[Claim, str | None]] = []
    for row in sorted(rows, key=lambda each: chosen.index(each.id)):
        # One that was taken over and waited for a worker since killed nobody again.
        crashed = row.state == states.running and row.lease_owner not in (None, QUEUED)
        crashes = row.crashes + crashed
        if crashed:
            died = f"{row.lease_owner} ended while it worked on this: death {crashes} of {MAX_CRASHES}."
            history.note_in(connection, table, row.id, history.TAKEN_OVER, tenant=row.tenant, at=now, detail=died)
        if crashes >= MAX_CRASHES:
            reason = f"{KILLED} {crashes} times."
            park(connection, table, states, row.id, reason, now, crashes=crashes)
            history.note_in(connection, table, row.id, history.PARKED, tenant=row.tenant, at=now, detail=reason)
            continue
        token = secrets.token_hex(8)
        connection.execute(
            update(table)
            .where(table.c.id == row.id)
            .values(lease_owner=QUEUED, lease_token=token, lease_until=until, crashes=crashes)
        )
        claims.append((Claim(id=row.id, token=token), row.kind))
    return claims


def has_due(connection: Connection, table: Table, states: States, now: datetime) -> bool:
    """Cheap look without the write lock: is there anything to claim, budgets aside?"""
    return connection.execute(_any_due(table, states), {NOW.key: now}).first() is not None


def wake_in(connection: Connection, tenant: str, *, now: datetime) -> None:
    """What waits for its next try is due at once: the tenant was reconnected. What may still land is not."""
    for table in (inbox, outbox):
        waiting = (table.c.tenant == tenant, table.c.state.in_(_UNFINISHED))
        for state, at in ((table.c.state != UNKNOWN, now), (table.c.state == UNKNOWN, now + LANDED)):
            connection.execute(update(table).where(*waiting, state, table.c.next_at > at).values(next_at=at))


def release(connection: Connection, table: Table, claims: Iterable[Claim]) -> None:
    """Give claimed rows back, because the queue did not take them."""
    for each in claims:
        connection.execute(
            update(table)
            .where(table.c.id == each.id, table.c.lease_token == each.token)
            .values(lease_owner=None, lease_token=None, lease_until=None)
        )


def release_queued(connection: Connection, table: Table, states: States) -> int:
    """Give back every row that was claimed and not started: the queue lost them. Returns how many.

    A job that was on its way to its start finds its token gone and does nothing.
    """
    return connection.execute(
        update(table)
        .where(table.c.state.in_(states.unfinished), table.c.lease_owner == QUEUED)
        .values(lease_owner=None, lease_token=None, lease_until=None)
    ).rowcount


def start(
    connection: Connection, table: Table, states: States, claimed: Claim, *, now: datetime, owner: str, lease: timedelta
) -> tuple[Row[Any], str] | None:
    """Swap the claim's token for a new one and mark the row running.

    Returns the row as it was before, with `told` (whether it has a history), and the new token; None when the claim no
    longer stands.
    """
    row = connection.execute(
        select(table, history.is_told(table).label("told"))
        .where(
            table.c.id == claimed.id,
            table.c.lease_token == claimed.token,
            table.c.state.in_(states.unfinished),
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    token = secrets.token_hex(8)
    connection.execute(
        update(table)
        .where(table.c.id == claimed.id)
        .values(
            state=states.running, tries=row.tries + 1, lease_token=token, lease_owner=owner, lease_until=now + lease
        )
    )
    return row, token


def renew(connection: Connection, table: Table, held: Claim, until: datetime) -> bool:
    """Push the lease's end; False when it is lost."""
    changed = connection.execute(
        update(table).where(table.c.id == held.id, table.c.lease_token == held.token).values(lease_until=until)
    )
    return changed.rowcount == 1


def finish(connection: Connection, table: Table, held: Claim, **values: Any) -> None:
    """Write the row's end under its lease and give the lease up; raises `LeaseLost`."""
    changed = connection.execute(
        update(table)
        .where(table.c.id == held.id, table.c.lease_token == held.token)
        .values(lease_owner=None, lease_token=None, lease_until=None, **values)
    )
    if changed.rowcount != 1:
        raise LeaseLost(f"{table.name} {held.id}")


def park(
    connection: Connection, table: Table, states: States, row_id: int, reason: str, now: datetime, **values: Any
) -> None:
    """Set a row aside with its reason, to be replayed by a person."""
    connection.execute(
        update(table)
        .where(table.c.id == row_id)
        .values(
            state=states.parked,
            error=reason,
            done_at=now,
            lease_owner=None,
            lease_token=None,
            lease_until=None,
            **values,
        )
    )


@cache
def _any_due(table: Table, states: States) -> Select[tuple[int]]:
    return select(table.c.id).where(_due(table, states)).limit(1)


@cache
def _due(table: Table, states: States) -> ColumnElement[bool]:
    """Waiting, or left by a process that died, of a tenant that may be asked."""
    free = or_(table.c.lease_until.is_(None), table.c.lease_until <= NOW)
    held = select(throttle.c.tenant).where(throttle.c.tenant == table.c.tenant, throttle.c.not_before > NOW).exists()
    broken = select(access.c.tenant).where(access.c.tenant == table.c.tenant, access.c.broken_at.is_not(None)).exists()
    reachable = or_(table.c.kind.in_(states.elsewhere), and_(~held, ~broken))
    return and_(table.c.state.in_(states.unfinished), table.c.next_at <= NOW, free, reachable)


@cache
def _alone(table: Table, states: States) -> ColumnElement[bool]:
    """No other unfinished row of its ticket is older or being worked on."""
    other = table.alias()
    busy = (
        select(other.c.id)
        .where(
            other.c.tenant == table.c.tenant,
            other.c.ticket_ref == table.c.ticket_ref,
            # Not every state: of the events of a ticket most are finished, and looking at those takes longest.
            other.c.state.in_((*states.unfinished, *states.tidied)),
            other.c.id != table.c.id,
            or_(other.c.lease_until > NOW, and_(other.c.state.in_(states.unfinished), other.c.id < table.c.id)),
        )
        .exists()
    )
    return ~busy
