"""The safety net under lost webhooks: what changed in the helpdesk and was never seen becomes an event."""

from __future__ import annotations

from datetime import timedelta

from connectors.store.inbox import RECONCILE
from connectors.store.leases import Claim
from jobs.line import planning
from jobs.runtime import RUNNING_LEASE, runtime
from triage.events import EventKind, TicketEvent

STREAM = "tickets"
FIRST_LOOK_BACK = timedelta(hours=1)


def reconcile(inbox_id: int, token: str) -> None:
    """Read the export from the saved cursor; the cursor moves only after its page is stored."""
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
            for ticket in tickets:
                if run.store.inbox.covers(row.tenant, ticket.ref, ticket.updated_at):
                    continue
                event = TicketEvent(
                    kind=EventKind.TICKET_UPDATED,
                    ticket_ref=ticket.ref,
                    dedup_key=f"{ticket.ref}@{ticket.version}",
                    occurred_at=ticket.updated_at,
                )
                found += run.store.inbox.receive(row.tenant, RECONCILE, event, now=run.now())
            run.store.cursors.set(row.tenant, STREAM, cursor_after, now=run.now())
        run.store.inbox.finish(row, "done", now=run.now(), note=f"{found} missed by webhook." if found else None)
