"""The safety net under lost webhooks: what changed in the helpdesk and was never seen becomes an event.

Our own change of a ticket is not one that we missed. A person's change just before ours that no webhook brought shows
as ours here, because the helpdesk states only a ticket's last change; our change was made on top of a fresh reading.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.crash import crash_point
from connectors.installing import Finding, Health
from connectors.store.inbox import RECONCILE, InboxRow
from connectors.store.tallies import RECONCILED, count_in
from jobs.line import inbox_job
from jobs.runtime import Runtime
from triage.events import EventKind, TicketEvent
from triage.tickets import Ticket

STREAM = "tickets"
FIRST_LOOK_BACK = timedelta(hours=1)
LOOKED_AT = timedelta(hours=1)
"""The time over which missed events are counted."""


@inbox_job
def reconcile(run: Runtime, row: InboxRow) -> None:
    """Read the export from the saved cursor; a page and the cursor after it are one transaction."""
    cursor = run.store.cursors.get(row.tenant, STREAM)
    pages = run.helpdesk(row.tenant).tickets(cursor=cursor, updated_since=run.now() - FIRST_LOOK_BACK)
    for tickets, cursor_after in pages:
        missed = [each for each in tickets if is_news(run, row.tenant, each)]
        now = run.now()
        with run.store.database.write() as transaction:
            found = [
                run.store.inbox.receive_in(transaction, row.tenant, RECONCILE, changed(ticket), now=now)
                for ticket in missed
            ]
            count_in(transaction, row.tenant, RECONCILED, by=sum(found))
            run.store.cursors.set_in(transaction, row.tenant, STREAM, cursor_after, now=now)
            crash_point("reconcile.before_commit")
    now = run.now()
    gap = gaps(run.store.deliveries.missed(row.tenant, since=now - LOOKED_AT))
    run.store.findings.save(row.tenant, [gap], now)
    run.store.inbox.finish(row, "done", now=now, note=gap.state if gap.health is Health.WARN else None)


def is_news(run: Runtime, tenant: str, ticket: Ticket) -> bool:
    """Whether no event brought the ticket's last change, and it is not ours."""
    store = run.store
    return not (
        store.inbox.covers(tenant, ticket.ref, ticket.updated_at)
        or store.outbox.made(tenant, ticket.ref, ticket.updated_at)
    )


def gaps(missed: int) -> Finding:
    """What an admin reads about the changes of the last hour."""
    if not missed:
        return Finding(
            check="gaps",
            health=Health.GOOD,
            state="None lost",
            detail="Every change of the last hour was reported by webhook.",
        )
    changes = f"{missed} change{'' if missed == 1 else 's'}"
    return Finding(
        check="gaps",
        health=Health.WARN,
        state=f"{missed} missed by webhook",
        detail=f"{changes} of the last hour came without a webhook; the regular check found them, a few minutes late.",
        fix="Repair the connection. If it happens again, read the webhook's delivery log in the helpdesk.",
        repairable=True,
    )


def changed(ticket: Ticket) -> TicketEvent:
    """The event that a webhook should have brought; one for each version of the ticket."""
    return TicketEvent(
        kind=EventKind.TICKET_UPDATED,
        ticket_ref=ticket.ref,
        dedup_key=f"{ticket.ref}@{ticket.version}",
        occurred_at=ticket.updated_at,
    )
