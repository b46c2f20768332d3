"""What the simulated helpdesk stores: frozen records, replaced as a whole when they change.

Status and priority words are the neutral ones (`on_hold`); each face translates at its edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

STATUSES = ("new", "open", "pending", "on_hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
TYPES = ("problem", "incident", "question", "task")


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A customer company; `fields` are its organization fields by key."""

    id: int
    name: str
    domains: tuple[str, ...]
    fields: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    external_id: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person: `role` is `end-user`, `agent` or `admin`."""

    id: int
    name: str
    email: str
    role: str
    created_at: datetime
    organization_id: int | None = None
    locale: str = "en"
    time_zone: str = "UTC"
    group_ids: tuple[int, ...] = ()

    @property
    def is_staff(self) -> bool:
        return self.role != "end-user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    id: int
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketField:
    """A custom field. A `tagger` without options takes any value: the options are installed later."""

    id: int
    title: str
    type: str
    created_at: datetime
    options: tuple[Option, ...] = ()
    required: bool = False
    required_to_solve: bool = False

    def accepts(self, value: Any) -> bool:
        return not self.options or value in (None, "") or value in {option.value for option in self.options}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationField:
    id: int
    key: str
    title: str
    type: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """`html` is the markup as it was written, where it was."""

    id: int
    ticket_id: int
    audit_id: int
    author_id: int
    body: str
    public: bool
    channel: str
    created_at: datetime
    html: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that really changed. Custom fields are named by their id as text."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What one request did to one ticket."""

    id: int
    ticket_id: int
    author_id: int
    created_at: datetime
    channel: str
    created: bool
    changes: tuple[FieldChange, ...]
    comment: Comment | None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """`updated_at` moves only with a ticket event, `touched_at` with every write.

    `status_code` is a face's own finer status; it counts only while it belongs to `status`.
    """

    id: int
    subject: str
    description: str
    status: str
    channel: str
    requester_id: int
    submitter_id: int
    created_at: datetime
    updated_at: datetime
    touched_at: datetime
    status_code: int | None = None
    priority: str | None = None
    type: str | None = None
    organization_id: int | None = None
    group_id: int | None = None
    assignee_id: int | None = None
    problem_id: int | None = None
    external_id: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[int, Any] = field(default_factory=dict)
    is_public: bool = True
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComment:
    body: str
    public: bool = True
    author_id: int | None = None
    html: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who writes, through which channel, in which request; `metadata` is stored with the audit."""

    actor_id: int
    channel: str
    request_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A ticket to create."""

    requester_id: int
    subject: str
    body: str
    html: str | None = None
    public: bool = True
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[int, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change asked for: `tags` replaces the set, `add_tags` and `remove_tags` edit it.

    `expected_updated_at` makes the write conditional on the stamp that was read.
    """

    attributes: Mapping[str, Any] = field(default_factory=dict)
    custom_fields: Mapping[int, Any] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    comment: NewComment | None = None
    expected_updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A committed write, as told to those who listen (triggers, event subscriptions)."""

    before: Ticket | None
    after: Ticket
    audit: Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpSection:
    """A shelf of the help centre; one without a parent is a category."""

    id: int
    name: str
    parent_id: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    title: str
    body: str
    outdated: bool = False
    draft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpArticle:
    """One article; `translations` is by locale and has `locale`'s own text too.

    `audience` is `everyone`, `signed_in`, `restricted` (to `organization_ids`) or `agents`.
    """

    id: int
    section_id: int
    locale: str
    translations: Mapping[str, Translation]
    author_id: int
    created_at: datetime
    updated_at: datetime
    audience: str = "everyone"
    organization_ids: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """`score` is `good`, `neutral` or `bad`."""

    id: int
    ticket_id: int
    score: str
    comment: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`intervals` are minutes since Monday 00:00 in `time_zone` (IANA); `holidays` are (name, first day, last day)."""

    id: int
    name: str
    time_zone: str
    intervals: tuple[tuple[int, int], ...]
    holidays: tuple[tuple[str, str, str], ...] = ()
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaPolicy:
    """`targets` is by priority: (first reply minutes, resolution minutes, in business hours)."""

    id: int
    title: str
    position: int
    targets: Mapping[str, tuple[int, int, bool]]
    organization_ids: tuple[int, ...] = ()
    created_at: datetime
    updated_at: datetime
