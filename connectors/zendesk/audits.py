"""A ticket's audits as what happened to it. Pure.

https://developer.zendesk.com/documentation/ticketing/reference-guides/ticket-audit-events-reference
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from connectors.base import Happening
from connectors.zendesk import mapping
from connectors.zendesk.wire import Id, OptionalId, Wire
from triage.sla.log import PrioritySet, Reply, StatusSet

logger = logging.getLogger(__name__)

FIELDS = frozenset({"Create", "Change"})
# A comment that is made private later stays what it was: the customer has had it by mail.
COMMENTS = frozenset({"Comment", "VoiceComment", "FacebookComment"})
SYSTEM = "-1"


class AuditEvent(Wire):
    """`public` and `author_id` are a comment's; without an author it is the audit's."""

    type: str
    field_name: str | None = None
    value: Any = None
    previous_value: Any = None
    public: bool | None = None
    author_id: OptionalId = None


class Audit(Wire):
    """One update of the ticket. Its events come as they are: new kinds of them are added at any time."""

    id: Id
    created_at: str
    author_id: OptionalId = None
    events: tuple[Any, ...] = ()

    @property
    def at(self) -> datetime:
        return mapping.parse_instant(self.created_at)

    @property
    def changes(self) -> Iterator[AuditEvent]:
        return self._read(FIELDS)

    @property
    def comments(self) -> Iterator[AuditEvent]:
        """With their authors; none of the system's own, which is neither the customer nor somebody who answers."""
        for event in self._read(COMMENTS):
            author_id = event.author_id or self.author_id
            if author_id is not None and author_id != SYSTEM:
                yield event.model_copy(update={"author_id": author_id})

    def _read(self, kinds: frozenset[str]) -> Iterator[AuditEvent]:
        for event in self.events:
            if isinstance(event, Mapping) and event.get("type") in kinds:
                yield AuditEvent.model_validate(event)


def readable(rows: Iterable[Any]) -> Iterator[Audit]:
    """The audits in rows; one that cannot be read is logged and left out, so that the others still count."""
    for row in rows:
        try:
            audit = Audit.model_validate(row)
            mapping.parse_instant(audit.created_at)
            list(audit.changes), list(audit.comments)
        except (ValidationError, ValueError) as error:
            known = row.get("id") if isinstance(row, Mapping) else None
            logger.warning("audit %s cannot be read: %s", str(known)[:40], type(error).__name__)
            continue
        yield audit


def authors(audits: Sequence[Audit]) -> set[str]:
    """Whose role counts: who wrote comments, by id, without those who ask."""
    written = {comment.author_id for audit in audits for comment in audit.comments if comment.author_id is not None}
    return written - {
        _text(change.value) for audit in audits for change in audit.changes if change.field_name == "requester_id"
    }


def happenings(first: Sequence[Audit], last: Sequence[Audit], roles: Mapping[str, str]) -> Iterator[Happening]:
    """What the audits tell; between `first` and `last` some may be missing.

    The requester is the customer even when an agent asks, as in Zendesk's own SLA clocks, and so is every end user;
    somebody who was deleted since is one, too, rather than stop a clock that nobody has answered. Custom statuses have
    a field of their own: the field `status` is their category.
    """
    requester_id: str | None = None
    for number, audit in enumerate([*first, *last]):
        if last and number == len(first):
            yield from _resumed(last)
        changes = list(audit.changes)
        for change in changes:
            if change.field_name == "requester_id":
                requester_id = _text(change.value) or None
            elif (event := _field(change.field_name, change.value, audit.at)) is not None:
                yield event
        if any(change.type == "Create" for change in changes):
            yield from _unset(changes, audit.at)
        for comment in audit.comments:
            author_id = comment.author_id or ""
            is_agent = author_id != requester_id and roles.get(author_id, "end_user") != "end_user"
            yield Reply(at=audit.at, by_agent=is_agent, public=comment.public is not False)


def _unset(changes: Sequence[AuditEvent], at: datetime) -> Iterator[Happening]:
    """A ticket that is created without a priority may have no event for it."""
    if not any(change.field_name == "priority" for change in changes):
        yield PrioritySet(at=at, priority=None)


def _resumed(last: Sequence[Audit]) -> Iterator[Happening]:
    """After a gap: what held when the rest begins is what its first change put an end to."""
    seen: set[str] = set()
    for audit in last:
        for change in audit.changes:
            name = change.field_name or ""
            if name not in seen and (event := _field(name, change.previous_value, last[0].at)) is not None:
                yield event
            seen.add(name)


def _field(name: str | None, value: Any, at: datetime) -> Happening | None:
    text = _text(value)
    if name == "status" and text in mapping.STATUS:
        return StatusSet(at=at, status=mapping.STATUS[text])
    if name == "priority" and (text in mapping.PRIORITY or not text):
        return PrioritySet(at=at, priority=mapping.PRIORITY.get(text))
    return None


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip().lower()
