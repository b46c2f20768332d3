"""A ticket's audits, with what it was created with, and its SLA clocks (platform notes 2.5, 2.12)."""

from __future__ import annotations

from typing import Any

from connectors.simulator.due import due_times
from connectors.simulator.records import Audit, FieldChange, Ticket
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire

SET_AT_CREATION = ("subject", "requester_id", "status", "priority", "type", "group_id", "assignee_id")
HELD = ("pending", "on_hold")


def audit(state: HelpdeskState, record: Audit) -> dict[str, Any]:
    """One request's trace. The first has an event for each field that the ticket was created with."""
    shown = wire.audit(record)
    if record.created:
        shown["events"] = [*_created(state, record), *shown["events"]]
    return shown


def policy_metrics(state: HelpdeskState, ticket: Ticket) -> list[dict[str, Any]]:
    """The ticket's clocks: one that is held has no time at which it would breach, one that is done keeps it."""
    schedules = sorted(state.schedules.values(), key=lambda one: not one.is_default)
    policies = sorted(state.policies.values(), key=lambda one: one.position)
    due = due_times(ticket, ticket.priority or "", policies, schedules[0] if schedules else None)
    if due is None:
        return []
    held = ticket.status in HELD
    ended = {
        "first_reply_time": _answered(state, ticket),
        "total_resolution_time": ticket.status in ("solved", "closed"),
    }
    found = []
    for (metric, is_done), at in zip(ended.items(), due, strict=True):
        is_held = held and metric == "total_resolution_time" and not is_done
        stage = "achieved" if is_done else "paused" if is_held else "active"
        days = (at - state.now()).days
        found.append({"breach_at": None if is_held else wire.stamp(at), "stage": stage, "metric": metric, "days": days})
    return found


def _created(state: HelpdeskState, record: Audit) -> list[dict[str, Any]]:
    """The values of now, with every change since taken back."""
    ticket = state.tickets[record.ticket_id]
    values = {name: getattr(ticket, name) for name in SET_AT_CREATION}
    for later in reversed(state.audits[record.ticket_id]):
        values |= {change.field: change.before for change in later.changes if change.field in values}
    changes = [FieldChange(field=name, before=None, after=value) for name, value in values.items() if value is not None]
    # Ids of their own, below those of the fields that `wire.audit` numbers.
    return [
        {key: value for key, value in event.items() if key != "previous_value"} | {"type": "Create"}
        for event in (wire.audit_event(record, 50 + number, change) for number, change in enumerate(changes))
    ]


def _answered(state: HelpdeskState, ticket: Ticket) -> bool:
    users = state.users
    return any(
        comment.public and comment.author_id in users and users[comment.author_id].is_staff
        for comment in state.comments.get(ticket.id, [])
    )
