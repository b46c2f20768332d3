"""The steps of a ticket's reminders and ladders: when each is taken, who is told, and when climbing stops.

Reminders come at shares of a running clock's target, in open time. A clock that is late starts a ladder: level 1 at
the due time, each further one when the level before has waited, in real time. A ladder that begins `at_once` begins
when the ticket got its priority; while it climbs no second one does, so a clock that gets late then is only told of
to those who get reminders, and its own ladder begins if the first one ends with a reply.

Climbing stops when somebody acknowledges, the clock is met or the ticket is solved; an `at_once` ladder also when an
agent replies. While a clock is held its ladder rests, for the ticket waits for the customer: what it waits goes on
where it stood. An acknowledgement does not silence reminders of clocks that are not late yet.

Whoever is in quiet hours is passed over, and a level that reaches nobody costs no wait. What was told stays told:
keys depend on nothing but the metric, the clock's run and the level or share.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from triage.escalation.course import Course, Span, after, course
from triage.escalation.duty import Reached, reach
from triage.escalation.people import EscalationRules, Ladder, Level, Response, Via
from triage.escalation.step import Kind, Step, climb_key, told_keys
from triage.sla.clocks import STOPPED
from triage.sla.log import Told
from triage.sla.policies import Metric
from triage.sla.rules import SlaRules
from triage.sla.standing import Standing
from triage.tickets import Priority, Status

__all__ = ["Kind", "Step", "due", "next_at", "steps", "told_keys"]


def steps(standing: Standing, rules: SlaRules) -> tuple[Step, ...]:
    """Every step that is known, by time: those taken, those due and those to come if nothing happens."""
    priority, since, count = _priority(standing)
    response = rules.escalation.responses.get(priority) if priority is not None else None
    if since is None or response is None:
        return ()
    plan = _Plan(standing, rules, response)
    at_once = plan.at_once(since, count)
    found = [*plan.levels(at_once, breaks_quiet=True)] if at_once else []
    for reading in standing.clocks.values():
        run = course(reading)
        if run is not None and reading.target is not None:
            found += [*plan.reminders(run), *plan.lateness(run, at_once)]
    return tuple(sorted(found, key=lambda step: (step.at, step.key)))


def due(found: Iterable[Step], told: Collection[str], now: datetime) -> tuple[Step, ...]:
    """What to take now. Those that a stop of ours delayed are all made up, but of one clock's reminders only the last.

    Keep `as_told` of each in the log, of those that reach nobody too.
    """
    return tuple(step for step in _pending(found, told, now) if step.at <= now)


def next_at(found: Iterable[Step], told: Collection[str], now: datetime) -> datetime | None:
    """When to look again, which is past while something is due; pass what was just taken in `told` as well."""
    return min((step.at for step in _pending(found, told, now)), default=None)


def _pending(found: Iterable[Step], told: Collection[str], now: datetime) -> list[Step]:
    """Neither taken nor overtaken by a later reminder or by the due time."""
    known = list(found)
    late = {step.climb for step in known if step.kind is not Kind.REMIND and step.at <= now}
    reminded: dict[str, float] = {}
    for step in known:
        if step.share is not None and (step.at <= now or step.key in told):
            reminded[step.climb] = max(reminded.get(step.climb, 0.0), step.share)

    def overtaken(step: Step) -> bool:
        return step.share is not None and (step.climb in late or step.share < reminded.get(step.climb, 0.0))

    return [step for step in known if step.key not in told and not overtaken(step)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Climb:
    """One ladder being climbed. `ended` is when somebody took it or it was not needed any more."""

    metric: Metric | None
    run: int
    begins: datetime
    spans: Sequence[Span]
    ended: datetime | None

    def climbs_after(self, at: datetime) -> bool:
        return self.ended is None or self.ended > at


class _Plan:
    def __init__(self, standing: Standing, rules: SlaRules, response: Response) -> None:
        self.standing = standing
        self.response = response
        self.rules: EscalationRules = rules.escalation
        self.ladder: Ladder | None = self.rules.ladders.get(response.ladder) if response.ladder else None
        self.paused_in = rules.paused_in
        self.told = _by_key(standing.told)
        self.is_over = standing.status in STOPPED

    def at_once(self, since: datetime, count: int) -> _Climb | None:
        if not self.response.at_once or self.ladder is None:
            return None
        standing = self.standing
        ends = [
            *(each.at for each in standing.acknowledged),
            *standing.answered,
            *(each.at for each in standing.statuses if each.status in STOPPED),
        ]
        if standing.statuses and _status(standing, since) in STOPPED:
            ends.append(since)
        ended = min((at for at in ends if at >= since), default=None)
        return _Climb(metric=None, run=count, begins=since, spans=self._open(since), ended=ended)

    def reminders(self, run: Course) -> Iterator[Step]:
        reading = run.reading
        runs = reading.runs_since is not None and not reading.is_done and not self.is_over
        late = run.reached(1.0)
        is_late = late is not None and late <= self.standing.at
        for share in self.response.reminders:
            key = f"{climb_key(reading.metric, reading.run)}/remind/{share:g}"
            at = run.reached(share)
            if 0 < share < 1 and at is not None and (key in self.told or (runs and not is_late)):
                yield self._step(
                    key, at, self.rules.remind, kind=Kind.REMIND, metric=reading.metric, run=reading.run, share=share
                )

    def lateness(self, run: Course, at_once: _Climb | None) -> Iterator[Step]:
        """The notice or the ladder of a clock that is late, or will be."""
        reading, begins, since = run.reading, run.reached(1.0), run.late_since
        if begins is None or since is None:
            return
        ends = [each.at for each in self.standing.acknowledged if each.at >= since]
        if reading.is_done:
            ends.append(run.entries[-1].at)
        climb = _Climb(
            metric=reading.metric, run=reading.run, begins=begins, spans=run.spans, ended=min(ends, default=None)
        )
        first = at_once if at_once is not None and at_once.climbs_after(begins) else None
        prefix = climb_key(climb.metric, climb.run)
        key = f"{prefix}/late"
        is_known = any(each.startswith(f"{prefix}/level/") for each in self.told)
        if key in self.told or (self._goes_on(climb) and not is_known and (first or self.ladder is None)):
            yield self._step(key, begins, self.rules.remind, kind=Kind.LATE, metric=climb.metric, run=climb.run)
        if first is None:
            yield from self.levels(climb)
        elif first.ended is None:
            yield from self.levels(replace(climb, ended=first.begins))  # what was taken before
        else:
            yield from self.levels(replace(climb, begins=first.ended))

    def levels(self, climb: _Climb, *, breaks_quiet: bool = False) -> Iterator[Step]:
        """Those taken; while it climbs also those to come."""
        goes_on = self._goes_on(climb)
        wait = timedelta(0)
        for number, level in enumerate(self.ladder.levels if self.ladder else (), start=1):
            at = after(climb.spans, climb.begins, wait)
            if at is None:
                return
            key = f"{climb_key(climb.metric, climb.run)}/level/{number}"
            step = self._step(
                key,
                at,
                level,
                kind=Kind.LEVEL,
                metric=climb.metric,
                run=climb.run,
                level_number=number,
                breaks_quiet=breaks_quiet,
            )
            if goes_on or key in self.told:
                yield step
            if step.by:
                wait += level.wait

    def _goes_on(self, climb: _Climb) -> bool:
        """Neither ended nor resting."""
        return climb.ended is None and not self.is_over and bool(climb.spans) and climb.spans[-1][1] is None

    def _open(self, since: datetime) -> list[Span]:
        """When the ticket was neither held nor solved, from `since` on."""
        shut = self.paused_in | STOPPED
        changes = [(each.at, each.status in shut) for each in self.standing.statuses if each.at > since]
        found: list[Span] = []
        opened = None if _status(self.standing, since) in shut else since
        for at, is_shut in changes:
            if is_shut and opened is not None:
                found.append((opened, at))
                opened = None
            elif not is_shut and opened is None:
                opened = at
        return [*found, (opened, None)] if opened is not None else found

    def _step(
        self,
        key: str,
        at: datetime,
        level: Level,
        *,
        kind: Kind,
        metric: Metric | None,
        run: int,
        share: float | None = None,
        level_number: int | None = None,
        breaks_quiet: bool = False,
    ) -> Step:
        told, unreached = self.told.get(key), tuple[str, ...]()
        if told is not None:
            reached = _as_recorded(told)
        else:
            reached, unreached = reach(level, self.standing.facts, self.rules, at, breaks_quiet=breaks_quiet)
        return Step(
            key=key,
            at=at,
            kind=kind,
            metric=metric,
            run=run,
            share=share,
            level=level_number,
            reached=reached,
            unreached=unreached,
        )


def _priority(standing: Standing) -> tuple[Priority | None, datetime | None, int]:
    """The ticket's priority, since when it has it, and how often it got it."""
    got = standing.prioritised
    if not got:
        return None, None, 0
    priority, since = got[-1]
    return priority, since, sum(each is priority for each, _ in got)


def _status(standing: Standing, at: datetime) -> Status | None:
    """At `at`, or else the first one."""
    known = standing.statuses
    if not known:
        return None
    return next((each.status for each in reversed(known) if each.at <= at), known[0].status)


def _by_key(told: Iterable[Told]) -> Mapping[str, Told]:
    """Of several records of one step the one that reached somebody."""
    return {each.key: each for each in sorted(told, key=lambda each: bool(each.by))}


def _as_recorded(told: Told) -> tuple[Reached, ...]:
    by = tuple(Via(each) for each in told.by)
    if not by:
        return ()
    return tuple(Reached(person=each, by=by) for each in told.to) or (Reached(person=None, by=by),)
