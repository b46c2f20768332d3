"""One UpdateTicket as the body of one PUT that holds only what differs. Pure.

`tags` replaces the whole list, so it is always the current list with our additions and removals.
https://developers.freshdesk.com/api/#update_ticket
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.errors import Rejected
from connectors.freshdesk import mapping, wire
from connectors.freshdesk.api import number
from connectors.freshdesk.fields import Fields
from connectors.marks import marker_tag, tag_text
from triage.actions import UpdateTicket

# Our name for a system field -> Freshdesk's, for `UpdateTicket.clear`.
CLEARABLE = {"priority": "priority", "group_id": "group_id", "group": "group_id"}


def plan(change: UpdateTicket, *, current: wire.Ticket, fields: Fields, key: str) -> Mapping[str, Any] | None:
    """What to PUT: the difference between `current` and what is asked; None for nothing.

    The marker goes along whenever something is written or a note will be.
    """
    change, _ = change.yielding(current.normalised(fields))
    wanted = _wanted(change, fields)
    now = _values(current, wanted, fields)
    differing = {name: value for name, value in wanted.items() if value != now[name]}
    body = _body(differing, fields)
    tags = _tags(change, current, differing, fields)
    if not body and tags == current.tags and not change.note:
        return None
    marker = marker_tag(key)
    body["tags"] = [*(tag for tag in tags if tag != marker), marker]
    return body


def bulk_properties(change: UpdateTicket, fields: Fields) -> Mapping[str, Any] | None:
    """The change as one property set for many tickets; None when it needs each ticket's own tags or a note."""
    wanted = _wanted(change, fields)
    needs_tags = any(name in wire.TAXONOMY_FIELDS and name not in fields.names for name in wanted)
    if change.note or change.add_tags or change.remove_tags or needs_tags or not wanted:
        return None
    return _body(wanted, fields)


def with_tag(current: wire.Ticket, tag: str) -> Mapping[str, Any]:
    """The body that adds one tag and touches nothing else."""
    return {"tags": [*(each for each in current.tags if each != tag), tag]}


def without_marks(current: wire.Ticket, keys: Iterable[str]) -> Mapping[str, Any] | None:
    """What takes these keys' markers off and nothing else; None when none is there."""
    marks = set(map(marker_tag, keys))
    kept = [tag for tag in current.tags if tag not in marks]
    return None if len(kept) == len(current.tags) else {"tags": kept}


def _wanted(change: UpdateTicket, fields: Fields) -> dict[str, Any]:
    """Our field name -> Freshdesk's value for it, None to clear it; a new value wins over `clear`."""
    wanted: dict[str, Any] = {
        name: value for name in wire.TAXONOMY_FIELDS if (value := getattr(change, name)) is not None
    }
    if change.priority is not None:
        wanted["priority"] = mapping.PRIORITY_OUT[change.priority]
    if change.group_id is not None:
        wanted["group_id"] = change.group_id
    for name in change.clear:
        if name in CLEARABLE:
            wanted.setdefault(CLEARABLE[name], None)
        elif name in wire.TAXONOMY_FIELDS or name in fields.names:
            wanted.setdefault(name, None)
        else:
            raise Rejected(f"there is no field {name!r} to clear", vendor="freshdesk", operation="update_ticket")
    return wanted


def _values(ticket: wire.Ticket, names: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """What the ticket holds under each name, in the form of `_wanted`; a taxonomy key in a tag as its tag has it."""
    priority = mapping.priority(ticket.priority)
    system = {"priority": mapping.PRIORITY_OUT[priority] if priority else None, "group_id": ticket.group_id}
    return {name: system[name] if name in system else ticket.field_value(name, fields) for name in names}


def _body(values: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if "priority" in values:
        body["priority"] = values["priority"]
    if "group_id" in values:
        body["group_id"] = number(values["group_id"]) if values["group_id"] else None
    custom = {
        fields.names[name]: fields.text(name, value) if value else None
        for name, value in values.items()
        if name in fields.names
    }
    if custom:
        body["custom_fields"] = custom
    return body


def _tags(change: UpdateTicket, current: wire.Ticket, differing: Mapping[str, Any], fields: Fields) -> tuple[str, ...]:
    """The current tags in their order without what goes, then what is new."""
    in_tags = {
        name: value for name, value in differing.items() if name in wire.TAXONOMY_FIELDS and name not in fields.names
    }
    removed = set(map(tag_text, change.remove_tags))
    kept = [
        tag
        for tag in current.tags
        if tag_text(tag) not in removed and not any(tag.startswith(f"{name}_") for name in in_tags)
    ]
    added = [tag for tag in map(tag_text, change.add_tags) if tag not in removed]
    added += [tag_text(f"{name}_{value}") for name, value in in_tags.items() if value]
    present = set(map(tag_text, kept))
    return (*kept, *(tag for tag in dict.fromkeys(added) if tag not in present))
