"""What a change makes of a ticket: pure, so the helpdesk's odd rules can be read and tested alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.simulator.records import PRIORITIES, STATUSES, TYPES, Change, FieldChange, Ticket, TicketField

ENUMS: dict[str, tuple[str, ...]] = {"status": STATUSES, "priority": PRIORITIES, "type": TYPES}
WRITABLE = (
    *("assignee_id", "external_id", "group_id", "organization_id", "priority", "problem_id"),
    *("requester_id", "status", "status_code", "subject", "type"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Where helpdesks differ in what a write does; the face sets them.

    `fields_are_tags`: a drop-down's value is also a tag. `closed_is_final`: a closed ticket takes no write.
    `problems_are_typed`: incidents hang on a ticket of type problem only, and are solved with it.
    `first_status`, `first_priority`: what a ticket has that nobody has touched.
    """

    fields_are_tags: bool = True
    closed_is_final: bool = True
    problems_are_typed: bool = True
    first_status: str = "new"
    first_priority: str | None = None


class Missing(LookupError):
    """The object does not exist, or was deleted."""


class Stale(Exception):
    """The ticket changed after the stamp that the writer holds."""


class Invalid(ValueError):
    """The write is refused; `details` says why, field by field."""

    def __init__(self, details: Mapping[str, str]) -> None:
        super().__init__("; ".join(details.values()))
        self.details = dict(details)


def clean_tags(tags: Collection[str]) -> tuple[str, ...]:
    """Tags are lower case and contain no space; a set in sorted order."""
    return tuple(sorted({part for tag in tags for part in str(tag).lower().split()}))


def check_enums(attributes: Mapping[str, Any]) -> None:
    """Raise `Invalid` for a word outside its closed set. Priority and type may be empty."""
    problems = {
        name: f"{name.capitalize()}: {attributes[name]} is not valid"
        for name, allowed in ENUMS.items()
        if name in attributes and attributes[name] not in allowed and (name == "status" or attributes[name] is not None)
    }
    if problems:
        raise Invalid(problems)


def check_custom_fields(values: Mapping[int, Any], fields: Mapping[int, TicketField]) -> None:
    """Raise `Invalid` for an unknown field or an option it does not have."""
    problems: dict[str, str] = {}
    for field_id, value in values.items():
        field = fields.get(field_id)
        if field is None:
            problems[str(field_id)] = f"Custom field {field_id} does not exist"
        elif not field.accepts(value):
            problems[str(field_id)] = f"{field.title}: {value} is not an option"
    if problems:
        raise Invalid(problems)


def merge_tags(
    ticket: Ticket, change: Change, fields: Mapping[int, TicketField], *, fields_are_tags: bool = True
) -> tuple[tuple[str, ...], dict[int, Any]]:
    """Tags and custom fields after the change.

    With `fields_are_tags` writing a drop-down swaps the tag, and removing the tag empties the field.
    """
    tags = set(ticket.tags if change.tags is None else clean_tags(change.tags))
    tags |= set(clean_tags(change.add_tags))
    tags -= set(clean_tags(change.remove_tags))
    values = dict(ticket.custom_fields)
    for field_id, value in change.custom_fields.items():
        if fields_are_tags and fields[field_id].type == "tagger":
            tags.discard(str(values.get(field_id)))
            if value:
                tags.add(str(value))
        values[field_id] = value or None
    for field_id, value in values.items():
        field = fields.get(field_id)
        if fields_are_tags and value and field is not None and field.type == "tagger" and value not in tags:
            values[field_id] = None
    return tuple(sorted(tags)), values


def apply(
    ticket: Ticket, change: Change, fields: Mapping[int, TicketField], *, fields_are_tags: bool = True
) -> tuple[Ticket, tuple[FieldChange, ...]]:
    """The ticket with the change in it and the fields that really differ; time stamps are the caller's."""
    check_enums(change.attributes)
    check_custom_fields(change.custom_fields, fields)
    attributes = {name: value for name, value in change.attributes.items() if name in WRITABLE}
    if attributes.get("assignee_id") and ticket.status == "new" and "status" not in attributes:
        attributes["status"] = "open"
    if "status" in attributes:
        attributes.setdefault("status_code", None)
    tags, values = merge_tags(ticket, change, fields, fields_are_tags=fields_are_tags)
    after = replace(ticket, **attributes, tags=tags, custom_fields=values)
    return after, differences(ticket, after)


def differences(before: Ticket, after: Ticket) -> tuple[FieldChange, ...]:
    """The fields in which two states of a ticket differ, in a fixed order."""
    names = [*WRITABLE, "tags"]
    found = [
        FieldChange(field=name, before=getattr(before, name), after=getattr(after, name))
        for name in names
        if getattr(before, name) != getattr(after, name)
    ]
    ids = sorted(set(before.custom_fields) | set(after.custom_fields))
    found += [
        FieldChange(field=str(key), before=before.custom_fields.get(key), after=after.custom_fields.get(key))
        for key in ids
        if before.custom_fields.get(key) != after.custom_fields.get(key)
    ]
    return tuple(found)
