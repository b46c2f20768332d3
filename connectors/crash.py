"""Places where a process can be made to die, for the tests that prove that it may.

With `CRASH_AT=point:n` in a process's environment the n-th passing of that point kills it with SIGKILL, as a power cut
or the kernel's memory killer would. Without it `crash_point` is a function that does nothing.
"""

from __future__ import annotations

import os
import signal
import threading

VARIABLE = "CRASH_AT"
POINTS = (
    "receive.before_commit",
    "receive.committed",
    "leader.taken",
    "leader.resigned",
    "schedule.before_commit",
    "clock.claimed",
    "clock.woken",
    "plan.started",
    "plan.read",
    "plan.before_commit",
    "plan.committed",
    "watch.before_commit",
    "escalate.before_commit",
    "send.started",
    "send.answered",
    "send.before_commit",
    "send.done",
    "retry.before_commit",
    "reconcile.before_commit",
    "replay.before_commit",
    "tidy.written",
)


class Armed:
    """Counts the passings of one point. `at` sets it again, for a process that tests many points in turn."""

    def __init__(self, spec: str) -> None:
        self._lock = threading.Lock()
        self.at(spec)

    def at(self, spec: str) -> None:
        """`point:n`; raises ValueError naming what is wrong."""
        point, _, count = spec.partition(":")
        if point not in POINTS or not count.isdecimal() or int(count) < 1:
            raise ValueError(f"{VARIABLE} must be point:n with n from 1, and a point of: {', '.join(POINTS)}")
        self.point, self.left = point, int(count)

    def __call__(self, point: str) -> None:
        with self._lock:
            if point == self.point:
                self.left -= 1
                if self.left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)


def _nowhere(point: str) -> None:
    """No point is set: pass."""


crash_point = Armed(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else _nowhere
