"""Our records in Zendesk's REST shapes (support OpenAPI 2.0.0; platform notes 2.1, 2.5, 2.7)."""

from __future__ import annotations

import html
from datetime import datetime
from typing import Any

from connectors.simulator.records import (
    Audit,
    Comment,
    FieldChange,
    Group,
    Organization,
    OrganizationField,
    Ticket,
    TicketField,
    User,
)
from connectors.simulator.state import HelpdeskState

STATUS_OUT = {"on_hold": "hold"}
STATUS_IN = {"hold": "on_hold"}
CHANNEL_OUT = {"mail": "email"}
BRAND_ID = 5
FORM_ID = 12


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def status(word: str) -> str:
    return STATUS_OUT.get(word, word)


def via(channel: str) -> dict[str, Any]:
    return {"channel": CHANNEL_OUT.get(channel, channel), "source": {"from": {}, "to": {}, "rel": None}}


def ticket(state: HelpdeskState, record: Ticket, base: str) -> dict[str, Any]:
    custom = [{"id": key, "value": record.custom_fields.get(key)} for key in state.ticket_fields]
    return {
        "url": f"{base}/api/v2/tickets/{record.id}.json",
        "id": record.id,
        "external_id": record.external_id,
        "via": via(record.channel),
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "generated_timestamp": int(record.touched_at.timestamp()),
        "type": record.type,
        "subject": record.subject,
        "raw_subject": record.subject,
        "description": record.description,
        "priority": record.priority,
        "status": "deleted" if record.deleted else status(record.status),
        "requester_id": record.requester_id,
        "submitter_id": record.submitter_id,
        "assignee_id": record.assignee_id,
        "organization_id": record.organization_id,
        "group_id": record.group_id,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "problem_id": record.problem_id,
        "has_incidents": record.type == "problem" and state.has_incidents(record.id),
        "is_public": record.is_public,
        "due_at": None,
        "tags": list(record.tags),
        "custom_fields": custom,
        "fields": custom,
        "satisfaction_rating": satisfaction(state, record.id),
        "sharing_agreement_ids": [],
        "followup_ids": [],
        "ticket_form_id": FORM_ID,
        "brand_id": BRAND_ID,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
    }


def satisfaction(state: HelpdeskState, ticket_id: int) -> dict[str, Any]:
    """The ticket's latest rating."""
    given = [rating for rating in list(state.ratings.values()) if rating.ticket_id == ticket_id]
    if not given:
        return {"score": "unoffered"}
    return {"id": given[-1].id, "score": given[-1].score, "comment": given[-1].comment}


def comment(record: Comment) -> dict[str, Any]:
    markup = "".join(f"<p>{html.escape(part)}</p>" for part in record.body.split("\n\n"))
    return {
        "id": record.id,
        "type": "Comment",
        "author_id": record.author_id,
        "body": record.body,
        "html_body": f'<div class="zd-comment">{markup}</div>',
        "plain_body": record.body,
        "public": record.public,
        "attachments": [],
        "audit_id": record.audit_id,
        "via": via(record.channel),
        "created_at": stamp(record.created_at),
        "metadata": {"system": {}, "custom": {}},
    }


def field_value(name: str, value: Any) -> str:
    """An audit event's value: the OpenAPI file knows text and numbers only, so tags are joined and null is empty."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(value)
    return status(value) if name == "status" else str(value)


def audit(record: Audit) -> dict[str, Any]:
    """One request's trace: Create or Change events by field, then the comment."""
    events: list[dict[str, Any]] = [audit_event(record, number, change) for number, change in enumerate(record.changes)]
    if record.comment is not None:
        shown = comment(record.comment)
        events.append(
            {key: shown[key] for key in ("id", "type", "author_id", "body", "html_body", "public", "audit_id")}
        )
    return {
        "id": record.id,
        "ticket_id": record.ticket_id,
        "created_at": stamp(record.created_at),
        "author_id": record.author_id,
        "metadata": {"system": {"client": "simulated"}, "custom": dict(record.metadata)},
        "events": events,
        "via": via(record.channel),
    }


def audit_event(record: Audit, number: int, change: FieldChange) -> dict[str, Any]:
    return {
        "id": record.id * 100 + number,
        "type": "Create" if record.created else "Change",
        "field_name": change.field,
        "value": field_value(change.field, change.after),
        "previous_value": field_value(change.field, change.before),
    }


def user(record: User, base: str) -> dict[str, Any]:
    return {
        "id": record.id,
        "url": f"{base}/api/v2/users/{record.id}.json",
        "name": record.name,
        "email": record.email,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.created_at),
        "time_zone": record.time_zone,
        "iana_time_zone": record.time_zone,
        "locale": record.locale,
        "locale_id": 1,
        "organization_id": record.organization_id,
        **({"default_group_id": record.group_ids[0]} if record.group_ids else {}),
        "role": record.role,
        "verified": True,
        "active": True,
        "suspended": False,
        "shared": False,
        "tags": [],
        "user_fields": {},
        "external_id": None,
        "phone": None,
        "photo": None,
    }


def organization(record: Organization, base: str) -> dict[str, Any]:
    return {
        "id": record.id,
        "url": f"{base}/api/v2/organizations/{record.id}.json",
        "name": record.name,
        "external_id": record.external_id,
        "domain_names": list(record.domains),
        "tags": list(record.tags),
        "details": "",
        "notes": "",
        "group_id": None,
        "shared_tickets": False,
        "shared_comments": False,
        "organization_fields": dict(record.fields),
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
    }


def group(record: Group, base: str) -> dict[str, Any]:
    return {
        "id": record.id,
        "url": f"{base}/api/v2/groups/{record.id}.json",
        "name": record.name,
        "description": "",
        "default": False,
        "deleted": False,
        "is_public": True,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.created_at),
    }


def ticket_field(record: TicketField, base: str) -> dict[str, Any]:
    shown = {
        "id": record.id,
        "url": f"{base}/api/v2/ticket_fields/{record.id}.json",
        "type": record.type,
        "title": record.title,
        "raw_title": record.title,
        "description": "",
        "position": 1,
        "active": True,
        "required": False,
        "removable": True,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.created_at),
    }
    if record.type == "tagger":
        shown["custom_field_options"] = [
            {"id": record.id * 1000 + number, "name": option.name, "raw_name": option.name, "value": option.value}
            for number, option in enumerate(record.options)
        ]
    return shown


def organization_field(record: OrganizationField, base: str) -> dict[str, Any]:
    return {
        "id": record.id,
        "url": f"{base}/api/v2/organization_fields/{record.id}.json",
        "key": record.key,
        "type": record.type,
        "title": record.title,
        "active": True,
        "position": 1,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.created_at),
    }
