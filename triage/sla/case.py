"""One ticket with everything that its clocks are explained from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cached_property

from triage.escalation.steps import Step, steps
from triage.hours import Calendar
from triage.hours.schedule import zone
from triage.sla.clocks import Promised, Reading, Stage
from triage.sla.log import Event
from triage.sla.policies import Metric
from triage.sla.rules import SlaRules
from triage.sla.standing import Standing, promises, standing
from triage.sla.timeline import Mark, Timeline, timeline
from triage.sla.view import Ledger, latest, ledger


@dataclass(frozen=True, kw_only=True)
class Case:
    """`log` ends at the standing's moment."""

    log: tuple[Event, ...]
    rules: SlaRules
    standing: Standing
    promised: tuple[Promised, ...]
    here: tzinfo = field(repr=False)

    @property
    def at(self) -> datetime:
        return self.standing.at

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return steps(self.standing, self.rules)

    @cached_property
    def clocks(self) -> tuple[Reading, ...]:
        """Those that were ever needed: first what runs, by its due time, then what is held, then what is done."""
        known = [each for each in self.standing.clocks.values() if each.run and each.target is not None]
        return tuple(sorted(known, key=_order))

    def is_around_the_clock(self, reading: Reading) -> bool:
        return not isinstance(reading.hours, Calendar)

    def ledger(self, reading: Reading) -> Ledger:
        return ledger(reading, self.log, self.promised, self.at, here=self.here)

    def latest(self, reading: Reading) -> tuple[datetime, str]:
        """When a clock that began last stopped, was held or went on, and why."""
        return latest(reading, self.log, self.promised) or (self.at, "")

    def timeline(self, reading: Reading) -> Timeline | None:
        return timeline(
            reading, self.ledger(reading), reading.hours, self.at, here=self.here, extra=self._first_reply(reading)
        )

    def chosen(self, metric: Metric | None) -> Reading | None:
        """The clock that was asked for; else the one that is due first, else the one that ended last."""
        if metric is not None:
            return next((each for each in self.clocks if each.metric is metric), None)
        return next(iter(self.clocks), None)

    def _first_reply(self, reading: Reading) -> tuple[Mark, ...]:
        """What the customer noticed first, in the picture of the resolution."""
        first = self.standing.clocks.get(Metric.FIRST_REPLY_TIME)
        if reading.metric is not Metric.FULL_RESOLUTION_TIME or first is None or not first.is_done:
            return ()
        at, _ = self.latest(first)
        label = f"first reply {at.astimezone(self.here):%H:%M}, {'late' if first.is_late else 'met'}"
        return (Mark(at=at, label=label, kind="event"),)

    @property
    def why_none(self) -> str:
        """Why no clock runs, and what would start one; empty where one was needed."""
        if self.clocks:
            return ""
        standing = self.standing
        if standing.created_at is None:
            return "Nothing is known of this ticket yet. Its clocks show after its next change."
        if standing.priority is None:
            return "No clock runs: the ticket has no priority yet."
        if standing.policy is None:
            return "No clock runs: no policy fits this ticket."
        return f"No clock runs: policy “{standing.policy.title}” promises nothing for {standing.priority.value}."


def case(log: Iterable[Event], rules: SlaRules, at: datetime) -> Case:
    """The ticket at `at`. Raises `NeverOpen`, `TooFar` or `ScheduleError` where its schedule gives no due time."""
    known = tuple(event for event in log if event.at <= at)
    now = standing(known, rules, at)
    return Case(
        log=known,
        rules=rules,
        standing=now,
        promised=tuple(promises(known, rules)),
        here=zone(now.schedule.time_zone),
    )


def _order(reading: Reading) -> tuple[int, str, str]:
    done = reading.is_done
    held = reading.runs_since is None
    due = reading.due.isoformat() if reading.due else "9"
    rank = 2 if done else 1 if held and reading.stage is not Stage.BREACHED else 0
    return rank, due if not done else f"{-reading.run}", reading.metric.value
