"""What a clock's ledger says of moments: when a share of its target was used up, since when it is late, when it ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from triage.sla.clock import Entry, Move
from triage.sla.clocks import Reading

Span = tuple[datetime, datetime | None]
"""From the first until the second, or still going on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The present run of a clock. `entries` begin with its start; `eras` are (first, end) of those with one target."""

    reading: Reading
    entries: tuple[Entry, ...]
    eras: tuple[tuple[int, int], ...]

    def reached(self, share: float) -> datetime | None:
        """When so much of the present target was used up, or will be if the clock runs on; where that was before the
        target was set, when it was set. None where it does not come to that.
        """
        return self._used_up(self.eras[-1], share)

    @property
    def late_since(self) -> datetime | None:
        """Since when it is late without a break, whatever its target was then."""
        found: datetime | None = None
        for era in reversed(self.eras):
            moment = self._used_up(era, 1.0)
            if moment is None:
                break
            found = moment
            if moment > self.entries[era[0]].at:
                break
        return found

    @property
    def spans(self) -> tuple[Span, ...]:
        """When it ran, nights and weekends included."""
        found: list[Span] = []
        since: datetime | None = None
        for entry in self.entries:
            if entry.move in (Move.START, Move.RESUME):
                since = entry.at
            elif entry.move in (Move.PAUSE, Move.STOP) and since is not None:
                found.append((since, entry.at))
                since = None
        return (*found, (since, None)) if since is not None else tuple(found)

    def _used_up(self, era: tuple[int, int], share: float) -> datetime | None:
        first, end = era
        target = self.entries[first].target
        if target is None:
            return None
        needed = target * share
        if self.entries[first].ran >= needed:
            return self.entries[first].at
        hours = self.reading.hours
        for here, there in pairwise(self.entries[first : end + 1]):
            if there.ran >= needed:
                # Of hours that were others then only the ends of the span are known.
                return min(max(hours.add(here.at, needed - here.ran), here.at), there.at)
        if end < len(self.entries) or self.reading.runs_since is None:
            return None
        last = self.entries[-1]
        return hours.add(last.at, needed - last.ran)


def course(reading: Reading) -> Course | None:
    """None for a clock that never ran."""
    starts = [position for position, entry in enumerate(reading.ledger) if entry.move is Move.START]
    if not starts:
        return None
    entries = reading.ledger[starts[-1] :]
    changes = [here for here in range(1, len(entries)) if entries[here].target != entries[here - 1].target]
    return Course(reading=reading, entries=entries, eras=tuple(pairwise([0, *changes, len(entries)])))


def after(spans: Sequence[Span], begins: datetime, wait: timedelta) -> datetime | None:
    """When so much time of `spans` has passed since `begins`; None where it has not, and nothing goes on."""
    for start, end in spans:
        since = max(start, begins)
        if end is None or since + wait < end:
            return since + wait
        wait -= max(end - since, timedelta(0))
    return None
