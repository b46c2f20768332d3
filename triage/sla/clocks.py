"""Where a ticket's promised times stand: a fold over its event log, with a ledger that explains every minute.

Nothing is counted up and stored: the same log gives the same answer however often, and in whatever order, its events
arrived. Each metric has a clock, which starts, pauses, goes on and stops by the rules in `RULES`; what it has run is
the open time between those moments.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from triage.sla.clock import AroundTheClock, Clock, Entry, Hours
from triage.sla.log import Event, Reply, StatusSet, once
from triage.sla.policies import Metric
from triage.tickets import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What is promised from `at` on, all of it: metric -> (time, in whose hours)."""

    at: datetime
    targets: Mapping[Metric, tuple[timedelta, Hours]] = field(hash=False)


class Stage(Enum):
    WAITING = "waiting"
    """Nothing runs: there is nothing to answer, or no target."""
    ACTIVE = "active"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    """Late, whether or not it was done since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A clock as it stands at one moment. `due` is None while it is held in time, and where nothing is promised.

    `runs_since` is set while it runs; `run` numbers its starts, for a clock can run more than once.
    """

    metric: Metric
    stage: Stage
    due: datetime | None
    ran: timedelta
    target: timedelta | None
    paused: timedelta
    run: int
    is_done: bool
    runs_since: datetime | None
    hours: Hours = field(hash=False, repr=False)
    ledger: tuple[Entry, ...] = field(repr=False)

    @property
    def left(self) -> timedelta | None:
        """Negative when it is late; None where nothing is promised."""
        return None if self.target is None else self.target - self.ran

    @property
    def is_late(self) -> bool:
        return self.stage is Stage.BREACHED

    def reaches(self, share: float) -> datetime | None:
        """When so much of the target is used up if it runs on; None while it is held, and for what was used before."""
        if self.target is None or self.runs_since is None or self.is_done:
            return None
        missing = self.target * share - self.ran
        return None if missing < timedelta(0) else self.hours.add(self.runs_since, missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a clock runs. A clock `by_status` runs from the ticket's beginning and stops when it is solved, to go on
    when it is opened again; others wait for a reply.

    `pauses_in` are the statuses that hold it; None means the tenant's own.
    """

    by_status: bool = False
    starts_with_ticket: bool = False
    starts_with_agent: bool = False
    pauses_in: frozenset[Status] | None = None


RULES: Mapping[Metric, Rule] = {
    Metric.FIRST_REPLY_TIME: Rule(starts_with_ticket=True),
    Metric.NEXT_REPLY_TIME: Rule(),
    Metric.PERIODIC_UPDATE_TIME: Rule(starts_with_agent=True, pauses_in=frozenset()),
    Metric.PAUSABLE_UPDATE_TIME: Rule(starts_with_agent=True),
    Metric.REQUESTER_WAIT_TIME: Rule(by_status=True, pauses_in=frozenset({Status.PENDING})),
    Metric.AGENT_WORK_TIME: Rule(by_status=True, pauses_in=frozenset({Status.PENDING, Status.ON_HOLD})),
    Metric.FULL_RESOLUTION_TIME: Rule(by_status=True),
}
PAUSED = frozenset({Status.PENDING})
STOPPED = frozenset({Status.SOLVED, Status.CLOSED, Status.DELETED})


def readings(
    log: Iterable[Event],
    promises: Iterable[Promised],
    at: datetime,
    *,
    paused_in: Collection[Status] = PAUSED,
    stopped_in: Collection[Status] = STOPPED,
) -> dict[Metric, Reading]:
    """How every clock that was ever promised stands at `at`; events after it do not count yet."""
    happened = [event for event in once(log) if event.at <= at and isinstance(event, StatusSet | Reply)]
    promised = sorted((each for each in promises if each.at <= at), key=lambda each: each.at)
    ordered = sorted([*promised, *happened], key=lambda event: (event.at, _place(event)))
    metrics = dict.fromkeys(metric for each in promised for metric in each.targets)
    both = Metric.FIRST_REPLY_TIME in metrics
    return {
        metric: _fold(metric, ordered, at, frozenset(paused_in), frozenset(stopped_in), waits_for_first=both)
        for metric in metrics
    }


def next_due(read: Mapping[Metric, Reading]) -> Reading | None:
    """Of the clocks that run, the one that is due first."""
    running = [each for each in read.values() if each.runs_since is not None and each.due is not None]
    return min(running, key=lambda each: (each.due, each.metric.value), default=None)


def _place(event: Promised | StatusSet | Reply) -> int:
    """At one moment: what is promised, what the customer wrote, what the agent did."""
    match event:
        case Promised():
            return 0
        case Reply(by_agent=by_agent):
            return 1 + by_agent
        case StatusSet():
            return 3


def _fold(
    metric: Metric,
    ordered: Sequence[Promised | StatusSet | Reply],
    at: datetime,
    paused_in: frozenset[Status],
    stopped_in: frozenset[Status],
    *,
    waits_for_first: bool,
) -> Reading:
    rule = RULES[metric]
    pauses = paused_in if rule.pauses_in is None else rule.pauses_in
    clock = Clock()
    status: Status | None = None
    begun = answered = False
    for event in ordered:
        if not begun and not isinstance(event, Promised) and not (isinstance(event, Reply) and not event.public):
            begun = True
            if rule.by_status or rule.starts_with_ticket:
                held = isinstance(event, StatusSet) and event.status in pauses
                clock.start(event.at, "ticket created", held=held)
        match event:
            case Promised(at=moment, targets=targets):
                target, hours = targets.get(metric, (None, AroundTheClock()))
                clock.retarget(moment, target, hours)
            case StatusSet(at=moment, status=now):
                ended = now in stopped_in
                if ended and rule.by_status:
                    clock.stop(moment, now.value)
                elif ended or now in pauses:
                    clock.hold(moment, now.value)
                elif clock.is_on or rule.by_status:
                    clock.go_on(moment, now.value)
                status = now
            case Reply(at=moment, by_agent=True, public=True):
                if metric in (Metric.FIRST_REPLY_TIME, Metric.NEXT_REPLY_TIME):
                    clock.stop(moment, "agent replied")
                elif rule.starts_with_agent:
                    clock.stop(moment, "agent replied")
                    clock.start(moment, "agent replied", held=status in pauses)
                answered = True
            case Reply(at=moment, by_agent=False, public=True):
                waiting = metric is Metric.NEXT_REPLY_TIME and (answered or not waits_for_first)
                if waiting and not clock.is_on:
                    clock.start(moment, "customer wrote", held=status in pauses or status in stopped_in)
            case Reply():
                pass  # an internal note answers nobody
    clock.settle(at)
    return _read(metric, clock, at)


def _read(metric: Metric, clock: Clock, at: datetime) -> Reading:
    late = clock.is_late(at)
    if clock.target is None or not clock.run:
        stage = Stage.WAITING
    elif late:
        stage = Stage.BREACHED
    elif clock.is_done:
        stage = Stage.MET
    else:
        stage = Stage.ACTIVE if clock.since is not None else Stage.PAUSED
    is_held = clock.is_on and clock.since is None
    return Reading(
        metric=metric,
        stage=stage,
        due=None if is_held and not late else clock.due,
        ran=clock.ran,
        target=clock.target,
        paused=clock.held,
        run=clock.run,
        is_done=clock.is_done,
        runs_since=clock.since,
        hours=clock.hours,
        ledger=tuple(clock.ledger),
    )
