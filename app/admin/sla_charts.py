"""Geometry of a clock's timeline: instants in, attribute values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from triage.sla.timeline import Mark, Span, Tick, Timeline

WIDTH, LEFT, RIGHT = 1100, 10.0, 1090.0
ROW, FIRST_ROW = 14.0, 118.0
LETTER = 6.4
"""How wide a letter of 12 px is, about."""
GAP = 10.0
MOST_ROWS = 4
HOURS_FROM = 44.0
"""A band narrower than this has no hours beneath, a day narrower no word in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    x: str
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A text at (x, y); `line_to` is how far the mark's line goes down."""

    x: str
    y: str
    text: str
    anchor: str = "middle"
    line_x: str = ""
    line_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`finding` is the picture's name for those who do not see it."""

    finding: str
    height: int
    closed: tuple[Box, ...]
    bands: tuple[Box, ...]
    bars: tuple[Box, ...]
    pauses: tuple[Box, ...]
    grid: tuple[str, ...]
    heads: tuple[Word, ...]
    notes: tuple[Word, ...]
    hours: tuple[Word, ...]
    marks: tuple[Word, ...]
    due: Word | None
    now: Word | None


def chart(picture: Timeline, finding: str) -> Chart:
    marks = _placed([mark for mark in picture.marks if mark.kind in ("event", "share")], picture)
    rows = max([round((float(mark.y) - FIRST_ROW) / ROW) + 1 for mark in marks], default=0)
    low = FIRST_ROW + rows * ROW
    due, now = (_special(picture, kind, low) for kind in ("due", "now"))
    if now and due and abs(float(now.x) - float(due.x)) < LETTER * 18:
        now = _special(picture, "now", low + ROW)
    heads = [tick for tick in picture.ticks if tick.label]
    return Chart(
        finding=finding,
        height=round(max(float(each.y) for each in (due, now, Word(x="", y=f"{low - ROW}", text="")) if each) + 8),
        closed=(_box(picture, (picture.start, picture.end)),),
        bands=_boxes(picture, picture.opened),
        bars=_boxes(picture, picture.ran),
        pauses=_boxes(picture, picture.held),
        grid=tuple(f"{_x(picture, tick.at):.1f}" for tick in picture.ticks),
        heads=tuple(_head(picture, tick) for tick in heads),
        notes=(*_inside(picture, picture.held, "held"), *_closed_days(picture)),
        hours=_hours(picture),
        marks=marks,
        due=due,
        now=now,
    )


def _head(picture: Timeline, tick: Tick) -> Word:
    x = _x(picture, tick.at)
    if picture.in_days:
        return Word(x=f"{x + 6:.1f}", y="20", text=tick.label, anchor="start")
    anchor = "start" if x == LEFT else "end" if x == RIGHT else "middle"
    return Word(x=f"{x:.1f}", y="20", text=tick.label, anchor=anchor)


def _x(picture: Timeline, at: datetime) -> float:
    return LEFT + picture.place(at) * (RIGHT - LEFT)


def _box(picture: Timeline, span: Span) -> Box:
    start, end = (_x(picture, each) for each in span)
    return Box(x=f"{start:.1f}", width=f"{max(end - start, 0.5):.1f}")


def _boxes(picture: Timeline, spans: Sequence[Span]) -> tuple[Box, ...]:
    return tuple(_box(picture, span) for span in spans)


def _inside(picture: Timeline, spans: Sequence[Span], text: str) -> tuple[Word, ...]:
    wide = [span for span in spans if _x(picture, span[1]) - _x(picture, span[0]) >= HOURS_FROM]
    return tuple(Word(x=f"{(_x(picture, start) + _x(picture, end)) / 2:.1f}", y="60", text=text) for start, end in wide)


def _closed_days(picture: Timeline) -> tuple[Word, ...]:
    if not picture.in_days:
        return ()
    shut = [
        (day.at, following.at)
        for day, following in pairwise(picture.ticks)
        if not any(start < following.at and end > day.at for start, end in picture.opened)
    ]
    return _inside(picture, shut, "closed")


def _hours(picture: Timeline) -> tuple[Word, ...]:
    """When the desk opens and closes, below each band that is wide enough."""
    if not picture.in_days:
        return ()
    words = []
    for start, end in picture.opened:
        if _x(picture, end) - _x(picture, start) < HOURS_FROM or picture.place(start) in (0.0, 1.0):
            continue
        for at in (start, end):
            local = at.astimezone(picture.here)
            text = f"{local:%H}" if not local.minute else f"{local:%H:%M}"
            words.append(Word(x=f"{_x(picture, at):.1f}", y="100", text=text))
    return tuple(words)


def _placed(marks: Sequence[Mark], picture: Timeline) -> tuple[Word, ...]:
    """Each label in the first row in which it does not touch another."""
    ends = [-GAP] * MOST_ROWS
    words = []
    for mark in marks:
        x = _x(picture, mark.at)
        text = mark.label
        half = len(text) * LETTER / 2
        middle = min(max(x, LEFT + half), RIGHT - half)
        row = next((number for number, end in enumerate(ends) if middle - half >= end + GAP), MOST_ROWS - 1)
        ends[row] = middle + half
        y = FIRST_ROW + row * ROW
        words.append(Word(x=f"{middle:.1f}", y=f"{y:.0f}", text=text, line_x=f"{x:.1f}", line_to=f"{y - 12:.0f}"))
    return tuple(words)


def _special(picture: Timeline, kind: str, y: float) -> Word | None:
    mark = next((each for each in picture.marks if each.kind == kind), None)
    if mark is None:
        return None
    x = _x(picture, mark.at)
    half = len(mark.label) * LETTER / 2
    middle = min(max(x, LEFT + half), RIGHT - half)
    return Word(x=f"{middle:.1f}", y=f"{y:.0f}", text=mark.label, line_x=f"{x:.1f}", line_to=f"{y - 12:.0f}")
