"""When a ticket is due under the first policy that fits it; worked out some seconds late (platform notes 2.3)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.simulator.freshdesk.codes import PRIORITY_WORDS, priority_code
from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import Event, Schedule, SlaPolicy, Ticket
from connectors.simulator.state import HelpdeskState

Pair = tuple[datetime | None, datetime | None]
WEEK_MIN = 7 * 24 * 60
LONGEST_WEEKS = 60

# What a new account has: nobody needs to make it.
DEFAULT_TARGETS = {
    "urgent": (60, 4 * 60, True),
    "high": (4 * 60, 12 * 60, True),
    "normal": (8 * 60, 24 * 60, True),
    "low": (24 * 60, 72 * 60, True),
}
OFFICE_HOURS = tuple((day * 1440 + 8 * 60, day * 1440 + 17 * 60) for day in range(5))


def default_schedule(state: HelpdeskState) -> Schedule:
    """The account's own calendar, or the one that every new account has."""
    listed = sorted(state.schedules.values(), key=lambda one: not one.is_default)
    return listed[0] if listed else Schedule(
        id=1, name="Default", time_zone="America/New_York", intervals=OFFICE_HOURS, is_default=True
    )  # fmt: skip


def policies(state: HelpdeskState) -> list[SlaPolicy]:
    """In the order in which they win; the default one is last."""
    at = state.users[state.integration_user_id].created_at if state.integration_user_id else state.second()
    default = SlaPolicy(
        id=1, title="Default SLA Policy", position=len(state.policies) + 1, targets=DEFAULT_TARGETS,
        created_at=at, updated_at=at,
    )  # fmt: skip
    return [*sorted(state.policies.values(), key=lambda one: one.position), default]


class DueTimes:
    """`(first reply, resolution)` of each ticket; an answer within the lag still has the values from before."""

    def __init__(self, state: HelpdeskState, faults: FaultSource) -> None:
        self._state = state
        self._faults = faults
        self._lock = threading.Lock()
        self._before: dict[int, tuple[datetime, Pair]] = {}
        self.fixed: dict[int, Pair] = {}
        state.subscribe(self.on_event)

    def on_event(self, event: Event) -> None:
        before: Pair = (None, None) if event.before is None else self._worked_out(event.before)
        if event.before is None or before != self._worked_out(event.after):
            with self._lock:
                self._before[event.after.id] = (self._state.now(), before)

    def shown(self, ticket: Ticket) -> Pair:
        since, before = self._before.get(ticket.id, (None, (None, None)))
        if since is not None and self._state.now() < since + timedelta(seconds=self._faults.knobs.due_lag_s):
            return before
        return self._worked_out(ticket)

    def _worked_out(self, ticket: Ticket) -> Pair:
        if ticket.id in self.fixed:
            return self.fixed[ticket.id]
        word = PRIORITY_WORDS[priority_code(ticket)]
        for policy in policies(self._state):
            if policy.organization_ids and ticket.organization_id not in policy.organization_ids:
                continue
            if target := policy.targets.get(word):
                reply, resolution, in_hours = target
                hours = default_schedule(self._state) if in_hours else None
                start = ticket.created_at
                return add_minutes(start, reply, hours), add_minutes(start, resolution, hours)
        return None, None


def add_minutes(start: datetime, minutes: int, schedule: Schedule | None) -> datetime:
    """`minutes` after `start`, counting only the schedule's open time where there is one."""
    if schedule is None or not schedule.intervals:
        return start + timedelta(minutes=minutes)
    zone = ZoneInfo(schedule.time_zone)
    local = start.astimezone(zone)
    monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    left = timedelta(minutes=minutes)
    for opens, closes in _spans(monday, schedule.intervals):
        begin = max(opens, local)
        if closes - begin >= left:
            return (begin + left).astimezone(start.tzinfo)
        if closes > begin:
            left -= closes - begin
    return start + timedelta(minutes=minutes)


def _spans(monday: datetime, intervals: Sequence[tuple[int, int]]) -> Iterator[tuple[datetime, datetime]]:
    for week in range(LONGEST_WEEKS):
        for opens, closes in sorted(intervals):
            yield monday + timedelta(weeks=week, minutes=opens), monday + timedelta(weeks=week, minutes=closes)
