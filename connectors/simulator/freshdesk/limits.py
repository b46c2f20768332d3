"""Freshdesk's rate limits (platform notes 2.2): one minute's window for the account and for four kinds of call."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from connectors.simulator.freshdesk.errors import ApiError, too_many
from connectors.simulator.knobs import Knobs

SPAN_S = 60.0
TICKET = re.compile(r"/api/v2/tickets/\d+")
VIEW_COST, LIST_COST = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the rate headers of an answer say."""

    total: int
    remaining: int
    used: int

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Total": str(self.total),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used-CurrentRequest": str(self.used),
        }


class LimitReached(Exception):
    """`answer` is the 429; `family` the window that is full."""

    def __init__(self, family: str, retry_after_s: int) -> None:
        super().__init__(family)
        self.family = family
        self.retry_after_s = retry_after_s

    @property
    def answer(self) -> ApiError:
        return too_many(self.retry_after_s)


def family(method: str, path: str) -> str | None:
    """Which limit of its own a call falls under."""
    if method == "POST" and path in ("/api/v2/tickets", "/api/v2/tickets/outbound_email"):
        return "ticket_create"
    if method == "PUT" and TICKET.fullmatch(path):
        return "updates"
    if method == "GET" and path in ("/api/v2/tickets", "/api/v2/contacts"):
        return path.rpartition("/")[2] + "_list"
    return None


def limits(knobs: Knobs) -> dict[str, int]:
    """Calls a minute by family."""
    return {
        "requests": knobs.requests_per_minute,
        "ticket_create": knobs.creates_per_minute,
        "updates": knobs.ticket_updates_per_minute,
        "tickets_list": knobs.ticket_lists_per_minute,
        "contacts_list": knobs.contact_lists_per_minute,
    }


def cost(method: str, path: str, include: str) -> int:
    """1, and for each `include` 1 more on a view or 2 more on a list."""
    extras = len({part for part in include.split(",") if part}) if method == "GET" else 0
    return 1 + extras * (VIEW_COST if TICKET.fullmatch(path) else LIST_COST)


class RateLimits:
    """Counts calls, failed ones too; a refused one counts against nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, deque[float]] = defaultdict(deque)

    def take(self, family: str, limit: int, used: int = 1) -> Standing:
        """Count one call of that cost; raises `LimitReached`."""
        with self._lock:
            wait_s = self._take(family, limit, used)
            if wait_s > 0:
                raise LimitReached(family, math.ceil(wait_s))
            return Standing(total=limit, remaining=max(0, limit - len(self._windows[family])), used=used)

    def wait(self, family: str, limit: int) -> float:
        """Count one call and return 0, or the seconds until there is room for it."""
        with self._lock:
            return self._take(family, limit, 1)

    def _take(self, family: str, limit: int, used: int) -> float:
        now, window = self._clock(), self._windows[family]
        while window and window[0] <= now - SPAN_S:
            window.popleft()
        if len(window) + used > limit:
            return max(window[0] + SPAN_S - now, 0.001) if window else SPAN_S
        window.extend([now] * used)
        return 0.0
