"""A third helpdesk, as small as one can be: all that it takes is this folder and one registry line."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from connectors.base import (
    Account,
    AgentIdentity,
    Connection,
    Feature,
    Happening,
    ItemResult,
    Receipt,
    WebhookRequest,
)
from connectors.errors import BadSignature, NotFound, Unsupported
from connectors.installing import Ask, Grant, Installer, PackageProblem, Place, SignIn
from connectors.limits import OPEN, Gate
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket
from triage.articles import Article
from triage.events import EventKind, TicketEvent
from triage.hours import Schedule
from triage.sla import Metric, Policy
from triage.sla.log import PrioritySet, Reply, StatusSet
from triage.tickets import (
    Channel,
    Comment,
    Group,
    Organization,
    Priority,
    Rating,
    Requester,
    Status,
    Ticket,
    TicketField,
)

AT = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
TICKETS: dict[str, Ticket] = {}
NOTES: dict[str, list[str]] = {}
WRITTEN: set[tuple[str, str]] = set()


def arrive(ref: str, subject: str, body: str) -> None:
    TICKETS[ref] = Ticket(
        ref=ref,
        subject=subject,
        description=body,
        status=Status.NEW,
        priority=None,
        channel=Channel.EMAIL,
        tags=(),
        requester_id="7",
        organization_id=None,
        group_id=None,
        assignee_id=None,
        created_at=AT,
        updated_at=AT,
        version="1",
    )


class Thirddesk:
    """Everything in this process; see `connectors.base.Helpdesk`."""

    name: ClassVar[str] = "thirddesk"
    features: ClassVar[frozenset[Feature]] = frozenset()

    def account(self) -> Account:
        return Account(name="third", actor=self.requester("1"))

    def ticket(self, ref: str) -> Ticket:
        if ref not in TICKETS:
            raise NotFound(ref, vendor=self.name)
        return TICKETS[ref]

    def comments(self, ref: str) -> tuple[Comment, ...]:
        ticket = self.ticket(ref)
        return (Comment(id="1", author_id="7", body=ticket.description, public=True, created_at=AT),)

    def history(self, ref: str) -> tuple[Happening, ...]:
        self.ticket(ref)
        return StatusSet(at=AT, status=Status.NEW), PrioritySet(at=AT, priority=None), Reply(at=AT, by_agent=False)

    def native_due(self, ref: str) -> Mapping[Metric, datetime | None]:
        return {}

    def linked_tickets(self, incident_ref: str) -> tuple[str, ...]:
        return ()

    def requester(self, requester_id: str) -> Requester:
        return Requester(id=requester_id, name="Kim", email="kim@acme.example", organization_id=None, role="end_user")

    def organization(self, organization_id: str) -> Organization:
        raise NotFound(organization_id, vendor=self.name)

    agent = requester

    def groups(self) -> tuple[Group, ...]:
        return (Group(id="3", name="Billing"),)

    def ticket_fields(self) -> tuple[TicketField, ...]:
        return ()

    def schedules(self) -> tuple[Schedule, ...]:
        raise Unsupported("no schedules", vendor=self.name)

    def sla_policies(self) -> tuple[Policy, ...]:
        raise Unsupported("no policies", vendor=self.name)

    def tickets(self, *, cursor: str | None, updated_since: datetime) -> Iterator[tuple[tuple[Ticket, ...], str]]:
        yield tuple(TICKETS.values()), "end"

    def articles(self, *, updated_since: datetime | None = None) -> Iterator[tuple[Article, ...]]:
        raise Unsupported("no articles", vendor=self.name)

    def article_pages(
        self, *, cursor: str | None, updated_since: datetime | None = None
    ) -> Iterator[tuple[tuple[Article, ...], str]]:
        raise Unsupported("no articles", vendor=self.name)

    def ratings(self, *, since: datetime) -> Iterator[tuple[Rating, ...]]:
        raise Unsupported("no ratings", vendor=self.name)

    def update_ticket(self, change: UpdateTicket, *, key: str, verify: bool = False) -> Receipt:
        if (change.ticket_ref, key) in WRITTEN:
            return Receipt(applied=False, status=None, evidence="written before")
        WRITTEN.add((change.ticket_ref, key))
        values: dict[str, Any] = {"priority": change.priority, "group_id": change.group_id}
        TICKETS[change.ticket_ref] = replace(self.ticket(change.ticket_ref), **values)
        if change.note:
            NOTES.setdefault(change.ticket_ref, []).append(change.note)
        return Receipt(applied=True, status=200, evidence="written")

    def add_comment(self, comment: AddComment, *, key: str, verify: bool = False) -> Receipt:
        raise Unsupported("no comments", vendor=self.name)

    def link_incident(self, link: LinkIncident, *, key: str, verify: bool = False) -> Receipt:
        raise Unsupported("no links", vendor=self.name)

    def create_ticket(self, draft: CreateTicket, *, key: str, verify: bool = False) -> Receipt:
        raise Unsupported("no new tickets", vendor=self.name)

    def update_tickets(self, changes: Sequence[UpdateTicket], *, key: str) -> tuple[ItemResult, ...]:
        for change in changes:
            self.update_ticket(change, key=key)
        return tuple(ItemResult(ticket_ref=change.ticket_ref) for change in changes)

    def unmark(self, marks: Mapping[str, Sequence[str]]) -> tuple[ItemResult, ...]:
        return tuple(ItemResult(ticket_ref=ref) for ref in marks)


class Vendor:
    """See `connectors.base.Vendor`."""

    name: ClassVar[str] = "thirddesk"
    title: ClassVar[str] = "Thirddesk"
    features: ClassVar[frozenset[Feature]] = Thirddesk.features
    default_priority: ClassVar[Priority | None] = None
    upload_steps: ClassVar[tuple[str, ...]] = ()
    ticket_path: ClassVar[str] = "/tickets/{ref}"
    sign_ins: ClassVar[tuple[SignIn, ...]] = (
        SignIn(kind="key", title="Key", help="", asks=(Ask(name="key", label="Key", secret=True),)),
    )

    def parse_webhook(
        self, request: WebhookRequest, *, secrets: tuple[str, ...], account_id: str | None
    ) -> TicketEvent | None:
        if not any(hmac.compare_digest(request.headers.get("x-secret", ""), secret) for secret in secrets):
            raise BadSignature("wrong secret", vendor=self.name)
        ref = str(json.loads(request.body)["ticket"])
        return TicketEvent(kind=EventKind.TICKET_CREATED, ticket_ref=ref, dedup_key=f"new:{ref}")

    def verify_agent(self, token: str, *, public_key: str, audience: str, origin: str, now: datetime) -> AgentIdentity:
        raise Unsupported("no sidebar", vendor=self.name)

    def sidebar_audience(self, connection: Connection) -> str:
        raise Unsupported("no sidebar", vendor=self.name)

    def base_url(self, address: str, *, loopback: bool = False) -> str:
        return f"https://{address}.thirddesk.example"

    def authorize_url(self, base_url: str, *, client_id: str, redirect_uri: str, state: str) -> str:
        raise Unsupported("no redirect", vendor=self.name)

    def grant(self, base_url: str, kind: str, secrets: Mapping[str, str], *, now: datetime) -> Grant:
        return Grant(access_token=secrets["key"], scheme="bearer", issued_at=now)

    def limits(self, plan: str | None) -> Mapping[str, float]:
        return {}

    def connect(self, connection: Connection, *, now: Callable[[], datetime], gate: Gate = OPEN) -> Thirddesk:
        return Thirddesk()

    def installer(
        self, connection: Connection, place: Place, *, now: Callable[[], datetime], gate: Gate = OPEN
    ) -> Installer:
        raise Unsupported("nothing to install", vendor=self.name)

    def fetch_sidebar_key(self, connection: Connection) -> str:
        raise Unsupported("no sidebar", vendor=self.name)

    def package(self, place: Place) -> Mapping[str, bytes]:
        raise Unsupported("no package", vendor=self.name)

    def check_package(self, files: Mapping[str, bytes]) -> tuple[PackageProblem, ...]:
        return ()


VENDOR = Vendor()
