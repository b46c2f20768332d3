"""What connectors share when they tell a ticket's past. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connectors.base import Happening
from triage.sla.log import PrioritySet, Reply, StatusSet

KINDS = (StatusSet, PrioritySet, Reply)


def oldest_first(told: Iterable[Happening]) -> tuple[Happening, ...]:
    """By time, each once.

    A helpdesk's stamps have whole seconds, and its rules change a ticket within the one in which it was created: of
    the statuses told for one instant only the last one held, and the same goes for priorities. One that is told again
    later stays: a helpdesk may not tell what was in between, and whoever read it earlier may know.
    """
    last: dict[tuple[datetime, type], Happening] = {}
    replies: dict[Reply, None] = {}
    for event in told:
        if isinstance(event, Reply):
            replies[event] = None
        else:
            last[event.at, type(event)] = event
    return tuple(sorted([*last.values(), *replies], key=lambda event: (event.at, KINDS.index(type(event)))))
