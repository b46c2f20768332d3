"""Who works on which row, and for how long: the part that inbox and outbox share.

A row is *claimed* by the clock (token A, queued), *started* by a job (token A is swapped for token B, so a
doubled queue entry finds nothing), kept with a heartbeat, and *finished* only while token B still stands.
A process that lost its lease can therefore never overwrite its successor's work.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, or_, select, update

from connectors.store.schema import throttle

MAX_CRASHES = 3


class LeaseLost(Exception):
    """Another process took the row over; whatever this one was about to write is discarded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A leased row on its way to the queue."""

    id: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """The words one table uses: where work waits, where it runs, where it ends badly."""

    waiting: tuple[str, ...]
    running: str
    parked: str = "parked"


def claim(
    connection: Connection,
    table: Table,
    states: States,
    *,
    now: datetime,
    owner: str,
    lease: timedelta,
    limit: int,
) -> list[Claim]:
    """Lease up to `limit` due rows, most urgent first; of one ticket only the oldest unfinished one.

    Tenants whose helpdesk named a time to come back are left out until then.

    A running row whose lease ran out killed its process; after `MAX_CRASHES` of those it is parked.
    """
    free = or_(table.c.lease_until.is_(None), table.c.lease_until <= now)
    due = and_(table.c.state.in_((*states.waiting, states.running)), table.c.next_at <= now, free)
    other = table.alias()
    unfinished = other.c.state.in_((*states.waiting, states.running))
    busy = (
        select(other.c.id)
        .where(
            other.c.tenant == table.c.tenant,
            other.c.ticket_ref == table.c.ticket_ref,
            other.c.id != table.c.id,
            or_(other.c.lease_until > now, and_(unfinished, other.c.id < table.c.id)),
        )
        .exists()
    )
    held = select(throttle.c.tenant).where(throttle.c.tenant == table.c.tenant, throttle.c.not_before > now).exists()
    query = (
        select(table.c.id, table.c.state, table.c.crashes)
        .where(due, ~busy, ~held)
        .order_by(table.c.rank, table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claims: list[Claim] = []
    for row in connection.execute(query).all():
        crashes = row.crashes + (row.state == states.running)
        if crashes >= MAX_CRASHES:
            park(connection, table, states, row.id, f"Killed its process {crashes} times.", now, crashes=crashes)
            continue
        token = secrets.token_hex(8)
        connection.execute(
            update(table)
            .where(table.c.id == row.id)
            .values(lease_owner=owner, lease_token=token, lease_until=now + lease, crashes=crashes)
        )
        claims.append(Claim(id=row.id, token=token))
    return claims


def release(connection: Connection, table: Table, claims: Iterable[Claim]) -> None:
    """Give claimed rows back, because the queue did not take them."""
    for each in claims:
        connection.execute(
            update(table)
            .where(table.c.id == each.id, table.c.lease_token == each.token)
            .values(lease_owner=None, lease_token=None, lease_until=None)
        )


def start(
    connection: Connection, table: Table, states: States, claimed: Claim, *, now: datetime, owner: str, lease: timedelta
) -> tuple[Row[Any], str] | None:
    """Swap the claim's token for a new one and mark the row running.

    Returns the row as it was before and the new token; None when the claim no longer stands.
    """
    row = connection.execute(
        select(table)
        .where(
            table.c.id == claimed.id,
            table.c.lease_token == claimed.token,
            table.c.state.in_((*states.waiting, states.running)),
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
