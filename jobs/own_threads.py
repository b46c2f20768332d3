"""The clock's own hands: the same jobs in threads of this process, while Redis is away."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module

from jobs.runtime import Runtime

THREADS = 2


class OwnThreads:
    """Takes jobs like the queue does, a few at a time; everything else waits in the database."""

    def __init__(self, run: Runtime) -> None:
        self.run = run
        self.pool: ThreadPoolExecutor | None = None
        self.running: set[Future[None]] = set()

    def room(self) -> int:
        self.running = {each for each in self.running if not each.done()}
        return THREADS - len(self.running)

    def wake(self, job: str, row_id: int, token: str) -> None:
        if self.pool is None:
            _ = self.run.triager  # load once, before threads could do it twice
            self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="job")
        self.running.add(self.pool.submit(self.find(job), row_id, token))

    @staticmethod
    def find(job: str) -> Callable[[int, str], None]:
        """The function that a job name stands for."""
        module, function = job.rsplit(".", 1)
        found: Callable[[int, str], None] = getattr(import_module(module), function)
        return found

    def stop(self) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)
