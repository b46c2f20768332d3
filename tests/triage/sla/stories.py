"""A ticket whose figures the tests of clocks, console and panel share: P2, 24 open hours, held on a Friday."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from triage.escalation.people import EscalationRules, Ladder, Level, Person, Response, Via
from triage.hours import Holiday, Schedule
from triage.sla.log import Event, FactsSet, PrioritySet, Reply, StatusSet, Told
from triage.sla.policies import Metric, Policy, Target
from triage.sla.rules import SlaRules
from triage.tickets import Priority, Status

HERE = ZoneInfo("Europe/Amsterdam")
REF = "48102"
DAY = 24 * 60


def local(day: int, clock: str, month: int = 11) -> datetime:
    """A moment of 2026 in Amsterdam."""
    hour, minute = (int(part) for part in clock.split(":"))
    return datetime(2026, month, day, hour, minute, tzinfo=HERE).astimezone(UTC)


NOW = local(17, "14:24")
WEEKDAYS = Schedule(
    id="amsterdam",
    name="Amsterdam",
    time_zone="Europe/Amsterdam",
    intervals=tuple((day * DAY + 8 * 60, day * DAY + 18 * 60) for day in range(5)),
)
LOG: tuple[Event, ...] = (
    StatusSet(at=local(12, "15:20"), status=Status.NEW),
    FactsSet(at=local(12, "15:20"), facts={"tier": ("enterprise",), "organization": ("Veldt Energy",)}),
    PrioritySet(at=local(12, "15:21"), priority=Priority.P2),
    Reply(at=local(12, "15:58"), by_agent=True),
    StatusSet(at=local(12, "15:58"), status=Status.OPEN),
    StatusSet(at=local(13, "11:05"), status=Status.PENDING),
    Reply(at=local(13, "16:40"), by_agent=False),
    StatusSet(at=local(13, "16:40"), status=Status.OPEN),
    Reply(at=local(13, "17:30"), by_agent=True),
)


def target(metric: Metric, priority: Priority, minutes: float, *, open_hours: bool = True) -> Target:
    return Target(metric=metric, priority=priority, target_minutes=minutes, in_business_hours=open_hours)


ENTERPRISE = Policy(
    id="enterprise",
    title="Enterprise",
    position=1,
    applies_to={"tier": ("enterprise",)},
    targets=(
        target(Metric.FIRST_REPLY_TIME, Priority.P1, 15, open_hours=False),
        target(Metric.FULL_RESOLUTION_TIME, Priority.P1, 240, open_hours=False),
        target(Metric.FIRST_REPLY_TIME, Priority.P2, 60),
        target(Metric.NEXT_REPLY_TIME, Priority.P2, 240),
        target(Metric.FULL_RESOLUTION_TIME, Priority.P2, 1440),
    ),
)
RULES = SlaRules(version="12", policies=(ENTERPRISE,), schedules={"amsterdam": WEEKDAYS}, default_schedule="amsterdam")

PEOPLE = (
    Person(id="ana", name="Ana Lind", role="assignee", chat="@ana", helpdesk_id="11"),
    Person(id="priya", name="Priya Nair", role="group lead", chat="@priya", helpdesk_id="12"),
    Person(id="tomas", name="Tomás Rey", role="duty officer", helpdesk_id="13"),
    Person(id="mei", name="Mei Tanaka", role="head of support", email="mei@fieldline.example"),
)
HALF = timedelta(minutes=30)
LADDER_B = Ladder(
    id="b",
    name="Ladder B",
    levels=(
        Level(to=("person:priya",), by=(Via.CHAT,), wait=HALF),
        Level(to=("person:tomas",), by=(Via.PAGE,), wait=2 * HALF),
        Level(to=("person:mei",), by=(Via.MAIL,), wait=2 * HALF),
    ),
)
LADDER_A = Ladder(
    id="a",
    name="Ladder A",
    levels=(
        Level(to=("person:ana",), by=(Via.CHAT,), wait=timedelta(minutes=8)),
        Level(to=("person:priya",), by=(Via.PAGE,), wait=timedelta(minutes=5)),
        Level(to=("person:tomas",), by=(Via.PAGE,), wait=timedelta(minutes=10)),
        Level(to=("person:mei",), by=(Via.MAIL,), wait=timedelta(minutes=10)),
    ),
)
WITH_LADDER = replace(
    RULES,
    escalation=EscalationRules(
        people={each.id: each for each in PEOPLE},
        ladders={each.id: each for each in (LADDER_A, LADDER_B)},
        responses={
            Priority.P1: Response(reminders=(), ladder="a", at_once=True),
            Priority.P2: Response(reminders=(0.5, 0.75, 0.9), ladder="b"),
        },
        remind=Level(to=("person:priya",), by=(Via.CHAT,), wait=timedelta()),
    ),
)


def reminded(at: datetime, share: str) -> Told:
    return Told(at=at, key=f"full_resolution_time/1/remind/{share}", to=("priya",), by=("chat",))


LADDERED: tuple[Event, ...] = (
    *LOG,
    reminded(local(16, "12:55"), "0.5"),
    reminded(local(17, "08:55"), "0.75"),
    reminded(local(17, "12:31"), "0.9"),
)
"""The same ticket with its three reminders told."""


def service_down(*levels: int, at: datetime = NOW) -> tuple[Event, ...]:
    """A P1 of 11 minutes ago, of whose ladder these levels were told when they were due."""
    begun = at - timedelta(minutes=11)
    due = {1: 0, 2: 8, 3: 13, 4: 23}
    who = {1: ("ana", "chat"), 2: ("priya", "page"), 3: ("tomas", "page"), 4: ("mei", "mail")}
    return (
        StatusSet(at=begun, status=Status.NEW),
        replace(LOG[1], at=begun),
        PrioritySet(at=begun, priority=Priority.P1),
        *(
            Told(
                at=begun + timedelta(minutes=due[level]),
                key=f"at_once/1/level/{level}",
                to=(who[level][0],),
                by=(who[level][1],),
            )
            for level in levels
        ),
    )


def everybody(metric: Metric, priority: Priority, *, minutes: float = 0, days: float | None = None) -> Target:
    return Target(metric=metric, priority=priority, target_minutes=minutes, in_business_hours=True, business_days=days)


STORY_RULES = replace(
    WITH_LADDER,
    policies=(
        replace(
            ENTERPRISE,
            targets=(
                *ENTERPRISE.targets,
                target(Metric.NEXT_REPLY_TIME, Priority.P1, 30, open_hours=False),
                everybody(Metric.FIRST_REPLY_TIME, Priority.P3, minutes=240),
                everybody(Metric.NEXT_REPLY_TIME, Priority.P3, minutes=480),
                everybody(Metric.FULL_RESOLUTION_TIME, Priority.P3, days=3),
                everybody(Metric.FIRST_REPLY_TIME, Priority.P4, days=1),
                everybody(Metric.NEXT_REPLY_TIME, Priority.P4, days=2),
                everybody(Metric.FULL_RESOLUTION_TIME, Priority.P4, days=5),
            ),
        ),
        Policy(
            id="standard",
            title="Standard",
            position=2,
            targets=(everybody(Metric.FIRST_REPLY_TIME, Priority.P1, minutes=60),),
        ),
    ),
    schedules={
        "amsterdam": replace(
            WEEKDAYS,
            holidays=tuple(
                Holiday(name=name, starts_on=date(*on), ends_on=date(*on))
                for name, on in (
                    ("New Year’s Day", (2026, 1, 1)),
                    ("Christmas Day", (2026, 12, 25)),
                    ("Second Day of Christmas", (2026, 12, 26)),
                    ("New Year’s Day", (2027, 1, 1)),
                )
            ),
        ),
        "always": Schedule(id="always", name="Day and night", time_zone="Etc/UTC", intervals=((0, 7 * DAY),)),
    },
    by_organization={"Kestrel Robotics": "always"},
    zone_copies="amsterdam",
    escalation=replace(
        WITH_LADDER.escalation,
        responses={
            **WITH_LADDER.escalation.responses,
            Priority.P3: Response(reminders=(0.75, 0.9)),
            Priority.P4: Response(reminders=(0.9,)),
        },
        ladders={
            **WITH_LADDER.escalation.ladders,
            "b": replace(LADDER_B, levels=(*LADDER_B.levels, Level(to=("group_lead",), by=(Via.CHAT,), wait=2 * HALF))),
        },
    ),
)
"""The same with all that the SLA page lists, and a last level that reaches nobody."""
