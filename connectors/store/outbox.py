"""What goes out: one row for each visible effect, with a key that is the same however often it is planned.

pending ─► inflight ─► done | pending (retry) | unknown (verify) | parked
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, update

from connectors.crash import crash_point
from connectors.limits import EVERYTHING, UPDATES
from connectors.store import history, leases
from connectors.store.database import Database
from connectors.store.leases import Claim, States
from connectors.store.schema import outbox
from connectors.store.tallies import EFFECTS, count_in
from connectors.store.tenants import shadow_in

UPDATE_TICKET, ADD_COMMENT, LINK_INCIDENT, CREATE_TICKET = (
    "update_ticket",
    "add_comment",
    "link_incident",
    "create_ticket",
)
SEND_MAIL, PAGE, POST_CHAT, POST_WEBHOOK = MESSAGES = ("send_mail", "page", "post_chat", "post_webhook")
"""What goes elsewhere than to the helpdesk."""
STATES = States(
    waiting=("pending", "unknown"),
    running="inflight",
    families=(EVERYTHING, UPDATES),
    elsewhere=MESSAGES,
    tidied=("done",),
)
LONGEST_SUMMARY = 200
CLOCKS_APART = timedelta(seconds=3)


def effect_key(tenant: str, kind: str, target: str, cause: str) -> str:
    """The same effect has the same key, whoever plans it and however often: 32 hex digits."""
    return hashlib.sha256("\x1f".join((tenant, kind, target, cause)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One effect being carried out. `verify` is True when an earlier try may have landed, `told` when something went
    other than straight before: then its end is told too. `taken_over` is True when the process that had it died.
    """

    held: Claim
    key: str
    tenant: str
    kind: str
    ticket_ref: str | None
    payload: dict[str, Any]
    tries: int
    rank: int
    first_attempt_at: datetime
    started_at: datetime
    verify: bool
    told: bool = False
    taken_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An effect as far as others ask about it."""

    kind: str
    state: str
    payload: dict[str, Any]
    evidence: str
    error: str


class Outbox:
    def __init__(self, database: Database) -> None:
        self.database = database

    def add_in(
        self,
        connection: Connection,
        *,
        tenant: str,
        kind: str,
        ticket_ref: str | None,
        cause: str,
        payload: dict[str, Any],
        summary: str,
        now: datetime,
        rank: int = 5,
        inbox_id: int | None = None,
    ) -> bool:
        """Plan one effect inside the caller's transaction; False when this effect was planned before.

        Also False, with nothing planned, while the tenant is in shadow mode: here, so that no way leads around it. A
        ticket that a customer sent in goes out all the same (`held_back_in_shadow`).
        A ticket that is to be created has no `ticket_ref` yet; its `cause` tells it from others. A message never has
        one: it changes no ticket, whatever it is about.
        """
        if kind in MESSAGES and ticket_ref is not None:
            raise ValueError(f"a {kind} changes no ticket: name the ticket in its cause")
        if shadow_in(connection, tenant) and (kind != CREATE_TICKET or inbox_id is not None):
            return False
        row = connection.execute(
            self.database.insert(outbox)
            .values(
                key=effect_key(tenant, kind, ticket_ref or "", cause),
                tenant=tenant,
                kind=kind,
                ticket_ref=ticket_ref,
                payload=payload,
                summary=summary[:LONGEST_SUMMARY],
                inbox_id=inbox_id,
                created_at=now,
                state="pending",
                next_at=now,
                rank=rank,
            )
            .on_conflict_do_nothing()
        )
        return bool(row.rowcount == 1)

    def claim(self, *, now: datetime, lease: timedelta, limit: int) -> list[Claim]:
        """Due rows, leased for the queue."""
        claims = leases.claim(self.database, outbox, STATES, now=now, lease=lease, limit=limit)
        return [each for each, _ in claims]

    def has_due(self, now: datetime) -> bool:
        with self.database.read() as connection:
            return leases.has_due(connection, outbox, STATES, now)

    def release(self, claims: Sequence[Claim]) -> None:
        with self.database.write() as connection:
            leases.release(connection, outbox, claims)

    def release_queued(self) -> int:
        """Take back what is queued and not started, because the queue lost it."""
        with self.database.write() as connection:
            return leases.release_queued(connection, outbox, STATES)

    def start(self, claimed: Claim, *, now: datetime, owner: str, lease: timedelta) -> OutboxRow | None:
        """Mark the effect in flight before anything is sent."""
        with self.database.write() as connection:
            started = leases.start(connection, outbox, STATES, claimed, now=now, owner=owner, lease=lease)
            if started is None:
                return None
            row, token = started
            first_attempt_at = row.first_attempt_at or now
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(first_attempt_at=first_attempt_at))
        return OutboxRow(
            held=Claim(id=row.id, token=token),
            key=row.key,
            tenant=row.tenant,
            kind=row.kind,
            ticket_ref=row.ticket_ref,
            payload=row.payload,
            tries=row.tries + 1,
            rank=row.rank,
            first_attempt_at=first_attempt_at,
            started_at=now,
            told=row.told,
            taken_over=row.state == STATES.running,
            verify=row.state in ("unknown", STATES.running),
        )

    def renew(self, held: Claim, until: datetime) -> bool:
        with self.database.write() as connection:
            return leases.renew(connection, outbox, held, until)

    def done(self, row: OutboxRow, *, now: datetime, status: int | None, evidence: str, ref: str | None = None) -> None:
        """The effect is there; `ref` is the ticket it created."""
        with self.database.write() as connection:
            leases.finish(
                connection,
                outbox,
                row.held,
                state="done",
                done_at=now,
                last_status=status,
                evidence=evidence,
                ticket_ref=ref or row.ticket_ref,
                error=None,
                tidying_at=None,
                tidied_at=None,
            )
            if row.told:
                self._note_in(connection, row, history.DONE, at=now, status=status, detail=evidence)
            count_in(connection, row.tenant, EFFECTS, f"{row.kind}:done")
            crash_point("send.before_commit")

    def retry(
        self, row: OutboxRow, *, at: datetime, unknown: bool, status: int | None, error: str, counted: bool = True
    ) -> None:
        """Wait until `at`; one that is not `counted` was no try, and is told only if the helpdesk answered.

        What had to be verified before this try has to be verified still.
        """
        with self.database.write() as connection:
            leases.finish(
                connection,
                outbox,
                row.held,
                state="unknown" if unknown or row.verify else "pending",
                next_at=at,
                tries=row.tries if counted else row.tries - 1,
                last_status=status,
                error=error,
            )
            if counted or status is not None:
                what = history.UNKNOWN if unknown else history.FAILED
                self._note_in(connection, row, what, at=row.started_at, status=status, detail=error)
                count_in(connection, row.tenant, EFFECTS, f"{row.kind}:{'unknown' if unknown else 'retry'}")
            crash_point("retry.before_commit")

    def park(self, row: OutboxRow, *, now: datetime, status: int | None, reason: str) -> None:
        with self.database.write() as connection:
            leases.finish(connection, outbox, row.held, state="parked", done_at=now, last_status=status, error=reason)
            self._note_in(connection, row, history.PARKED, at=now, status=status, detail=reason)
            count_in(connection, row.tenant, EFFECTS, f"{row.kind}:parked")

    def _note_in(
        self, connection: Connection, row: OutboxRow, what: str, *, at: datetime, status: int | None, detail: str
    ) -> None:
        history.note_in(connection, outbox, row.held.id, what, tenant=row.tenant, at=at, status=status, detail=detail)

    def by_key(self, tenant: str, key: str) -> Planned | None:
        """The tenant's effect of that key."""
        query = select(outbox.c.kind, outbox.c.state, outbox.c.payload, outbox.c.evidence, outbox.c.error)
        with self.database.read() as connection:
            row = connection.execute(query.where(outbox.c.tenant == tenant, outbox.c.key == key)).one_or_none()
        if row is None:
            return None
        said = {"evidence": row.evidence or "", "error": row.error or ""}
        return Planned(kind=row.kind, state=row.state, payload=row.payload, **said)

    def automatic_since(self, tenant: str, ticket_ref: str, since: datetime) -> int:
        """How many effects on the ticket triage planned since then; what people asked for does not count."""
        with self.database.read() as connection:
            return connection.execute(
                select(func.count())
                .select_from(outbox)
                .where(
                    outbox.c.tenant == tenant,
                    outbox.c.ticket_ref == ticket_ref,
                    outbox.c.inbox_id.is_not(None),
                    outbox.c.created_at > since,
                )
            ).scalar_one()

    def made(self, tenant: str, ticket_ref: str, updated_at: datetime) -> bool:
        """Whether the ticket's change of that time was ours: one of our effects was being carried out then.

        One that is still under way, or whose outcome is to be found out, may be what changed it. The helpdesk's times
        have whole seconds and its clock is not ours, hence `CLOCKS_APART`. Taking our marker off counts as well.
        Creating the ticket does not: nobody has looked at a new ticket, whoever brought it.
        """
        carried_out = outbox.c.first_attempt_at <= updated_at + CLOCKS_APART
        under_way = outbox.c.state.in_(("inflight", "unknown"))
        ended = and_(outbox.c.state.in_(("done", "parked")), outbox.c.done_at >= updated_at - CLOCKS_APART)
        tidied = and_(
            outbox.c.tidying_at <= updated_at + CLOCKS_APART,
            or_(outbox.c.tidied_at.is_(None), outbox.c.tidied_at >= updated_at - CLOCKS_APART),
        )
        with self.database.read() as connection:
            return (
                connection.execute(
                    select(outbox.c.id)
                    .where(
                        outbox.c.tenant == tenant,
                        outbox.c.ticket_ref == ticket_ref,
                        or_(and_(outbox.c.kind != CREATE_TICKET, carried_out, or_(under_way, ended)), tidied),
                    )
                    .limit(1)
                ).first()
                is not None
            )
