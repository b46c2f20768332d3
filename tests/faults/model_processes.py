"""Processes that can die or stall at any named point: greenlets, so that a step of the model is one and the same
each time it is made.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from connectors.store.leases import Claim
from jobs.runtime import RUNNING_LEASE, Runtime
from tests.faults.model_desk import Fault


class Killed(BaseException):
    """SIGKILL: no `except Exception` sees it, and an open transaction is rolled back."""


class End(Enum):
    ENDED, KILLED, STALLED = "ended", "killed", "stalled"


@dataclass(frozen=True)
class Fate:
    """What happens to a process at the n-th passing of a point."""

    end: End
    point: str
    passing: int = 1


IN_A_TRANSACTION = frozenset({"leader.taken", "leader.resigned"})
KILLED_AT: Counter[str] = Counter()
STALLED_AT: Counter[str] = Counter()


def can_stall(point: str) -> bool:
    """A process that stops inside a transaction holds up every other one; time-outs end that, not the line."""
    return not point.endswith("before_commit") and not point.startswith("receive") and point not in IN_A_TRANSACTION


@dataclass(frozen=True)
class Keeping:
    """A lease that its process renews while it lives."""

    run: Runtime
    table: Any
    held: Claim

    def renew(self) -> bool:
        return bool(self.table.renew(self.held, self.run.now() + RUNNING_LEASE))


class Process(greenlet):  # type: ignore[misc]
    """Runs `work` until it ends, dies or stalls; a stalled one goes on when it is switched to again."""

    def __init__(self, work: Callable[[], object], fate: Fate | None = None, fault: Fault | None = None) -> None:
        super().__init__()
        self.work = work
        self.fate = fate
        self.fault = fault
        self.passed = 0
        self.keeps: list[Keeping] = []

    def run(self) -> End:
        try:
            self.work()
        except Killed:
            return End.KILLED
        return End.ENDED

    def passes(self, point: str) -> None:
        if self.fate is None or self.fate.point != point:
            return
        self.passed += 1
        if self.passed < self.fate.passing:
            return
        end, self.fate = self.fate.end, None
        if end is End.KILLED:
            KILLED_AT[point] += 1
            raise Killed(point)
        STALLED_AT[point] += 1
        self.parent.switch(End.STALLED)

    def kill(self) -> None:
        self.throw(Killed())


def running() -> Process | None:
    current = getcurrent()
    return current if isinstance(current, Process) else None


def passing(point: str) -> None:
    """Stands for `connectors.crash.crash_point` everywhere."""
    process = running()
    if process is not None:
        process.passes(point)


def fault() -> Fault | None:
    """What befalls the running process's next request; once."""
    process = running()
    if process is None:
        return None
    befalls, process.fault = process.fault, None
    return befalls


@contextmanager
def keeping(run: Runtime, table: Any, held: Claim, **_limits: float) -> Iterator[None]:
    """Stands for `jobs.line.keeping`: the model says when a lease is renewed, no thread does."""
    process = running()
    if process is not None:
        process.keeps.append(Keeping(run, table, held))
    try:
        yield
    finally:
        if process is not None:
            process.keeps.clear()


def take_over(patch: pytest.MonkeyPatch) -> None:
    """Put `passing` and `keeping` in place of the product's, wherever they were imported."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("app", "connectors", "jobs") and hasattr(module, "crash_point"):
            patch.setattr(module, "crash_point", passing)
    patch.setattr("jobs.line.keeping", keeping)
