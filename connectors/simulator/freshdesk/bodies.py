"""Request bodies of the ticket endpoints, checked against the account's form and read into changes and drafts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.simulator.changes import clean_tags
from connectors.simulator.freshdesk import codes
from connectors.simulator.freshdesk.checks import mismatch, missing, no_such, not_a_choice, unknown_field
from connectors.simulator.freshdesk.due import Pair
from connectors.simulator.freshdesk.errors import FieldError, invalid
from connectors.simulator.records import Ticket, TicketField
from connectors.simulator.state import HelpdeskState

TICKET_KEYS = {
    **dict.fromkeys(("email", "phone", "name", "twitter_id", "unique_external_id", "facebook_id"), "text"),
    **dict.fromkeys(("subject", "description", "type", "due_by", "fr_due_by"), "text"),
    **dict.fromkeys(("requester_id", "status", "priority", "source", "group_id", "responder_id"), "number"),
    **dict.fromkeys(("product_id", "email_config_id", "company_id", "parent_id", "association_type"), "number"),
    **dict.fromkeys(("internal_agent_id", "internal_group_id"), "number"),
    **dict.fromkeys(("tags", "cc_emails"), "texts"),
    "related_ticket_ids": "numbers",
    "custom_fields": "object",
}
PEOPLE = ("requester_id", "email", "phone", "unique_external_id", "twitter_id", "facebook_id")
KINDS_OF_FIELD = {
    "checkbox": "flag", "integer": "number", "decimal": "decimal", "date": "date", "tagger": "text", "text": "text",
    "textarea": "text",
}  # fmt: skip


def read_attributes(asked: Mapping[str, Any], state: HelpdeskState, before: Ticket | None) -> dict[str, Any]:
    """The asked values in our words, those that already are so left out; raises the 400 answer."""
    errors: list[FieldError] = []
    found: dict[str, Any] = {}
    for name, read in (("status", _status), ("priority", _priority), ("type", _type)):
        if asked.get(name) is not None or (name == "type" and name in asked):
            result = read(asked[name], before)
            if isinstance(result, FieldError):
                errors.append(result)
            else:
                found |= result
    tables: dict[str, Any] = {
        "group_id": state.groups,
        "responder_id": {key: user for key, user in state.users.items() if user.is_staff},
        "company_id": state.organizations,
        "requester_id": state.users,
    }
    names = {"responder_id": "assignee_id", "company_id": "organization_id"}
    for name, table in tables.items():
        if name in asked and asked[name] is not None and asked[name] not in table:
            errors.append(FieldError(name, "There is no agent matching the given responder_id")
                          if name == "responder_id" else no_such(name))  # fmt: skip
        elif name in asked and (asked[name] is not None or name != "requester_id"):
            found[names.get(name, name)] = asked[name]
    if asked.get("source") is not None and asked["source"] not in codes.SOURCE_LABELS:
        errors.append(not_a_choice("source", codes.SOURCE_LABELS))
    if asked.get("subject") is not None:
        found["subject"] = asked["subject"]
    if errors:
        raise invalid(*errors)
    return found


def read_custom_fields(asked: Mapping[str, Any], state: HelpdeskState) -> dict[int, Any]:
    """Values by field id; a drop-down's value must be among its choices. Raises the 400 answer."""
    by_name = {codes.field_name(field): field for field in state.ticket_fields.values()}
    errors: list[FieldError] = []
    found: dict[int, Any] = {}
    for name, value in (asked.get("custom_fields") or {}).items():
        field = by_name.get(name)
        error = unknown_field(name) if field is None else _custom_error(field, name, value)
        if error is not None:
            errors.append(error)
        elif field is not None:
            found[field.id] = value
    if errors:
        raise invalid(*errors)
    return found


def check_form(values: Mapping[int, Any], status: str, state: HelpdeskState) -> None:
    """A field that the form requires must not be empty, whatever the request was about."""
    solving = status in ("solved", "closed")
    errors = [
        missing(codes.field_name(field))
        for field in state.ticket_fields.values()
        if (field.required or (solving and field.required_to_solve)) and values.get(field.id) in (None, "")
    ]
    if errors:
        raise invalid(*errors)


def read_tags(asked: Mapping[str, Any]) -> tuple[str, ...] | None:
    return clean_tags(asked["tags"]) if asked.get("tags") is not None else None


def read_due(asked: Mapping[str, Any]) -> Pair | None:
    """Due times set by hand come in twos."""
    given = [name for name in ("due_by", "fr_due_by") if asked.get(name) is not None]
    if not given:
        return None
    if len(given) == 1:
        other = ({"due_by", "fr_due_by"} - set(given)).pop()
        raise invalid(missing(other))
    try:
        return datetime.fromisoformat(asked["fr_due_by"]), datetime.fromisoformat(asked["due_by"])
    except ValueError:
        raise invalid(FieldError("due_by", "It should be in the 'combined date and time ISO8601' format")) from None


def _status(code: int, before: Ticket | None) -> dict[str, Any] | FieldError:
    status = codes.STATUSES.get(code)
    if status is None:
        return not_a_choice("status", codes.STATUSES)
    if before is not None and codes.status_code(before) == code:
        return {}
    usual = codes.USUAL_CODES[status.word] == code
    return {"status": status.word, "status_code": None if usual else code}


def _priority(code: int, before: Ticket | None) -> dict[str, Any] | FieldError:
    if code not in codes.PRIORITY_WORDS:
        return not_a_choice("priority", codes.PRIORITY_WORDS)
    if before is not None and codes.priority_code(before) == code:
        return {}
    return {"priority": codes.PRIORITY_WORDS[code]}


def _type(label: str | None, _before: Ticket | None) -> dict[str, Any] | FieldError:
    if label is not None and label not in codes.TYPE_WORDS:
        return not_a_choice("type", codes.TYPE_WORDS)
    return {"type": codes.TYPE_WORDS[label] if label else None}


def _custom_error(field: TicketField, name: str, value: Any) -> FieldError | None:
    error = mismatch(name, value, KINDS_OF_FIELD.get(field.type, "any"))
    if error is None and field.type == "tagger" and value not in (None, ""):
        choices = [option.value for option in field.options]
        error = None if value in choices else not_a_choice(name, choices)
    return error
