"""The interface every helpdesk connector offers, in our vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeVar

from connectors.errors import NotFound
from triage.actions import UpdateTicket
from triage.events import TicketEvent
from triage.tickets import Comment, Organization, Requester, Ticket

T = TypeVar("T")


class Feature(Enum):
    SAFE_UPDATE = "safe_update"
    INCREMENTAL_EXPORT = "incremental_export"
    INCIDENT_LINKS = "incident_links"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """A delivery as received. Header names are lower case; `received_at` is aware UTC."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One tenant's access to one helpdesk, decrypted; lives in memory only.

    `groups` maps taxonomy group names to helpdesk group ids, `fields` our field names to helpdesk
    field ids. `actor_id` is the helpdesk user we act as: events it caused are our own echo.
    """

    tenant: str
    vendor: str
    base_url: str
    token: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    actor_id: str | None = None
    account_id: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentIdentity:
    """Who opened the sidebar, as the helpdesk signed it. `expires_at` is the token's own."""

    user_id: str
    token_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a write did. `applied` is False when an earlier try had already done it."""

    applied: bool
    status: int | None
    evidence: str


class Helpdesk(Protocol):
    """A connected helpdesk. Not safe to share between threads: build one per job.

    Every read raises `NotFound`, `AuthFailed`, `RateLimited` or `Unavailable`; calling twice is safe.
    """

    name: ClassVar[str]
    features: ClassVar[frozenset[Feature]]

    def ticket(self, ref: str) -> Ticket:
        """The ticket as it is now."""

    def comments(self, ref: str) -> tuple[Comment, ...]:
        """The conversation, oldest first."""

    def requester(self, requester_id: str) -> Requester:
        """Who asked."""

    def organization(self, organization_id: str) -> Organization:
        """The requester's company."""

    def agent(self, user_id: str) -> Requester:
        """A helpdesk user by id: the agent who opened the sidebar."""

    def tickets(self, *, cursor: str | None, updated_since: datetime) -> Iterator[tuple[tuple[Ticket, ...], str]]:
        """Pages of tickets changed since, each with the cursor to store after it is processed."""

    def update_ticket(self, change: UpdateTicket, *, key: str, verify: bool = False) -> Receipt:
        """Apply `change` once: `key` leaves a marker on the ticket, and a marked ticket is not written again.

        Reads, merges and writes under the helpdesk's version check where it has one. With `verify`
        (the outcome of an earlier try is unknown) it looks for that try's traces before writing.
        Raises `Rejected`, `NotFound`, `Conflict`, `RateLimited`, `Unavailable` or `OutcomeUnknown`.
        Calling twice with one key is safe.
        """


def read_or_none(read: Callable[[str], T], object_id: str | None) -> T | None:
    """What `read` finds; a person or company that was deleted meanwhile is as good as none."""
    if object_id is None:
        return None
    try:
        return read(object_id)
    except NotFound:
        return None


class Vendor(Protocol):
    """What one registry line points to: the vendor's pure functions and its client."""

    name: ClassVar[str]

    def parse_webhook(
        self, request: WebhookRequest, *, secrets: tuple[str, ...], account_id: str | None
    ) -> TicketEvent | None:
        """Pure. The event; None for one ignored on purpose.

        Raises `BadSignature`, `MalformedPayload` or `UnknownEvent`.
        """

    def verify_agent(self, token: str, *, public_key: str, audience: str, origin: str, now: datetime) -> AgentIdentity:
        """Pure. Who opened the sidebar; raises `BadSignature` with the reason."""

    def sidebar_audience(self, connection: Connection) -> str:
        """Pure. Whom this tenant's sidebar tokens are made out to, from `settings["installation_id"]`."""

    def connect(self, connection: Connection, *, now: Callable[[], datetime]) -> Helpdesk:
        """A client for this tenant; makes no request."""

    def fetch_sidebar_key(self, connection: Connection) -> str:
        """The PEM public key that signs this tenant's sidebar tokens, from the helpdesk."""
