"""A small desk: who works there, its rules, and a log told in minutes since a Monday, 09:00 UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from triage.escalation.people import EscalationRules, Ladder, Level, Person, Response, Rotation, Via
from triage.escalation.steps import Step, due, next_at, steps, told_keys
from triage.hours import Schedule
from triage.sla.log import Acknowledged, Event, FactsSet, PrioritySet, Reply, StatusSet, Told
from triage.sla.policies import Facts, Metric, Policy, Target
from triage.sla.rules import SlaRules
from triage.sla.standing import standing
from triage.tickets import Priority, Status

H = 60
DAY = 24 * H
BEGIN = datetime(2026, 6, 1, 9, tzinfo=UTC)  # a Monday
FIRST, NEXT, WHOLE = Metric.FIRST_REPLY_TIME, Metric.NEXT_REPLY_TIME, Metric.FULL_RESOLUTION_TIME
P1, P2, P3 = Priority.P1, Priority.P2, Priority.P3

ANA = Person(id="ana", name="Ana Lind", email="ana@desk.example", chat="ana", helpdesk_id="71")
PRIYA = Person(id="priya", name="Priya Nair", email="priya@desk.example", chat="priya", time_zone="Europe/Berlin")
TOMAS = Person(id="tomas", name="Tomás Rey", email="tomas@desk.example", chat="tomas")
MEI = Person(id="mei", name="Mei Tanaka", email="mei@desk.example", chat="mei", time_zone="Asia/Tokyo")
PEOPLE = {each.id: each for each in (ANA, PRIYA, TOMAS, MEI)}
DUTY = Rotation(id="duty", people=("tomas", "mei"), starts_at=BEGIN - timedelta(days=1), turn=timedelta(days=7))
FACTS = {"assignee_id": ("71",), "group_id": ("9",), "group": ("Integrations EU",), "tier": ("enterprise",)}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def at(minute: float) -> datetime:
    return BEGIN + minutes(minute)


def level(*to: str, by: tuple[Via, ...] = (Via.CHAT,), wait: float = 10) -> Level:
    return Level(to=to, by=by, wait=minutes(wait))


LATE = Ladder(
    id="late",
    name="Late",
    levels=(
        level("assignee"),
        level("group_lead", by=(Via.CHAT, Via.MAIL), wait=15),
        level("rotation:duty", by=(Via.PAGE,), wait=20),
        level("person:mei", by=(Via.PAGE, Via.MAIL)),
    ),
)


def rules(
    *,
    people: Iterable[Person] = PEOPLE.values(),
    ladders: Iterable[Ladder] = (LATE,),
    responses: dict[Priority, Response] | None = None,
    targets: dict[Priority, dict[Metric, float]] | None = None,
    remind: Level | None = None,
    in_business_hours: bool = False,
    intervals: tuple[tuple[int, int], ...] = tuple((day * DAY + 9 * H, day * DAY + 17 * H) for day in range(5)),
    leads: dict[str, str] | None = None,
) -> SlaRules:
    """P1 an hour to the first reply and at once, P2 two hours, both climb `LATE`; P3 four hours and no ladder."""
    promised = targets or {P1: {FIRST: 60}, P2: {FIRST: 120}, P3: {FIRST: 240}}
    policy = Policy(
        id="all",
        title="All",
        position=1,
        targets=tuple(
            Target(metric=metric, priority=priority, target_minutes=length, in_business_hours=in_business_hours)
            for priority, each in promised.items()
            for metric, length in each.items()
        ),
    )
    escalation = EscalationRules(
        people={each.id: each for each in people},
        rotations={DUTY.id: DUTY},
        ladders={each.id: each for each in ladders},
        leads={"9": "priya"} if leads is None else leads,
        responses={P1: Response(ladder="late", at_once=True), P2: Response(ladder="late"), P3: Response()}
        if responses is None
        else responses,
    )
    if remind is not None:
        escalation = replace(escalation, remind=remind)
    office = Schedule(id="office", name="Office", time_zone="Etc/UTC", intervals=intervals)
    return SlaRules(
        version="1", policies=(policy,), schedules={"office": office}, default_schedule="office", escalation=escalation
    )


def began(priority: Priority | None = P2, facts: Facts | None = None) -> list[Event]:
    return [
        StatusSet(at=BEGIN, status=Status.OPEN),
        PrioritySet(at=BEGIN, priority=priority),
        FactsSet(at=BEGIN, facts=FACTS if facts is None else facts),
    ]


def status(minute: float, now: Status) -> StatusSet:
    return StatusSet(at=at(minute), status=now)


def priority(minute: float, now: Priority | None) -> PrioritySet:
    return PrioritySet(at=at(minute), priority=now)


def reply(minute: float, *, by_agent: bool = True) -> Reply:
    return Reply(at=at(minute), by_agent=by_agent)


def acknowledged(minute: float) -> Acknowledged:
    return Acknowledged(at=at(minute), by="Ana Lind", way="panel")


class Line:
    """Sweeps over one ticket, as the line does it: what is due is taken and kept in the log."""

    def __init__(self, log: Iterable[Event], by: SlaRules) -> None:
        self.log = list(log)
        self.rules = by
        self.taken: list[tuple[datetime, Step]] = []

    def all(self, now: datetime) -> tuple[Step, ...]:
        return steps(standing(self.log, self.rules, now), self.rules)

    def sweep(self, now: datetime) -> list[Step]:
        found = due(self.all(now), told_keys(self.log), now)
        self.log += [step.as_told(now) for step in found]
        self.taken += [(now, step) for step in found]
        return list(found)

    def next_at(self, now: datetime) -> datetime | None:
        return next_at(self.all(now), told_keys(self.log), now)

    def run(self, start: datetime, until: datetime) -> list[Step]:
        """Sweep at every moment that is asked for, until `until`."""
        now: datetime | None = start
        found: list[Step] = []
        for _ in range(1_000):
            if now is None or now > until:
                return found
            found += self.sweep(max(now, start))
            now = self.next_at(now)
        raise AssertionError("it never comes to an end")


def said(found: Iterable[Step]) -> list[tuple[float, str, Any]]:
    """Minute, the key without its run, and who."""
    return [((step.at - BEGIN) / minutes(1), step.key.split("/", 2)[2], step.to) for step in found]


def told(line: Line) -> list[Told]:
    return [event for event in line.log if isinstance(event, Told)]
