"""What replays would do, worked out as they would be and with nothing written."""

from __future__ import annotations

from connectors.base import Connection, Helpdesk, read_or_none
from connectors.errors import ConnectorError, NotFound, OverBudget
from connectors.marks import marker_tag
from connectors.queue import INBOX_JOBS
from connectors.store.inbox import InboxRow
from connectors.store.outbox import CREATE_TICKET, LINK_INCIDENT, MESSAGES, UPDATE_TICKET, effect_key
from connectors.store.tenants import is_shadow
from jobs.line import inbox_job
from jobs.plan import CAUSE
from jobs.runtime import Runtime, log
from jobs.send import EFFECTS
from triage.actions import UpdateTicket
from triage.dry_run import Preview, Verdict, final, of_change
from triage.events import Care, EventKind, care_for
from triage.loops import SPAN, why_stopped

ENDED = {"done": "It is done: a replay leaves it as it is."}


@inbox_job
def dry_run(run: Runtime, row: InboxRow) -> None:
    """Answer every open question of the tenant. Reads only; safe to run twice.

    A failure is an answer too: a question that a person waits for is not tried for hours.
    """
    for asked in run.store.dry_runs.waiting(row.tenant):
        try:
            preview = look(run, asked.delivery)
        except OverBudget:
            raise
        except ConnectorError as error:
            preview = _said(Verdict.FAILED, f"It could not be found out: {error}")
        except Exception as error:
            log.exception("dry run of %s failed", asked.delivery)
            said = f"It could not be found out: {type(error).__name__}. The worker's log has the trace."
            preview = _said(Verdict.FAILED, said)
        run.store.dry_runs.answer(asked.id, preview.to_json(), now=run.now())
    run.store.inbox.finish(row, "done", now=run.now())


def look(run: Runtime, name: str) -> Preview:
    """What a replay of this row would do now."""
    whole = run.store.deliveries.show(name)
    if whole["state"] in ENDED:
        return _said(Verdict.NOTHING, ENDED[whole["state"]])
    connection = run.store.tenants.connection(whole["tenant"])
    helpdesk = run.helpdesk(connection.tenant, urgent=True)
    if "payload" not in whole:
        return _event(run, whole["kind"], whole["ticket_ref"], whole["actor_id"], connection, helpdesk)
    if newer := run.store.replays.overtaken_by(name):
        return _said(Verdict.IGNORED, f"Overtaken: the ticket got a newer change, {newer}. It would end as ignored.")
    return _effect(connection, helpdesk, whole["kind"], whole["payload"], whole["key"], whole["ticket_ref"])


def _event(
    run: Runtime, kind: str | None, ref: str | None, actor_id: str | None, connection: Connection, helpdesk: Helpdesk
) -> Preview:
    if kind is None:
        return _said(Verdict.NOTHING, "It could not be read: a replay leaves it as it is.")
    if kind in INBOX_JOBS:
        return _said(Verdict.NOTHING, "It is a timed job: a replay runs it once more.")
    known = run.store.decisions.latest(connection.tenant, str(ref))
    care, why = care_for(
        EventKind(kind),
        actor_id=actor_id,
        own_actor_id=connection.actor_id,
        decided_before=known is not None and bool(known.decision.actions),
    )
    if care is Care.WATCH:
        return _said(Verdict.IGNORED, f"It would be ignored: {why} Only the ticket's clocks would be looked at.")
    if care is not Care.DECIDE:
        return _said(Verdict.IGNORED, f"It would be ignored: {why}")
    try:
        ticket = helpdesk.ticket(str(ref))
    except NotFound:
        return _said(Verdict.IGNORED, "It would be ignored: the ticket no longer exists.")
    organization = read_or_none(helpdesk.organization, ticket.organization_id)
    made = run.triager.decide(ticket, organization, connection)
    earlier = run.store.outbox.automatic_since(connection.tenant, ticket.ref, run.now() - SPAN)
    if stopped := why_stopped(earlier, planned=len(made.actions)):
        return _said(Verdict.PARKED, f"It would be parked: {stopped}")
    if not made.actions:
        return _said(Verdict.IGNORED, f"It would be ignored: {made.reasons[0]}")
    if is_shadow(connection.settings) or not made.is_written:
        shown = of_change(made.actions[0], ticket, reasons=made.reasons, groups=connection.groups)
        return shown.but(Verdict.NOTHING, "Shadow mode: this would be decided, and nothing written.")
    planned = run.store.deliveries.by_key(effect_key(connection.tenant, UPDATE_TICKET, ticket.ref, CAUSE))
    if planned:
        said = f"Its effect was planned before, as {planned.id}, and is planned once only. Look there."
        return _said(Verdict.NOTHING, said)
    return of_change(made.actions[0], ticket, reasons=made.reasons, groups=connection.groups)


def _effect(
    connection: Connection, helpdesk: Helpdesk, kind: str, payload: dict[str, object], key: str, ref: str | None
) -> Preview:
    noun = EFFECTS[kind].noun
    effect = noun.from_payload(payload)
    if kind in MESSAGES:
        return _said(Verdict.CHANGES, "It would be sent.")
    if kind == CREATE_TICKET or ref is None:
        return _said(Verdict.CHANGES, "The ticket would be created, unless its key shows that an earlier try made it.")
    try:
        ticket = helpdesk.ticket(ref)
    except NotFound:
        return _said(Verdict.PARKED, "The ticket no longer exists: the effect would be parked.")
    if marker_tag(key) in ticket.tags:
        return _marked(helpdesk, effect, ref)
    if isinstance(effect, UpdateTicket):
        return of_change(effect, ticket, groups=connection.groups)
    if ticket.is_final:
        return _said(Verdict.PARKED, final(ticket))
    if kind == LINK_INCIDENT:
        linked = ref in helpdesk.linked_tickets(effect.incident_ref)
        if linked:
            return _said(Verdict.NOTHING, f"The ticket is linked to #{effect.incident_ref} already.")
        return _said(Verdict.CHANGES, f"The ticket would be linked to incident #{effect.incident_ref}.")
    return _said(Verdict.CHANGES, "A comment would be added.").with_note(effect.body)


def _marked(helpdesk: Helpdesk, effect: object, ref: str) -> Preview:
    """The change is there. Where fields and note are two requests, the note may have been lost between them."""
    note = effect.note if isinstance(effect, UpdateTicket) else None
    if note and not any(_squeezed(note) in _squeezed(comment.body) for comment in helpdesk.comments(ref)):
        said = "Its marker is on the ticket, its note is not: only the note would be added."
        return _said(Verdict.CHANGES, said).with_note(note)
    return _said(Verdict.NOTHING, "Its marker is on the ticket: nothing would be written.")


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _said(verdict: Verdict, summary: str) -> Preview:
    return Preview(verdict=verdict, summary=summary)
