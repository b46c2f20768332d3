"""A clock's life as a picture: days, opening hours, when it ran and was held, and what happened, as instants.

`Timeline.place` turns an instant into a share of the width; whoever draws it decides on pixels or letters. In a picture
of days the dead of the night is left out: each day is as wide as its `hours`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from triage.hours import Calendar
from triage.hours.schedule import DAY
from triage.sla.clock import Hours
from triage.sla.clocks import Reading
from triage.sla.saying import when
from triage.sla.view import Ledger, State

LONGEST = timedelta(days=60)
"""What came earlier, or comes later, is left out of the picture."""
BACK = timedelta(days=30)
SHORT = timedelta(hours=12)
"""A life this short is drawn in hours."""
HOUR = timedelta(hours=1)
MARGIN, MOST_WAKING = 120, 20 * 60
SHARES = (0.5, 0.75, 0.9)
LETTERS = 48
"""A day in text is so many letters wide: half an hour each."""
MOST_LINES = 14

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened, or will, at one instant. `kind` is event, share, due or now."""

    at: datetime
    label: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line of the grid, at midnight or on the hour, and what stands at it."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """From `start` to `end`. `is_cut` is set where the clock's life is longer than the picture.

    `hours` are the minutes of a day between which a column of days reaches.
    """

    start: datetime
    end: datetime
    here: tzinfo
    in_days: bool
    ticks: tuple[Tick, ...]
    opened: tuple[Span, ...]
    ran: tuple[Span, ...]
    held: tuple[Span, ...]
    marks: tuple[Mark, ...]
    hours: tuple[int, int] = (0, DAY)
    is_cut: bool = False

    def place(self, at: datetime) -> float:
        """0 at the left edge, 1 at the right."""
        if not self.in_days:
            return min(max((at - self.start) / (self.end - self.start), 0.0), 1.0)
        local = at.astimezone(self.here)
        days = (local.date() - self.start.astimezone(self.here).date()).days
        first, last = self.hours
        minutes = local.hour * 60 + local.minute + local.second / 60
        return min(max((days + min(max((minutes - first) / (last - first), 0.0), 1.0)) / self.columns, 0.0), 1.0)

    @property
    def columns(self) -> int:
        """Days."""
        first, last = (at.astimezone(self.here).date() for at in (self.start, self.end))
        return max((last - first).days, 1)


def timeline(
    reading: Reading, kept: Ledger, hours: Hours, now: datetime, *, here: tzinfo, extra: Sequence[Mark] = ()
) -> Timeline | None:
    """The picture of `kept`, the reading's own ledger; `extra` are further marks. None for a clock that never began."""
    if not kept.rows:
        return None
    begins = kept.rows[0].start
    ends = max([kept.at, *([reading.due] if reading.due else [])])
    marks = [*_marks(reading, kept, now, here), *extra]
    start, end, in_days = _window(begins, ends, now, here)
    inside = [mark for mark in marks if start <= mark.at <= end]
    opened = tuple(hours.spans(start, end)) if isinstance(hours, Calendar) else ((start, end),)
    return Timeline(
        start=start,
        end=end,
        here=here,
        in_days=in_days,
        ticks=_ticks(start, end, here, in_days=in_days),
        opened=opened,
        ran=_cut(_joined(kept, State.RUNS), start, end),
        held=_cut(_joined(kept, State.PAUSED), start, end),
        marks=tuple(sorted(inside, key=lambda mark: (mark.at, mark.kind))),
        hours=_waking(opened, here) if in_days and isinstance(hours, Calendar) else (0, DAY),
        is_cut=begins < start or ends > end,
    )


def in_letters(picture: Timeline) -> list[str]:
    """A line for each day, half an hour a letter: # ran, = held, - open, . closed; ! where it is due, | now."""
    if not picture.in_days:
        return [_line(picture, picture.start, picture.end, 60, "")]
    days = _midnights(picture.start, picture.end, picture.here)
    shown = days[-MOST_LINES - 1 :]
    return [
        _line(picture, day, following, LETTERS, f"{day.astimezone(picture.here):%a %d %b}  ")
        for day, following in pairwise(shown)
    ]


def _line(picture: Timeline, start: datetime, end: datetime, letters: int, head: str) -> str:
    step = (end - start) / letters
    return head + "".join(
        _letter(picture, start + number * step, start + (number + 1) * step) for number in range(letters)
    )


def _letter(picture: Timeline, start: datetime, end: datetime) -> str:
    here = {mark.kind for mark in picture.marks if start <= mark.at < end}
    if "due" in here:
        return "!"
    if "now" in here:
        return "|"
    middle = start + (end - start) / 2
    for spans, letter in ((picture.ran, "#"), (picture.held, "="), (picture.opened, "-")):
        if any(first <= middle < last for first, last in spans):
            return letter
    return "."


