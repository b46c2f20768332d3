"""Clocks in words: their names, how long, by when, and why a desk is closed (design guide, "Numbers and time")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo

from triage.hours import Schedule
from triage.hours.schedule import DAY, zone
from triage.sla.policies import Metric, Target
from triage.words import NBSP

NAMES = {
    Metric.FIRST_REPLY_TIME: "First reply",
    Metric.NEXT_REPLY_TIME: "Next reply",
    Metric.REQUESTER_WAIT_TIME: "Requester wait",
    Metric.AGENT_WORK_TIME: "Agent work",
    Metric.PAUSABLE_UPDATE_TIME: "Update while not held",
    Metric.PERIODIC_UPDATE_TIME: "Update",
    Metric.FULL_RESOLUTION_TIME: "Resolution",
}
VERBS = {
    Metric.FIRST_REPLY_TIME: "Reply",
    Metric.NEXT_REPLY_TIME: "Reply",
    Metric.PAUSABLE_UPDATE_TIME: "Update",
    Metric.PERIODIC_UPDATE_TIME: "Update",
    Metric.FULL_RESOLUTION_TIME: "Resolve",
}
"""What an agent is asked to do by the due time; a clock without one is called by its name."""
SECONDS_UNDER = timedelta(minutes=5)
MINUTES_UNDER = timedelta(hours=48)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NAMED = 3
LONGEST_GAP = 400
"""Days of one gap that are looked at for the reason."""
MINUTE = timedelta(minutes=1)


def time_left(span: timedelta) -> str:
    """ "3 min 40 s" under five minutes, "22 min" under an hour, "3 h 20 min" under 48 h, then "62 h"."""
    seconds = int(abs(span).total_seconds())
    minutes, rest = divmod(seconds, 60)
    if seconds < SECONDS_UNDER.total_seconds():
        return f"{minutes}{NBSP}min {rest}{NBSP}s" if minutes else f"{rest}{NBSP}s"
    if abs(span) >= MINUTES_UNDER:
        return f"{minutes // 60:,}{NBSP}h"
    return length(abs(span))


def length(span: timedelta) -> str:
    """Whole minutes, as a target is named: "15 min", "4 h", "2 h 40 min"; seconds only under a minute."""
    minutes = int(span // MINUTE)
    if not minutes and span:
        return f"{int(span.total_seconds())}{NBSP}s"
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest}{NBSP}min"
    return f"{hours:,}{NBSP}h {rest}{NBSP}min" if rest else f"{hours:,}{NBSP}h"


def column(minutes: int) -> str:
    """Minutes in a column of such: "0 min", "3 h 05 min", "10 h 00 min"."""
    hours, rest = divmod(minutes, 60)
    return f"{hours:,}{NBSP}h {rest:02}{NBSP}min" if hours else f"{rest}{NBSP}min"


def target(each: Target) -> str:
    """ "15 min", "24 h", "3 business days"."""
    if each.business_days is not None:
        days = f"{each.business_days:g}"
        return f"{days}{NBSP}business day{'' if days == '1' else 's'}"
    return length(timedelta(minutes=each.target_minutes))


def city(zone_name: str) -> str:
    """The city of an IANA name; of one without a place its last part, such as "UTC"."""
    return zone_name.rsplit("/", 1)[-1].replace("_", " ")


def when(at: datetime, *, now: datetime, here: tzinfo) -> str:
    """ "14:46" today, "Thu 17:46" within six days, "19 Nov 17:46" this year, else "19 Nov 2027 17:46"."""
    then, today = at.astimezone(here), now.astimezone(here).date()
    clock = f"{then:%H:%M}"
    if then.date() == today:
        return clock
    if abs((then.date() - today).days) < 7:
        return f"{then:%a} {clock}"
    year = "" if then.year == today.year else f" {then.year}"
    return f"{then.day}{NBSP}{then:%b}{year} {clock}"


def weekly(schedule: Schedule) -> str:
    """ "Mon to Fri 08:00–18:00"; several such, parted by commas; "day and night" for all week, "never" for none."""
    if sum(end - start for start, end in schedule.intervals) == 7 * DAY:
        return "day and night"
    hours: list[tuple[str, int, int]] = []
    for day in range(7):
        said = ", ".join(
            f"{_clock(max(start - day * DAY, 0))}–{_clock(min(end - day * DAY, DAY))}"
            for start, end in schedule.intervals
            if start < (day + 1) * DAY and end > day * DAY
        )
        if not said:
            continue
        if hours and hours[-1][0] == said and hours[-1][2] == day - 1:
            hours[-1] = (said, hours[-1][1], day)
        else:
            hours.append((said, day, day))
    return "; ".join(f"{_days(first, last)} {said}" for said, first, last in hours) or "never"


def why_closed(schedule: Schedule, start: datetime, end: datetime) -> str:
    """What a closed stretch is to people: the night, the weekend, a holiday by its name, a break."""
    here = zone(schedule.time_zone)
    first, last = start.astimezone(here), (end - timedelta(microseconds=1)).astimezone(here)
    days = [
        first.date() + timedelta(days=ahead) for ahead in range(min((last.date() - first.date()).days + 1, LONGEST_GAP))
    ]
    reasons = list(dict.fromkeys(reason for day in days for reason in _closed_on(schedule, day)))
    if not reasons:
        return _within_days(schedule, first, last)
    if reasons in (["weekend"], ["other hours"]):
        return {"weekend": "Weekend", "other hours": "Closed: other hours that day"}[reasons[0]]
    if len(reasons) == 1 and reasons[0] in WEEKDAYS:
        return f"Closed on {reasons[0]}"
    more = f" and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    return f"Closed: {', '.join(reasons[:NAMED])}{more}"


def _closed_on(schedule: Schedule, day: date) -> Iterator[str]:
    """Why the whole day is closed, if it is."""
    usual = bool(_hours(schedule, day))
    named = [each.name for each in schedule.holidays if each.starts_on <= day <= each.ends_on]
    dated = [span for span in schedule.date_hours if span.on == day]
    if named and (usual or any(span.end for span in dated)):
        yield from named
    elif dated:
        if not any(span.end for span in dated):
            yield "other hours"
    elif not usual:
        weekday = day.weekday()
        beside = any(not _on_weekday(schedule, (weekday + step) % 7) for step in (-1, 1))
        yield "weekend" if weekday in (5, 6) or beside else WEEKDAYS[weekday]


def _within_days(schedule: Schedule, first: datetime, last: datetime) -> str:
    if first.date() != last.date():
        return "Closed for the night"
    start, end = (each.hour * 60 + each.minute for each in (first, last))
    hours = _hours(schedule, first.date())
    if not hours or start >= max(close for _, close in hours) or end < min(opens for opens, _ in hours):
        return "Closed for the night"
    if any(span.on == first.date() and span.start <= end and start < span.end for span in schedule.breaks):
        return "Break"
    return "Closed in between"


def _hours(schedule: Schedule, day: date) -> list[tuple[int, int]]:
    """The day's own hours, holidays left aside."""
    dated = [(span.start, span.end) for span in schedule.date_hours if span.on == day]
    return [each for each in dated if each[1]] if dated else _on_weekday(schedule, day.weekday())


def _on_weekday(schedule: Schedule, weekday: int) -> list[tuple[int, int]]:
    start = weekday * DAY
    return [
        (max(opens - start, 0), min(closes - start, DAY))
        for opens, closes in schedule.intervals
        if opens < start + DAY and closes > start
    ]


def _days(first: int, last: int) -> str:
    names = [name[:3] for name in WEEKDAYS]
    if first == last:
        return names[first]
    return f"{names[first]} {'and' if last == first + 1 else 'to'} {names[last]}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
