"""What came in: one row for each event, written before it is acknowledged.

new ─► planning ─► done | ignored | parked
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update

from connectors.crash import crash_point
from connectors.store import history, leases
from connectors.store.database import Database
from connectors.store.group_commit import GroupCommit
from connectors.store.leases import Claim, States
from connectors.store.schema import inbox
from triage.events import TicketEvent

ESCALATE = "escalate"
STATES = States(waiting=("new",), running="planning", elsewhere=(ESCALATE,))
"""Whoever is to be told of late tickets is told also while the helpdesk refuses to be asked."""
WEBHOOK, RECONCILE, SCHEDULE = "webhook", "reconcile", "schedule"
ANY_RANK = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """One event being worked on, with the lease that allows it. `told` is True once something went other than
    straight: then its end is told too.
    """

    held: Claim
    tenant: str
    source: str
    kind: str | None
    ticket_ref: str | None
    actor_id: str | None
    received_at: datetime
    tries: int
    rank: int
    started_at: datetime
    told: bool = False


class Inbox:
    def __init__(self, database: Database) -> None:
        self.database = database
        # Built once: on the receiver's path, building the statement costs as much as the insert itself.
        self._insert = database.insert(inbox).on_conflict_do_nothing()
        self._together = GroupCommit(database, self._insert)

    def receive(
        self,
        tenant: str,
        source: str,
        event: TicketEvent,
        *,
        now: datetime,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Store one event, or find it stored already. Committed when this returns; raises `SQLAlchemyError`."""
        self._together.store(_event_row(tenant, source, event, now=now, raw=raw, headers=headers))

    def receive_in(
        self, connection: Connection, tenant: str, source: str, event: TicketEvent, *, now: datetime
    ) -> bool:
        """Store one event inside the caller's transaction; False when it was there already."""
        stored = connection.execute(self._insert, _event_row(tenant, source, event, now=now))
        return bool(stored.rowcount == 1)

    def set_aside(
        self,
        tenant: str,
        source: str,
        dedup_key: str,
        *,
        state: str,
        reason: str,
        now: datetime,
        raw: bytes,
        headers: dict[str, str],
    ) -> None:
        """Keep a delivery that will not be planned: parked (our bug to mend) or ignored on purpose."""
        row = _row(tenant, source, dedup_key, now=now, raw=raw, headers=headers)
        self._together.store(row | {"state": state, "error": reason, "done_at": now})

    def schedule_in(
        self, connection: Connection, tenant: str, job: str, slot: str, *, now: datetime, rank: int
    ) -> None:
        """A timed job becomes a row like any event, so that it survives whatever happens next."""
        row = _row(tenant, SCHEDULE, f"{job}:{slot}", now=now) | {"kind": job, "rank": rank}
        connection.execute(self._insert, row)

    def claim(self, *, now: datetime, lease: timedelta, limit: int) -> list[tuple[Claim, str | None]]:
        """Due rows with their kind, leased for the queue."""
        return leases.claim(self.database, inbox, STATES, now=now, lease=lease, limit=limit)

    def has_due(self, now: datetime) -> bool:
        with self.database.read() as connection:
            return leases.has_due(connection, inbox, STATES, now)

    def release(self, claims: Sequence[Claim]) -> None:
        with self.database.write() as connection:
            leases.release(connection, inbox, claims)

    def release_queued(self) -> int:
        """Take back what is queued and not started, because the queue lost it."""
        with self.database.write() as connection:
            return leases.release_queued(connection, inbox, STATES)

    def start(self, claimed: Claim, *, now: datetime, owner: str, lease: timedelta) -> InboxRow | None:
        with self.database.write() as connection:
            started = leases.start(connection, inbox, STATES, claimed, now=now, owner=owner, lease=lease)
        if started is None:
            return None
        row, token = started
        return InboxRow(
            held=Claim(id=row.id, token=token),
            tenant=row.tenant,
            source=row.source,
            kind=row.kind,
            ticket_ref=row.ticket_ref,
            actor_id=row.actor_id,
            received_at=row.received_at,
            tries=row.tries + 1,
            rank=row.rank,
            started_at=now,
            told=row.told,
        )

    def renew(self, held: Claim, until: datetime) -> bool:
        with self.database.write() as connection:
            return leases.renew(connection, inbox, held, until)

    def finish_in(self, connection: Connection, row: InboxRow, state: str, *, now: datetime, note: str | None) -> None:
        """The row's end, inside the transaction that writes what it led to; raises `LeaseLost`."""
        leases.finish(connection, inbox, row.held, state=state, error=note, done_at=now)
        if row.told or state == STATES.parked:
            history.note_in(connection, inbox, row.held.id, state, tenant=row.tenant, at=now, detail=note)

    def coalesce_in(self, connection: Connection, row: InboxRow, *, read_at: datetime, now: datetime) -> int:
        """Close the ticket's other waiting rows that this reading already covers; returns how many."""
        reason = f"Covered by event {row.held.id}."
        covered = connection.execute(
            update(inbox)
            .where(
                inbox.c.tenant == row.tenant,
                inbox.c.ticket_ref == row.ticket_ref,
                inbox.c.id != row.held.id,
                inbox.c.state == "new",
                inbox.c.received_at <= read_at,
                (inbox.c.lease_until.is_(None)) | (inbox.c.lease_until <= now),
            )
            .values(state="done", error=reason, done_at=now)
            .returning(inbox.c.id, history.is_told(inbox).label("told"))
        ).all()
        for each in covered:
            if each.told:
                history.note_in(connection, inbox, each.id, history.DONE, tenant=row.tenant, at=now, detail=reason)
        return len(covered)

    def finish(self, row: InboxRow, state: str, *, now: datetime, note: str | None = None) -> None:
        with self.database.write() as connection:
            self.finish_in(connection, row, state, now=now, note=note)

    def drop(self, row: InboxRow, *, now: datetime) -> None:
        """The end of a timed run that went straight and left all there is to know elsewhere: no row is kept of it.

        One that did not go straight has a history, and stays. Raises `LeaseLost`.
        """
        if row.told:
            self.finish(row, "done", now=now)
            return
        with self.database.write() as connection:
            mine = (inbox.c.id == row.held.id, inbox.c.lease_token == row.held.token)
            if connection.execute(delete(inbox).where(*mine)).rowcount != 1:
                raise leases.LeaseLost(f"inbox {row.held.id}")

    def retry(
        self,
        row: InboxRow,
        *,
        at: datetime,
        error: str,
        unknown: bool = False,
        status: int | None = None,
        counted: bool = True,
    ) -> None:
        """Wait until `at`; one that is not `counted` was no try, and is told only if the helpdesk answered.

        Reading leaves nothing behind, so an `unknown` outcome needs no verifying.
        """
        tries = row.tries if counted else row.tries - 1
        with self.database.write() as connection:
            leases.finish(connection, inbox, row.held, state="new", next_at=at, error=error, tries=tries)
            if counted or status is not None:
                history.note_in(
                    connection,
                    inbox,
                    row.held.id,
                    history.FAILED,
                    tenant=row.tenant,
                    at=row.started_at,
                    status=status,
                    detail=error,
                )
            crash_point("retry.before_commit")

    def park(self, row: InboxRow, *, now: datetime, status: int | None, reason: str) -> None:
        with self.database.write() as connection:
            leases.finish(connection, inbox, row.held, state=STATES.parked, error=reason, done_at=now)
            history.note_in(
                connection,
                inbox,
                row.held.id,
                history.PARKED,
                tenant=row.tenant,
                at=now,
                status=status,
                detail=reason,
            )

    def parked_for(self, tenant: str, kind: str, reason: str) -> bool:
        """Whether a row of this kind waits for a person for that reason already."""
        with self.database.read() as connection:
            return (
                connection.execute(
                    select(inbox.c.id)
                    .where(
                        inbox.c.tenant == tenant,
                        inbox.c.kind == kind,
                        inbox.c.state == STATES.parked,
                        inbox.c.error == reason,
                    )
                    .limit(1)
                ).first()
                is not None
            )

    def has_event(self, tenant: str, dedup_key: str) -> bool:
        """Whether this event came in by webhook."""
        with self.database.read() as connection:
            return (
                connection.execute(
                    select(inbox.c.id).where(
                        inbox.c.tenant == tenant, inbox.c.source == WEBHOOK, inbox.c.dedup_key == dedup_key
                    )
                ).first()
                is not None
            )

    def covers(self, tenant: str, ticket_ref: str, updated_at: datetime) -> bool:
        """Whether an event received since `updated_at` already led (or will lead) to a reading of this ticket.

        A parked one did not; but one that killed its processes would only do so again.
        """
        with self.database.read() as connection:
            newest = connection.execute(
                select(func.max(inbox.c.received_at)).where(
                    inbox.c.tenant == tenant,
                    inbox.c.ticket_ref == ticket_ref,
                    or_(inbox.c.state != "parked", inbox.c.crashes >= leases.MAX_CRASHES),
                )
            ).scalar_one()
        return newest is not None and newest >= updated_at


def _row(
    tenant: str,
    source: str,
    dedup_key: str,
    *,
    now: datetime,
    raw: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Every column a new row sets, so that rows of all kinds share one statement."""
    return {
        "tenant": tenant,
        "source": source,
        "dedup_key": dedup_key,
        "kind": None,
        "ticket_ref": None,
        "actor_id": None,
        "stale": False,
        "received_at": now,
        "event_at": None,
        "raw": raw,
        "headers": headers,
        "state": "new",
        "rank": ANY_RANK,
        "next_at": now,
        "error": None,
        "done_at": None,
    }


def _event_row(
    tenant: str,
    source: str,
    event: TicketEvent,
    *,
    now: datetime,
    raw: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    return _row(tenant, source, event.dedup_key, now=now, raw=raw, headers=headers) | {
        "kind": event.kind.value,
        "ticket_ref": event.ticket_ref,
        "actor_id": event.actor_id,
        "stale": event.stale,
        "event_at": event.occurred_at,
    }
