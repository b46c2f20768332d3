"""A helpdesk in memory for the model of the line: versions, marker tags, an append-only log of effects, and faults.

It keeps what the real ones keep: a version stamp of whole seconds that a write is conditional on, a tag and an audit
that tell a change made before, and an export of what changed. Requests can land late, long after their caller gave up.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar

from connectors.base import Connection, Feature, Receipt, WebhookRequest
from connectors.errors import (
    AuthFailed,
    BadSignature,
    Conflict,
    NotFound,
    OutcomeUnknown,
    OverBudget,
    RateLimited,
    Rejected,
    Unavailable,
)
from connectors.limits import OPEN, Gate
from connectors.marks import marker_tag
from tests.jobs.thirddesk import Thirddesk, Vendor
from triage.actions import UpdateTicket
from triage.events import EventKind, TicketEvent
from triage.tickets import Channel, Status, Ticket

NAME, SECRET, US, A_PERSON = "modeldesk", "s3cret", "900", "7"
WANTED = "wanted"
"""The tag of a ticket that triage changes."""
PAGE = 2


class Fault(Enum):
    """What befalls one request."""

    READ_FAILS = "the reading fails"
    REFUSED = "the write is not applied, and says so"
    LIMITED = "429 with a time to come back"
    OVER_BUDGET = "our own budget is used up"
    CONFLICT = "somebody changed the ticket in between"
    REJECTED = "the helpdesk refuses the change"
    LOST = "applied, and the answer is lost"
    NEVER = "not applied, and the answer is lost"
    LATE = "the answer is lost, and the write lands later"
    BUG = "applied, and our own code fails on the answer"


@dataclass(frozen=True)
class Effect:
    """One write of ours as it stands in the log for good. `group_before` is what its group replaced, if it set one."""

    key: str
    ref: str
    group_before: str | None
    sets_group: bool
    at: datetime


@dataclass
class Kept:
    """A ticket as the helpdesk keeps it."""

    ref: str
    stamp: datetime
    tags: frozenset[str]
    group_id: str | None = None
    category: str | None = None
    audits: set[str] = field(default_factory=set)

    def normalised(self) -> Ticket:
        return Ticket(
            ref=self.ref,
            subject="A ticket",
            description="of the model",
            status=Status.OPEN,
            priority=None,
            channel=Channel.EMAIL,
            tags=tuple(sorted(self.tags)),
            requester_id=None,
            organization_id=None,
            group_id=self.group_id,
            assignee_id=None,
            created_at=self.stamp,
            updated_at=self.stamp,
            version=self.stamp.isoformat(),
            fields={} if self.category is None else {"category": self.category},
        )


@dataclass(frozen=True)
class Request:
    """A write on its way, conditional on the version that was read."""

    change: UpdateTicket
    key: str
    stamp: datetime


class World:
    """The helpdesk's side of everything. `point` is called where a caller may die, `fault` takes what befalls it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.tickets: dict[str, Kept] = {}
        self.log: list[Effect] = []
        self.changes: list[str] = []
        self.events: list[dict[str, str]] = []
        self.late: list[Request] = []
        self.signed_in = True
        self.point: Callable[[str], None] = lambda point: None
        self.fault: Callable[[], Fault | None] = lambda: None

    def arrive(self, tags: frozenset[str]) -> None:
        ref = str(len(self.tickets) + 1)
        self.tickets[ref] = Kept(ref=ref, stamp=self._second(), tags=tags)
        self._changed(ref, EventKind.TICKET_CREATED, A_PERSON)

    def edit(self, ref: str, *, actor: str = A_PERSON, **values: Any) -> None:
        ticket = self.tickets[ref]
        for name, value in values.items():
            setattr(ticket, name, value)
        ticket.stamp = self._second()
        self._changed(ref, EventKind.TICKET_UPDATED, actor)

    def read(self, ref: str) -> Kept:
        if not self.signed_in:
            raise AuthFailed("the token was revoked", vendor=NAME, status=401)
        if ref not in self.tickets:
            raise NotFound(ref, vendor=NAME, status=404)
        return self.tickets[ref]

    def land(self, request: Request) -> bool:
        """Apply a write if its version still stands."""
        ticket = self.tickets[request.change.ticket_ref]
        if ticket.stamp != request.stamp:
            return False
        change = request.change
        self.log.append(Effect(request.key, ticket.ref, ticket.group_id, change.group_id is not None, self.now()))
        ticket.audits.add(request.key)
        self.edit(
            ticket.ref,
            actor=US,
            tags=ticket.tags | {marker_tag(request.key)},
            group_id=change.group_id or ticket.group_id,
            category=change.category or ticket.category,
        )
        return True

    def _changed(self, ref: str, kind: EventKind, actor: str) -> None:
        self.changes.append(ref)
        key = f"{ref}-{len(self.events)}"
        self.events.append({"ticket": ref, "kind": kind.value, "key": key, "actor": actor})

    def _second(self) -> datetime:
        return self.now().replace(microsecond=0)


