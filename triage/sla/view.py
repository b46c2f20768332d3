"""A clock's ledger as people read it: from when, what happened, whether it ran, what that gave, and the sum.

The rows follow each other without a gap, and what they gave adds up to what the clock has run, to the microsecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import Enum

from triage.hours import Calendar, NeverOpen, TooFar
from triage.sla.clock import NONE, AroundTheClock, Entry, Hours, Move
from triage.sla.clocks import Promised, Reading
from triage.sla.log import Event, PrioritySet, Reply
from triage.sla.policies import Metric
from triage.sla.saying import MINUTE, length, why_closed

NEAR = timedelta(minutes=1)
"""A reply this near to a change of status is taken for its cause."""
HELD = {"pending": "Waiting for the customer", "on_hold": "On hold", "solved": "Solved", "closed": "Closed"}
BEGAN = {
    Metric.NEXT_REPLY_TIME: "Customer wrote",
    Metric.PERIODIC_UPDATE_TIME: "We wrote",
    Metric.PAUSABLE_UPDATE_TIME: "We wrote",
}
NOTHING: tuple[None, Hours] = (None, AroundTheClock())


class State(Enum):
    RUNS = "Runs"
    CLOSED = "Closed"
    PAUSED = "Paused"
    DONE = "Done"


STATES = {Move.START: State.RUNS, Move.RESUME: State.RUNS, Move.PAUSE: State.PAUSED, Move.STOP: State.DONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """From `start` to `end`; `total` is what the clock had run by its end. `folds` counts the days it stands for."""

    start: datetime
    end: datetime
    what: str
    state: State
    gave: timedelta
    total: timedelta
    is_event: bool = True
    folds: int = 0

    @property
    def minutes(self) -> tuple[int, int]:
        """What it gave and the sum, in whole minutes that add up down the column."""
        before = (self.total - self.gave) // MINUTE
        return self.total // MINUTE - before, self.total // MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The clock's current run. `ending` is its last line: "Now", or what ended it, at `at`."""

    metric: Metric
    rows: tuple[Row, ...]
    at: datetime
    ending: str
    ran: timedelta
    target: timedelta | None
    earlier_runs: int

    @property
    def of(self) -> str:
        return "no target" if self.target is None else f"of {length(self.target)}"


def ledger(
    reading: Reading, log: Iterable[Event], promised: Sequence[Promised], at: datetime, *, here: tzinfo
) -> Ledger:
    """`promised` is what `triage.sla.standing.promises` made of `log`; changes of the clock are told in zone `here`."""
    steps = _steps(reading, list(log), promised)
    rows: list[Row] = []
    total = NONE
    for step, end in zip(steps, [*(each.at for each in steps), at][1:], strict=True):
        if step.state is State.DONE and step is steps[-1]:
            break
        for row in _rows(step, end, total):
            rows.append(replace(row, what=row.what + _change_of_the_clock(row, here)))
            total = row.total
    last = steps[-1] if steps else None
    is_done = last is not None and last.state is State.DONE
    return Ledger(
        metric=reading.metric,
        rows=tuple(rows),
        at=last.at if last and is_done else at,
        ending=last.what if last and is_done else "Now",
        ran=reading.ran,
        target=reading.target,
        earlier_runs=max(reading.run - 1, 0),
    )


def latest(reading: Reading, log: Iterable[Event], promised: Sequence[Promised]) -> tuple[datetime, str] | None:
    """When the clock last started, stopped, was held or went on, and why; None for one that never began."""
    moved = next((entry.at for entry in reversed(reading.ledger) if entry.move is not Move.RETARGET), None)
    return next(((step.at, step.what) for step in _steps(reading, list(log), promised) if step.at == moved), None)


def hours_of(metric: Metric, promised: Sequence[Promised], at: datetime) -> Hours:
    """In whose hours the clock is measured from `at` on."""
    known = [each for each in promised if each.at <= at]
    return known[-1].targets.get(metric, NOTHING)[1] if known else NOTHING[1]


def closed_stretch(calendar: Calendar, at: datetime) -> tuple[datetime, datetime] | None:
    """The closed stretch that `at` lies in; None while open, and where it never opens again."""
    if calendar.is_open(at):
        return None
    try:
        opens = calendar.next_open(at)
    except (NeverOpen, TooFar):
        return None
    try:
        return calendar.subtract(at, NONE), opens
    except (NeverOpen, TooFar):
        return at, opens


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    at: datetime
    what: str
    state: State
    hours: Hours


