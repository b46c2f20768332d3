"""Numbers, moments and spans as the product writes them (design guide, "Numbers and time")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

NBSP = "\N{NO-BREAK SPACE}"
CURRENCIES = {"EUR": "€", "USD": "$", "GBP": "£"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTime:
    """The customer's city and the time there; `zone` lets the browser keep it current."""

    city: str
    clock: str
    zone: str


def percent(share: float) -> str:
    """`share` (0 to 1) without decimals, rounded down so that a value under a limit never reads as the limit."""
    return f"{int(share * 100 + 1e-9)}{NBSP}%"


def local_time(zone: str | None, now: datetime) -> LocalTime | None:
    """The time in `zone` (an IANA name such as `Europe/Berlin`); None where that is not known."""
    known = zone_named(zone)
    if known is None or zone is None or "/" not in zone:
        return None
    city = zone.rsplit("/", 1)[1].replace("_", " ")
    return LocalTime(city=city, clock=f"{now.astimezone(known):%H:%M}", zone=zone)


def moment(at: datetime, *, now: datetime, zone: str | None) -> str:
    """`at` for an agent in `zone`: today "13:46", this year "13 Nov", else "13 Nov 2025"."""
    here = zone_named(zone) or UTC
    then, today = at.astimezone(here), now.astimezone(here)
    return f"{then:%H:%M}" if then.date() == today.date() else day(then.date(), today=today.date())


def day(on: date, *, today: date) -> str:
    """This year "13 Nov", else "13 Nov 2025"."""
    short = f"{on.day}{NBSP}{on:%b}"
    return short if on.year == today.year else f"{short} {on.year}"


def age(seconds: float) -> str:
    """How old something is, in one unit: "40 s", "12 min", "3 h", "2 days"."""
    if seconds < 60:
        return f"{int(seconds)}{NBSP}s"
    if seconds < 3600:
        return f"{int(seconds // 60)}{NBSP}min"
    if seconds < 48 * 3600:
        return f"{int(seconds // 3600)}{NBSP}h"
    return f"{int(seconds // 86400)}{NBSP}days"


def zone_named(name: str | None) -> ZoneInfo | None:
    """The time zone called `name`; None where there is no such zone."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None  # ZoneInfo raises any of these, by the shape of the unknown name


def in_days(days: int) -> str:
    """How far away a day is: "in 62 days", "today", "3 days ago"."""
    if days == 0:
        return "today"
    count = f"{abs(days)}{NBSP}day{'' if abs(days) == 1 else 's'}"
    return f"in {count}" if days > 0 else f"{count} ago"


def date_in(text: str) -> date | None:
    """The date that an ISO text begins with; None where it begins with none."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def thousands(text: str) -> str:
    """A number in a text with its thousands set apart; any other text as it is."""
    try:
        return f"{float(text):,.0f}"
    except (ValueError, OverflowError):
        return text


def money(amount: str, currency: str | None) -> str:
    """An amount without cents: "€84,000"."""
    return CURRENCIES.get(currency or "", f"{currency}{NBSP}" if currency else "") + thousands(amount)


def capital(text: str) -> str:
    """`text` with its first letter large."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """`text` with a full stop at its end."""
    text = text.strip()
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."
