"""One effect: the only place where anything outside is changed."""

from __future__ import annotations

from typing import Any

from connectors.base import Receipt
from connectors.crash import crash_point
from connectors.store.leases import URGENT, Claim
from connectors.store.outbox import ADD_COMMENT, CREATE_TICKET, LINK_INCIDENT, UPDATE_TICKET
from jobs.line import sending
from jobs.runtime import RUNNING_LEASE, runtime
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket

# The outbox's kind -> what its payload is, and the connector's verb for it.
EFFECTS: dict[str, tuple[Any, str]] = {
    UPDATE_TICKET: (UpdateTicket, "update_ticket"),
    ADD_COMMENT: (AddComment, "add_comment"),
    LINK_INCIDENT: (LinkIncident, "link_incident"),
    CREATE_TICKET: (CreateTicket, "create_ticket"),
}


def send(outbox_id: int, token: str) -> None:
    """Carry out one outbox row, visibly once: its key marks the ticket, and a marked ticket is not written again."""
    run = runtime()
    claimed = Claim(id=outbox_id, token=token)
    row = run.store.outbox.start(claimed, now=run.now(), owner=run.owner, lease=RUNNING_LEASE)
    if row is None:
        return
    crash_point("send.started")
    with sending(run, row):
        noun, verb = EFFECTS[row.kind]
        carry_out = getattr(run.helpdesk(row.tenant, urgent=row.rank <= URGENT), verb)
        receipt: Receipt = carry_out(noun.from_payload(row.payload), key=row.key, verify=row.verify)
        crash_point("send.answered")
        run.store.outbox.done(row, now=run.now(), status=receipt.status, evidence=receipt.evidence, ref=receipt.ref)
    crash_point("send.done")
