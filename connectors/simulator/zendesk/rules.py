"""Trigger conditions and Liquid placeholders (platform notes 1.8): pure functions of an event."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.simulator.records import Event, Ticket, User
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire

# How an update came: mail = 4, API = 5; the rest of the numbers are only used here.
VIA_IDS = {"web": "0", "mail": "4", "api": "5", "chat": "29"}
PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
PLAIN_FIELDS = ("status", "priority", "type", "group_id", "assignee_id", "organization_id", "requester_id")
OWN_FIELDS = ("update_type", "current_tags", "role", "comment_is_public", "current_via_id", "via_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A business rule; `conditions` is Zendesk's `{"all": […], "any": […]}`."""

    id: int
    title: str
    conditions: Mapping[str, Sequence[Mapping[str, Any]]]
    actions: Sequence[Mapping[str, Any]]
    active: bool = True
    category_id: str | None = None
    description: str = ""
    created_at: str = ""
    updated_at: str = ""


def known_field(name: str) -> bool:
    return name in PLAIN_FIELDS or name in OWN_FIELDS or name.startswith("custom_fields_")


def matches(trigger: Trigger, event: Event, actor: User | None) -> bool:
    """All of `all` and, when there is one, any of `any`."""
    if not trigger.active or event.after.deleted:
        return False
    every = trigger.conditions.get("all") or ()
    some = trigger.conditions.get("any") or ()
    return all(holds(one, event, actor) for one in every) and (
        not some or any(holds(one, event, actor) for one in some)
    )


def holds(condition: Mapping[str, Any], event: Event, actor: User | None) -> bool:
    """One condition; an operator that is not spoken here never holds."""
    name, operator, value = str(condition.get("field")), condition.get("operator"), condition.get("value")
    if operator in ("changed", "not_changed"):
        key = name.removeprefix("custom_fields_")
        return (key in {change.field for change in event.audit.changes}) is (operator == "changed")
    if name == "current_tags":
        hit = bool(set(str(value).split()) & set(event.after.tags))
        return {"includes": hit, "not_includes": not hit}.get(str(operator), False)
    if name == "role":
        equal = actor is not None and str(value) in _roles(actor)
    else:
        equal = _text(_value(name, event)) == _text(value)
    return {"is": equal, "is_not": not equal}.get(str(operator), False)


def render(template: str, event: Event, state: HelpdeskState) -> str:
    """The template with its placeholders filled; unknown ones become empty and nothing is escaped for JSON."""
    return PLACEHOLDER.sub(lambda match: _placeholder(match[1], event, state), template)


def _roles(actor: User) -> set[str]:
    return {str(actor.id), actor.role.replace("-", "_"), *(("agent",) if actor.is_staff else ())}


def _value(name: str, event: Event) -> Any:
    ticket, comment = event.after, event.audit.comment
    if name.startswith("custom_fields_"):
        key = name.removeprefix("custom_fields_")
        return ticket.custom_fields.get(int(key)) if key.isdigit() else None
    if name in PLAIN_FIELDS:
        value = getattr(ticket, name)
        return wire.status(value) if name == "status" else value
    return {
        "update_type": "Create" if event.before is None else "Change",
        "comment_is_public": "not_relevant" if comment is None else str(comment.public).lower(),
        "current_via_id": VIA_IDS.get(event.audit.channel, ""),
        "via_id": VIA_IDS.get(ticket.channel, ""),
    }.get(name)


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _placeholder(name: str, event: Event, state: HelpdeskState) -> str:
    ticket = event.after
    requester = state.users.get(ticket.requester_id)
    organization = state.organizations.get(ticket.organization_id or 0)
    actor = state.users.get(event.audit.author_id)
    if name.startswith("ticket.ticket_field_"):
        key = name.removeprefix("ticket.ticket_field_")
        return str((ticket.custom_fields.get(int(key)) if key.isdigit() else None) or "")
    simple: dict[str, Callable[[], Any]] = {
        "ticket.id": lambda: ticket.id,
        "ticket.title": lambda: ticket.subject,
        "ticket.description": lambda: ticket.description,
        "ticket.status": lambda: wire.status(ticket.status).capitalize(),
        "ticket.priority": lambda: (ticket.priority or "").capitalize(),
        "ticket.tags": lambda: " ".join(ticket.tags),
        "ticket.via": lambda: wire.CHANNEL_OUT.get(ticket.channel, ticket.channel),
        "ticket.updated_at_with_timestamp": lambda: wire.stamp(ticket.updated_at),
        "ticket.created_at_with_timestamp": lambda: wire.stamp(ticket.created_at),
        "ticket.latest_comment": lambda: _latest_comment(ticket, state),
        "ticket.requester.email": lambda: requester and requester.email,
        "ticket.requester.id": lambda: ticket.requester_id,
        "ticket.organization.external_id": lambda: organization and organization.external_id,
        "ticket.group.id": lambda: ticket.group_id,
        "current_user.id": lambda: event.audit.author_id,
        "current_user.email": lambda: actor and actor.email,
    }
    value = simple.get(name, lambda: None)()
    return "" if value is None else str(value)


def _latest_comment(ticket: Ticket, state: HelpdeskState) -> str:
    comments = state.comments.get(ticket.id) or []
    return comments[-1].body if comments else ""
