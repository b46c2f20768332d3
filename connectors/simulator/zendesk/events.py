"""Event-subscription envelopes (platform notes 1.2, 1.3): string ids, upper-case enums, nanoseconds."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.simulator.records import Event, FieldChange, Ticket
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire

PREFIX = "zen:event-type:ticket."
BY_FIELD = {
    "status": "status_changed",
    "priority": "priority_changed",
    "type": "type_changed",
    "group_id": "group_assignment_changed",
    "assignee_id": "agent_assignment_changed",
    "organization_id": "organization_changed",
    "requester_id": "requester_changed",
    "problem_id": "problem_link_changed",
    "subject": "subject_changed",
    "external_id": "external_id_changed",
    "tags": "tags_changed",
}


def envelopes(event: Event, state: HelpdeskState) -> Iterator[dict[str, Any]]:
    """One envelope for each thing that happened in the write, in no promised order."""
    sequence = secrets.token_hex(6).upper()
    for position, (name, body) in enumerate(_happenings(event, state), start=1):
        yield {
            "account_id": state.account_id,
            "id": str(uuid.uuid4()),
            "time": _nanoseconds(state.now()),
            "zendesk_event_version": "2022-11-06",
            "type": PREFIX + name,
            "subject": f"zen:ticket:{event.after.id}",
            "detail": detail(event.after, actor_id=event.audit.author_id),
            "event": {**body, "meta": {"sequence": {"id": sequence, "position": position}}} if body else {},
        }


def detail(ticket: Ticket, *, actor_id: int) -> dict[str, Any]:
    """The ticket as the envelope shows it: no custom fields, no requester address."""
    return {
        "id": str(ticket.id),
        "subject": ticket.subject,
        "description": ticket.description,
        "status": wire.status(ticket.status).upper(),
        "priority": _upper(ticket.priority),
        "type": _upper(ticket.type),
        "tags": list(ticket.tags) or None,
        "is_public": ticket.is_public,
        "requester_id": str(ticket.requester_id),
        "submitter_id": str(ticket.submitter_id),
        "assignee_id": _id(ticket.assignee_id),
        "group_id": _id(ticket.group_id),
        "organization_id": _id(ticket.organization_id),
        "brand_id": str(wire.BRAND_ID),
        "form_id": str(wire.FORM_ID),
        "custom_status": "1",
        "external_id": ticket.external_id,
        "actor_id": str(actor_id),
        "created_at": wire.stamp(ticket.created_at),
        "updated_at": wire.stamp(ticket.updated_at),
        "via": {"channel": ticket.channel},
    }


def _happenings(event: Event, state: HelpdeskState) -> Iterator[tuple[str, dict[str, Any]]]:
    if event.before is None:
        yield "created", {}
    elif event.after.deleted:
        yield "soft_deleted", {}
    for change in event.audit.changes:
        yield BY_FIELD.get(change.field, "custom_field_changed"), _change(change, state)
    comment = event.audit.comment
    if comment is not None and event.before is not None:
        author = state.users.get(comment.author_id)
        yield (
            "comment_added",
            {
                "comment": {
                    "id": str(comment.id),
                    "body": comment.body,
                    "html_body": wire.comment(comment)["html_body"],
                    "is_public": comment.public,
                    "author": {
                        "id": str(comment.author_id),
                        "is_staff": bool(author and author.is_staff),
                        "name": author.name if author else "",
                    },
                }
            },
        )


def _change(change: FieldChange, state: HelpdeskState) -> dict[str, Any]:
    if change.field == "tags":
        before, after = set(change.before), set(change.after)
        return {
            "current": list(change.after),
            "previous": list(change.before),
            "tags_added": sorted(after - before),
            "tags_removed": sorted(before - after),
        }
    body = {"current": _shown(change.field, change.after), "previous": _shown(change.field, change.before)}
    if change.field.isdigit():
        field = state.ticket_fields.get(int(change.field))
        body["field"] = {"id": change.field, "title": field.title if field else "", "type": field.type if field else ""}
    return body


def _shown(field: str, value: Any) -> Any:
    if value is None:
        return None
    if field == "status":
        return wire.status(value).upper()
    return str(value).upper() if field in ("priority", "type") else str(value)


def _upper(word: str | None) -> str | None:
    return word.upper() if word else None


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


def _nanoseconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "417Z"
