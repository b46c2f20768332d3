"""From a tenant's rules to what the SLA page lists: policies, schedules, people and ladders. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.admin.sla_model import SlaPage
from triage.escalation.people import Level, Response, Via
from triage.hours import Holiday, Schedule
from triage.sla.ladder import ahead
from triage.sla.policies import Metric, Policy, Target
from triage.sla.remarks import remarks, unreached
from triage.sla.rules import SlaRules
from triage.sla.saying import NAMES, length, target, weekly
from triage.tickets import Priority
from triage.words import NBSP, day

FIRST_METRICS = (Metric.FIRST_REPLY_TIME, Metric.NEXT_REPLY_TIME, Metric.FULL_RESOLUTION_TIME)
ASKED = {
    "organization": "the organization’s",
    "requester_zone": "the requester’s time zone",
    "group": "the group’s",
    "default": "the default",
}
MOST_HOLIDAYS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTable:
    """One policy: `heads` are its metrics, `rows` a priority each."""

    id: str
    title: str
    fits: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...], str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    name: str
    hours: str
    zone: str
    holidays: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRow:
    """One level of a ladder; `nobody` is why it reaches nobody."""

    number: int
    who: str
    by: str
    waits: str
    nobody: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderBox:
    name: str
    used_by: str
    levels: tuple[LevelRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is promised to whom. `choice` says whose hours hold, `remarks` what is strange."""

    policies: tuple[PolicyTable, ...]
    choice: str
    schedules: tuple[ScheduleRow, ...]
    people: tuple[tuple[str, str, str], ...]
    ladders: tuple[LadderBox, ...]
    remind: str
    remarks: tuple[str, ...]


def rules_view(page: SlaPage, rules: SlaRules) -> Rules:
    held = page.case.standing.policy if page.case and page.case.clocks else None
    ordered = sorted(rules.policies, key=lambda each: (each is not held, each.position))
    return Rules(
        policies=tuple(_policy(each, rules) for each in ordered if each.is_active),
        choice=_choice(rules),
        schedules=tuple(_schedule(each, rules, page.at) for each in rules.schedules.values()),
        people=tuple(
            (each.name, each.role or "no role", _reached_by(each.email, each.chat))
            for each in rules.escalation.people.values()
        ),
        ladders=tuple(_ladders(rules)),
        remind=f"{_who(rules.escalation.remind, rules)}, {ahead(rules.escalation.remind.by)}",
        remarks=remarks(rules),
    )


def _policy(policy: Policy, rules: SlaRules) -> PolicyTable:
    there = {each.metric for each in policy.targets}
    metrics = [
        *(each for each in FIRST_METRICS),
        *(each for each in Metric if each in there and each not in FIRST_METRICS),
    ]
    rows = []
    for priority in Priority:
        mine = {each.metric: each for each in policy.targets if each.priority is priority}
        if mine:
            cells = tuple(target(mine[metric]) if metric in mine else "nothing" for metric in metrics)
            rows.append((priority.value, cells, _whose_hours(list(mine.values())), _told(priority, rules)))
    return PolicyTable(
        id=policy.id,
        title=policy.title,
        fits=_fits(policy),
        heads=tuple(NAMES[each] for each in metrics),
        rows=tuple(rows),
    )


def _fits(policy: Policy) -> str:
    if not policy.applies_to:
        return "every ticket that no policy before fits"
    return ", ".join(
        f"{subject.replace('_', ' ').replace('.', ' ')} {' or '.join(values)}"
        for subject, values in policy.applies_to.items()
    )


def _whose_hours(targets: Sequence[Target]) -> str:
    open_time = [each for each in targets if each.in_business_hours or each.business_days is not None]
    if not open_time:
        return "day and night"
    if len(open_time) == len(targets):
        return "opening hours"
    others = ", ".join(NAMES[each.metric].lower() for each in targets if each not in open_time)
    return f"opening hours; {others} day and night"


