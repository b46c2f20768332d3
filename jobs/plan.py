"""One event: read the ticket, decide, and write decision and effects in one transaction."""

from __future__ import annotations

from connectors.base import Connection, read_or_none
from connectors.errors import NotFound
from connectors.store.inbox import InboxRow
from connectors.store.leases import Claim
from connectors.store.outbox import UPDATE_TICKET
from jobs.line import planning
from jobs.runtime import RUNNING_LEASE, Runtime, runtime
from triage.events import EventKind, why_ignored

CAUSE = "triage"


def plan(inbox_id: int, token: str) -> None:
    """Work one inbox row. Safe to run twice: the lease token lets one of them through."""
    run = runtime()
    claimed = Claim(id=inbox_id, token=token)
    row = run.store.inbox.start(claimed, now=run.now(), owner=run.owner, lease=RUNNING_LEASE)
    if row is None:
        return
    with planning(run, row):
        connection = run.store.tenants.connection(row.tenant)
        known = run.store.decisions.latest(row.tenant, str(row.ticket_ref))
        ignored = why_ignored(
            EventKind(row.kind),
            actor_id=row.actor_id,
            own_actor_id=connection.actor_id,
            decided_before=known is not None and bool(known.decision.actions),
        )
        if ignored is None:
            decide(run, row, connection)
        else:
            run.store.inbox.finish(row, "ignored", now=run.now(), note=ignored)


def decide(run: Runtime, row: InboxRow, connection: Connection) -> None:
    """Read the ticket fresh and write what triage makes of it; no network once the transaction has begun."""
    helpdesk = run.helpdesk(row.tenant)
    read_at = run.now()
    try:
        ticket = helpdesk.ticket(str(row.ticket_ref))
    except NotFound:
        run.store.inbox.finish(row, "ignored", now=run.now(), note="The ticket no longer exists.")
        return
    organization = read_or_none(helpdesk.organization, ticket.organization_id)
    made = run.triager.decide(ticket, organization, connection)
    now = run.now()
    with run.store.database.write() as transaction:
        run.store.decisions.record_in(transaction, row.tenant, ticket, made, inbox_id=row.held.id, now=now)
        for action in made.actions:
            run.store.outbox.add_in(
                transaction,
                tenant=row.tenant,
                kind=UPDATE_TICKET,
                ticket_ref=ticket.ref,
                cause=CAUSE,
                payload=action.to_payload(),
                summary=action.summary,
                rank=made.rank,
                inbox_id=row.held.id,
                now=now,
            )
        run.store.inbox.coalesce_in(transaction, row, read_at=read_at, now=now)
        state = "done" if made.actions else "ignored"
        run.store.inbox.finish_in(
            transaction, row, state, now=now, note=made.reasons[0] if state == "ignored" else None
        )
