"""One effect: the only place where anything outside is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.base import Feature, Receipt
from connectors.crash import crash_point
from connectors.errors import ConnectorError, OutcomeUnknown
from connectors.store.leases import URGENT, Claim, LeaseLost
from connectors.store.outbox import (
    ADD_COMMENT,
    CREATE_TICKET,
    LINK_INCIDENT,
    PAGE,
    POST_CHAT,
    POST_WEBHOOK,
    SEND_MAIL,
    UPDATE_TICKET,
    OutboxRow,
)
from connectors.store.tallies import DUP_PREVENTED
from jobs.channels import send_message
from jobs.line import working
from jobs.outcomes import AfterUnknown, may_still_land, under
from jobs.runtime import RUNNING_LEASE, Runtime, log, runtime
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket
from triage.messages import Page, PostChat, PostWebhook, SendMail


@dataclass(frozen=True, slots=True)
class Effect:
    """What a row's payload is, who carries it out, and what follows when nobody knows whether it happened."""

    noun: Any
    carry_out: Callable[[Runtime, OutboxRow, Any], Receipt]
    after_unknown: AfterUnknown


def by_helpdesk(verb: str) -> Callable[[Runtime, OutboxRow, Any], Receipt]:
    """By the connector's verb of that name: its key marks the ticket, and a marked ticket is not written again."""

    def carry_out(run: Runtime, row: OutboxRow, action: Any) -> Receipt:
        helpdesk = run.helpdesk(row.tenant, urgent=row.rank <= URGENT)
        if row.taken_over and Feature.SAFE_UPDATE not in helpdesk.features:
            raise may_still_land()
        receipt: Receipt = getattr(helpdesk, verb)(action, key=row.key, verify=row.verify)
        return receipt

    return carry_out


EFFECTS: dict[str, Effect] = {
    UPDATE_TICKET: Effect(UpdateTicket, by_helpdesk("update_ticket"), AfterUnknown.VERIFY),
    ADD_COMMENT: Effect(AddComment, by_helpdesk("add_comment"), AfterUnknown.VERIFY),
    LINK_INCIDENT: Effect(LinkIncident, by_helpdesk("link_incident"), AfterUnknown.VERIFY),
    CREATE_TICKET: Effect(CreateTicket, by_helpdesk("create_ticket"), AfterUnknown.VERIFY),
    PAGE: Effect(Page, send_message, AfterUnknown.REPEAT),
    POST_WEBHOOK: Effect(PostWebhook, send_message, AfterUnknown.REPEAT),
    SEND_MAIL: Effect(SendMail, send_message, AfterUnknown.NEVER),
    POST_CHAT: Effect(PostChat, send_message, AfterUnknown.NEVER),
}


def send(outbox_id: int, token: str) -> None:
    """Carry out one outbox row, visibly once."""
    run = runtime()
    claimed = Claim(id=outbox_id, token=token)
    row = run.store.outbox.start(claimed, now=run.now(), owner=run.owner, lease=RUNNING_LEASE)
    if row is None:
        return
    crash_point("send.started")
    effect = EFFECTS[row.kind]
    with working(run, run.store.outbox, row, since=row.first_attempt_at), keeping_to(effect.after_unknown, row):
        receipt = effect.carry_out(run, row, effect.noun.from_payload(row.payload))
        crash_point("send.answered")
        run.store.outbox.done(row, now=run.now(), status=receipt.status, evidence=receipt.evidence, ref=receipt.ref)
        if row.verify and not receipt.applied:
            run.store.tallies.add(row.tenant, DUP_PREVENTED)
    crash_point("send.done")


@contextmanager
def keeping_to(policy: AfterUnknown, row: OutboxRow) -> Iterator[None]:
    """Carry the row out under its policy. A process that died while it sent leaves an unknown outcome as well; a row
    that a person replayed does not: they were asked to be sure.
    """
    try:
        if policy is AfterUnknown.NEVER and row.taken_over:
            raise OutcomeUnknown("the process that was sending it ended")
        yield
    except LeaseLost:
        raise
    except Exception as error:
        seen = under(policy, error)
        if seen is error:
            raise
        if not isinstance(error, ConnectorError):
            log.exception("outbox %s failed", row.held.id)
        raise seen from error
