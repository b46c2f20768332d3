"""Dates, times and spans as people write them, resolved against the moment of writing."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta

YEARS_AHEAD = 10  # a later date is no deadline
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)(?:\.(?= ?\d))?"
)
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satur|sun)day|mon|tue|wed|thu|fri"
_DATE = (
    rf"\d{{4}}-\d\d-\d\d|\d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}})?|\d{{1,2}}/\d{{1,2}}(?:/\d{{4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    r"|(?:the )?\d{1,2}(?:st|nd|rd|th)"
)
DAY = (
    rf"today|tonight|tomorrow|(?:(?:this|next|coming) )?(?:{_WEEKDAY})(?: (?:morning|evening|afternoon))?"
    r"|(?:the )?(?:end|close) of (?:the |this |next )?(?:business|working day|work day|day|week|month|quarter|year)"
    rf"|eod|cob|eow|eom|eoq|eoy|next week|next month|{_DATE}"
)
CLOCK = (
    r"(?:[01]?\d|2[0-3])(?::[0-5]\d)? ?(?:am|pm|a\.m\.|p\.m\.)|(?:[01]?\d|2[0-3]):[0-5]\d(?: ?(?:h|hrs|uhr))?|noon"
    r"|midday|midnight"
)
_COUNTED = {"an": 1, "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
SPAN = (
    rf"\d{{1,3}} ?h|(?:\d{{1,3}}|{'|'.join(_COUNTED)}) (?:(?:business|working|work) days?|minutes?|mins?"
    r"|hours?|hrs?|days?|weeks?|months?)|hour"
)
_END_OF = re.compile(
    r"(?:end|close) of (?P<which>the |this |next )?(?P<what>business|work|day|week|month|quarter|year)"
)
_ENDS = {"eod": "day", "cob": "day", "eow": "week", "eom": "month", "eoq": "quarter", "eoy": "year"}


def resolved(said: str, written: datetime) -> str:
    """`said` (small letters) as "2026-11-20" or "2026-11-20T17:00", empty where it could be several days.

    A weekday is the next one, today included; a day without a year the next one to come. A time that has passed when
    the ticket was written gives nothing: the writer's clock may be another.
    """
    clock = re.search(CLOCK, said)
    rest = f"{said[: clock.start()]} {said[clock.end() :]}" if clock else said
    day = _day(rest.strip(" ,"), written.date())
    if clock is None:
        return day.isoformat() if day else ""
    if day is None and re.search(rf"\b(?:{DAY})", rest):
        return ""
    at = _clock(clock.group())
    if at is None:
        return ""
    moment = datetime.combine(day or written.date(), datetime.min.time()) + at
    return "" if moment < written.replace(tzinfo=None) else moment.isoformat(timespec="minutes")


def after(said: str, written: datetime) -> str:
    """The moment that lies the span `said` ("two hours", "3 business days") after `written`."""
    said = re.sub(r"(?<=\d) ?h$", " hours", said)
    count_text, _, unit = said.rpartition(" ") if " " in said else ("one", "", said)
    word, _, kind = count_text.partition(" ")
    count = int(word) if word.isdigit() else _COUNTED.get(word, 1)
    if unit.startswith("min"):
        return (written + timedelta(minutes=count)).replace(tzinfo=None).isoformat(timespec="minutes")
    if unit.startswith(("hour", "hr")):
        return (written + timedelta(hours=count)).replace(tzinfo=None).isoformat(timespec="minutes")
    day = written.date()
    if unit.startswith("month"):
        later = day.month - 1 + count
        year, month = day.year + later // 12, later % 12 + 1
        return date(year, month, min(day.day, calendar.monthrange(year, month)[1])).isoformat()
    if kind:
        while count > 0:
            day += timedelta(days=1)
            count -= day.weekday() < 5
        return day.isoformat()
    return (day + timedelta(days=count * (7 if unit.startswith("week") else 1))).isoformat()


def _day(said: str, today: date) -> date | None:
    if said.startswith(("today", "tonight")):
        return today
    if said.startswith("tomorrow"):
        return today + timedelta(days=1)
    ends = _END_OF.search(said)
    if said in _ENDS:
        return _end(_ENDS[said], today)
    if ends:
        what = "day" if ends.group("what") in ("business", "work") else ends.group("what")
        if ends.group("which") == "next ":
            return _end(what, _end(what, today) + timedelta(days=3 if what == "week" else 1))
        return _end(what, today)
    weekday = next((number for number, name in enumerate(_DAYS) if re.search(rf"\b{name[:3]}", said)), None)
    if weekday is not None:
        day = today + timedelta(days=(weekday - today.weekday()) % 7)
        next_week = today + timedelta(days=7 - today.weekday())
        return next_week + timedelta(days=weekday) if said.startswith("next ") else day
    return _dated(said, today)


def _end(what: str, day: date) -> date:
    """The last day of that day's week (its Friday), month, quarter or year."""
    if what == "day":
        return day
    if what == "week":
        return day + timedelta(days=(4 - day.weekday()) % 7)
    month = {"month": day.month, "quarter": (day.month + 2) // 3 * 3, "year": 12}[what]
    return date(day.year, month, calendar.monthrange(day.year, month)[1])


def _dated(said: str, today: date) -> date | None:
    """A date written out; "3/4/2026" gives none, as it could be April or March."""
    year: int | None = None
    if iso := re.search(r"(\d{4})-(\d\d)-(\d\d)", said):
        year, month, number = (int(part) for part in iso.groups())
    elif dotted := re.search(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?", said):
        number, month = int(dotted.group(1)), int(dotted.group(2))
        year = int(dotted.group(3)) if dotted.group(3) else None
    elif slashed := re.search(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?", said):
        number, month = sorted((int(slashed.group(1)), int(slashed.group(2))), reverse=True)
        if number <= 12 and number != month:
            return None
        year = int(slashed.group(3)) if slashed.group(3) else None
    else:
        named = re.search(rf"\b({_MONTH})", said)
        day_number = re.search(r"\b(\d{1,2})(?:st|nd|rd|th)?\b", said)
        if not named and day_number:
            return _next(int(day_number.group(1)), today)
        if not named or not day_number:
            return None
        month, number = _MONTHS.index(named.group(1)[:3]) + 1, int(day_number.group(1))
        given = re.search(r"\b(\d{4})\b", said)
        year = int(given.group(1)) if given else None
    if year is not None and not 0 <= year - today.year <= YEARS_AHEAD:
        return None
    try:
        day = date(year or today.year, month, number)
        return day if year or day >= today else day.replace(year=day.year + 1)
    except ValueError:
        return None


def _next(number: int, today: date) -> date | None:
    """The next day with this number in its month, today included."""
    for later in range(12):
        year, month = today.year + (today.month - 1 + later) // 12, (today.month - 1 + later) % 12 + 1
        if number >= (today.day if later == 0 else 1) and 1 <= number <= calendar.monthrange(year, month)[1]:
            return date(year, month, number)
    return None


def _clock(said: str) -> timedelta | None:
    if said in ("noon", "midday"):
        return timedelta(hours=12)
    if said == "midnight":
        return timedelta(hours=24)
    hour, _, minute = re.sub(r"[^\d:]", "", said).partition(":")
    value = int(hour)
    if "m" in said.replace("uhr", ""):
        if not 1 <= value <= 12:
            return None
        value = value % 12 + (12 if "p" in said else 0)
    return timedelta(hours=value, minutes=int(minute or 0))
