"""When a ticket is due under the first policy that fits it; worked out some seconds late (platform notes 2.3)."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from connectors.simulator.due import due_times
from connectors.simulator.freshdesk.codes import PRIORITY_WORDS, priority_code
from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import Event, Schedule, SlaPolicy, Ticket
from connectors.simulator.state import HelpdeskState

Pair = tuple[datetime | None, datetime | None]

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
        return due_times(ticket, word, policies(self._state), default_schedule(self._state)) or (None, None)
