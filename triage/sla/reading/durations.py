"""Lengths of time as people write them: "15 min", "1 h 30 min", "3 business days"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta

UNITS = {
    "s": 1 / 60,
    "sec": 1 / 60,
    "second": 1 / 60,
    "seconds": 1 / 60,
    "m": 1.0,
    "min": 1.0,
    "minute": 1.0,
    "minutes": 1.0,
    "h": 60.0,
    "hour": 60.0,
    "hours": 60.0,
    "d": 1440.0,
    "day": 1440.0,
    "days": 1440.0,
    "week": 10080.0,
    "weeks": 10080.0,
}
LONGEST = 10 * 366 * 1440.0
HOW = "Write it as 15 min, 4 h, 1 h 30 min, 2 days or 3 business days."

_PART = re.compile(r"\s*(\d{1,9}(?:\.\d{1,30})?)\s*([a-z]+)\s*,?", re.IGNORECASE)
_BUSINESS = re.compile(r"\s*(\d{1,4}(?:\.\d{1,30})?)\s*business\s+days?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Minutes, or so many business days. `in_days` says that somebody wrote days of 24 hours."""

    minutes: float = 0.0
    business_days: float | None = None
    in_days: bool = False

    @property
    def time(self) -> timedelta:
        return timedelta(minutes=self.minutes)


def length_of(written: object) -> Length:
    """Numbers are minutes. Raises `ValueError` with what is wrong and how to write it."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        raise ValueError(f"is no length of time. {HOW}")
    if not isinstance(written, str):
        return Length(minutes=_bounded(float(written)))
    business = _BUSINESS.fullmatch(written)
    if business:
        days = float(business[1])
        _bounded(days * 1440)
        return Length(business_days=days)
    minutes, units, position = 0.0, set(), 0
    while part := _PART.match(written, position):
        unit = part[2].lower()
        if unit not in UNITS:
            raise ValueError(f"{part[2][:20]!r} is no unit of time. {HOW}")
        # Seconds are divided, not multiplied by a rounded sixtieth.
        minutes += float(part[1]) / 60 if unit.startswith("s") else float(part[1]) * UNITS[unit]
        units.add(UNITS[unit])
        position = part.end()
    if not units or written[position:].strip():
        raise ValueError(f"is no length of time. {HOW}")
    return Length(minutes=_bounded(minutes), in_days=max(units) >= UNITS["day"])


def written(minutes: float, business_days: float | None = None) -> str:
    """As `length_of` reads it."""
    if business_days is not None:
        return f"{_number(business_days)} business day{'' if business_days == 1 else 's'}"
    if minutes != int(minutes):
        seconds = round(minutes * 60)
        return f"{seconds} s" if seconds / 60 == minutes else f"{minutes:.30f}".rstrip("0") + " min"
    hours, rest = divmod(int(minutes), 60)
    return " ".join(f"{number} {unit}" for number, unit in ((hours, "h"), (rest, "min")) if number) or "0 min"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.30f}".rstrip("0")


def _bounded(minutes: float) -> float:
    if not math.isfinite(minutes) or minutes <= 0:
        raise ValueError(f"has to be longer than nothing. {HOW}")
    if minutes > LONGEST:
        raise ValueError("is longer than ten years. Write a shorter one.")
    return minutes
