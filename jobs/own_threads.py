"""The clock's own hands: the same jobs in threads of this process, while Redis is away."""

from __future__ import annotations

import faulthandler
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module

from jobs.runtime import MARGIN_S, Runtime, given_up_after_s, log

THREADS = 2
CLOCK_HANGS_S = 60.0
"""So long the clock itself may stand still while jobs run here: a call into C that lets nothing else run stops it."""


class OwnThreads:
    """Takes jobs like the queue does, a few at a time; everything else waits in the database.

    A thread cannot be ended from outside. One whose job never comes back keeps its place, and when there is nothing
    but such threads the process ends itself, to be started again: their rows are nobody's by then.
    """

    def __init__(self, run: Runtime, end: Callable[[int], object] = os._exit) -> None:
        self.run = run
        self.end = end
        self.pool: ThreadPoolExecutor | None = None
        self.running: dict[Future[None], float] = {}
        """Each job with the time by which it must have come back."""

    def room(self) -> int:
        self.tend()
        return 0 if self._lost() else THREADS - len(self.running)

    def wake(self, job: str, row_id: int, token: str) -> None:
        if self.pool is None:
            _ = self.run.triager  # load once, before threads could do it twice
            self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="job")
        self.running[self.pool.submit(self.find(job), row_id, token)] = time.monotonic() + given_up_after_s(job)

    def tend(self) -> None:
        """Look after what runs here; the clock does at every turn."""
        if not self.running:
            return
        self.running = {job: until for job, until in self.running.items() if not job.done()}
        if self.running:
            faulthandler.dump_traceback_later(CLOCK_HANGS_S + MARGIN_S, exit=True)
        else:
            faulthandler.cancel_dump_traceback_later()
        # While another thread's job is at work, which is not to blame, it may end first.
        if self.running and self._lost() == len(self.running):
            log.error("%s jobs never came back; ending this process", len(self.running))
            self.end(1)

    def _lost(self) -> int:
        now = time.monotonic()
        return sum(now > until for until in self.running.values())

    @staticmethod
    def find(job: str) -> Callable[[int, str], None]:
        """The function that a job name stands for."""
        module, function = job.rsplit(".", 1)
        found: Callable[[int, str], None] = getattr(import_module(module), function)
        return found

    def stop(self) -> None:
        """Wait for what runs. What never comes back is ended by the watchdog, or by whoever waits for this process."""
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)
            faulthandler.cancel_dump_traceback_later()