def _told(priority: Priority, rules: SlaRules) -> str:
    response = rules.escalation.responses.get(priority)
    if response is None:
        return "nobody"
    ladder = rules.escalation.ladders.get(response.ladder) if response.ladder else None
    shares = ", ".join(f"{share * 100:g}" for share in response.reminders)
    if ladder and response.at_once:
        pages = ladder.levels and Via.PAGE in ladder.levels[0].by
        return f"{'page ' if pages else ''}at once: {ladder.name}"
    parts = [f"{shares}{NBSP}%"] if shares else []
    if ladder:
        parts.append(f"{'then ' if parts else 'when late: '}{ladder.name}")
    return ", ".join(parts) or "nobody"


def _choice(rules: SlaRules) -> str:
    known = [name for name in rules.order if name != "default" and _is_used(name, rules)]
    first = ", then ".join(ASKED[name] for name in known)
    default = rules.schedules[rules.default_schedule].name
    return f"Schedule: {first}, else “{default}”." if first else f"Schedule: “{default}” for everybody."


def _is_used(name: str, rules: SlaRules) -> bool:
    match name:
        case "organization":
            return bool(rules.by_organization)
        case "group":
            return bool(rules.by_group)
    return bool(rules.by_zone) or rules.zone_copies is not None


def _schedule(schedule: Schedule, rules: SlaRules, at: datetime) -> ScheduleRow:
    today = at.date()
    coming_ = sorted((each for each in schedule.holidays if each.ends_on >= today), key=lambda each: each.starts_on)
    named = [_holiday(each, today) for each in coming_[:MOST_HOLIDAYS]]
    more = f" and {len(coming_) - MOST_HOLIDAYS} more" if len(coming_) > MOST_HOLIDAYS else ""
    notes = ["the default"] if schedule.id == rules.default_schedule else []
    if schedule.id == rules.zone_copies:
        notes.append("kept in any requester’s own zone")
    users = sum(
        found == schedule.id
        for each in (rules.by_organization, rules.by_zone, rules.by_group)
        for found in each.values()
    )
    if users:
        notes.append(f"chosen by {users} rule{'' if users == 1 else 's'}")
    return ScheduleRow(
        name=schedule.name,
        hours=weekly(schedule),
        zone=schedule.time_zone,
        holidays=f"{', '.join(named)}{more}" if named else "none ahead",
        note=", ".join(notes) or "not used",
    )


def _holiday(each: Holiday, today: date) -> str:
    until = f" to {day(each.ends_on, today=today)}" if each.ends_on > each.starts_on else ""
    return f"{day(each.starts_on, today=today)}{until} {each.name}"


def _ladders(rules: SlaRules) -> Iterator[LadderBox]:
    for ladder in rules.escalation.ladders.values():
        users = [each.value for each, response in rules.escalation.responses.items() if response.ladder == ladder.id]
        yield LadderBox(
            name=ladder.name,
            used_by=", ".join(_started(each, rules.escalation.responses[Priority(each)]) for each in users)
            or "not used",
            levels=tuple(
                LevelRow(
                    number=number,
                    who=_who(level, rules),
                    by=ahead(level.by),
                    waits=length(level.wait),
                    nobody=unreached(level, rules.escalation),
                )
                for number, level in enumerate(ladder.levels, start=1)
            ),
        )


def _started(priority: str, response: Response) -> str:
    return f"{priority} {'at once' if response.at_once else 'when late'}"


def _who(level: Level, rules: SlaRules) -> str:
    people = rules.escalation.people

    def said(entry: str) -> str:
        kind, _, name = entry.partition(":")
        if kind == "person":
            return people[name].name if name in people else name
        return f"on duty in {name}" if kind == "rotation" else kind.replace("_", " ")

    return " and ".join(said(each) for each in level.to) or "whoever the pager has on call"


def _reached_by(email: str, chat: str) -> str:
    ways = [*(["mail"] if email else []), *(["chat"] if chat else []), "page"]
    return ", ".join(ways)
