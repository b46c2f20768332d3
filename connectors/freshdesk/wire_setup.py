"""How a Freshdesk account is set up: groups, fields, calendars, policies, ratings; and their translation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from connectors import time_zones
from connectors.freshdesk import mapping
from connectors.freshdesk.fields import Fields
from connectors.freshdesk.wire import Flag, Id, Instant, Keyed, OptionalId, Text, Texts, Wire
from triage import hours, sla, tickets

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MINUTES, WEEK_MINUTES = 24 * 60, 7 * 24 * 60
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]\.?m\.?)?", re.IGNORECASE)


class Group(Wire):
    """https://developers.freshdesk.com/api/#groups"""

    id: Id
    name: Text = None

    def normalised(self) -> tickets.Group:
        return tickets.Group(id=self.id, name=self.name or "")


class TicketField(Wire):
    """https://developers.freshdesk.com/api/#ticket-fields. Its `name` is what a ticket calls it, so that is its id."""

    id: Id
    name: str
    label: Text = None
    type: Text = None
    choices: Any = None
    required_for_agents: Flag = False

    def normalised(self, fields: Fields) -> tickets.TicketField:
        own = fields.own_name(self.name)
        choices = dict.fromkeys(_choices(self.choices))
        return tickets.TicketField(
            id=self.name,
            title=self.label or self.name,
            kind=self.type or "",
            choices=tuple((fields.key(own, value) if own else value, label) for value, label in choices),
            required=self.required_for_agents,
        )


def _choices(choices: Any) -> Iterator[tuple[str, str]]:
    """(value, label) from each shape: a list, `{label: code}`, `{code: [labels]}`, nested levels, admin objects."""
    for each in choices if isinstance(choices, list) else ():
        if isinstance(each, dict):
            yield from _choice(each)
        elif isinstance(each, list):
            yield from _choices(each)
        elif each is not None:
            yield str(each), str(each)
    for key, value in choices.items() if isinstance(choices, dict) else ():
        if isinstance(value, list) and key.isdecimal():
            yield key, str(next(iter(value), key))
        elif isinstance(value, (list, dict)):
            yield key, key
            yield from _choices(value)
        else:
            yield str(value), key


def _choice(each: dict[str, Any]) -> Iterator[tuple[str, str]]:
    value = each.get("value")
    if value is not None:
        yield str(value), str(each.get("label") or value)
    yield from _choices(each.get("choices"))


class Hours(Wire):
    start_time: Text = None
    end_time: Text = None


class BusinessHours(Wire):
    """https://developers.freshdesk.com/api/#business-hours, without holidays; older accounts say `working_hours`."""

    id: Id
    name: Text = None
    time_zone: Text = None
    is_default: Flag = False
    business_hours: Keyed = Field(default_factory=dict)
    working_hours: Keyed = Field(default_factory=dict)

    def normalised(self) -> hours.Schedule:
        """Raises ValueError for a zone or a time of day that cannot be read: a wrong clock is worse than none."""
        named = {day.lower(): Hours.model_validate(value or {}) for day, value in self._week().items()}
        if unknown := set(named) - set(DAYS):
            raise ValueError(f"calendar {self.id} has a day {min(unknown)[:20]!r}")
        found = [interval for day, opened in named.items() for interval in _intervals(DAYS.index(day), opened)]
        return hours.Schedule(
            id=self.id,
            name=self.name or "",
            time_zone=time_zones.iana(self.time_zone or ""),
            intervals=_joined(found),
            is_default=self.is_default,
        )

    def _week(self) -> dict[str, Any]:
        return self.business_hours or self.working_hours


def _intervals(day: int, opened: Hours) -> Iterator[tuple[int, int]]:
    """Minutes of the week; "11:59:59 pm" means to midnight, and an end before the start is on the next day."""
    if not opened.start_time or not opened.end_time:
        return
    start, end = _minute(opened.start_time), _minute(opened.end_time, is_end=True)
    begin = day * DAY_MINUTES + start
    finish = day * DAY_MINUTES + (end if end > start else end + DAY_MINUTES)
    yield begin, min(finish, WEEK_MINUTES)
    if finish > WEEK_MINUTES:
        yield 0, finish - WEEK_MINUTES


