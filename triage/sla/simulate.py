"""What other rules would have done: the same tickets, folded under both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from triage.escalation.replay import replay
from triage.sla.clocks import Reading, Stage
from triage.sla.log import Event
from triage.sla.policies import Metric
from triage.sla.rules import SlaRules
from triage.sla.standing import Standing, standing

MOST_EXAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One metric over all tickets. `late` are those that breached, done or not; `by` is how late they were in all."""

    promised: int
    met: int
    late: int
    by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A ticket whose clock breached under one set of rules only: `is_better` if under the first."""

    ref: str
    metric: Metric
    due_before: datetime | None
    due_after: datetime | None
    is_better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """All tickets under one set of rules. `told` is how often each person would have been told, by id."""

    outcomes: Mapping[Metric, Outcome]
    told: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """`changes` are the first `MOST_EXAMPLES`; `better` and `worse` count them all."""

    tickets: int
    before: Side
    after: Side
    better: int
    worse: int
    changes: tuple[Change, ...]


def simulate(
    logs: Iterable[tuple[str, Iterable[Event]]], before: SlaRules, after: SlaRules, at: datetime
) -> Simulation:
    """Every ticket, (ref, log), as it stood at `at` under the rules of now and under the others."""
    tallies = _Tally(before), _Tally(after)
    changes: list[Change] = []
    tickets = 0
    for ref, log in logs:
        known = tuple(log)
        changes += _changes(ref, *(tally.count(known, at) for tally in tallies))
        tickets += 1
    return Simulation(
        tickets=tickets,
        before=tallies[0].side(),
        after=tallies[1].side(),
        better=sum(change.is_better for change in changes),
        worse=sum(not change.is_better for change in changes),
        changes=tuple(changes[:MOST_EXAMPLES]),
    )


class _Tally:
    """Counts tickets under one set of rules."""

    def __init__(self, rules: SlaRules) -> None:
        self.rules = rules
        self.told: Counter[str] = Counter()
        self.counts: Counter[tuple[Metric, str]] = Counter()
        self.by: dict[Metric, timedelta] = {}

    def count(self, log: tuple[Event, ...], at: datetime) -> Standing:
        found = standing(log, self.rules, at)
        self.told.update(person for told in replay(log, self.rules, at) for person in told.to)
        for clock in found.clocks.values():
            self._add(clock)
        return found

    def side(self) -> Side:
        return Side(
            outcomes={
                metric: Outcome(
                    promised=self.counts[metric, "promised"],
                    met=self.counts[metric, "met"],
                    late=self.counts[metric, "late"],
                    by=self.by.get(metric, timedelta(0)),
                )
                for metric in Metric
                if self.counts[metric, "promised"]
            },
            told=dict(self.told.most_common()),
        )

    def _add(self, clock: Reading) -> None:
        if clock.stage is Stage.WAITING:
            return
        self.counts[clock.metric, "promised"] += 1
        self.counts[clock.metric, "met"] += clock.stage is Stage.MET
        if clock.is_late:
            self.counts[clock.metric, "late"] += 1
            over = -clock.left if clock.left is not None else timedelta(0)
            self.by[clock.metric] = self.by.get(clock.metric, timedelta(0)) + max(over, timedelta(0))


def _changes(ref: str, old: Standing, new: Standing) -> Iterator[Change]:
    for metric in Metric:
        before, after = old.clocks.get(metric), new.clocks.get(metric)
        was, will = (clock is not None and clock.is_late for clock in (before, after))
        if was != will:
            yield Change(
                ref=ref,
                metric=metric,
                due_before=before.due if before else None,
                due_after=after.due if after else None,
                is_better=was,
            )
