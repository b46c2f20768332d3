"""Zendesk's rate limits (platform notes 2.9): sliding windows per account, endpoint and ticket."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from connectors.simulator.knobs import Knobs
from connectors.simulator.zendesk.errors import ApiError, too_many


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

    def account(self, knobs: Knobs) -> Standing:
        return self.take("account", knobs.requests_per_minute, 60)

    def update(self, knobs: Knobs, ticket_id: int, user_id: int) -> None:
        """30 per 10 minutes per user per ticket, and 100 per minute per account [D 8638126078234]."""
        self.take("update", knobs.updates_per_minute, 60)
        self.take(f"update:{ticket_id}:{user_id}", knobs.updates_per_ticket_10_minutes, 600)

    def take(self, name: str, limit: int, span_s: float) -> Standing:
        """Count one request; raises the 429 answer with the seconds until the next one is free."""
        now = self._clock()
        with self._lock:
            window = self._windows[name]
            while window and window[0] <= now - span_s:
                window.popleft()
            if len(window) >= limit:
                raise too_many(math.ceil(window[0] + span_s - now) if window else int(span_s))
            window.append(now)
            return Standing(limit=limit, remaining=limit - len(window), reset_s=math.ceil(window[0] + span_s - now))

    def refuse(self, knobs: Knobs) -> ApiError:
        """The 429 of a fault: the counter may still show budget, as on a real endpoint limit."""
        return too_many(knobs.retry_after_s)
