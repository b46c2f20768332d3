"""Working hours as data: when a desk is open, in which zone, and on which days not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY = 24 * 60
WEEK = 7 * DAY
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """Closed from `starts_on` to `ends_on`, both included."""

    name: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSpan:
    """Wall time on one date, in minutes since its midnight; 1440 is the end of the day."""

    on: date
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Weekly hours: `intervals` are (start, end) in minutes since Monday 00:00 in `time_zone`, an IANA name.

    Intervals are sorted, do not overlap and contain their start and not their end; a day without one is closed. 10080
    is the end of Sunday. On a date that `date_hours` names, those hours stand instead of the weekly ones; a span from
    0 to 0 closes it. A holiday closes its dates whatever else is said, and `breaks` are cut out last.
    """

    id: str
    name: str
    time_zone: str
    intervals: tuple[tuple[int, int], ...]
    holidays: tuple[Holiday, ...] = ()
    is_default: bool = False
    date_hours: tuple[LocalSpan, ...] = ()
    breaks: tuple[LocalSpan, ...] = ()


class ScheduleError(ValueError):
    """The schedule cannot be reckoned with. `problems` are all of them, each with its place and a way out."""

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"Schedule “{name}” has problems:\n" + "\n".join(f"- {problem}" for problem in self.problems))


def problems(schedule: Schedule) -> tuple[str, ...]:
    """What has to be mended before `Calendar` takes the schedule; a desk that is never open is no problem here."""
    return tuple(_problems(schedule))


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """The IANA zone; raises `ValueError` for a name that is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # also a name that is a folder of the database, or leaves it
        raise ValueError(f"There is no time zone {name!r:.60}. Use an IANA name such as Europe/Berlin.") from error


def _problems(schedule: Schedule) -> Iterator[str]:
    try:
        zone(schedule.time_zone)
    except ValueError as error:
        yield f"time zone: {error}"
    for start, end in schedule.intervals:
        if not 0 <= start < WEEK or end > WEEK:
            yield f"{_said(start, end)}: lies outside the week. Use times from Monday 00:00 to Sunday 24:00."
        elif end <= start:
            yield f"{_said(start, end)}: ends before it starts. Swap the two, or split it at midnight."
    ordered = sorted(schedule.intervals)
    for (start, end), (next_start, next_end) in pairwise(ordered):
        if next_start < end:
            yield f"{_said(start, end)} and {_said(next_start, next_end)} overlap. Make one of them."
    for holiday in schedule.holidays:
        if holiday.ends_on < holiday.starts_on:
            yield f"holiday {holiday.name}: ends on {holiday.ends_on}, before it starts on {holiday.starts_on}."
    for what, spans in (("hours", schedule.date_hours), ("break", schedule.breaks)):
        for span in spans:
            closed_all_day = what == "hours" and span.start == span.end == 0
            if not closed_all_day and not 0 <= span.start < span.end <= DAY:
                yield f"{what} of {span.on}: {_clock(span.start)} to {_clock(span.end)} is not a span of that day."


def _said(start: int, end: int) -> str:
    day = _DAYS[start // DAY % 7]
    last = "" if end <= (start // DAY + 1) * DAY else f"{_DAYS[(end - 1) // DAY % 7]} "
    return f"{day} {_clock(start % DAY)} to {last}{_clock((end - 1) % DAY + 1)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
