"""When a ticket is due under a policy: the simulated helpdesk's own simple clock, which nothing pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.simulator.records import Schedule, SlaPolicy, Ticket

LONGEST_WEEKS = 60


def due_times(
    ticket: Ticket, word: str, policies: Iterable[SlaPolicy], hours: Schedule | None
) -> tuple[datetime, datetime] | None:
    """`(first reply, resolution)` of a ticket of the priority `word` under the first policy that fits it."""
    for policy in policies:
        if policy.organization_ids and ticket.organization_id not in policy.organization_ids:
            continue
        if target := policy.targets.get(word):
            reply, resolution, in_hours = target
            schedule = hours if in_hours else None
            start = ticket.created_at
            return add_minutes(start, reply, schedule), add_minutes(start, resolution, schedule)
    return None


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
