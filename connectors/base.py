"""The interface every helpdesk connector offers, in our vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeVar

from connectors.errors import ConnectorError, NotFound
from connectors.installing import Grant, Installer, PackageProblem, Place, SignIn
from connectors.limits import OPEN, Gate
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket
from triage.articles import Article
from triage.events import TicketEvent
from triage.hours import Schedule
from triage.sla import Metric, Policy
from triage.sla.log import PrioritySet, Reply, StatusSet
from triage.tickets import Comment, Group, Organization, Priority, Rating, Requester, Ticket, TicketField

T = TypeVar("T")

Happening = StatusSet | Reply | PrioritySet
"""What a helpdesk tells of a ticket's past."""


class Feature(Enum):
    """What a helpdesk can do beyond the verbs; the table in docs/features.md is made from these."""

    SIGNED_WEBHOOKS = "signed_webhooks"
    WEBHOOK_TEST = "webhook_test"
    SAFE_UPDATE = "safe_update"
    IDEMPOTENT_CREATE = "idempotent_create"
    BULK_UPDATE = "bulk_update"
    INCREMENTAL_EXPORT = "incremental_export"
    INCIDENT_LINKS = "incident_links"
    SCHEDULES = "schedules"
    HOLIDAYS = "holidays"
    SLA_POLICIES = "sla_policies"
    HISTORY = "history"
    RATINGS = "ratings"
    ARTICLES = "articles"
    ARTICLE_CHANGES = "article_changes"
    OAUTH = "oauth"
    SIGNED_SIDEBAR = "signed_sidebar"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """A delivery as received. Header names are lower case; `received_at` is aware UTC.

    `query` may hold a secret: it is never stored or logged.
    """

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


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
    scheme: str = "bearer"
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
    """What a write did. `applied` is False when an earlier try had already done it; `ref` is a created ticket's."""

    applied: bool
    status: int | None
    evidence: str
    ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """What became of one change of many; `error` is None when it is on the ticket."""

    ticket_ref: str
    error: ConnectorError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The helpdesk as our credentials see it.

    `actor` is the user we act as. `limits` maps endpoint families to requests a minute, as far as stated. `server_at`
    is the helpdesk's own time when it answered.
    """

    name: str
    actor: Requester
    plan: str | None = None
    scopes: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    server_at: datetime | None = None


class Helpdesk(Protocol):
    """A connected helpdesk. Not safe to share between threads: build one per job.

    Every read raises `NotFound`, `AuthFailed`, `Forbidden`, `RateLimited` or `Unavailable`; calling twice is safe.
    A verb of a feature that `features` lacks raises `Unsupported`. Paging is hidden.
    """

    name: ClassVar[str]
    features: ClassVar[frozenset[Feature]]

    def account(self) -> Account:
        """Who we are there, and what we may."""

    def ticket(self, ref: str) -> Ticket:
        """The ticket as it is now."""

    def comments(self, ref: str) -> tuple[Comment, ...]:
        """The conversation, oldest first; the description is its first public comment."""

    def history(self, ref: str) -> tuple[Happening, ...]:
        """What happened to the ticket as far as the helpdesk tells, oldest first, its beginning first of all.

        Instants are the helpdesk's own. Of several statuses, or priorities, at one instant the last one is told. Whole
        where `features` has HISTORY, up to a bound that the connector states; elsewhere what can be known for certain,
        and the status as it is now. Nobody needs it for a ticket that has not changed since it was created.
        """

    def native_due(self, ref: str) -> Mapping[Metric, datetime | None]:
        """When the helpdesk's own SLA clocks are, or were, due; empty where it has none.

        None for a clock without a due time now: it is held, or was not worked out yet.
        """

    def linked_tickets(self, incident_ref: str) -> tuple[str, ...]:
        """The tickets linked to an incident, by ref, sorted."""

    def requester(self, requester_id: str) -> Requester:
        """Who asked."""

    def organization(self, organization_id: str) -> Organization:
        """The requester's company."""

    def agent(self, user_id: str) -> Requester:
        """A helpdesk user by id: the agent who opened the sidebar."""

    def groups(self) -> tuple[Group, ...]:
        """Every queue, by name."""

    def ticket_fields(self) -> tuple[TicketField, ...]:
        """The ticket form's active fields, system ones included."""

    def schedules(self) -> tuple[Schedule, ...]:
        """Business hours; holidays only where `features` has HOLIDAYS."""

    def sla_policies(self) -> tuple[Policy, ...]:
        """The helpdesk's own policies, in the order in which they win."""

    def tickets(self, *, cursor: str | None, updated_since: datetime) -> Iterator[tuple[tuple[Ticket, ...], str]]:
        """Pages of tickets changed since, each with the cursor to store after it is processed."""

    def articles(self, *, updated_since: datetime | None = None) -> Iterator[tuple[Article, ...]]:
        """Pages of articles, one entry for each language: all, or those changed since.

        Deleted ones just disappear: compare a complete listing (`triage.articles.deleted`).
        """

    def article_pages(
        self, *, cursor: str | None, updated_since: datetime | None = None
    ) -> Iterator[tuple[tuple[Article, ...], str]]:
        """The same, each page with the cursor to store after it is processed; a page may be empty.

        A walk goes on from the cursor with the same `updated_since`. Each page is at most a few requests further.
        """

    def ratings(self, *, since: datetime) -> Iterator[tuple[Rating, ...]]:
        """Pages of ratings given since."""

    def update_ticket(self, change: UpdateTicket, *, key: str, verify: bool = False) -> Receipt:
        """Apply `change` once: `key` leaves a marker on the ticket, and a marked ticket is not written again.

        Reads, merges and writes under the helpdesk's version check where it has one, and without one right after
        reading. Fields that hold something else than `change.was` says by then are a person's and stay. With `verify`
        (the outcome of an earlier try is unknown) it looks for that try's traces before writing.
        Raises `Rejected`, `NotFound`, `Conflict`, `RateLimited`, `Unavailable` or `OutcomeUnknown`.
        Calling twice with one key is safe.
        """

    def add_comment(self, comment: AddComment, *, key: str, verify: bool = False) -> Receipt:
        """Add `comment` once, under the same promise as `update_ticket`."""

    def link_incident(self, link: LinkIncident, *, key: str, verify: bool = False) -> Receipt:
        """Link the ticket to the incident, once; where the account lacks links, by tag and note."""

    def create_ticket(self, draft: CreateTicket, *, key: str, verify: bool = False) -> Receipt:
        """Create the ticket once; the receipt's `ref` is the new (or the earlier) ticket's."""

    def update_tickets(self, changes: Sequence[UpdateTicket], *, key: str) -> tuple[ItemResult, ...]:
        """Apply many changes, in chunks as large as the helpdesk takes; one result for each, in order."""

    def unmark(self, marks: Mapping[str, Sequence[str]]) -> tuple[ItemResult, ...]:
        """Take the markers that writes with these keys left off their tickets: ticket ref -> keys.

        One result for each ticket, in order. Every other tag stays, and no new marker is left. A marker that is gone
        already is none's error; a closed ticket (`Rejected`) or a deleted one (`NotFound` or `Rejected`) is left alone.
        Calling twice is safe at any time. Also raises what a read raises.
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
    """What one registry line points to: the vendor's pure functions, its client and its installer.

    `title` is how the vendor writes its name; `sign_ins` are the ways to give us access, the recommended first.
    `default_priority` is what a ticket has that nobody prioritised; `upload_steps` tell an admin how `package`'s zip
    gets into the helpdesk; `ticket_path` leads from the agents' address to a ticket, `{ref}` standing for its number.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    features: ClassVar[frozenset[Feature]]
    sign_ins: ClassVar[tuple[SignIn, ...]]
    default_priority: ClassVar[Priority | None]
    upload_steps: ClassVar[tuple[str, ...]]
    ticket_path: ClassVar[str]

    def parse_webhook(
        self, request: WebhookRequest, *, secrets: tuple[str, ...], account_id: str | None
    ) -> TicketEvent | None:
        """Pure. The event; None for one ignored on purpose.

        Raises `BadSignature`, `MalformedPayload` or `UnknownEvent`.
        """

    def verify_agent(self, token: str, *, public_key: str, audience: str, origin: str, now: datetime) -> AgentIdentity:
        """Pure. Who opened the sidebar; raises `BadSignature` with the reason, or `Unsupported`."""

    def sidebar_audience(self, connection: Connection) -> str:
        """Pure. Whom this tenant's sidebar tokens are made out to, from `settings["installation_id"]`."""

    def base_url(self, address: str, *, loopback: bool = False) -> str:
        """Pure. The API's address from what an admin types: a subdomain, a host or a URL of the vendor's own domain.

        With `loopback` an http address on this machine is taken as well. Raises ValueError saying what is wrong.
        """

    def authorize_url(self, base_url: str, *, client_id: str, redirect_uri: str, state: str) -> str:
        """Pure. Where an admin's browser goes to allow access; raises `Unsupported`."""

    def grant(self, base_url: str, kind: str, secrets: Mapping[str, str], *, now: datetime) -> Grant:
        """Access for the sign-in `kind`: exchanges a code or client credentials, refreshes a token, or takes a key.

        `secrets` holds what `SignIn.asks` names, plus `code` and `redirect_uri` after a redirect, or `refresh_token`
        to renew. Raises `AuthFailed` with the helpdesk's words, `Rejected` naming a missing input.
        """

    def limits(self, plan: str | None) -> Mapping[str, float]:
        """Pure. Requests a minute by endpoint family on this plan; the lowest plan's where it is not known."""

    def connect(self, connection: Connection, *, now: Callable[[], datetime], gate: Gate = OPEN) -> Helpdesk:
        """A client for this tenant; makes no request."""

    def installer(
        self, connection: Connection, place: Place, *, now: Callable[[], datetime], gate: Gate = OPEN
    ) -> Installer:
        """What installs, checks and removes our parts in this tenant's helpdesk; makes no request."""

    def fetch_sidebar_key(self, connection: Connection) -> str:
        """The PEM public key that signs this tenant's sidebar tokens, from the helpdesk; raises `Unsupported`."""

    def package(self, place: Place) -> Mapping[str, bytes]:
        """The app's files for this install by path inside the zip, made from `manifests/<vendor>`."""

    def check_package(self, files: Mapping[str, bytes]) -> tuple[PackageProblem, ...]:
        """Pure. Every breach of the vendor's rules that can be seen offline; errors first."""