def _joined(intervals: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Sorted, and those that overlap as one; those that only touch stay apart."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def _minute(text: str, *, is_end: bool = False) -> int:
    """The minute of the day of "08:00:00 am", "5:30 pm" or "17:30"; an end with seconds is the next minute."""
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a time of day: {text[:20]!r}")
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    half = (found.group(4) or "").lower().replace(".", "")
    if (half and not 1 <= hour <= 12) or hour > 24 or minute > 59 or second > 59:
        raise ValueError(f"not a time of day: {text[:20]!r}")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    at = hour * 60 + minute + (1 if is_end and second else 0)
    return at or DAY_MINUTES if is_end else at


class SlaTarget(Wire):
    respond_within: int | None = None
    next_respond_within: int | None = None
    resolve_within: int | None = None
    business_hours: Flag = False

    def normalised(self, priority: tickets.Priority) -> Iterator[sla.Target]:
        seconds = (
            (sla.Metric.FIRST_REPLY_TIME, self.respond_within),
            (sla.Metric.NEXT_REPLY_TIME, self.next_respond_within),
            (sla.Metric.FULL_RESOLUTION_TIME, self.resolve_within),
        )
        for metric, within in seconds:
            if within:
                yield sla.Target(
                    metric=metric, priority=priority, target_minutes=within / 60, in_business_hours=self.business_hours
                )


class Applicability(Wire):
    company_ids: Texts = ()
    group_ids: Texts = ()
    sources: Texts = ()
    ticket_types: Texts = ()
    product_ids: Texts = ()
    contact_segments: Texts = ()
    company_segments: Texts = ()


class SlaPolicy(Wire):
    """https://developers.freshdesk.com/api/#sla-policies. Escalation levels are not read: the clock is ours."""

    id: Id
    name: Text = None
    active: Flag = True
    is_default: Flag = False
    position: int | None = None
    sla_target: Keyed = Field(default_factory=dict)
    applicable_to: Applicability | None = None

    def normalised(self, position: int) -> sla.Policy:
        found = self.applicable_to or Applicability()
        channels = {mapping.channel(source).value for source in found.sources}
        looked_at = {
            "organization_id": found.company_ids,
            "group_id": found.group_ids,
            "channel": tuple(sorted(channels)),
            "type": found.ticket_types,
            "product_id": found.product_ids,
            "segment": (*found.contact_segments, *found.company_segments),
        }
        return sla.Policy(
            id=self.id,
            title=self.name or "",
            position=position,
            targets=tuple(self._targets()),
            applies_to={name: values for name, values in looked_at.items() if values},
            is_active=self.active,
        )

    def _targets(self) -> Iterator[sla.Target]:
        for code, priority in sorted(mapping.PRIORITY.items(), reverse=True):
            target = self.sla_target.get(f"priority_{code}")
            if target is not None:
                yield from SlaTarget.model_validate(target).normalised(priority)


def in_winning_order(policies: list[SlaPolicy]) -> tuple[sla.Policy, ...]:
    """As they win, numbered anew: the default policy takes what no other does, whatever its own position says."""
    ordered = sorted(policies, key=lambda policy: (policy.is_default, policy.position or 0, int(policy.id)))
    return tuple(policy.normalised(position) for position, policy in enumerate(ordered, start=1))


class Rating(Wire):
    """https://developers.freshdesk.com/api/#satisfaction-ratings"""

    id: Id
    ticket_id: Id
    created_at: Instant
    ratings: Keyed = Field(default_factory=dict)
    feedback: Text = None
    user_id: OptionalId = None
    agent_id: OptionalId = None
    group_id: OptionalId = None

    def normalised(self) -> tickets.Rating:
        """Raises ValueError for a score on no scale that we know."""
        answers = [self.ratings.get("default_question"), *self.ratings.values()]
        score = next((int(each) for each in answers if str(each).lstrip("-").isdecimal()), None)
        if score not in mapping.SATISFACTION:
            raise ValueError(f"rating {self.id} has the score {score}")
        return tickets.Rating(
            id=self.id,
            ticket_ref=self.ticket_id,
            score=mapping.SATISFACTION[score],
            comment=self.feedback or "",
            requester_id=self.user_id,
            agent_id=self.agent_id,
            group_id=self.group_id,
            rated_at=self.created_at,
        )


class Job(Wire):
    """https://developers.freshdesk.com/api/#jobs. What a finished bulk job says of its tickets is not documented."""

    status: Text = None
    data: Any = None

    @property
    def is_done(self) -> bool:
        return _word(self.status) in ("COMPLETED", "COMPLETE", "SUCCESS", "SUCCEEDED", "DONE", "PARTIAL")

    @property
    def is_failed(self) -> bool:
        return _word(self.status) in ("FAILED", "FAILURE", "ERROR", "CANCELLED", "CANCELED")

    @property
    def failed_ids(self) -> frozenset[str]:
        """The tickets that the job says it could not change."""
        rows = self.data if isinstance(self.data, list) else ()
        return frozenset(
            str(row.get("id")) for row in rows if isinstance(row, dict) and row.get("success") in (False, "false")
        )


class BulkAnswer(Wire):
    job_id: str


def _word(status: str | None) -> str:
    return re.sub(r"[\s_-]+", " ", (status or "").strip()).upper()
