"""What can be made to go wrong, as data, and the chooser that makes it happen request by request."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

LIMITS = (
    "requests_per_minute",
    "updates_per_minute",
    "updates_per_ticket_10_minutes",
    "exports_per_minute",
    "searches_per_minute",
    "help_center_per_minute",
    "creates_per_minute",
    "ticket_updates_per_minute",
    "ticket_lists_per_minute",
    "contact_lists_per_minute",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """Settings that `POST /_sim/knobs` changes. A share is 0..1 of requests; `*_next` hits exactly that many.

    `faults_on` narrows faults to "writes" or "reads". 429 and 5xx are answered before anything is applied;
    a drop applies the request and closes the connection without an answer; a freeze holds the request
    `freeze_s` and applies it then, by which time the caller has usually gone; a truncation cuts the answer.
    `rate_429_for_s` and `freeze_for_s` count from when they are set: a helpdesk that stands still for so long applies
    all it was sent meanwhile when it goes on.
    `lost_5xx` applies the request and answers `error_status` all the same, as a gateway that gave up does;
    `reset` breaks the connection (RST) before anything is applied, `late_reset` after it. A drip sends the answer's
    body byte by byte, one every `drip_s`.

    `webhook_shuffle_s` delays each delivery by a random time up to it; with `webhook_insist_s` one that was not
    acknowledged comes again after so long, for ever. `search_lag_s` is how far the search index is behind,
    `due_lag_s` how late due times are worked out, `minute_s` how long a minute of a webhook's retry rule takes,
    `incident_links` whether tickets can be linked.
    """

    faults_on: str = "all"
    latency_ms: float = 0
    rate_429_share: float = 0
    rate_429_next: int = 0
    rate_429_for_s: float = 0
    retry_after_s: int = 2
    error_5xx_share: float = 0
    error_5xx_next: int = 0
    error_status: int = 500
    drop_share: float = 0
    drop_next: int = 0
    freeze_share: float = 0
    freeze_next: int = 0
    freeze_s: float = 3
    freeze_for_s: float = 0
    truncate_share: float = 0
    truncate_next: int = 0
    lost_5xx_share: float = 0
    lost_5xx_next: int = 0
    reset_share: float = 0
    reset_next: int = 0
    late_reset_share: float = 0
    late_reset_next: int = 0
    drip_share: float = 0
    drip_next: int = 0
    drip_s: float = 1
    webhook_off: bool = False
    webhook_hold: bool = False
    webhook_copies: int = 1
    webhook_duplicate_share: float = 0
    webhook_shuffle_s: float = 0
    webhook_insist_s: float = 0
    export_delay_s: float = 60
    seed: int = 1
    requests_per_minute: int = 700
    updates_per_minute: int = 100
    updates_per_ticket_10_minutes: int = 30
    exports_per_minute: int = 10
    searches_per_minute: int = 100
    help_center_per_minute: int = 700
    creates_per_minute: int = 280
    ticket_updates_per_minute: int = 280
    ticket_lists_per_minute: int = 200
    contact_lists_per_minute: int = 200
    search_lag_s: float = 120
    due_lag_s: float = 3
    minute_s: float = 60
    incident_links: bool = True

    def changed(self, values: Mapping[str, Any]) -> Knobs:
        """With `values` in; raises `ValueError` naming an unknown knob or a wrong type."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"no knob {name!r}; there are: {', '.join(known)}")
            if isinstance(known[name], str) is not isinstance(value, str) or not isinstance(value, (str, int, float)):
                raise ValueError(f"knob {name!r} does not take {value!r}")
        return replace(self, **values)

    def unlimited(self) -> Knobs:
        """Without rate limits: for benchmarks and the fast demo."""
        return self.changed(dict.fromkeys(LIMITS, 10_000_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to one request: `status` and `reset` before it is applied, the others after."""

    delay_s: float = 0
    status: int | None = None
    reset: bool = False
    drop: bool = False
    truncate: bool = False
    lost_status: int | None = None
    late_reset: bool = False
    drip_s: float | None = None


class FaultSource:
    """Holds the knobs and deals out faults; the same seed gives the same faults for the same requests."""

    def __init__(self, knobs: Knobs | None = None) -> None:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.knobs = knobs or Knobs()
        self._random = random.Random(self.knobs.seed)
        self._limited_until = self._frozen_until = 0.0

    def set(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change knobs; `rate_429_for_s` starts counting now. Returns all of them."""
        with self._lock:
            self.knobs = self.knobs.changed(values)
            if "rate_429_for_s" in values:
                self._limited_until = time.monotonic() + self.knobs.rate_429_for_s
            if "freeze_for_s" in values:
                self._frozen_until = time.monotonic() + self.knobs.freeze_for_s
            if "seed" in values:
                self._random = random.Random(self.knobs.seed)
            return asdict(self.knobs)

    def draw(self, *, write: bool) -> Fault:
        """The fault for the next request; counted ones are used up first."""
        with self._lock:
            knobs = self.knobs
            delay_s = knobs.latency_ms / 1000
            if knobs.faults_on == ("reads" if write else "writes"):
                return Fault(delay_s=delay_s)
            if self._hits("rate_429") or time.monotonic() < self._limited_until:
                return Fault(delay_s=delay_s, status=429)
            if self._hits("error_5xx"):
                return Fault(delay_s=delay_s, status=knobs.error_status)
            if (frozen_s := self._frozen_until - time.monotonic()) > 0:
                return Fault(delay_s=delay_s + frozen_s)
            if self._hits("freeze"):
                return Fault(delay_s=delay_s + knobs.freeze_s)
            if self._hits("drop"):
                return Fault(delay_s=delay_s, drop=True)
            if self._hits("truncate"):
                return Fault(delay_s=delay_s, truncate=True)
            if self._hits("lost_5xx"):
                return Fault(delay_s=delay_s, lost_status=knobs.error_status)
            if self._hits("reset"):
                return Fault(delay_s=delay_s, reset=True)
            if self._hits("late_reset"):
                return Fault(delay_s=delay_s, late_reset=True)
            return Fault(delay_s=delay_s, drip_s=knobs.drip_s if self._hits("drip") else None)

    def shuffle_s(self) -> float:
        """How long the next delivery is held back."""
        with self._lock:
            return self._random.random() * self.knobs.webhook_shuffle_s if self.knobs.webhook_shuffle_s else 0.0

    def copies(self) -> int:
        """How often the next webhook is delivered."""
        with self._lock:
            extra = int(self._random.random() < self.knobs.webhook_duplicate_share)
            return self.knobs.webhook_copies + extra

    def wait(self, seconds: float) -> None:
        """Sleep, but not past the server's stop."""
        if seconds > 0:
            self._stop.wait(seconds)

    def stop(self) -> None:
        self._stop.set()

    def _hits(self, name: str) -> bool:
        left = getattr(self.knobs, f"{name}_next")
        if left > 0:
            self.knobs = replace(self.knobs, **{f"{name}_next": left - 1})
            return True
        share: float = getattr(self.knobs, f"{name}_share")
        return share > 0 and self._random.random() < share
