"""A background pool that posts webhooks and retries them by a rule the vendor's face supplies."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import requests

from connectors.simulator.knobs import FaultSource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call to make; `attempt` counts from 1, `ticket_id` is what it tells of."""

    id: str
    hook_id: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    attempt: int = 1
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attempt met: `status` is None for a time-out or a failed connection."""

    delivery: Delivery
    status: int | None
    reason: str
    seconds: float
    retry_after: str | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


Rule = Callable[[Outcome], float | None]
"""Seconds until the next attempt, or None to give up."""

Gate = Callable[[Delivery], float | None]
"""Asked before each attempt: 0 to go, seconds to wait first, None to throw the delivery away."""


class DeliveryPool:
    """Threads that take the next due delivery; `report` hears every outcome.

    `acknowledged` are the tickets of which a delivery was answered 2xx. With the knob `webhook_insist_s` nothing is
    given up: what was not acknowledged is sent again after so many seconds, whatever the vendor's rule says.
    """

    def __init__(
        self,
        rule: Rule,
        report: Callable[[Outcome], None],
        faults: FaultSource,
        *,
        threads: int = 8,
        timeout_s: float = 12,
        gate: Gate = lambda _: 0.0,
    ) -> None:
        self._rule = rule
        self._report = report
        self._gate = gate
        self._faults = faults
        self.acknowledged: set[int] = set()
        self.timeout_s = timeout_s
        self._due: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._running = 0
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"deliver-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, delivery: Delivery, delay_s: float = 0) -> None:
        delay_s += self._faults.shuffle_s()
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._order), delivery))
            self._changed.notify()

    def wait_idle(self, timeout_s: float) -> bool:
        """True once nothing is queued or under way, retries included."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due and not self._running, timeout_s)

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _next(self) -> Delivery | None:
        with self._changed:
            while not self._stopped:
                wait_s = self._due[0][0] - time.monotonic() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    self._running += 1
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait_s)
        return None

    def _work(self) -> None:
        while (delivery := self._next()) is not None:
            delay_s = None
            try:
                wait_s = self._gate(delivery)
                if wait_s is None:
                    continue
                if wait_s > 0:
                    self.add(delivery, wait_s)
                    continue
                outcome = self._attempt(delivery)
                self._report(outcome)
                if outcome.ok and delivery.ticket_id is not None:
                    self.acknowledged.add(delivery.ticket_id)
                delay_s = None if outcome.ok else self._faults.knobs.webhook_insist_s or self._rule(outcome)
                if delay_s is not None:
                    self.add(replace(delivery, attempt=delivery.attempt + 1), delay_s)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _attempt(self, delivery: Delivery) -> Outcome:
        """One call on a connection of its own: a kept one, just closed by the receiver, would lose the event."""
        started = time.monotonic()
        status: int | None = None
        retry_after: str | None = None
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    delivery.method,
                    delivery.url,
                    data=delivery.body,
                    headers={**delivery.headers, "Connection": "close"},
                    timeout=self.timeout_s,
                    allow_redirects=False,
                )
            status, reason, retry_after = answer.status_code, answer.reason, answer.headers.get("Retry-After")
        except requests.Timeout:
            reason = "timeout"
        except requests.RequestException as error:
            reason = f"connection failed: {type(error).__name__}"
            log.debug("delivery %s failed: %s", delivery.id, error)
        seconds = time.monotonic() - started
        return Outcome(delivery=delivery, status=status, reason=reason, seconds=seconds, retry_after=retry_after)
