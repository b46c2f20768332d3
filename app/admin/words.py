"""Template filters: counts, spans and times as the console writes them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from triage.words import NBSP


def count(number: int) -> str:
    """With thousands set apart: "21,884"."""
    return f"{number:,}"


def span(length: timedelta | None) -> str:
    """At most two units: "2 ms", "0.8 s", "40 s", "12 min", "3 h 10 min", "2 days"; empty for None."""
    if length is None:
        return ""
    seconds = length.total_seconds()
    if seconds < 0.1:
        return f"{round(seconds * 1000)}{NBSP}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + f"{NBSP}s"
    if seconds < 60:
        return f"{int(seconds)}{NBSP}s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes}{NBSP}min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours}{NBSP}h {rest}{NBSP}min" if rest else f"{hours}{NBSP}h"
    return f"{minutes // 1440}{NBSP}days"


def at(moment: datetime, zone: str, now: datetime, seconds: bool = False) -> str:
    """Today "13:46", or "13:46:02" with `seconds`; this year "13 Nov 13:46"; else with the year."""
    here = ZoneInfo(zone)
    then, today = moment.astimezone(here), now.astimezone(here)
    clock = f"{then:%H:%M:%S}" if seconds else f"{then:%H:%M}"
    if then.date() == today.date():
        return clock
    return f"{on(then.date(), today.date())} {clock}"


def on(day: date, today: date) -> str:
    """This year "13 Nov", else "13 Nov 2025"."""
    short = f"{day.day}{NBSP}{day:%b}"
    return short if day.year == today.year else f"{short} {day.year}"


def city(zone: str) -> str:
    """The city in a zone's name, for "Times in Berlin"."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def things(number: int) -> str:
    """ "1 thing needs you" or "4 things need you"."""
    return "1 thing needs you" if number == 1 else f"{number} things need you"


def code(text: str) -> Markup:
    """What stands in `backquotes` as code, everything else as it is."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 (escaped just before)
