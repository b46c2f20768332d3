"""One event: read the ticket, decide, and write decision and effects in one transaction."""

from __future__ import annotations

from app.knowledge import readers, suggesting
from connectors.base import Connection, read_or_none
from connectors.crash import crash_point
from connectors.errors import NotFound
from connectors.store.inbox import InboxRow
from connectors.store.outbox import UPDATE_TICKET
from connectors.store.tenants import is_shadow, shadow_in
from jobs import watch
from jobs.line import inbox_job
from jobs.marking import mark_in, with_marks
from jobs.runtime import Runtime
from triage.events import Care, EventKind, care_for
from triage.loops import SPAN, why_stopped

CAUSE = "triage"
SHADOW_NOTE = "Shadow mode: decided, and nothing written."


@inbox_job
def plan(run: Runtime, row: InboxRow) -> None:
    """Work one inbox row. Safe to run twice: the lease token lets one of them through."""
    crash_point("plan.started")
    connection = run.store.tenants.connection(row.tenant)
    known = run.store.decisions.latest(row.tenant, str(row.ticket_ref))
    care, why = care_for(
        EventKind(row.kind),
        actor_id=row.actor_id,
        own_actor_id=connection.actor_id,
        decided_before=known is not None and bool(known.decision.actions),
    )
    match care:
        case Care.DECIDE:
            decide(run, row, connection)
        case Care.WATCH:
            watch.watch(run, row, connection, why, may_mark=known is None or known.decision.is_written)
        case Care.GONE:
            watch.gone(run, row, why)
        case Care.NOTHING:
            run.store.inbox.finish(row, "ignored", now=run.now(), note=why)


def decide(run: Runtime, row: InboxRow, connection: Connection) -> None:
    """Read the ticket fresh and write what triage makes of it; no network once the transaction has begun.

    In shadow mode the decision, what was seen of the ticket and which articles fit is all that is written.
    """
    helpdesk = run.helpdesk(row.tenant)
    read_at = run.now()
    try:
        ticket = helpdesk.ticket(str(row.ticket_ref))
    except NotFound:
        watch.gone(run, row, watch.GONE)
        return
    crash_point("plan.read")
    organization = read_or_none(helpdesk.organization, ticket.organization_id)
    read = run.triager.read(ticket)
    made = run.triager.decide(ticket, organization, connection, read)
    now = run.now()
    earlier = run.store.outbox.automatic_since(row.tenant, ticket.ref, now - SPAN)
    if stopped := why_stopped(earlier, planned=len(made.actions)):
        run.store.inbox.finish(row, "parked", now=now, note=stopped)
        return
    in_shadow = is_shadow(connection.settings) or not made.is_written
    seen = watch.look(
        run,
        connection,
        ticket,
        creator_id=row.actor_id if row.kind == EventKind.TICKET_CREATED.value else None,
        organization=organization,
        action=None if in_shadow else next(iter(made.actions), None),
        insist=False,
    )
    suggested = suggesting.suggest(
        run.shelves,
        row.tenant,
        ticket,
        organization,
        read.metadata,
        read.vector,
        encoder=run.triager.encoder.id,
        product_area=made.product_area,
        now=now,
    )
    writer = readers.writer(run.deps, helpdesk, row.tenant, ticket)
    now = run.now()
    with run.store.database.write() as transaction:
        shadow = shadow_in(transaction, row.tenant) or not made.is_written
        run.store.decisions.record_in(
            transaction, row.tenant, ticket, made, inbox_id=row.held.id, now=now, shadow=shadow
        )
        suggesting.keep_in(run.deps, transaction, row.tenant, suggested)
        if writer:
            run.store.readings.wrote_in(
                transaction, row.tenant, person=writer, ticket_ref=ticket.ref, at=ticket.created_at
            )
        marks = watch.keep_in(run, transaction, row.tenant, seen, now=now)
        for action in () if shadow else made.actions:
            changed = with_marks(action, marks)
            run.store.outbox.add_in(
                transaction,
                tenant=row.tenant,
                kind=UPDATE_TICKET,
                ticket_ref=ticket.ref,
                cause=CAUSE,
                payload=changed.to_payload(),
                summary=changed.summary,
                rank=made.rank,
                inbox_id=row.held.id,
                now=now,
            )
        if not made.actions:
            mark_in(run, transaction, row.tenant, marks, now=now)
        run.store.inbox.coalesce_in(transaction, row, read_at=read_at, now=now)
        state = "done" if made.actions else "ignored"
        note = made.reasons[0] if state == "ignored" else SHADOW_NOTE if shadow else None
        run.store.inbox.finish_in(transaction, row, state, now=now, note=note)
        crash_point("plan.before_commit")
    crash_point("plan.committed")
