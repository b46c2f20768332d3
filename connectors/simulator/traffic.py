"""How well the callers keep to the limits: requests seen, requests refused, and requests that came too early."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

ACCOUNT = "account"
"""The family of a refusal that closes everything, not one kind of request."""


ON_ITS_WAY_S = 0.05
"""A request that arrives so soon after a refusal was sent before anybody could know of it: another worker's, say."""


class Traffic:
    """Counts every request; a refusal closes its family for that caller until its Retry-After has run out.

    Requests that come while it is closed are `early`; those that only crossed the refusal are `crossed`.

    `caller` is any name that stays the same for one token; `clock` counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._closed: dict[tuple[str, str], tuple[float, float]] = {}
        self._requests = self._refused = self._early = self._crossed = 0

    def seen(self, caller: str, *families: str) -> None:
        """A request of these families arrived; it is early when one of them, or the account, is still closed."""
        with self._lock:
            now = self._clock()
            self._requests += 1
            closed = [self._closed.get((caller, family), (now, now)) for family in (ACCOUNT, *families)]
            since = [at for at, until in closed if now < until]
            if since and now - min(since) < ON_ITS_WAY_S:
                self._crossed += 1
            elif since:
                self._early += 1

    def refused(self, family: str, retry_after_s: float, *, caller: str) -> None:
        """A request was answered 429; `ACCOUNT` as family closes every family."""
        with self._lock:
            self._refused += 1
            now = self._clock()
            at, until = self._closed.get((caller, family), (now, now))
            self._closed[caller, family] = (at if now < until else now, max(until, now + retry_after_s))

    def summary(self) -> dict[str, int]:
        with self._lock:
            return {
                "requests": self._requests,
                "refused": self._refused,
                "early": self._early,
                "crossed": self._crossed,
            }
