"""When which desk is open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

from triage.hours import Holiday, LocalSpan, Schedule
from triage.hours.holidays import HolidayError, public
from triage.hours.ical import from_ical
from triage.hours.schedule import DAY, WEEK, problems
from triage.sla.reading.node import Node, said
from triage.sla.reading.policies import known_zone

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS = "24/7"
LONGEST_HOLIDAY = timedelta(days=366)
_SPAN = re.compile(r"\s*(\d{1,2}):(\d{2})\s*(?:-|–|to)\s*(\d{1,2}):(\d{2})\s*")


def schedules(node: Node) -> dict[str, Schedule]:
    found = {}
    for name, each in node.entries():
        each.id(name)
        found[name] = _schedule(each, name)
    if not found:
        node.wrong("is missing. Define at least one schedule, such as one with `time_zone` and `monday`.")
    return found


def _schedule(node: Node, name: str) -> Schedule:
    if not node.has(("name", "time_zone", "hours", *DAYS, "holidays", "date_hours", "breaks")):
        return Schedule(id=name, name=name, time_zone="Etc/UTC", intervals=())
    before = len(node.problems)
    zone = node.at("time_zone").text()
    if zone:
        known_zone(node.at("time_zone"), zone)
    found = Schedule(
        id=name,
        name=node.at("name").text(name),
        time_zone=zone or "Etc/UTC",
        intervals=_weekly(node),
        holidays=tuple(day for row in node.at("holidays").rows() for day in _holidays(row)),
        date_hours=tuple(_dated(node.at("date_hours"), closes=True)),
        breaks=tuple(_dated(node.at("breaks"), closes=False)),
    )
    if len(node.problems) == before:
        for problem in problems(found):
            node.wrong(problem)
    return found


def _weekly(node: Node) -> tuple[tuple[int, int], ...]:
    hours = node.at("hours")
    if hours.is_given:
        if hours.value != ALWAYS:
            hours.wrong(f"expected {ALWAYS}, found {said(hours.value)}. Other hours stand under monday, tuesday, ….")
        for day in DAYS:
            if node.at(day).is_given:
                node.at(day).wrong(f"stands beside `hours: {ALWAYS}`. Remove one of the two.")
        return ((0, WEEK),)
    return tuple(
        (index * DAY + start, index * DAY + end) for index, day in enumerate(DAYS) for start, end in spans(node.at(day))
    )


def spans(node: Node, *, over_midnight: bool = False) -> tuple[tuple[int, int], ...]:
    """Spans of wall time, as minutes since midnight, sorted."""
    if isinstance(node.value, str):
        node = Node([part for part in node.value.split(",") if part.strip()], node.place, node.problems)
    found = []
    for row in node.rows():
        row = Node(row.value, node.place, node.problems)
        match = _SPAN.fullmatch(row.value) if isinstance(row.value, str) else None
        if match is None:
            row.wrong(f"{said(row.value)} is no span of time. Write it in quotes as 09:00-17:30.")
            continue
        start, end = (int(match[at]) * 60 + int(match[at + 1]) for at in (1, 3))
        text = f"{match[1]}:{match[2]} to {match[3]}:{match[4]}"
        if start >= DAY or end > DAY or int(match[2]) > 59 or int(match[4]) > 59:
            row.wrong(f"{text} is no time of a day. Use 00:00 to 24:00.")
        elif start == end or (end < start and not over_midnight):
            row.wrong(
                f"{text} ends before it starts. Swap the two, or split it at midnight: {match[1]}:{match[2]}-24:00."
            )
        else:
            found.append((start, end))
    found.sort()
    for (start, end), (next_start, next_end) in pairwise(found):
        if next_start < end:
            node.wrong(
                f"{_clock(start)}-{_clock(end)} and {_clock(next_start)}-{_clock(next_end)} overlap. Make them one."
            )
    return tuple(found)


def _dated(node: Node, *, closes: bool) -> Iterator[LocalSpan]:
    for name, each in node.entries():
        on = _date(Node(name, each.place, each.problems))
        found = spans(each)
        if on is None:
            continue
        if not found and each.value == [] and closes:
            yield LocalSpan(on=on, start=0, end=0)
        elif not found and each.value in (None, [], ""):
            each.wrong("is empty. Write spans such as 09:00-12:00" + (", or [] for closed." if closes else "."))
        yield from (LocalSpan(on=on, start=start, end=end) for start, end in found)


def _holidays(node: Node) -> tuple[Holiday, ...]:
    if not isinstance(node.value, dict):
        node.wrong(f"expected `country`, `calendar` or `date`, found {said(node.value)}.")
        return ()
    try:
        if "country" in node.value:
            node.has(("country", "subdivision"))
            region = node.at("subdivision")
            country = node.at("country").text()
            return public(country, region.text() if region.is_given else None) if country else ()
        if "calendar" in node.value:
            node.has(("calendar",))
            return from_ical(str(node.value["calendar"] or ""))
    except HolidayError as error:
        node.wrong(str(error))
        return ()
    node.has(("date", "until", "name", "country", "calendar", "subdivision"))
    return _own(node)


def _own(node: Node) -> tuple[Holiday, ...]:
    first = _date(node.at("date"))
    last = _date(node.at("until")) if node.at("until").is_given else first
    if first is None or last is None:
        return ()
    if last < first:
        node.wrong(f"ends on {last}, before it starts on {first}. Swap the two.")
        return ()
    if last - first > LONGEST_HOLIDAY:
        node.wrong(f"{first} to {last} is longer than a year. Split it, or give the schedule no hours.")
        return ()
    return (Holiday(name=node.at("name").text("Holiday"), starts_on=first, ends_on=last),)


def _date(node: Node) -> date | None:
    if isinstance(node.value, date) and not isinstance(node.value, datetime):
        return node.value
    try:
        return date.fromisoformat(str(node.value).strip())
    except ValueError:
        node.wrong(f"{said(node.value)} is no date. Write it as 2026-12-24.")
        return None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
