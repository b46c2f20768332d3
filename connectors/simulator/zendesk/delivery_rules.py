"""Zendesk's signature, retries and circuit breaker for webhooks (platform notes 1.4, 1.6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from collections import deque
from collections.abc import Callable

from connectors.simulator.delivery import Outcome

TIMEOUT_S = 12.0
MOST_RETRIES = {409: 3, None: 5}
LONGEST_RETRY_AFTER_S = 60


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """base64(HMAC-SHA256(secret, timestamp + body)), the secret as its literal text."""
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def retry_rule(delay_s: float) -> Callable[[Outcome], float | None]:
    """409 up to 3 times, time-outs up to 5, 429 and 503 only with `Retry-After` under a minute; never a 500.

    Zendesk does not say how long it waits after a 409 or a time-out: `delay_s` is ours, as is the cap of 5
    on a receiver that answers `Retry-After` for ever.
    """

    def rule(outcome: Outcome) -> float | None:
        retries = outcome.delivery.attempt
        if outcome.status == 409 or (outcome.status is None and outcome.reason == "timeout"):
            return delay_s if retries <= MOST_RETRIES[outcome.status] else None
        if outcome.status in (429, 503) and (outcome.retry_after or "").isdigit():
            wait_s = int(outcome.retry_after or 0)
            return wait_s if wait_s < LONGEST_RETRY_AFTER_S and retries <= 5 else None
        return None

    return rule


class CircuitBreaker:
    """Within 5 minutes and from 100 requests: 70 % errors, or over 1,000, pause calls for 5 s; those are lost."""

    span_s, pause_s, at_least, share, most = 300.0, 5.0, 100, 0.7, 1000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: deque[tuple[float, bool]] = deque()
        self._errors = 0
        self._open_until = float("-inf")

    def is_open(self) -> bool:
        with self._lock:
            return self._clock() < self._open_until

    def record(self, ok: bool) -> None:
        with self._lock:
            now = self._clock()
            self._seen.append((now, ok))
            self._errors += not ok
            while self._seen and self._seen[0][0] < now - self.span_s:
                self._errors -= not self._seen.popleft()[1]
            total = len(self._seen)
            if not ok and total >= self.at_least and (self._errors / total >= self.share or self._errors > self.most):
                self._open_until = now + self.pause_s
