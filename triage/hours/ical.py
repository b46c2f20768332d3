"""Holidays from a calendar as other programs export it (iCalendar, RFC 5545).

https://datatracker.ietf.org/doc/html/rfc5545
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from triage.hours.holidays import FIRST_YEAR, LAST_YEAR, HolidayError
from triage.hours.schedule import Holiday

if TYPE_CHECKING:
    from icalendar.cal import Component

LARGEST = 500_000
"""Letters. A hundred years of a country's holidays are about a tenth of that."""
MOST_EVENTS, MOST_REPEATING, MOST_DAYS = 3_000, 200, 10_000
LONGEST = timedelta(days=366)
LIMITED = 3 * LONGEST
"""How far a rule that is not yearly is followed."""
_PLAIN = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"})
PARTS = {
    "YEARLY": _PLAIN | {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER"},
    "MONTHLY": _PLAIN | {"BYMONTHDAY", "BYSETPOS"},
    "WEEKLY": _PLAIN,
    "DAILY": _PLAIN,
}
"""How a rule for whole days may be written. More could take seconds to find out that it never fits."""
DAY = timedelta(days=1)
INTERVAL = re.compile(r"[1-9]\d{0,3}")
UNTIL = re.compile(r"UNTIL=(\d{8})T\d{6}Z?")


def from_ical(text: str) -> tuple[Holiday, ...]:
    """The whole days of the calendar's events, by date.

    What has a time of day is no holiday and is left out, as is what was cancelled. Raises `HolidayError`.
    """
    events = _events(text)
    moved = {(_uid(each), _start(each, "RECURRENCE-ID")) for each in events if "RECURRENCE-ID" in each}
    if sum("RRULE" in each for each in events) > MOST_REPEATING:
        raise HolidayError(f"more than {MOST_REPEATING} events of the calendar repeat. Split it, or list the days.")
    found: set[Holiday] = set()
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        length = _length(event)
        if length is None:
            continue
        days = [_start(event)] if "RECURRENCE-ID" in event else _days(event, moved)
        for day in days:
            if day is not None and FIRST_YEAR <= day.year <= LAST_YEAR:
                found.add(Holiday(name=_name(event), starts_on=day, ends_on=day + length - DAY))
        if len(found) > MOST_DAYS:
            raise HolidayError(f"the calendar has more than {MOST_DAYS} days. Shorten what repeats in it.")
    return tuple(sorted(found, key=lambda each: (each.starts_on, each.ends_on, each.name)))


def _events(text: str) -> list[Component]:
    from icalendar import Calendar  # here: few processes ever read one

    if len(text) > LARGEST:
        raise HolidayError(f"the calendar is longer than {LARGEST} letters. Export fewer years of it.")
    try:
        events = [event for calendar in Calendar.from_ical(text, multiple=True) for event in calendar.walk("VEVENT")]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise HolidayError(f"this is no calendar (.ics) that can be read: {str(error)[:120]}.") from error
    if not events:
        raise HolidayError("the calendar has no events. It has to begin with BEGIN:VCALENDAR and hold BEGIN:VEVENT.")
    if len(events) > MOST_EVENTS:
        raise HolidayError(f"the calendar has more than {MOST_EVENTS} events. Export fewer years of it.")
    return events


def _days(event: Component, moved: set[tuple[str, date | None]]) -> Iterator[date | None]:
    """On which dates it starts, without those that were taken out or moved elsewhere."""
    first = _start(event)
    without = {*_listed(event, "EXDATE"), *(day for uid, day in moved if uid == _uid(event))}
    days = {first, *_listed(event, "RDATE")}
    if "RRULE" in event and first is not None:
        days.update(_repeated(event, first))
    yield from (day for day in days if day not in without)


def _repeated(event: Component, first: date) -> Iterator[date]:
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    rules = event["RRULE"] if isinstance(event["RRULE"], list) else [event["RRULE"]]
    for rule in rules:
        written = (_read(rule, "to_ical") or bytes)().decode("ascii", "replace").upper()
        parts = dict(part.partition("=")[::2] for part in written.split(";"))
        often = parts.get("FREQ", "")
        if not set(parts) <= PARTS.get(often, frozenset()) or not INTERVAL.fullmatch(parts.get("INTERVAL", "1")):
            raise _of(event, f"repeats by a rule that is not for whole days: {written[:80]}")
        if often != "YEARLY" and not {"COUNT", "UNTIL"} & set(parts):
            raise _of(event, "repeats without end more often than every year. Give its rule a COUNT or UNTIL")
        begins = datetime.combine(first, time())
        last = datetime.combine(date(LAST_YEAR, 12, 31), time())
        try:
            # All-day events have no time; some programs write UNTIL with one all the same.
            repeating: Any = rrulestr(UNTIL.sub(r"UNTIL=\1", written), dtstart=begins)
            limit = last if often == "YEARLY" else min(begins + LIMITED, last)
            moments = takewhile(limit.__ge__, repeating)
            found = [moment.date() for moment in islice(moments, MOST_DAYS + 1)]
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise _of(event, f"repeats by a rule that cannot be followed: {written[:80]}") from error
        if not found or len(found) > MOST_DAYS:
            raise _of(event, f"repeats by a rule that names {'too many days' if found else 'no day'}: {written[:80]}")
        yield from found


def _start(event: Component, name: str = "DTSTART") -> date | None:
    """Its first date; None where it begins at a time of day."""
    value = _read(event.get(name), "dt")
    if not isinstance(value, date):
        raise _of(event, f"has no {name} that is a date")
    if not 1900 <= value.year <= 9000:
        raise _of(event, f"has a {name} that is out of reach: the year {value.year}")
    if isinstance(value, datetime):
        return None if value.time() != time() else value.date()
    return value


def _length(event: Component) -> timedelta | None:
    """How many days it lasts; None where those are not whole days. Its end is the first day that is open again."""
    first = _start(event)
    if first is None:
        return None
    if "DURATION" in event:
        length = _read(event.get("DURATION"), "dt")
    elif "DTEND" in event:
        last = _start(event, "DTEND")
        length = None if last is None else last - first
    else:
        length = None if isinstance(_read(event.get("DTSTART"), "dt"), datetime) else DAY
    if not isinstance(length, timedelta) or length % DAY:
        return None
    if length < timedelta(0):
        raise _of(event, "ends before it starts")
    if length > LONGEST:
        raise _of(event, "lasts longer than a year. Split it")
    return max(length, DAY)  # some programs write a single day's own date as its end


def _listed(event: Component, name: str) -> set[date]:
    value = event.get(name)
    lists: Sequence[Any] = value if isinstance(value, list) else [] if value is None else [value]
    found = [each.dt for every in lists for each in _read(every, "dts") or ()]
    if len(found) > MOST_DAYS:
        raise _of(event, f"has more than {MOST_DAYS} dates in {name}")
    return {each.date() if isinstance(each, datetime) else each for each in found if isinstance(each, date)}


def _read(value: Any, name: str) -> Any:
    """What icalendar made of a value; None where it could make nothing."""
    from icalendar.error import BrokenCalendarProperty

    try:
        return getattr(value, name, None)
    except BrokenCalendarProperty:
        return None


def _uid(event: Component) -> str:
    return str(event.get("UID", ""))


def _name(event: Component) -> str:
    return " ".join(str(event.get("SUMMARY", "")).split())[:120] or "Holiday"


def _of(event: Component, what: str) -> HolidayError:
    return HolidayError(f"event “{_name(event)[:60]}” of the calendar {what}.")
