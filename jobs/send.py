"""One effect: the only place where anything outside is changed."""

from __future__ import annotations

from connectors.store.leases import Claim
from jobs.line import sending
from jobs.runtime import RUNNING_LEASE, runtime
from triage.actions import UpdateTicket


def send(outbox_id: int, token: str) -> None:
    """Carry out one outbox row, visibly once: its key marks the ticket, and a marked ticket is not written again."""
    run = runtime()
    claimed = Claim(id=outbox_id, token=token)
    row = run.store.outbox.start(claimed, now=run.now(), owner=run.owner, lease=RUNNING_LEASE)
    if row is None:
        return
    with sending(run, row):
        change = UpdateTicket.from_payload(row.payload)
        receipt = run.helpdesk(row.tenant).update_ticket(change, key=row.key, verify=row.verify)
        run.store.outbox.done(row, now=run.now(), status=receipt.status, evidence=receipt.evidence)
