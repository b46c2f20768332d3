"""What a committed write means in Freshdesk's words: the fields that changed, by their names and codes. Pure."""

from __future__ import annotations

from typing import Any

from connectors.simulator.freshdesk import codes
from connectors.simulator.freshdesk.wire import NOTE
from connectors.simulator.records import Event, Ticket
from connectors.simulator.state import HelpdeskState

Changes = dict[str, tuple[Any, Any]]


def changes(event: Event, state: HelpdeskState) -> Changes:
    """`{name: (before, after)}`, custom fields as `cf_…`; a new ticket has none."""
    if event.before is None:
        return {}
    before, after = _values(event.before, state), _values(event.after, state)
    return {name: (before[name], after[name]) for name in after if before[name] != after[name]}


def spoken(event: Event) -> str | None:
    """`public` or `private` for a note, `reply` for a reply of either side, None when nobody spoke."""
    comment = event.audit.comment
    if comment is None or event.before is None:
        return None
    if not comment.public:
        return "private"
    return "public" if comment.channel == NOTE else "reply"


def _values(ticket: Ticket, state: HelpdeskState) -> dict[str, Any]:
    custom = {
        codes.field_name(field): ticket.custom_fields.get(field.id) for field in list(state.ticket_fields.values())
    }
    return {
        "status": codes.status_code(ticket),
        "priority": codes.priority_code(ticket),
        "type": codes.type_label(ticket),
        "group_id": ticket.group_id,
        "responder_id": ticket.assignee_id,
        "requester_id": ticket.requester_id,
        "company_id": ticket.organization_id,
        "subject": ticket.subject,
        "tags": list(ticket.tags),
        "deleted": ticket.deleted,
        **custom,
    }