def _marks(reading: Reading, kept: Ledger, now: datetime, here: tzinfo) -> list[Mark]:
    def said(words: str, at: datetime) -> str:
        return f"{words} {at.astimezone(here):%H:%M}"

    first = kept.rows[0]
    word = first.what.split(",")[0].lower()
    marks = [Mark(at=first.start, label=said(word, first.start), kind="event")]
    for share in SHARES:
        at = _reached(reading, kept, share)
        if at is not None and (reading.due is None or at < reading.due):
            marks.append(Mark(at=at, label=said(f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%,"), at), kind="share"))
    if reading.due is not None:
        marks.append(Mark(at=reading.due, label=f"due {when(reading.due, now=reading.due, here=here)}", kind="due"))
    if kept.ending == "Now":
        marks.append(Mark(at=now, label=said("now", now), kind="now"))
    else:
        marks.append(Mark(at=kept.at, label=said(kept.ending.lower(), kept.at), kind="event"))
    return marks


def _reached(reading: Reading, kept: Ledger, share: float) -> datetime | None:
    """When so much of the target was used, by the rows; else when it will be."""
    if reading.target is None:
        return None
    wanted = reading.target * share
    for row in kept.rows:
        if row.gave and row.total >= wanted:
            return row.end - (row.total - wanted)
    return reading.reaches(share)


def _window(begins: datetime, ends: datetime, now: datetime, here: tzinfo) -> tuple[datetime, datetime, bool]:
    if ends - begins > LONGEST:
        begins = max(begins, min(now, ends) - BACK)
        ends = min(ends, begins + LONGEST)
    if ends - begins <= SHORT:
        start = begins.astimezone(here).replace(minute=0, second=0, microsecond=0).astimezone(begins.tzinfo)
        hours = (ends - start) // HOUR + 1
        return start, start + hours * HOUR, False
    days = _midnights(begins, ends, here)
    return days[0], days[-1], True


def _waking(opened: Sequence[Span], here: tzinfo) -> tuple[int, int]:
    """From `MARGIN` before the desk opens on any day until as much after it closes; the whole day where that is most
    of it."""
    edges = [(start.astimezone(here), end.astimezone(here)) for start, end in opened]
    if not edges or any(start.date() != end.date() for start, end in edges):
        return 0, DAY
    first = max(min(start.hour * 60 for start, _ in edges) - MARGIN, 0)
    last = min(max(end.hour * 60 + end.minute for _, end in edges) + MARGIN, DAY)
    return (first, last) if last - first < MOST_WAKING else (0, DAY)


def _midnights(begins: datetime, ends: datetime, here: tzinfo) -> list[datetime]:
    """Each local midnight from the one before `begins` to the one at or after `ends`."""
    first, last = begins.astimezone(here).date(), ends.astimezone(here).date()
    found = [_midnight(first + timedelta(days=ahead), here, begins) for ahead in range((last - first).days + 1)]
    return found if found[-1] == ends else [*found, _midnight(last + timedelta(days=1), here, begins)]


def _midnight(day: date, here: tzinfo, like: datetime) -> datetime:
    return datetime.combine(day, time(), here).astimezone(like.tzinfo)


def _ticks(start: datetime, end: datetime, here: tzinfo, *, in_days: bool) -> tuple[Tick, ...]:
    if in_days:
        days = _midnights(start, end, here)
        every = -(-len(days) // 10)
        labels = [f"{day.astimezone(here):%a} {day.astimezone(here).day}" for day in days[:-1]]
        shown = [label if not number % every else "" for number, label in enumerate(labels)]
        return tuple(Tick(at=day, label=label) for day, label in zip(days, [*shown, ""], strict=True))
    length = end - start
    step = HOUR / 4 if length <= 2 * HOUR else HOUR / 2 if length <= 4 * HOUR else HOUR
    moments = [start + number * step for number in range(round(length / step) + 1)]
    return tuple(Tick(at=at, label=f"{at.astimezone(here):%H:%M}") for at in moments)


def _joined(kept: Ledger, state: State) -> list[Span]:
    spans: list[Span] = []
    for row in kept.rows:
        if row.state is not state or row.start == row.end:
            continue
        if spans and spans[-1][1] == row.start:
            spans[-1] = spans[-1][0], row.end
        else:
            spans.append((row.start, row.end))
    return spans


def _cut(spans: Sequence[Span], start: datetime, end: datetime) -> tuple[Span, ...]:
    cut = [(max(first, start), min(last, end)) for first, last in spans]
    return tuple(each for each in cut if each[0] < each[1])
