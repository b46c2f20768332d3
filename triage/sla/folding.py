"""A long ledger made short enough to read; what the rows gave still adds up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta, tzinfo

from triage.sla.clock import NONE
from triage.sla.saying import length
from triage.sla.view import Row, State

MOST = 60
"""A ledger of more rows is folded."""
ENDS = 2
"""So many days are left at each end of a stretch that is folded."""


def folded(rows: Sequence[Row], *, here: tzinfo, most: int = MOST) -> tuple[Row, ...]:
    """At most `most` rows: of a stretch in which only nights and weekends passed, the middle becomes one row, and
    if that is not enough, the middle of the whole."""
    if len(rows) <= most:
        return tuple(rows)
    shorter = [row for stretch in _quiet(rows) for row in _folded_stretch(stretch, here)]
    if len(shorter) <= most:
        return tuple(shorter)
    first, last = most // 2, most - most // 2 - 1
    middle = shorter[first:-last]
    return (*shorter[:first], _as_one(middle, f"{len(middle)} more lines", len(middle)), *shorter[-last:])


def _quiet(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows from one event up to the next."""
    stretch: list[Row] = []
    for row in rows:
        if row.is_event and stretch:
            yield stretch
            stretch = []
        stretch.append(row)
    if stretch:
        yield stretch


def _folded_stretch(stretch: list[Row], here: tzinfo) -> list[Row]:
    ends = 2 * ENDS
    middle = stretch[ends:-ends]
    if len(middle) <= ends:
        return stretch
    days: dict[date, timedelta] = {}
    for row in middle:
        if row.gave:
            day = row.start.astimezone(here).date()
            days[day] = days.get(day, NONE) + row.gave
    each = f", {length(next(iter(days.values())))} each" if len(set(days.values())) == 1 else ""
    shut = dict.fromkeys(name for row in middle for name in _holidays(row.what))
    named = f", closed: {', '.join(list(shut)[:ENDS])}{' and more' if len(shut) > ENDS else ''}" if shut else ""
    said = f"{len(days):,} more day{'' if len(days) == 1 else 's'}{each}{named}"
    return [*stretch[:ends], _as_one(middle, said, len(days)), *stretch[-ends:]]


def _holidays(what: str) -> list[str]:
    """The names in "Closed: Christmas Day, weekend"."""
    if not what.startswith("Closed: "):
        return []
    return [name for name in what.removeprefix("Closed: ").split(", ") if name not in ("weekend", "other hours")]


def _as_one(rows: Sequence[Row], what: str, folds: int) -> Row:
    gave = sum((row.gave for row in rows), NONE)
    return Row(
        start=rows[0].start,
        end=rows[-1].end,
        what=what,
        state=State.RUNS if gave else rows[0].state,
        gave=gave,
        total=rows[-1].total,
        is_event=False,
        folds=folds,
    )
