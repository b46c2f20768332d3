"""Zendesk's rate limits (platform notes 2.9): sliding windows per account, endpoint and ticket."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from connectors.simulator.knobs import Knobs
from connectors.simulator.traffic import ACCOUNT
from connectors.simulator.zendesk.errors import ApiError, TooMany

TICKET_UPDATES = {("PUT", ""), ("PUT", "tags"), ("POST", "tags"), ("DELETE", "tags")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How much of the account's limit is left, for the answer's headers."""

    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        return {
            "X-Rate-Limit": str(self.limit),
            "X-Rate-Limit-Remaining": str(self.remaining),
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": str(self.reset_s),
        }


class RateLimits:
    """Counts requests; a refused request counts against nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, deque[float]] = defaultdict(deque)

    def account(self, knobs: Knobs, *, help_center: bool = False) -> Standing:
        """Support's budget or Help Center's: they are counted apart."""
        if help_center:
            return self.take("help_center", knobs.help_center_per_minute, 60)
        return self.take("requests", knobs.requests_per_minute, 60)

    def update(self, knobs: Knobs, ticket_id: int, user_id: int) -> None:
        """30 per 10 minutes per user per ticket, and 100 per minute per account [D 8638126078234]."""
        self.take("updates", knobs.updates_per_minute, 60)
        self.take(f"updates:{ticket_id}", knobs.updates_per_ticket_10_minutes, 600, of=f"user {user_id}")

    def take(self, family: str, limit: int, span_s: float, *, of: str = "") -> Standing:
        """Count one request; raises the 429 answer with the seconds until the next one is free.

        With `of` the family is counted for each of those apart.
        """
        now = self._clock()
        with self._lock:
            window = self._windows[f"{family} {of}"]
            while window and window[0] <= now - span_s:
                window.popleft()
            if len(window) >= limit:
                raise TooMany(family, window[0] + span_s - now if window else span_s)
            window.append(now)
            return Standing(limit=limit, remaining=limit - len(window), reset_s=math.ceil(window[0] + span_s - now))

    def refuse(self, knobs: Knobs) -> ApiError:
        """The 429 of a fault: the counter may still show budget, as on a real endpoint limit."""
        return TooMany(ACCOUNT, knobs.retry_after_s)


def families(method: str, path: str) -> tuple[str, ...]:
    """The limits that a request to `path`, given without `/api/v2/` and `.json`, counts in."""
    first, _, rest = path.partition("/")
    if first == "help_center":
        return ("help_center",)
    found = ["requests"]
    if first in ("incremental", "search"):
        found.append("exports" if first == "incremental" else "search")
    number, _, part = rest.partition("/")
    if first == "tickets" and number.isdigit() and (method, part) in TICKET_UPDATES:
        found += ["updates", f"updates:{number}"]
    if path == "tickets/update_many":
        found.append("jobs")
    return tuple(found)