class Desk(Thirddesk):
    """The connector's side; see `connectors.base.Helpdesk`."""

    name: ClassVar[str] = NAME
    features: ClassVar[frozenset[Feature]] = frozenset()

    def __init__(self, world: World) -> None:
        self.world = world

    def ticket(self, ref: str) -> Ticket:
        self._reading_fails(self.world.fault())
        return self.world.read(ref).normalised()

    def tickets(self, *, cursor: str | None, updated_since: datetime) -> Iterator[tuple[tuple[Ticket, ...], str]]:
        fault = self.world.fault()
        place = int(cursor or 0)
        while True:
            self._reading_fails(fault)
            page = self.world.changes[place : place + PAGE]
            place += len(page)
            found = tuple(self.world.read(ref).normalised() for ref in dict.fromkeys(page))
            yield found, str(place)
            if place >= len(self.world.changes):
                return

    def update_ticket(self, change: UpdateTicket, *, key: str, verify: bool = False) -> Receipt:
        world, fault = self.world, self.world.fault()
        self._reading_fails(fault)
        current = world.read(change.ticket_ref)
        if marker_tag(key) in current.tags or (verify and key in current.audits):
            return Receipt(applied=False, status=None, evidence="made before")
        yielding, _ = change.yielding(current.normalised())
        request = Request(yielding, key, current.stamp)
        world.point("desk.read")
        match fault:
            case Fault.REFUSED:
                raise Unavailable("try again", vendor=NAME, status=503)
            case Fault.REJECTED:
                raise Rejected("not like this", vendor=NAME, status=422)
            case Fault.CONFLICT:
                raise Conflict("changed meanwhile", vendor=NAME, status=409)
            case Fault.NEVER:
                raise OutcomeUnknown("no answer", vendor=NAME)
            case Fault.LATE:
                world.late.append(request)
                world.point("desk.sent")
                raise OutcomeUnknown("no answer", vendor=NAME)
        if not world.land(request):
            raise Conflict("changed meanwhile", vendor=NAME, status=409)
        world.point("desk.sent")
        if fault is Fault.LOST:
            raise OutcomeUnknown("no answer", vendor=NAME)
        if fault is Fault.BUG:
            raise RuntimeError("a bug in the reading of the answer")
        return Receipt(applied=True, status=200, evidence="written")

    def _reading_fails(self, fault: Fault | None) -> None:
        match fault:
            case Fault.READ_FAILS:
                raise Unavailable("away", vendor=NAME, status=503)
            case Fault.LIMITED:
                raise RateLimited("too many", vendor=NAME, status=429, retry_after_s=30)
            case Fault.OVER_BUDGET:
                raise OverBudget("used up", vendor=NAME, retry_after_s=1)


class ModelVendor(Vendor):
    """What the registry's line points to; `world` is put in by the model."""

    name: ClassVar[str] = NAME
    world: World

    def parse_webhook(
        self, request: WebhookRequest, *, secrets: tuple[str, ...], account_id: str | None
    ) -> TicketEvent | None:
        if not any(hmac.compare_digest(request.headers.get("x-secret", ""), secret) for secret in secrets):
            raise BadSignature("wrong secret", vendor=NAME)
        said = json.loads(request.body)
        return TicketEvent(
            kind=EventKind(said["kind"]), ticket_ref=said["ticket"], dedup_key=said["key"], actor_id=said["actor"]
        )

    def connect(self, connection: Connection, *, now: Callable[[], datetime], gate: Gate = OPEN) -> Desk:  # type: ignore[override]
        return Desk(self.world)


VENDOR = ModelVendor()
