"""How fast we may ask a helpdesk: token buckets by endpoint family, as arithmetic without a clock or a store.

Of each limit we use 70 % (`SHARE`); the rest belongs to agents, other apps and our own urgent work, which may also
draw on a reserve (`RESERVE`). Bucket and reserve together never exceed the limit in any minute.
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


class Gate(Protocol):
    """One tenant's door to its helpdesk, shared by every process that uses it."""

    def enter(self, families: Sequence[str]) -> None:
        """Count one request in each family, or raise `RateLimited` with when to come back and count nothing.

        A family named several times counts that often: some requests cost more.

        Also raises it while the helpdesk's own `Retry-After` runs. What it raises is `OverBudget`.
        """

    def limit_seen(self, family: str, per_minute: float) -> None:
        """The helpdesk stated a limit in its answer."""

    def close(self, seconds: float) -> None:
        """The helpdesk said when to come back: nobody enters before."""


class OpenGate:
    """No limits: for pure tests of a connector."""

    def enter(self, families: Sequence[str]) -> None:
        pass

    def limit_seen(self, family: str, per_minute: float) -> None:
        pass

    def close(self, seconds: float) -> None:
        pass


OPEN = OpenGate()
