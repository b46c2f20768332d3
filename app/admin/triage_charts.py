"""Geometry of the Triage page's SVG: a model card in, attribute values out; one set of templates draws page and PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.admin.triage_words import FEW, percent, share
from triage.model_card import LabelRow, ModelCard, ReliabilityStep, RiskPoint, Rival, Share

TOP, BOTTOM, LEFT = 14.0, 214.0, 44.0
RISK_WIDTH, RISK_RIGHT = 560.0, 540.0
STEPS_WIDTH, STEPS_RIGHT = 420.0, 406.0
ACCURACY_WIDTH, ACCURACY_RIGHT, ACCURACY_ROW = 520.0, 500.0, 36.0
BAR = 26.0
LABEL_WIDTH = 112.0
OWN, IN_USE, BEFORE = "This model", "The model in use", "The model before"
STEP = 0.05
"""The dial's marks stand about so far apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A place on an axis."""

    at: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisker:
    """A dot with its interval; `at` is where it stands on the other axis."""

    name: str
    at: str
    low: str
    dot: str
    high: str
    share: Share
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyChart:
    finding: str
    width: int
    height: int
    axis_y: str
    ticks: tuple[Tick, ...]
    rows: tuple[Whisker, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One setting of the dial and where it is on the curve."""

    point: RiskPoint
    x: str
    y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskChart:
    finding: str
    lines: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    points: str
    band: str
    marks: tuple[Mark, ...]
    last_y: str
    last_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityChart:
    finding: str
    lines: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    diagonal: str
    points: str
    whiskers: tuple[Whisker, ...]
    bars: tuple[Bar, ...]


def accuracy(card: ModelCard, own: str = OWN) -> AccuracyChart:
    """This model and what it is compared with; in use itself, it calls the one that was in use the one before."""
    rivals = [(_short(rival, card), rival.accuracy, False) for rival in card.rivals]
    if own == OWN:
        rivals = [(name.replace(IN_USE, BEFORE), each, False) for name, each, _ in rivals]
    known = [(own, card.accuracy, True), *rivals]
    start = _floor(min(each.low for _, each, _ in known), 0.1, most=0.9)
    scale = _Scale(start, 1.0, 8.0, ACCURACY_RIGHT)
    axis_y = 6.0 + ACCURACY_ROW * len(known)
    rows = tuple(
        Whisker(
            name=name,
            at=f"{26 + ACCURACY_ROW * index:.1f}",
            low=scale(each.low),
            dot=scale(each.value),
            high=scale(each.high),
            share=each,
            own=own,
        )
        for index, (name, each, own) in enumerate(known)
    )
    said = ", ".join(f"{name} {share(each)}" for name, each, _ in known[1:])
    return AccuracyChart(
        finding=f"Accuracy with 95 percent interval: {own} {share(card.accuracy)}" + (f", {said}" if said else ""),
        width=int(ACCURACY_WIDTH),
        height=int(axis_y + 22),
        axis_y=f"{axis_y:.1f}",
        ticks=_ticks(scale, _spread(start)),
        rows=rows,
    )


def risk(card: ModelCard, in_use: float | None = None) -> RiskChart | None:
    """How the error grows with the share that is routed; None without a point. `in_use` is a floor to stop at too."""
    curve = _curve(card)
    if not curve:
        return None
    worst = max(point.wrong.value for point in curve)
    top = next((each for each in (0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.28, 0.4, 0.6, 0.8) if worst * 1.1 <= each), 1.0)
    x, y = _Scale(0.0, 1.0, LEFT, RISK_RIGHT), _Scale(0.0, top, BOTTOM, TOP)
    band = [f"{x(point.answered)},{y(point.wrong.high)}" for point in curve]
    band += [f"{x(point.answered)},{y(point.wrong.low)}" for point in reversed(curve)]
    last = curve[-1]
    return RiskChart(
        finding=_risk_finding(curve),
        lines=_ticks(y, [top * part / 4 for part in range(5)], digits=0 if round(top * 100) % 4 == 0 else 1),
        ticks=_ticks(x, (0.0, 0.25, 0.5, 0.75, 1.0)),
        points=" ".join(f"{x(point.answered)},{y(point.wrong.value)}" for point in curve),
        band=" ".join(band),
        marks=tuple(Mark(point=point, x=x(point.answered), y=y(point.wrong.value)) for point in settings(card, in_use)),
        last_y=f"{max(float(y(last.wrong.high)) - 6, 10):.1f}",
        last_label=f"all: {share(last.wrong)}" if last.answered > 0.995 else "",
    )


def settings(card: ModelCard, in_use: float | None = None) -> tuple[RiskPoint, ...]:
    """The points that the dial stops at, from few tickets to all; the model's own and the one in use are among them."""
    curve = _curve(card)
    wanted = [round(STEP * number, 2) for number in range(1, round(1 / STEP) + 1)]
    chosen = {min(curve, key=lambda point: abs(point.answered - each)) for each in wanted} if curve else set()
    own = (at_floor(card, floor) for floor in (card.automation.floor, in_use))
    return tuple(sorted({*chosen, *filter(None, own)}, key=lambda point: point.answered))


def at_floor(card: ModelCard, floor: float | None) -> RiskPoint | None:
    """What the holdout shows when `floor` is needed; None where nothing is routed."""
    if floor is None:
        return None
    sure = [point for point in card.risk if point.confidence >= floor - 1e-9]
    return max(sure, key=lambda point: point.answered, default=None)


def reliability(card: ModelCard) -> ReliabilityChart | None:
    """What was said against how often it was right; None without a step."""
    steps = [step for step in card.reliability if step.right.of]
    if not steps:
        return None
    start = _floor(min(min(step.said, step.right.value) for step in steps), 0.2, most=0.8)
    x, y = _Scale(start, 1.0, LEFT, STEPS_RIGHT), _Scale(start, 1.0, BOTTOM, TOP)
    most = max(step.right.of for step in steps)
    places = sorted(float(x(step.said)) for step in steps)
    nearest = min((after - before for before, after in pairwise(places)), default=BAR)
    width = min(BAR, max(0.8 * nearest, 3.0))
    marks = _spread(start)
    return ReliabilityChart(
        finding=_reliability_finding(steps, card),
        lines=_ticks(y, marks),
        ticks=_ticks(x, marks),
        diagonal=f"{x(start)},{y(start)} {x(1.0)},{y(1.0)}",
        points=" ".join(f"{x(step.said)},{y(step.right.value)}" for step in steps),
        whiskers=tuple(
            Whisker(
                name=percent(step.said, 0),
                at=x(step.said),
                low=y(step.right.low),
                dot=y(step.right.value),
                high=y(step.right.high),
                share=step.right,
            )
            for step in steps
        ),
        bars=tuple(_bar(step, x, width, 42 * step.right.of / most) for step in steps),
    )


def label_scale(rows: Sequence[LabelRow]) -> float:
    """Where the labels' common recall axis begins: 0 or 50 %, so that no dot is cut off."""
    return 0.5 if all(row.recall.value >= 0.5 for row in rows) else 0.0


def label_whisker(row: LabelRow, start: float) -> Whisker:
    scale = _Scale(start, 1.0, 0.0, LABEL_WIDTH)
    each = row.recall
    return Whisker(
        name=row.label, at="7", low=scale(each.low), dot=scale(each.value), high=scale(each.high), share=each
    )


def _curve(card: ModelCard) -> list[RiskPoint]:
    """The points with enough tickets to mean something, from few to all; every point where that would leave no line."""
    points = sorted(card.risk, key=lambda point: point.answered)
    enough = [point for point in points if point.wrong.of >= FEW]
    return enough if len(enough) > 1 else points


class _Scale:
    """A value's place in pixels; what lies outside stands on the edge."""

    def __init__(self, start: float, end: float, first: float, last: float) -> None:
        self.start, self.end, self.first, self.last = start, end, first, last

    def __call__(self, value: float) -> str:
        inside = min(max(value, self.start), self.end)
        part = (inside - self.start) / (self.end - self.start)
        return f"{self.first + part * (self.last - self.first):.1f}"


def _floor(value: float, step: float, *, most: float) -> float:
    return round(min(int(value / step + 1e-9) * step, most), 2)


def _spread(start: float) -> list[float]:
    """At most six marks from `start` to 1."""
    step = 0.05 if start > 0.75 else 0.1 if start >= 0.5 else 0.2
    count = int((1 - start) / step + 1e-9)
    return [round(1 - step * number, 2) for number in range(count, -1, -1)]


def _short(rival: Rival, card: ModelCard) -> str:
    """One that was measured on fewer tickets says on how many, and no more."""
    fewer = rival.accuracy.of != card.held_out
    return f"{rival.name.partition(',')[0]}, {rival.accuracy.of:,} tickets" if fewer else rival.name


def _ticks(scale: _Scale, values: Sequence[float], digits: int = 0) -> tuple[Tick, ...]:
    return tuple(Tick(at=scale(value), label=percent(value, digits)) for value in values)


def _bar(step: ReliabilityStep, x: _Scale, width: float, height: float) -> Bar:
    left = min(max(float(x(step.said)) - width / 2, LEFT), STEPS_RIGHT - width)
    return Bar(x=f"{left:.1f}", y=f"{BOTTOM - height:.1f}", width=f"{width:.1f}", height=f"{height:.1f}")


def _risk_finding(curve: Sequence[RiskPoint]) -> str:
    half = min(curve, key=lambda point: abs(point.answered - 0.5))
    last = curve[-1]
    if half is last:
        return f"Wrong answers: {share(last.wrong)} when {percent(last.answered, 0)} are routed"
    return (
        f"Wrong answers grow from {share(half.wrong)} when {percent(half.answered, 0)} are routed without a human "
        f"to {share(last.wrong)} when {percent(last.answered, 0)} are"
    )


def _reliability_finding(steps: Sequence[ReliabilityStep], card: ModelCard) -> str:
    off = [step for step in steps if not step.right.low <= step.said <= step.right.high]
    fits = f"inside its interval in {len(steps) - len(off)} of {len(steps)} steps"
    return f"Confidence against share right: what was said is {fits}; {card.calibration_error * 100:.1f} points off"
