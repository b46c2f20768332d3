"""What follows from where a ticket's clocks stand, as effects: its tags, and pages that need nobody any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection as Transaction

from connectors.store.outbox import PAGE, UPDATE_TICKET, effect_key
from jobs.runtime import Runtime
from triage.actions import UpdateTicket
from triage.escalation.ends import page_ends
from triage.messages import Page, Severity
from triage.sla.standing import Standing

SUMMARY = "Service-level tags"
Marks = tuple[UpdateTicket, str]
"""A change of a ticket's tags, with its cause."""


def mark_in(run: Runtime, transaction: Transaction, tenant: str, marks: Marks | None, *, now: datetime) -> None:
    """Plan a change of tags by itself. It counts for no event: triage's brake on loops is about what triage writes."""
    if marks is not None:
        changed, why = marks
        run.store.outbox.add_in(
            transaction,
            tenant=tenant,
            kind=UPDATE_TICKET,
            ticket_ref=changed.ticket_ref,
            cause=why,
            payload=changed.to_payload(),
            summary=SUMMARY,
            now=now,
        )


def with_marks(action: UpdateTicket, marks: Marks | None) -> UpdateTicket:
    """Triage's own change with the tags in it, so that the helpdesk is asked once."""
    if marks is None:
        return action
    changed, _ = marks
    return replace(
        action,
        add_tags=(*action.add_tags, *changed.add_tags),
        remove_tags=(*action.remove_tags, *changed.remove_tags),
    )


def end_pages_in(
    run: Runtime, transaction: Transaction, tenant: str, ref: str, standing: Standing, *, now: datetime
) -> None:
    """Whoever was paged need not look any more; said once for each page, however often it is planned."""
    for page, action in page_ends(ref, standing):
        ended = Page(
            summary=f"Ticket {ref}: {action.value}",
            severity=Severity.INFO,
            source=f"ticket {ref}",
            action=action,
            incident=effect_key(tenant, PAGE, "", page),
            tickets=(ref,),
        )
        run.store.outbox.add_in(
            transaction,
            tenant=tenant,
            kind=PAGE,
            ticket_ref=None,
            cause=f"{page}\x1f{action.value}",
            payload=ended.to_payload(),
            summary=ended.summary,
            now=now,
        )
