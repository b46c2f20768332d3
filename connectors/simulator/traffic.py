"""How well the callers keep to the limits: requests seen, requests refused, and requests that came too early."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

ACCOUNT = "account"
"""The family of a refusal that closes everything, not one kind of request."""


class Traffic:
    """Counts every request; a refusal closes its family for that caller until its Retry-After has run out.

    `caller` is any name that stays the same for one token; `clock` counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._closed_until: dict[tuple[str, str], float] = {}
        self._requests = self._refused = self._early = 0

    def seen(self, caller: str, *families: str) -> None:
        """A request of these families arrived; it is early when one of them, or the account, is still closed."""
        with self._lock:
            now = self._clock()
            self._requests += 1
            self._early += any(
                now < self._closed_until.get((caller, family), now) for family in dict.fromkeys((ACCOUNT, *families))
            )

    def refused(self, family: str, retry_after_s: float, *, caller: str) -> None:
        """A request was answered 429; `ACCOUNT` as family closes every family."""
        with self._lock:
            self._refused += 1
            key = (caller, family)
            self._closed_until[key] = max(self._closed_until.get(key, 0.0), self._clock() + retry_after_s)

    def summary(self) -> dict[str, int]:
        with self._lock:
            return {"requests": self._requests, "refused": self._refused, "early": self._early}
