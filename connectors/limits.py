"""When we may ask a helpdesk: buckets and circuits by endpoint family, as arithmetic without a clock or a store.

Of each limit we use 70 % (`SHARE`); the rest belongs to agents, other apps and our own urgent work, which may also
draw on a reserve (`RESERVE`). Bucket and reserve together never exceed the limit in any minute.

A family that failed `TRIPS_AT` times in a row is left alone for a while, then asked by one request at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

SHARE, RESERVE, BURST = 0.70, 0.20, 0.04
DEEP_ENOUGH = 5.0
"""Requests that one piece of work may need at once: with less saved up, it would begin and never end."""
CLOCKS_APART = timedelta(minutes=1)
"""More than the clocks of two machines differ: a time that far ahead is from before the clock was put right."""
TRIPS_AT = 5
FIRST_OPEN_S, LONGEST_OPEN_S = 0.5, 30.0
QUICK_PROBES, GROWTH = 40, 1.25
PROBE_S = 10.0
"""How long a probe may take before another may go: its process may have died."""
EVERYTHING = "requests"
"""The family that every request of an account counts in."""
UPDATES = "updates"
"""The family of changes to tickets, where a helpdesk limits those by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is left of one family's budget at `at`; `per_minute` is the helpdesk's limit, not our share of it."""

    per_minute: float
    tokens: float
    reserve: float
    at: datetime

    @classmethod
    def full(cls, per_minute: float, at: datetime) -> Bucket:
        return cls(per_minute=per_minute, tokens=depth(per_minute), reserve=_reserve_depth(per_minute), at=at)

    def refilled(self, now: datetime) -> Bucket:
        """The same bucket at `now`; a clock that is a little behind refills nothing.

        One that went far back fills it and counts from there: it would refill nothing until the old time is reached.
        """
        went_back = self.at - now > CLOCKS_APART
        minutes = 1.0 if went_back else max(0.0, (now - self.at) / timedelta(minutes=1))
        return replace(
            self,
            tokens=min(depth(self.per_minute), self.tokens + minutes * self.per_minute * SHARE),
            reserve=min(_reserve_depth(self.per_minute), self.reserve + minutes * self.per_minute * RESERVE),
            at=now if went_back else max(now, self.at),
        )

    def take(self, now: datetime, *, urgent: bool = False, count: float = 1) -> Bucket | float:
        """The bucket after `count` requests, or the seconds until there are as many."""
        filled = self.refilled(now)
        if filled.tokens >= count:
            return replace(filled, tokens=filled.tokens - count)
        if urgent and filled.reserve >= count:
            return replace(filled, reserve=filled.reserve - count)
        wait_s = (count - filled.tokens) * 60 / (self.per_minute * SHARE)
        if urgent and _reserve_depth(self.per_minute) >= count:
            return min(wait_s, (count - filled.reserve) * 60 / (self.per_minute * RESERVE))
        return wait_s

    def relimited(self, per_minute: float, now: datetime) -> Bucket:
        """The same bucket under another limit; what was saved up is kept as far as it fits."""
        filled = self.refilled(now)
        return replace(
            filled,
            per_minute=per_minute,
            tokens=min(depth(per_minute), filled.tokens),
            reserve=min(_reserve_depth(per_minute), filled.reserve),
        )


def depth(per_minute: float) -> float:
    """How many requests can be saved up: at least one whole one, or nothing would ever pass."""
    return max(1.0, per_minute * BURST, min(DEEP_ENOUGH, per_minute * (1 - SHARE - RESERVE)))


def _reserve_depth(per_minute: float) -> float:
    """What the rest leaves free, so that all together stays below the limit; nothing at the smallest limits."""
    return min(per_minute * BURST, max(0.0, per_minute * (1 - SHARE - RESERVE) - depth(per_minute)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """How a family of requests does: closed, or after `TRIPS_AT` failures in a row open and tried by probes.

    The first probes follow one another by half a second. That is a light load (one worker alone would send some twenty
    times as much), and a helpdesk that was away for seconds costs less than one more. From some 20 s on each wait is a
    quarter longer than the one before, up to 30 s after two minutes: what a row loses stays in proportion to the
    outage. Waits that double from the start would make an outage of 20 s cost 15 more, and one that ends by
    requests, not by time, minutes. A wait is also at least as long as its probe took, so that a helpdesk that lets us
    time out never has more than half of one worker.
    """

    failures: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None

    @property
    def is_tripped(self) -> bool:
        return self.failures >= TRIPS_AT

    def enter(self, now: datetime) -> Circuit | float:
        """The circuit with a request on its way, as its probe unless it is closed; or the seconds until one may go."""
        if not self.is_tripped:
            return self
        if (wait_s := _seconds_to(self.open_until, now, LONGEST_OPEN_S)) > 0:
            return wait_s
        if (wait_s := _seconds_to(self.probe_until, now, PROBE_S)) > 0:
            return min(wait_s, FIRST_OPEN_S)
        return replace(self, probe_until=now + timedelta(seconds=PROBE_S))

    def failed(self, now: datetime, *, took_s: float = 0.0) -> Circuit:
        """After a failure; one of a request that was under way when the circuit opened changes nothing."""
        if self.is_tripped and _seconds_to(self.open_until, now, LONGEST_OPEN_S) > 0:
            return self
        failures = self.failures + 1
        if failures < TRIPS_AT:
            return Circuit(failures=failures)
        wait_s = min(LONGEST_OPEN_S, max(open_s(failures), took_s))
        return Circuit(failures=failures, open_until=now + timedelta(seconds=wait_s))


def open_s(failures: int) -> float:
    """How long to leave a family alone after so many failures in a row."""
    steps = max(0, failures - TRIPS_AT - QUICK_PROBES)
    # Far fewer steps reach the longest wait; the power of thousands would not fit a float.
    return min(LONGEST_OPEN_S, FIRST_OPEN_S * GROWTH ** min(steps, 100))


def _seconds_to(until: datetime | None, now: datetime, longest_s: float) -> float:
    """0 when it is over; also when it is further ahead than it was ever set, because the clock went back."""
    left_s = 0.0 if until is None else (until - now).total_seconds()
    return left_s if 0 < left_s <= longest_s + CLOCKS_APART.total_seconds() else 0.0


class Gate(Protocol):
    """One tenant's door to its helpdesk, shared by every process that uses it.

    `families` begin with the widest and end with the narrowest, which is the one that a failure is held against.
    """

    def enter(self, families: Sequence[str]) -> None:
        """Count one request in each family, or raise `RateLimited` with when to come back and count nothing.

        A family named several times counts that often: some requests cost more.

        Also raises it while the helpdesk's own `Retry-After` runs. What it raises is `OverBudget`; `CircuitOpen` of
        that kind while the helpdesk has not answered lately.
        """

    def answered(self, families: Sequence[str]) -> None:
        """The request that entered was answered, be it by a refusal."""

    def failed(self, families: Sequence[str], took_s: float) -> float | None:
        """The request that entered found nobody, got no whole answer, or one that the helpdesk failed (5xx).

        Returns the seconds until somebody may ask again where this opened a circuit or found it open.
        """

    def limit_seen(self, family: str, per_minute: float) -> None:
        """The helpdesk stated a limit in its answer."""

    def close(self, seconds: float) -> None:
        """The helpdesk said when to come back: nobody enters before."""


class OpenGate:
    """No limits: for pure tests of a connector."""

    def enter(self, families: Sequence[str]) -> None:
        pass

    def answered(self, families: Sequence[str]) -> None:
        pass

    def failed(self, families: Sequence[str], took_s: float) -> float | None:
        return None

    def limit_seen(self, family: str, per_minute: float) -> None:
        pass

    def close(self, seconds: float) -> None:
        pass


OPEN = OpenGate()
