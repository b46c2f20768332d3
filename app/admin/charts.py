"""Geometry of the console's own SVG: numbers in, attribute values out; templates draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEFT, RIGHT, TOP, BOTTOM = 40.0, 450.0, 12.0, 146.0
HOURS = 24
SPARK_WIDTH, SPARK_TOP, SPARK_BOTTOM = 96.0, 2.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A horizontal rule with its label."""

    y: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HourTick:
    x: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsChart:
    """Events per hour: `finding` is the chart's name for those who do not see it."""

    finding: str
    lines: tuple[Line, ...]
    ticks: tuple[HourTick, ...]
    points: str
    band: str
    last_x: str
    last_y: str
    last_label: str
    last_label_y: str
    usual_y: str
    label_x: str
    label_anchor: str
    rows: tuple[tuple[str, int | None, tuple[int, int] | None], ...]


def events(counts: Sequence[int], usual: Sequence[tuple[int, int]]) -> EventsChart | None:
    """Today's line over the usual band; None before the first full hour."""
    if not counts:
        return None
    top = _round_up(max([*counts, *(high for _, high in usual), 1]))
    last = len(counts) - 1
    band = [_point(hour, high, top) for hour, (_, high) in enumerate(usual)]
    band += [_point(hour, low, top) for hour, (low, _) in reversed(list(enumerate(usual)))]
    last_x, last_y = _point(last, counts[last], top).split(",")
    late = last > 18
    return EventsChart(
        finding=_finding(counts, usual),
        lines=tuple(Line(y=f"{_y(value, top):.1f}", label=f"{value:,}") for value in _marks(top)),
        ticks=tuple(HourTick(x=f"{_x(hour):.1f}", label=f"{hour:02}:00") for hour in (0, 6, 12, 18)),
        points=" ".join(_point(hour, value, top) for hour, value in enumerate(counts)),
        band=" ".join(band),
        last_x=last_x,
        last_y=last_y,
        last_label=f"{last:02}:00, {counts[last]:,}",
        last_label_y=f"{_label_y(float(last_y)):.1f}",
        usual_y=f"{_y(sum(usual[-1]) / 2, top) + 4:.1f}" if usual else "",
        label_x=f"{_x(last) + (-8 if late else 8):.1f}",
        label_anchor="end" if late else "start",
        rows=tuple(
            (
                f"{hour:02}:00",
                counts[hour] if hour < len(counts) else None,
                usual[hour] if hour < len(usual) else None,
            )
            for hour in range(HOURS if usual else len(counts))
        ),
    )


def spark(history: Sequence[float]) -> tuple[str, str, str] | None:
    """Points, and x and y of the last one, of a line 96 px wide; None for fewer than two numbers."""
    if len(history) < 2:
        return None
    low, high = min(history), max(history)
    step = (SPARK_WIDTH - 4) / (len(history) - 1)
    spread = high - low
    middle = (SPARK_TOP + SPARK_BOTTOM) / 2
    ys = [SPARK_BOTTOM - (value - low) / spread * (SPARK_BOTTOM - SPARK_TOP) if spread else middle for value in history]
    points = [f"{2 + index * step:.1f},{y:.1f}" for index, y in enumerate(ys)]
    x, y = points[-1].split(",")
    return " ".join(points), x, y


def _finding(counts: Sequence[int], usual: Sequence[tuple[int, int]]) -> str:
    if not usual:
        return f"Events per hour today: {counts[-1]:,} in the last full hour, {sum(counts):,} in all"
    outside = sum(1 for value, (low, high) in zip(counts, usual, strict=False) if not low <= value <= high)
    where = "inside the usual band in every full hour" if not outside else f"outside the usual band in {outside} hours"
    return f"Events per hour today: {where}"


def _marks(top: int) -> tuple[int, ...]:
    return (0, top // 2, top) if top > 1 else (0, top)


def _label_y(y: float) -> float:
    """Under the point, above it where the axis is near."""
    return y + 20 if y < BOTTOM - 24 else y - 10


def _round_up(value: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 and so on, so that the middle line is whole."""
    size = 1
    while True:
        for step in (2, 4, 6, 10):
            if value <= step * size:
                return step * size
        size *= 10


def _x(hour: int) -> float:
    return LEFT + (RIGHT - LEFT) * hour / (HOURS - 1)


def _y(value: float, top: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / top


def _point(hour: int, value: float, top: int) -> str:
    return f"{_x(hour):.1f},{_y(value, top):.1f}"
