"""One step of a reminder or ladder: whom it tells, when, and under which key it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from triage.escalation.duty import Reached
from triage.escalation.people import Via
from triage.sla.log import Event, Told
from triage.sla.policies import Metric

AT_ONCE = "at_once"


class Kind(Enum):
    REMIND = "remind"
    LATE = "late"
    """It is late, where no ladder says so."""
    LEVEL = "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Somebody is told something at `at`. `metric` is None for a ladder that begins at once; `run` then counts how
    often the ticket got its priority, else the clock's starts. `level` counts from 1.
    """

    key: str
    at: datetime
    kind: Kind
    metric: Metric | None
    run: int
    share: float | None = None
    level: int | None = None
    reached: tuple[Reached, ...] = ()
    unreached: tuple[str, ...] = ()

    @property
    def climb(self) -> str:
        """What the ladder's levels have in common."""
        return climb_key(self.metric, self.run)

    @property
    def to(self) -> tuple[str, ...]:
        return tuple(each.person for each in self.reached if each.person is not None)

    @property
    def by(self) -> tuple[Via, ...]:
        """Empty for a step that reaches nobody."""
        return tuple(dict.fromkeys(via for each in self.reached for via in each.by))

    def as_told(self, at: datetime) -> Told:
        """What to keep of it in the log, also when it reached nobody: then it stays passed over."""
        return Told(at=at, key=self.key, to=self.to, by=tuple(via.value for via in self.by))


def told_keys(log: Iterable[Event]) -> frozenset[str]:
    """The keys of all steps that were ever taken, also of those that a clock set back calls future."""
    return frozenset(event.key for event in log if isinstance(event, Told))


def climb_key(metric: Metric | None, run: int) -> str:
    """What the keys of one clock's run, or of one ladder that began at once, begin with."""
    return f"{AT_ONCE if metric is None else metric.value}/{run}"