def _steps(reading: Reading, log: Sequence[Event], promised: Sequence[Promised]) -> list[_Step]:
    """What happened to the clock in its current run, each moment once."""
    starts = [place for place, entry in enumerate(reading.ledger) if entry.move is Move.START]
    steps: list[_Step] = []
    before: Entry | None = None
    for entry in reading.ledger[starts[-1] :] if starts else ():
        hours = hours_of(reading.metric, promised, entry.at)
        state = STATES.get(entry.move) or steps[-1].state
        what = _what(entry, before, reading.metric, log)
        if steps and steps[-1].at == entry.at:
            what = f"{steps.pop().what}, {what[:1].lower()}{what[1:]}"
        steps.append(_Step(at=entry.at, what=what, state=state, hours=hours))
        before = entry
    return steps


def _what(entry: Entry, before: Entry | None, metric: Metric, log: Sequence[Event]) -> str:
    match entry.move:
        case Move.START:
            return BEGAN.get(metric, "Opened")
        case Move.PAUSE:
            return HELD.get(entry.why, "Held")
        case Move.STOP:
            return "Replied" if entry.why == "agent replied" else HELD.get(entry.why, "Stopped")
        case Move.RETARGET:
            return _other_target(entry, log)
        case Move.RESUME:
            if before and before.move is Move.STOP:
                return "Opened again"
            return "Customer answered" if _wrote_near(entry.at, log) else "No longer held"


def _other_target(entry: Entry, log: Sequence[Event]) -> str:
    if entry.target is None:
        return "Nothing is promised any more"
    set_now = [each.priority for each in log if isinstance(each, PrioritySet) and each.at == entry.at and each.priority]
    cause = f"Priority {set_now[-1].value}" if set_now else "Other policy or hours"
    return f"{cause}: {length(entry.target)}"


def _wrote_near(at: datetime, log: Sequence[Event]) -> bool:
    return any(
        isinstance(each, Reply) and not each.by_agent and each.public and abs(each.at - at) <= NEAR for each in log
    )


def _rows(step: _Step, end: datetime, total: timedelta) -> Iterator[Row]:
    """The step as rows: what ran, cut where the schedule closes."""
    if step.state is not State.RUNS or not isinstance(step.hours, Calendar):
        gave = end - step.at if step.state is State.RUNS else NONE
        yield Row(start=step.at, end=end, what=step.what, state=step.state, gave=gave, total=total + gave)
        return
    calendar, what = step.hours, step.what
    place = step.at
    for opens, closes in [*_joined(calendar.spans(step.at, end)), (end, end)]:
        if place < opens:
            why = why_closed(calendar.schedule, place, _opens_after(calendar, opens))
            said = f"{what}, {why[:1].lower()}{why[1:]}" if what else why
            yield Row(
                start=place, end=opens, what=said, state=State.CLOSED, gave=NONE, total=total, is_event=bool(what)
            )
            what = ""
        if opens < closes or (opens == end == step.at):
            total += closes - opens
            said = what or "Open again"
            yield Row(
                start=opens,
                end=closes,
                what=said,
                state=State.RUNS,
                gave=closes - opens,
                total=total,
                is_event=bool(what),
            )
            what = ""
        place = closes


def _joined(spans: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Spans that touch, made one: around the clock is one to people, however many days it is made of."""
    last: tuple[datetime, datetime] | None = None
    for start, end in spans:
        if last and last[1] == start:
            last = last[0], end
            continue
        if last:
            yield last
        last = start, end
    if last:
        yield last


def _opens_after(calendar: Calendar, at: datetime) -> datetime:
    """When the closed stretch that reaches to `at` is over: it is named by the whole of it."""
    try:
        return calendar.next_open(at)
    except (NeverOpen, TooFar):
        return at


def _change_of_the_clock(row: Row, here: tzinfo) -> str:
    """Said where the wall clock would not add up."""
    if row.state is not State.RUNS:
        return ""
    before, after = (each.astimezone(here).utcoffset() or NONE for each in (row.start, row.end))
    if before == after:
        return ""
    return f", clocks go {'forward' if after > before else 'back'} {length(abs(after - before))}"
