"""The helpdesk's nouns in our vocabulary; every connector translates into these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class Status(Enum):
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"
    DELETED = "deleted"


class Priority(Enum):
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class Channel(Enum):
    EMAIL = "email"
    CHAT = "chat"
    IN_APP = "in_app"
    API = "api"
    PHONE = "phone"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket as the helpdesk's API states it now.

    `version` is the helpdesk's own stamp for optimistic locking, passed back verbatim;
    `fields` holds our field names (`category`, `product_area`) with the value written there. `kind` is the ticket's
    type in the helpdesk's own word (`incident`, `Feature Request`): policies name it.
    """

    ref: str
    subject: str
    description: str
    status: Status
    priority: Priority | None
    channel: Channel
    tags: tuple[str, ...]
    requester_id: str | None
    organization_id: str | None
    group_id: str | None
    assignee_id: str | None
    created_at: datetime
    updated_at: datetime
    version: str
    fields: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None

    @property
    def is_final(self) -> bool:
        """A closed or deleted ticket refuses every change."""
        return self.status in (Status.CLOSED, Status.DELETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asked, or any other helpdesk user. `role` is `end_user`, `agent` or `admin`, where known."""

    id: str
    name: str
    email: str | None
    organization_id: str | None
    time_zone: str | None = None
    locale: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """The requester's company. `fields` are the helpdesk's organization fields by key."""

    id: str
    name: str
    domains: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def tier(self) -> str | None:
        return self.fields.get("tier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One message in a ticket's conversation; an internal note has `public=False`."""

    id: str
    author_id: str | None
    body: str
    public: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A queue of agents."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketField:
    """A field of the helpdesk's ticket form; `choices` are (value, label), empty where any value is taken."""

    id: str
    title: str
    kind: str
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = False


class Satisfaction(Enum):
    GOOD = "good"
    NEUTRAL = "neutral"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What the requester thought of how a ticket went."""

    id: str
    ticket_ref: str
    score: Satisfaction
    comment: str
    requester_id: str | None
    agent_id: str | None
    group_id: str | None
    rated_at: datetime
