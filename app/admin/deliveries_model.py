"""What the Deliveries pages show and do, as data, and the Protocol behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from app.admin.payload import Leaf
from app.admin.tones import Tone
from connectors.store.filters import Filter
from triage.dry_run import Preview

MINUTE, TEN, HOUR = timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)
# The word in the address -> what it is called, the youngest and the oldest age that it holds.
AGES: dict[str, tuple[str, timedelta | None, timedelta | None]] = {
    "1m": ("Under 1\N{NO-BREAK SPACE}min", None, MINUTE),
    "10m": ("1 to 10\N{NO-BREAK SPACE}min", MINUTE, TEN),
    "1h": ("10\N{NO-BREAK SPACE}min to 1\N{NO-BREAK SPACE}h", TEN, HOUR),
    "older": ("Over 1\N{NO-BREAK SPACE}h", HOUR, None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The filter as a page's address has it; empty means any."""

    q: str = ""
    direction: str = ""
    state: str = ""
    kind: str = ""
    tenant: str = ""
    age: str = ""
    reason: str = ""

    @property
    def args(self) -> dict[str, str]:
        """What goes into an address."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def filter(self) -> Filter:
        _, older_than, newer_than = AGES.get(self.age, ("", None, None))
        return Filter(
            direction=self.direction or None,
            state=self.state or None,
            kind=self.kind or None,
            tenant=self.tenant or None,
            reason=self.reason or None,
            find=self.q or None,
            older_than=older_than,
            newer_than=newer_than,
        )


Choices = tuple[tuple[str, str], ...]
"""(value, name) pairs of a drop-down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How many passed a stage today and how many wait in it."""

    name: str
    today: int
    waiting: int
    oldest: timedelta | None
    tone: Tone
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Counts since a day. None where nothing was measured: the line is then left out."""

    since: date
    accepted: int
    lost: int
    median: timedelta | None = None
    slowest_5_percent: timedelta | None = None
    found_by_check: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """How many rows of one kind and state are how old; `counts` follow `AGES`. `search` finds them."""

    what: str
    desk: str
    tone: Tone
    word: str
    counts: tuple[int, ...]
    search: Search

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A row that waits for an admin. `id` is like "out-34"; `advice` says what to do first, `poison` that it is the
    row itself that does harm.
    """

    id: str
    effect: str
    ticket_ref: str
    reason: str
    advice: str
    tries: int
    since: datetime
    ticket_url: str | None = None
    poison: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event in or one effect out."""

    id: str
    at: datetime
    outgoing: bool
    what: str
    ticket_ref: str
    key: str
    tone: Tone
    word: str
    took: timedelta | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """The page Deliveries. `latest` is already filtered; `older` is where its next page begins.

    `parked_total` counts what `parked` may be cut off from; `matching` is how many parked rows match a filter.
    """

    stages: tuple[Stage, ...]
    promise: Promise
    parked: tuple[Parked, ...]
    latest: tuple[Delivery, ...]
    held: tuple[HeldRow, ...] = ()
    parked_total: int = 0
    matching: int = 0
    older: str | None = None
    kinds: Choices = ()
    tenants: Choices = ()
    states: Choices = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of a row's history. `mark` is a class of the step list."""

    at: datetime
    mark: str
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneDelivery:
    """The page of one row. `facts` are (name, value) without what is empty; `actions` of replay, drop, park, dry-run.

    `payload` is None where a row carries nothing. `related` are the event's effects, or the effect's event.
    """

    row: Delivery
    desk: str
    tries: int
    reason: str
    facts: Choices
    history: tuple[Told, ...]
    payload: tuple[Leaf, ...] | None
    related: tuple[Delivery, ...]
    actions: tuple[str, ...]
    advice: str = ""
    ticket_url: str | None = None
    not_json: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What an action is about to move: `ids` as they were at `seen_at`, the first of them as rows."""

    ids: tuple[str, ...]
    first: tuple[Delivery, ...]
    seen_at: datetime


class DeliveriesDeps(Protocol):
    """What the Deliveries pages need; they are about all helpdesks of this installation."""

    def deliveries(self, search: Search, *, before: str | None) -> Deliveries:
        """The page now; `before` is where an earlier page of the list ended. Raises ValueError for no such place."""

    def delivery(self, name: str, *, texts: bool) -> OneDelivery:
        """One row; with `texts` its payload is shown whole, secrets aside. Raises `NoSuchDelivery`."""

    def chosen(self, action: str, ids: Sequence[str], search: Search) -> Chosen:
        """What `action` would move: the named rows, or without names those that match."""

    def move(self, action: str, ids: Sequence[str], *, by: str) -> int:
        """Replay, drop or park these rows; how many were."""

    def matching(self, action: str, search: Search, *, seen_at: datetime) -> Sequence[str]:
        """The rows that matched when the page was made and that `action` can still move."""

    def ask_dry_run(self, name: str, *, by: str) -> int:
        """Ask a worker what a replay would do; the question's number. Raises `NoSuchDelivery`."""

    def dry_run(self, name: str, number: int) -> Preview | None:
        """The worker's answer, waited for; None when none came. Raises `NoSuchDelivery` for no such question."""
