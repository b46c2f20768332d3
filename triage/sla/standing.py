"""A ticket under its tenant's rules, from its log alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from triage.hours import Schedule
from triage.sla.clocks import Promised, Reading, next_due, readings
from triage.sla.log import Acknowledged, Event, FactsSet, PrioritySet, Reply, StatusSet, Told, once
from triage.sla.policies import Facts, Metric, Policy
from triage.sla.rules import SlaRules
from triage.tickets import Priority, Status

E = TypeVar("E", PrioritySet, FactsSet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a ticket stands at `at`: its clocks, by what they are measured, and what was done about them."""

    at: datetime
    created_at: datetime | None
    status: Status | None
    priority: Priority | None
    facts: Facts
    policy: Policy | None
    schedule: Schedule
    schedule_why: str
    clocks: Mapping[Metric, Reading]
    priorities: tuple[PrioritySet, ...]
    acknowledged: tuple[Acknowledged, ...]
    told: tuple[Told, ...]
    statuses: tuple[StatusSet, ...] = ()
    answered: tuple[datetime, ...] = ()
    """When an agent wrote to the customer."""

    @property
    def next_due(self) -> Reading | None:
        return next_due(self.clocks)

    @property
    def prioritised(self) -> tuple[tuple[Priority, datetime], ...]:
        """Each time the ticket got another priority; one that is not known changes nothing."""
        got: list[tuple[Priority, datetime]] = []
        for each in self.priorities:
            if each.priority is not None and (not got or got[-1][0] is not each.priority):
                got.append((each.priority, each.at))
        return tuple(got)


def standing(log: Iterable[Event], rules: SlaRules, at: datetime) -> Standing:
    """Events after `at` do not count yet."""
    ordered = [event for event in once(log) if event.at <= at]
    facts = _facts(ordered, at)
    schedule, why = rules.schedule_for(facts)
    statuses = [event for event in ordered if isinstance(event, StatusSet)]
    priorities = tuple(event for event in ordered if isinstance(event, PrioritySet))
    return Standing(
        at=at,
        created_at=statuses[0].at if statuses else None,
        status=statuses[-1].status if statuses else None,
        priority=priorities[-1].priority if priorities else None,
        facts=facts,
        policy=rules.policy_for(facts),
        schedule=schedule,
        schedule_why=why,
        clocks=readings(ordered, promises(ordered, rules), at, paused_in=rules.paused_in),
        priorities=priorities,
        acknowledged=tuple(event for event in ordered if isinstance(event, Acknowledged)),
        told=tuple(event for event in ordered if isinstance(event, Told)),
        statuses=tuple(statuses),
        answered=tuple(event.at for event in ordered if isinstance(event, Reply) and event.by_agent and event.public),
    )


def promises(log: Iterable[Event], rules: SlaRules) -> list[Promised]:
    """What the rules promise from each change of priority or facts on, and from the ticket's beginning.

    A ticket that had no priority yet was promised what its first one says: it only was not known. The same goes for
    its first facts.
    """
    ordered = once(log)
    moments = sorted({event.at for event in ordered if isinstance(event, PrioritySet | FactsSet)})
    begins = min((event.at for event in ordered), default=None)
    if begins is None:
        return []
    found: list[Promised] = []
    for moment in dict.fromkeys([begins, *moments]):
        targets = rules.promised(_facts(ordered, moment), _priority(ordered, moment))
        if not found or found[-1].targets != targets:
            found.append(Promised(at=moment, targets=targets))
    return found


def _facts(ordered: Sequence[Event], at: datetime) -> Facts:
    known = [event for event in ordered if isinstance(event, FactsSet)]
    return _as_of(known, at).facts if known else {}


def _priority(ordered: Sequence[Event], at: datetime) -> Priority | None:
    known = [event for event in ordered if isinstance(event, PrioritySet) and event.priority is not None]
    return _as_of(known, at).priority if known else None


def _as_of(known: Sequence[E], at: datetime) -> E:
    """The last one by `at`, or else the first."""
    return next((event for event in reversed(known) if event.at <= at), known[0])
