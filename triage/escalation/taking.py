"""Whether somebody has a ticket, and whether there is anything left to take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from triage.escalation.course import course
from triage.escalation.step import AT_ONCE
from triage.sla.clocks import STOPPED
from triage.sla.log import Acknowledged
from triage.sla.standing import Standing


class Taking(Enum):
    OPEN = "open"
    """Nobody has it."""
    TAKEN = "taken"
    ANSWERED = "answered"
    """What the alarm was about is done, or has begun anew."""
    SOLVED = "solved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`last` is the last acknowledgement, also where something began after it."""

    state: Taking
    last: Acknowledged | None = None


def taken(standing: Standing, climb: str = "") -> Taken:
    """As of `standing.at`; `climb` is that of the steps somebody was told of (`Step.climb`), if they were of one."""
    last = max(standing.acknowledged, key=lambda each: each.at, default=None)
    if standing.status in STOPPED:
        return Taken(state=Taking.SOLVED, last=last)
    if climb and _is_over(standing, climb):
        return Taken(state=Taking.ANSWERED, last=last)
    has_it = last is not None and all(begun <= last.at for begun in _begun(standing))
    return Taken(state=Taking.TAKEN if has_it else Taking.OPEN, last=last)


def _begun(standing: Standing) -> Iterator[datetime]:
    """When ladders began, or could have."""
    for reading in standing.clocks.values():
        run = course(reading)
        since = run.late_since if run is not None and not reading.is_done else None
        if since is not None and since <= standing.at:
            yield since
    yield from (since for _, since in standing.prioritised)


def _is_over(standing: Standing, climb: str) -> bool:
    name, _, run = climb.rpartition("/")
    if name == AT_ONCE:
        return _at_once_is_over(standing, climb)
    reading = next((each for metric, each in standing.clocks.items() if metric.value == name), None)
    return reading is None or reading.is_done or str(reading.run) != run


def _at_once_is_over(standing: Standing, climb: str) -> bool:
    """An agent answered since it began, or the ticket got another priority since somebody was told."""
    moments = [since for _, since in standing.prioritised]
    told = min((each.at for each in standing.told if each.key.startswith(f"{climb}/")), default=standing.at)
    began = max((since for since in moments if since <= told), default=None)
    if began is None:
        return False
    return any(at >= began for at in standing.answered) or any(since > told for since in moments)
