"""What one look at a ticket adds to its log, beside what the helpdesk tells of the ticket's past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from triage.actions import UpdateTicket
from triage.sla.log import Event, FactsSet, PrioritySet, Reply, StatusSet, once
from triage.sla.policies import Facts
from triage.tickets import Channel, Status, Ticket

UNTOUCHED = timedelta(seconds=2)
"""What a helpdesk's own automations take to change a ticket that was just created; nobody answers so fast."""
WRITTEN_BY_CUSTOMERS = frozenset({Channel.EMAIL, Channel.CHAT, Channel.IN_APP})
LEAST = timedelta(microseconds=1)
E = TypeVar("E", StatusSet, PrioritySet, FactsSet)


def is_untouched(ticket: Ticket, creator_id: str | None, own_actor_id: str | None) -> bool:
    """Whether nothing has happened to the ticket but that its requester wrote it, so that it needs no asking.

    An agent may have written it for a customer: then the description is an answer. `creator_id` is who created it,
    None where that is not known.
    """
    if creator_id is None:
        by_customer = ticket.channel in WRITTEN_BY_CUSTOMERS
    else:
        by_customer = creator_id in (ticket.requester_id, own_actor_id)
    return (
        by_customer
        and ticket.status in (Status.NEW, Status.OPEN)
        and ticket.assignee_id is None
        and ticket.updated_at - ticket.created_at <= UNTOUCHED
    )


def beginning(ticket: Ticket) -> tuple[Event, ...]:
    """The past of a ticket that `is_untouched`. That it has no priority says nothing: an automation may give it one
    within the same second.
    """
    at = ticket.created_at
    first: tuple[Event, ...] = (StatusSet(at=at, status=ticket.status), Reply(at=at, by_agent=False))
    return first if ticket.priority is None else (*first, PrioritySet(at=at, priority=ticket.priority))


def news(log: Iterable[Event], ticket: Ticket, facts: Facts, *, settled: bool) -> tuple[Event, ...]:
    """What the ticket is now and `log` does not say yet, from its last change on.

    While a change of ours is still on its way (not `settled`) only the status is taken: of the rest the log says more.
    """
    at, ordered = ticket.updated_at, once(log)
    found: list[Event] = []
    statuses = [event for event in ordered if isinstance(event, StatusSet)]
    if not statuses:
        # The helpdesk tells nothing of its past: it began as all tickets do.
        first = ticket.status if ticket.status is Status.OPEN else Status.NEW
        statuses = [StatusSet(at=ticket.created_at, status=first)]
        found += statuses
    if statuses[-1].status is not ticket.status:
        found.append(StatusSet(at=_after(statuses, at), status=ticket.status))
    if not settled:
        return tuple(found)
    priorities = [event for event in ordered if isinstance(event, PrioritySet)]
    if (priorities[-1].priority if priorities else None) is not ticket.priority:
        found.append(PrioritySet(at=_after(priorities, at), priority=ticket.priority))
    known = [event for event in ordered if isinstance(event, FactsSet)]
    if not known or known[-1].facts != facts:
        found.append(FactsSet(at=_after(known, at), facts=facts))
    return tuple(found)


def prioritised(ticket: Ticket, action: UpdateTicket) -> tuple[Event, ...]:
    """The priority that a change of ours will give the ticket, from the state on which that was decided.

    A person's change comes later, and wins in the log as it does in the helpdesk. Our own comes back as an event that
    is not looked at.
    """
    at = ticket.updated_at + LEAST
    return () if action.priority is None else (PrioritySet(at=at, priority=action.priority),)


def changed_by(action: UpdateTicket, ticket: Ticket) -> Ticket:
    """The ticket as it is with the change, as far as facts are concerned."""
    fields = {name: value for name in ("category", "product_area") if (value := getattr(action, name)) is not None}
    return replace(ticket, group_id=action.group_id or ticket.group_id, fields={**ticket.fields, **fields})


def last_facts(log: Iterable[Event]) -> Facts:
    """What was found last; empty before anything was."""
    found = [event for event in once(log) if isinstance(event, FactsSet)]
    return found[-1].facts if found else {}


def _after(known: Sequence[E], at: datetime) -> datetime:
    """`at`, or just after the last of what is known."""
    return max([at, *(event.at + LEAST for event in known[-1:])])
