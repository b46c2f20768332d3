"""A change as the body of one PUT: fields, tags, note and marker together. Pure.

`tags` replaces the whole set, so it is always the current set with our additions and removals; a dropdown
field's value is a tag as well, so both move together.
https://developer.zendesk.com/api-reference/ticketing/ticket-management/tags/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.errors import Rejected
from connectors.marks import marker_tag, tag_text
from connectors.zendesk import mapping, wire
from triage.actions import UpdateTicket

AUDIT_KEY = "deskhand_key"
# Our name for a system field -> Zendesk's, for `UpdateTicket.clear`.
CLEARABLE = {"priority": "priority", "group_id": "group_id", "group": "group_id"}


def build_body(
    change: UpdateTicket, current: wire.Ticket, field_ids: Mapping[str, str], key: str
) -> dict[str, Any] | None:
    """What to PUT, guarded by the version that was read; None when the ticket is already as asked for."""
    change, _ = change.yielding(current.normalised(field_ids))
    body: dict[str, Any] = {}
    tags = set(current.tags or ())
    asked = _taxonomy_values(change, field_ids)
    before = {name: current.field_value(name, field_ids) for name in {*field_ids, *asked}}
    changed = [name for name in asked if name in field_ids and asked[name] != before[name]]
    if changed:
        body["custom_fields"] = [{"id": number(field_ids[name]), "value": asked[name]} for name in changed]
    body.update(_system_values(change, current))
    # Old taxonomy tags go, unless another dropdown still holds the same value; new ones win over `remove_tags`.
    after = before | asked
    held = {after[name] for name in field_ids}
    tags -= {before[name] or "" for name in changed} - held
    tags = {tag for tag in tags if not any(tag.startswith(f"{name}_") for name in asked if name not in field_ids)}
    tags = (tags | set(map(tag_text, change.add_tags))) - set(map(tag_text, change.remove_tags))
    for name, value in asked.items():
        if value:
            tags.add(value if name in field_ids else tag_text(f"{name}_{value}"))
    if change.note:
        body["comment"] = {"body": change.note, "public": False}
    if not body and tags == set(current.tags or ()):
        return None
    return body | guarded(current, tags, key)


def guarded(current: wire.Ticket, tags: Iterable[str] | None, key: str) -> dict[str, Any]:
    """What makes a write conditional on the version read and findable by its key; `tags` None leaves them alone."""
    body: dict[str, Any] = {"safe_update": True, "updated_stamp": current.updated_at, "metadata": {AUDIT_KEY: key}}
    if tags is not None:
        body["tags"] = sorted({*tags, marker_tag(key)})
    return body


def without_marks(current: wire.Ticket, keys: Iterable[str]) -> dict[str, Any] | None:
    """What takes these keys' markers off and nothing else; None when none is there. It leaves no marker of its own."""
    tags = set(current.tags or ())
    kept = tags - set(map(marker_tag, keys))
    if kept == tags:
        return None
    return {"safe_update": True, "updated_stamp": current.updated_at, "tags": sorted(kept)}


def _taxonomy_values(change: UpdateTicket, field_ids: Mapping[str, str]) -> dict[str, str | None]:
    """Field name -> new value, None to clear it."""
    asked: dict[str, str | None] = {
        name: value for name in wire.TAXONOMY_FIELDS if (value := getattr(change, name)) is not None
    }
    for name in change.clear:
        if name in wire.TAXONOMY_FIELDS or name in field_ids:
            asked.setdefault(name, None)
        elif name not in CLEARABLE:
            raise Rejected(f"there is no field {name!r} to clear", vendor="zendesk", operation="update_ticket")
    return asked


def _system_values(change: UpdateTicket, current: wire.Ticket) -> dict[str, Any]:
    """Priority and group where they differ from what was read; a new value wins over `clear`."""
    was = {"priority": current.priority, "group_id": current.group_id}
    wanted: dict[str, str | None] = {CLEARABLE[name]: None for name in change.clear if name in CLEARABLE}
    if change.priority is not None:
        wanted["priority"] = mapping.PRIORITY_OUT[change.priority]
    if change.group_id is not None:
        wanted["group_id"] = change.group_id
    differing = {name: value for name, value in wanted.items() if value != was[name]}
    if differing.get("group_id"):
        return differing | {"group_id": number(differing["group_id"])}
    return differing


def number(identifier: str | None) -> int | str | None:
    """Ids are numbers on Zendesk's side; anything else is passed on for Zendesk to refuse."""
    return int(identifier) if identifier and identifier.isdecimal() else identifier
