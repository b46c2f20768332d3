"""The safety net under lost webhooks: what changed in the helpdesk and was never seen becomes an event."""

from __future__ import annotations

from datetime import timedelta

from connectors.store.inbox import RECONCILE
from connectors.store.leases import Claim
from jobs.line import planning
from jobs.runtime import RUNNING_LEASE, runtime
from triage.events import EventKind, TicketEvent
from triage.tickets import Ticket

STREAM = "tickets"
FIRST_LOOK_BACK = timedelta(hours=1)


def reconcile(inbox_id: int, token: str) -> None:
    """Read the export from the saved cursor; a page and the cursor after it are one transaction."""
    run = runtime()
    claimed = Claim(id=inbox_id, token=token)
    row = run.store.inbox.start(claimed, now=run.now(), owner=run.owner, lease=RUNNING_LEASE)
    if row is None:
        return
    found = 0
    with planning(run, row):
        cursor = run.store.cursors.get(row.tenant, STREAM)
        pages = run.helpdesk(row.tenant).tickets(cursor=cursor, updated_since=run.now() - FIRST_LOOK_BACK)
        for tickets, cursor_after in pages:
            missed = [each for each in tickets if not run.store.inbox.covers(row.tenant, each.ref, each.updated_at)]
            now = run.now()
            with run.store.database.write() as transaction:
                for ticket in missed:
                    found += run.store.inbox.receive_in(transaction, row.tenant, RECONCILE, changed(ticket), now=now)
                run.store.cursors.set_in(transaction, row.tenant, STREAM, cursor_after, now=now)
        run.store.inbox.finish(row, "done", now=run.now(), note=f"{found} missed by webhook." if found else None)


def changed(ticket: Ticket) -> TicketEvent:
    """The event that a webhook should have brought; one for each version of the ticket."""
    return TicketEvent(
        kind=EventKind.TICKET_UPDATED,
        ticket_ref=ticket.ref,
        dedup_key=f"{ticket.ref}@{ticket.version}",
        occurred_at=ticket.updated_at,
    )
