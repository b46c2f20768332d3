"""Request bodies of the ticket endpoints, read into our drafts and changes (platform notes 2.1 to 2.5)."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.simulator.changes import WRITABLE, Invalid
from connectors.simulator.records import Change, Draft, NewComment, Ticket
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire
from connectors.simulator.zendesk.errors import ApiError

TAG = re.compile(r"<[^>]+>")
NUMBERS = ("requester_id", "organization_id", "group_id", "assignee_id", "problem_id")


def bad_request(text: str) -> ApiError:
    return ApiError(400, {"error": "InvalidValue", "description": text})


def part(body: Any, name: str) -> dict[str, Any]:
    """The object under `name`; raises the 400 answer when it is not there."""
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise ApiError(400, {"error": "BadRequest", "description": f"Parameter {name} is required"})
    return found


def read_change(asked: Mapping[str, Any], ticket: Ticket, state: HelpdeskState) -> Change:
    """What a `PUT` asks of this ticket. `tags` replaces the set; `safe_update`, true or false, locks."""
    tags = asked.get("tags")
    return Change(
        attributes=read_attributes(asked, state),
        custom_fields=read_custom_fields(asked),
        tags=None if tags is None else read_tags(tags),
        add_tags=read_tags(asked.get("additional_tags") or ()),
        remove_tags=read_tags(asked.get("remove_tags") or ()),
        comment=read_comment(asked.get("comment"), default_public=ticket.is_public),
        expected_updated_at=read_stamp(asked),
    )


def read_draft(asked: Mapping[str, Any], user_id: int, state: HelpdeskState) -> Draft:
    """What a `POST /tickets` asks for; an unknown requester is created. Raises `Invalid`."""
    comment = read_comment(asked.get("comment"), default_public=True)
    text = comment.body if comment else str(asked.get("description") or "")
    if not text.strip():
        raise Invalid({"base": "Description: cannot be blank"})
    attributes = read_attributes(asked, state)
    requester_id = attributes.pop("requester_id", None) or user_id
    return Draft(
        requester_id=requester_id,
        subject=str(attributes.pop("subject", None) or text.splitlines()[0][:80]),
        body=text,
        public=comment.public if comment else True,
        attributes=attributes,
        tags=read_tags(asked.get("tags") or ()),
        custom_fields=read_custom_fields(asked),
    )


def read_attributes(asked: Mapping[str, Any], state: HelpdeskState) -> dict[str, Any]:
    attributes = {name: asked[name] for name in WRITABLE if name in asked}
    for name in NUMBERS:
        value = attributes.get(name)
        if value is not None:
            attributes[name] = number(name, value)
    if "status" in attributes:
        attributes["status"] = wire.STATUS_IN.get(attributes["status"], attributes["status"])
    if email := asked.get("assignee_email"):
        agent = state.user_by_email(str(email))
        attributes["assignee_id"] = agent.id if agent else -1
    requester = asked.get("requester")
    if isinstance(requester, dict) and requester.get("email"):
        person = state.user_by_email(requester["email"])
        if person is None:
            person = state.add_person(requester.get("name") or requester["email"], requester["email"])
        attributes["requester_id"] = person.id
    return attributes


def read_custom_fields(asked: Mapping[str, Any]) -> dict[int, Any]:
    listed = asked.get("custom_fields") or asked.get("fields") or ()
    if not isinstance(listed, list | tuple):
        raise bad_request("custom_fields must be a list")
    return {number("custom_fields", entry.get("id")): entry.get("value") for entry in listed if isinstance(entry, dict)}


def read_tags(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    return tuple(str(tag) for tag in value)


def read_comment(asked: Any, *, default_public: bool) -> NewComment | None:
    """A comment without `public` takes the ticket's own (the first comment's value carries over)."""
    if isinstance(asked, str):
        asked = {"body": asked}
    if not isinstance(asked, dict):
        return None
    body = asked.get("body") or html.unescape(TAG.sub("", asked.get("html_body") or ""))
    if not str(body).strip():
        return None
    public = asked.get("public")
    author = asked.get("author_id")
    return NewComment(
        body=str(body),
        public=default_public if public is None else bool(public),
        author_id=number("author_id", author) if author else None,
    )


def read_stamp(asked: Mapping[str, Any]) -> datetime | None:
    if "safe_update" not in asked:
        return None
    try:
        return datetime.fromisoformat(str(asked.get("updated_stamp")))
    except ValueError:
        raise bad_request("updated_stamp must be the updated_at that was read") from None


def read_metadata(asked: Mapping[str, Any]) -> dict[str, Any]:
    metadata = asked.get("metadata")
    return dict(metadata) if isinstance(metadata, dict) else {}


def number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdigit():
        raise bad_request(f"{name} must be a number")
    return int(value)
