"""Working hours as data: when a desk is open, in which zone, and on which days not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """Closed from `starts_on` to `ends_on`, both included."""

    name: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Weekly hours: `intervals` are (start, end) in minutes since Monday 00:00 in `time_zone`, an IANA name.

    Intervals are sorted and do not overlap; a day without one is closed. 10080 is the end of Sunday.
    """

    id: str
    name: str
    time_zone: str
    intervals: tuple[tuple[int, int], ...]
    holidays: tuple[Holiday, ...] = ()
    is_default: bool = False
