"""What happened to a ticket, as far as its clocks and whoever is told about them are concerned.

The log only grows. The same event may be in it twice, or come late: what is read from it stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from triage.sla.policies import Facts
from triage.tickets import Priority, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSet:
    """The ticket has this status from `at` on; the first one is its beginning."""

    at: datetime
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Somebody wrote. Only what the other side can read counts."""

    at: datetime
    by_agent: bool
    public: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PrioritySet:
    at: datetime
    priority: Priority | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsSet:
    """What policies and ladders look at, from `at` on: see `triage.sla.facts`."""

    at: datetime
    facts: Facts = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """Somebody has it: nobody further is told about what began before `at`. `by` is a name to show."""

    at: datetime
    by: str
    way: str = ""
    """`panel`, `mail`, `chat` or `page`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A step of a reminder or ladder was taken. `key` is the step's; `to` are the ids of who was told, by `by`."""

    at: datetime
    key: str
    to: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


_LIFE, _URGENCY = tuple(Status), tuple(Priority)

Event = StatusSet | Reply | PrioritySet | FactsSet | Acknowledged | Told


def once(log: Iterable[Event]) -> list[Event]:
    """Each event once, by time.

    Helpdesks tell whole seconds, so two values can have one instant, whichever was read first: the status that comes
    later in a ticket's life holds, the more urgent priority, and any priority rather than none.
    """
    found: list[Event] = []
    for event in sorted(log, key=lambda event: (event.at, type(event).__name__, _rank(event), repr(event))):
        if not found or found[-1] != event:
            found.append(event)
    return found


def _rank(event: Event) -> int:
    match event:
        case StatusSet(status=status):
            return _LIFE.index(status)
        case PrioritySet(priority=priority):
            return 0 if priority is None else len(_URGENCY) - _URGENCY.index(priority)
    return 0
