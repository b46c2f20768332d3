"""A tenant's service-level rules: policies, schedules and which of them holds for whom, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from triage.escalation.people import EscalationRules
from triage.hours import Calendar, Schedule
from triage.hours.schedule import DAY
from triage.sla.clock import AroundTheClock, Hours
from triage.sla.policies import Facts, Metric, Policy, Target, policy_for
from triage.tickets import Priority, Status

ORDER = ("organization", "requester_zone", "group", "default")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaRules:
    """`version` names what a decision used. `schedules` are by id.

    `by_organization`, `by_zone` and `by_group` map an organization's id or name, an IANA zone and a group's id or name
    to a schedule's id; `order` says which is asked first. `zone_copies` is the schedule that a requester of any other
    zone gets, kept in their own zone; None to ask no further. `paused_in` are the statuses that hold the clocks.
    """

    version: str
    policies: tuple[Policy, ...]
    schedules: Mapping[str, Schedule]
    default_schedule: str
    order: tuple[str, ...] = ORDER
    by_organization: Mapping[str, str] = field(default_factory=dict)
    by_zone: Mapping[str, str] = field(default_factory=dict)
    by_group: Mapping[str, str] = field(default_factory=dict)
    zone_copies: str | None = None
    paused_in: frozenset[Status] = frozenset({Status.PENDING})
    escalation: EscalationRules = field(default_factory=EscalationRules)
    _calendars: dict[str, Calendar] = field(default_factory=dict, compare=False, repr=False)

    def calendar(self, schedule: Schedule) -> Calendar:
        """The schedule's calendar, built once."""
        found = self._calendars.get(schedule.id)
        if found is None:
            found = self._calendars.setdefault(schedule.id, Calendar(schedule))
        return found

    def schedule_for(self, facts: Facts) -> tuple[Schedule, str]:
        """The schedule and why it is this one, in words: "the customer's organization"."""
        for name in self.order:
            found = self._asked(name, facts)
            if found is not None:
                return found
        return self.schedules[self.default_schedule], "the default"

    def policy_for(self, facts: Facts) -> Policy | None:
        return policy_for(self.policies, facts)

    def promised(self, facts: Facts, priority: Priority | None) -> dict[Metric, tuple[timedelta, Hours]]:
        """Metric -> how much time, and in whose hours; empty where no policy fits or no priority is set."""
        policy = self.policy_for(facts)
        if policy is None or priority is None:
            return {}
        schedule, _ = self.schedule_for(facts)
        return {
            target.metric: (
                _length(target, schedule),
                self.calendar(schedule) if _is_open_time(target) else AroundTheClock(),
            )
            for target in policy.targets
            if target.priority is priority
        }

    def _asked(self, name: str, facts: Facts) -> tuple[Schedule, str] | None:
        match name:
            case "organization":
                return self._named(self.by_organization, facts, ("organization_id", "organization"), "the organization")
            case "group":
                return self._named(self.by_group, facts, ("group_id", "group"), "the group")
            case "requester_zone":
                return self._in_zone(facts)
        return None

    def _named(
        self, listed: Mapping[str, str], facts: Facts, subjects: tuple[str, ...], why: str
    ) -> tuple[Schedule, str] | None:
        values = (value for subject in subjects for value in facts.get(subject, ()))
        found = next((listed[value] for value in values if value in listed), None)
        return None if found is None else (self.schedules[found], why)

    def _in_zone(self, facts: Facts) -> tuple[Schedule, str] | None:
        zone = next(iter(facts.get("requester_zone", ())), None)
        if zone is None:
            return None
        if zone in self.by_zone:
            return self.schedules[self.by_zone[zone]], "the requester's time zone"
        if self.zone_copies is not None:
            return in_zone(self.schedules[self.zone_copies], zone), "the requester's time zone"
        return None


def in_zone(schedule: Schedule, zone: str) -> Schedule:
    """The same hours on the walls of another zone."""
    if schedule.time_zone == zone:
        return schedule
    return replace(schedule, id=f"{schedule.id}@{zone}", time_zone=zone)


def business_day(schedule: Schedule) -> timedelta:
    """How long a usual day of the schedule is: its weekly open time shared by the weekdays on which it opens."""
    minutes = sum(end - start for start, end in schedule.intervals)
    days = {day for start, end in schedule.intervals for day in range(start // DAY, (end - 1) // DAY + 1)}
    return timedelta(minutes=minutes / len(days)) if days else timedelta(days=1)


def _length(target: Target, schedule: Schedule) -> timedelta:
    if target.business_days is None:
        return timedelta(minutes=target.target_minutes)
    return target.business_days * business_day(schedule)


def _is_open_time(target: Target) -> bool:
    return target.in_business_hours or target.business_days is not None
