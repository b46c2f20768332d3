"""Reckoning in open time, exact at every change of the clock.

A calendar turns a schedule into spans of UTC, year by year as they are needed, and searches them by halving. Each end
of an interval is mapped to UTC by itself: of a wall time that occurs twice the first, one that is skipped moves forward
by the gap. So what is open on the wall may last longer or shorter; elapsed time is real time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from triage.hours.schedule import DAY, LocalSpan, Schedule, ScheduleError, problems, zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIDNIGHT = time()
SECOND = 1_000_000
MARGIN = 2 * DAY * 60 * SECOND
"""Zones are up to a day away from UTC: so much of a table's first and last year may be missing."""
FIRST_YEAR, LAST_YEAR = 2, 9998
REACH = 1_000
"""Years that one answer may take. A calendar keeps `KEPT` of them; more are worked out for one answer and forgotten."""
KEPT = 200

Span = tuple[int, int]
"""Microseconds since 1970: open from the first, closed from the second."""


class NeverOpen(ValueError):
    """There is no open time left in that direction, so that the sum would never be reached."""


class TooFar(ValueError):
    """The answer lies beyond the years a date can have."""


class Calendar:
    """Open time of one schedule. Instants are aware; durations are `timedelta` of open time.

    Raises `ScheduleError` for a schedule that cannot be reckoned with. Safe to share between threads.
    """

    def __init__(self, schedule: Schedule) -> None:
        found = problems(schedule)
        if found:
            raise ScheduleError(schedule.name, found)
        self.schedule = schedule
        self._zone = zone(schedule.time_zone)
        self._weekly: list[list[Span]] = [[] for _ in range(7)]
        for start, end in schedule.intervals:
            for day in range(start // DAY, (end - 1) // DAY + 1):
                self._weekly[day].append((max(start - day * DAY, 0), min(end - day * DAY, DAY)))
        self._dated = _by_date(schedule.date_hours)
        self._breaks = _by_date(schedule.breaks)
        self._holidays = {
            day
            for holiday in schedule.holidays
            for day in map(
                holiday.starts_on.__add__, map(timedelta, range((holiday.ends_on - holiday.starts_on).days + 1))
            )
        }
        self._table = _Table((), 2026, 2025)

    def is_open(self, at: datetime) -> bool:
        moment = _moment(at)
        table = self._around(moment)
        position = bisect_right(table.starts, moment) - 1
        return position >= 0 and moment < table.ends[position]

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Open time between the two; negative when `end` is the earlier one."""
        first, last = _moment(start), _moment(end)
        table = self._around(min(first, last), max(first, last))
        return timedelta(microseconds=table.open_before(last) - table.open_before(first))

    def add(self, start: datetime, open_time: timedelta) -> datetime:
        """The first instant by which so much open time has passed since `start`: exactly at closing time where it ends
        there. Nothing added is `next_open`; a negative time is taken off.

        Raises `NeverOpen` or `TooFar`.
        """
        wanted = open_time // timedelta(microseconds=1)
        if wanted < 0:
            return self.subtract(start, -open_time)
        if not wanted:
            return self.next_open(start)
        moment = _moment(start)
        table = self._around(moment)
        total = table.open_before(moment) + wanted
        while table.total < total:
            table = self._further(table, +1, start)
        position = bisect_right(table.before, total - 1) - 1
        return _instant(table.starts[position] + total - table.before[position])

    def subtract(self, end: datetime, open_time: timedelta) -> datetime:
        """The last instant since which so much open time had passed at `end`: exactly at opening time where it began
        there. Nothing taken off is the last closing time before `end`, or `end` itself while open.

        Raises `NeverOpen` or `TooFar`.
        """
        wanted = open_time // timedelta(microseconds=1)
        if wanted < 0:
            return self.add(end, -open_time)
        moment = _moment(end)
        table = self._around(moment)
        while table.open_before(moment) < max(wanted, 1):
            table = self._further(table, -1, end)
        left = table.open_before(moment) - wanted
        position = bisect_right(table.before, left if wanted else left - 1) - 1
        return _instant(min(moment, table.starts[position] + left - table.before[position]))

    def next_open(self, at: datetime) -> datetime:
        """`at` while open, else when it next opens. Raises `NeverOpen` or `TooFar`."""
        moment = _moment(at)
        table = self._around(moment)
        while not table.ends or table.ends[-1] <= moment:
            table = self._further(table, +1, at)
        position = bisect_right(table.ends, moment)
        return _instant(max(moment, table.starts[position]))

    def next_close(self, at: datetime) -> datetime:
        """When the open time that `at` lies in, or else the next one, ends. Raises `NeverOpen` or `TooFar`."""
        opened = _moment(self.next_open(at))
        table = self._around(opened, opened + 366 * DAY * 60 * SECOND)
        position = bisect_right(table.starts, opened) - 1
        # Around the clock is one span to people, however many days it is made of here.
        while position + 1 < len(table.starts) and table.starts[position + 1] == table.ends[position]:
            position += 1
        return _instant(table.ends[position])

    def spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spans between the two, cut to them."""
        first, last = _moment(start), _moment(end)
        table = self._around(first, last)
        for position in range(bisect_right(table.ends, first), len(table.starts)):
            if table.starts[position] >= last:
                return
            yield _instant(max(first, table.starts[position])), _instant(min(last, table.ends[position]))

    def _around(self, first: int, last: int | None = None) -> _Table:
        """A table that covers both moments."""
        last = first if last is None else last
        table = self._table
        if table.covers_from <= first and last < table.covers_to:
            return table
        years = _instant(first - MARGIN).year, _instant(last + MARGIN).year
        both = min(years[0], table.first_year), max(years[1], table.last_year)
        near = table.starts and both[1] - both[0] < KEPT
        return self._extended(*(both if near else years), table)

    def _further(self, table: _Table, step: int, at: datetime) -> _Table:
        """The table with half as many years more in that direction."""
        edge = date(table.last_year if step > 0 else table.first_year, 1, 1)
        if not any(self._weekly) and not any((day - edge).days * step > 0 for day in self._dated):
            when = "after" if step > 0 else "before"
            raise NeverOpen(
                f"Schedule “{self.schedule.name}” has no open time {when} {at:%Y-%m-%d}. Give it weekly hours."
            )
        wide = table.last_year - table.first_year + 1
        more = max(1, wide // 2)
        if wide + more > REACH:
            raise TooFar(f"Schedule “{self.schedule.name}”: the answer is hundreds of years away from {at:%Y-%m-%d}.")
        if step > 0:
            return self._extended(table.first_year, table.last_year + more, table)
        return self._extended(table.first_year - more, table.last_year, table)

    def _extended(self, first_year: int, last_year: int, table: _Table) -> _Table:
        if first_year < FIRST_YEAR or last_year > LAST_YEAR or last_year - first_year > REACH:
            raise TooFar(
                f"Schedule “{self.schedule.name}”: {first_year} to {last_year} is beyond what can be reckoned with."
            )
        inside = first_year <= table.first_year <= table.last_year <= last_year
        known = range(table.first_year, table.last_year + 1) if inside else range(0)
        kept = list(zip(table.starts, table.ends, strict=True)) if inside else []
        new = [span for year in range(first_year, last_year + 1) if year not in known for span in self._of_year(year)]
        wider = _Table(_merged([*kept, *new]), first_year, last_year)
        if last_year - first_year < KEPT:
            self._table = wider  # one assignment: another thread sees the old table or the whole new one
        return wider

    def _of_year(self, year: int) -> list[Span]:
        """Open spans of the dates of one year."""
        opened: list[Span] = []
        closed: list[Span] = []
        # A day more on both sides: around a change of the clock a holiday can reach into its neighbour.
        first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
        for ordinal in range(first - 1, last + 2):
            day = date.fromordinal(ordinal)
            if day in self._holidays:
                closed.append(self._whole_day(day))
            elif first <= ordinal <= last:
                hours = self._dated.get(day)
                opened += (self._span(day, *each) for each in (self._weekly[day.weekday()] if hours is None else hours))
            closed += (self._span(day, *each) for each in self._breaks.get(day, ()))
        return _without(_merged(opened), _merged(closed))

    def _span(self, day: date, start: int, end: int) -> Span:
        return self._utc(day, start), self._utc(day, end)

    def _utc(self, day: date, minutes: int, fold: int = 0) -> int:
        local = datetime.combine(day, MIDNIGHT, self._zone) + timedelta(minutes=minutes)  # along the wall clock
        return _moment(local.replace(fold=fold).astimezone(UTC))

    def _whole_day(self, day: date) -> Span:
        """From the first to the last instant that has this date, which may begin or end twice."""
        start = self._utc(day, 0)
        ends = [self._utc(day, DAY, fold) for fold in (0, 1)]
        return start, max((end for end in ends if self._date(end - SECOND) == day), default=start)

    def _date(self, moment: int) -> date:
        return _instant(moment).astimezone(self._zone).date()


class _Table:
    """Spans of the years from `first_year` to `last_year`; `before[i]` is the open time in it ahead of span i."""

    __slots__ = ("before", "covers_from", "covers_to", "ends", "first_year", "last_year", "starts", "total")

    def __init__(self, spans: Iterable[Span], first_year: int, last_year: int) -> None:
        ordered = list(spans)
        self.starts = [start for start, _ in ordered]
        self.ends = [end for _, end in ordered]
        sums = list(accumulate((end - start for start, end in ordered), initial=0))
        self.before, self.total = sums[:-1], sums[-1]
        self.first_year, self.last_year = first_year, last_year
        self.covers_from = _moment(datetime(first_year, 1, 1, tzinfo=UTC)) + MARGIN
        self.covers_to = _moment(datetime(last_year + 1, 1, 1, tzinfo=UTC)) - MARGIN

    def open_before(self, moment: int) -> int:
        """Open microseconds of the table up to `moment`."""
        position = bisect_right(self.starts, moment) - 1
        if position < 0:
            return 0
        return self.before[position] + min(moment, self.ends[position]) - self.starts[position]


def _by_date(spans: Iterable[LocalSpan]) -> dict[date, list[Span]]:
    found: dict[date, list[Span]] = defaultdict(list)
    for span in spans:
        found[span.on].append((span.start, span.end))
    return dict(found)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Sorted, without empty ones, overlapping ones made one."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _without(spans: list[Span], closed: list[Span]) -> list[Span]:
    """`spans` less `closed`, both sorted and without overlaps."""
    left: list[Span] = []
    for start, end in spans:
        for shut, opens in closed[max(bisect_right(closed, (start, start)) - 1, 0) :]:
            if shut >= end:
                break
            if opens > start:
                if shut > start:
                    left.append((start, shut))
                start = max(start, opens)
        if start < end:
            left.append((start, end))
    return left


def _moment(at: datetime) -> int:
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def _instant(moment: int) -> datetime:
    return EPOCH + timedelta(microseconds=moment)
