"""One clock of a ticket: it starts, is held, goes on and stops, and keeps a ledger of it all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

NONE = timedelta(0)


class Hours(Protocol):
    """What reckons: `triage.hours.Calendar`, or `AroundTheClock`."""

    def add(self, start: datetime, open_time: timedelta, /) -> datetime: ...

    def elapsed(self, start: datetime, end: datetime, /) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class AroundTheClock:
    """Calendar hours: every hour counts. One is as good as another."""

    def add(self, start: datetime, open_time: timedelta, /) -> datetime:
        return start + open_time

    def elapsed(self, start: datetime, end: datetime, /) -> timedelta:
        return end - start


class Move(Enum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    RETARGET = "retarget"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger: what happened to a clock, why, and how much it had run by then."""

    at: datetime
    move: Move
    why: str
    ran: timedelta
    target: timedelta | None


class Clock:
    """Times are open time of `hours`. `due` is as of when it last ran; `run` counts its starts.

    `promised` is what holds now; `target` and `hours` are what the clock is measured by, which stay once it is done.
    """

    def __init__(self) -> None:
        self.promised: tuple[timedelta | None, Hours] = (None, AroundTheClock())
        self.target: timedelta | None = None
        self.hours: Hours = AroundTheClock()
        self.since: datetime | None = None  # running since, else None
        self.held_since: datetime | None = None
        self.ran, self.held = NONE, NONE
        self.spans: list[tuple[datetime, timedelta, Hours]] = []  # from when, for how long it ran, in whose hours
        self.is_on = False
        self.is_done = False
        self.due: datetime | None = None
        self.late = False
        self.run = 0
        self.ledger: list[Entry] = []

    def settle(self, at: datetime) -> None:
        """Count what ran, or was held, up to `at`."""
        if self.since is not None:
            more = self.hours.elapsed(self.since, at)
            self.spans.append((self.since, more, self.hours))
            self.ran += more
            self.since = at
        if self.held_since is not None:
            self.held += self.hours.elapsed(self.held_since, at)
            self.held_since = at

    def is_late(self, at: datetime) -> bool:
        """By `at`; while it is held no time passes for it."""
        return self.late or (self.since is not None and self.due is not None and at > self.due)

    def start(self, at: datetime, why: str, *, held: bool) -> None:
        self.ran, self.held, self.due, self.late = NONE, NONE, None, False
        self.spans.clear()
        self.run += 1
        self.target, self.hours = self.promised
        self._note(at, Move.START, why)
        self.is_on, self.is_done = True, False
        if held:
            self.held_since = at
            self._note(at, Move.PAUSE, why)
        else:
            self.since = at
            self._aim(at)

    def hold(self, at: datetime, why: str) -> None:
        if self.is_on and self.since is not None:
            self.settle(at)
            self.late = self.is_late(at)
            self.since, self.held_since = None, at
            self._note(at, Move.PAUSE, why)

    def go_on(self, at: datetime, why: str) -> None:
        """From where it stood: it was held, or done and is opened again."""
        if self.since is not None or not self.run:
            return
        self.settle(at)
        if self.is_done:
            self.target, self.hours = self.promised
        self.is_on, self.is_done = True, False
        self.since, self.held_since = at, None
        self._aim(at)
        self._note(at, Move.RESUME, why)

    def stop(self, at: datetime, why: str) -> None:
        """It is done. What was held until then had no due time: its due time is the one it would have gone on with."""
        if self.is_on:
            self.settle(at)
            self.late = self.is_late(at)
            if self.since is None:
                self._aim(at)
            self.since, self.held_since, self.is_on, self.is_done = None, None, False, True
            self._note(at, Move.STOP, why)

    def retarget(self, at: datetime, target: timedelta | None, hours: Hours) -> None:
        """What ran stays, and one that is done stays as it was promised."""
        before, self.promised = self.promised, (target, hours)
        if self.is_done:
            return
        self.settle(at)
        self.target, self.hours = target, hours
        if self.is_on and before != self.promised:
            self.late = target is not None and self.ran > target
            self._aim(at)
            self._note(at, Move.RETARGET, "other target")

    def _aim(self, at: datetime) -> None:
        """The moment at which the target was used up, or will be if the clock runs on from `at`."""
        self.due = None
        if self.target is None:
            return
        left = self.target
        for start, length, hours in self.spans:
            if left <= length and length:
                self.due = hours.add(start, left)
                return
            left -= length
        self.due = self.hours.add(at, left)

    def _note(self, at: datetime, move: Move, why: str) -> None:
        self.ledger.append(Entry(at=at, move=move, why=why, ran=self.ran, target=self.target))
