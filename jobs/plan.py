"""One event: read the ticket, decide, and write decision and effects in one transaction."""

from __future__ import annotations

from connectors.base import Connection, read_or_none
from connectors.crash import crash_point
from connectors.errors import NotFound
from connectors.store.inbox import InboxRow
from connectors.store.outbox import UPDATE_TICKET
from connectors.store.tenants import shadow_in
from jobs.line import inbox_job
from jobs.runtime import Runtime
from triage.events import EventKind, why_ignored
from triage.loops import SPAN, why_stopped

CAUSE = "triage"
SHADOW_NOTE = "Shadow mode: decided, and nothing written."


@inbox_job
def plan(run: Runtime, row: InboxRow) -> None:
    """Work one inbox row. Safe to run twice: the lease token lets one of them through."""
    crash_point("plan.started")
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
    """Read the ticket fresh and write what triage makes of it; no network once the transaction has begun.

    In shadow mode the decision is all that is written.
    """
    helpdesk = run.helpdesk(row.tenant)
    read_at = run.now()
    try:
        ticket = helpdesk.ticket(str(row.ticket_ref))
    except NotFound:
        run.store.inbox.finish(row, "ignored", now=run.now(), note="The ticket no longer exists.")
        return
    crash_point("plan.read")
    organization = read_or_none(helpdesk.organization, ticket.organization_id)
    made = run.triager.decide(ticket, organization, connection)
    now = run.now()
    earlier = run.store.outbox.automatic_since(row.tenant, ticket.ref, now - SPAN)
    if stopped := why_stopped(earlier, planned=len(made.actions)):
        run.store.inbox.finish(row, "parked", now=now, note=stopped)
        return
    with run.store.database.write() as transaction:
        shadow = shadow_in(transaction, row.tenant) or not made.is_written
        run.store.decisions.record_in(
            transaction, row.tenant, ticket, made, inbox_id=row.held.id, now=now, shadow=shadow
        )
        for action in () if shadow else made.actions:
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
        note = made.reasons[0] if state == "ignored" else SHADOW_NOTE if shadow else None
        run.store.inbox.finish_in(transaction, row, state, now=now, note=note)
        crash_point("plan.before_commit")
    crash_point("plan.committed")
