"""What was promised and how it went: business hours, SLA policies, satisfaction ratings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime

from connectors.errors import Rejected
from connectors.time_zones import iana
from connectors.zendesk import mapping
from connectors.zendesk.answers import asking
from connectors.zendesk.api import PAGE, Api
from connectors.zendesk.policies import SlaPolicy
from connectors.zendesk.wire import Id, OptionalId, Wire
from triage.hours import Holiday, Schedule
from triage.sla import Policy
from triage.tickets import Rating

logger = logging.getLogger(__name__)

DAY, WEEK = 24 * 60, 7 * 24 * 60


class Planning(Api):
    """The verbs about time and satisfaction; see `connectors.base.Helpdesk`."""

    def schedules(self) -> tuple[Schedule, ...]:
        """The first in Zendesk's list is its default. Raises `Rejected` for a time zone that nobody knows.

        Source: https://developer.zendesk.com/api-reference/ticketing/ticket-management/schedules/
        """
        rows = self._all("schedules", "business_hours/schedules.json", "schedules")
        found = []
        for position, row in enumerate(rows):
            with asking("schedules"):
                schedule = _Schedule.model_validate(row)
            found.append(schedule.normalised(self._holidays(schedule.id), is_default=position == 0))
        return tuple(found)

    def sla_policies(self) -> tuple[Policy, ...]:
        rows = self._all("sla_policies", "slas/policies.json", "sla_policies")
        with asking("sla_policies"):
            found = [SlaPolicy.model_validate(row).normalised() for row in rows]
        return tuple(sorted(found, key=lambda policy: (policy.position, int(policy.id))))

    def ratings(self, *, since: datetime) -> Iterator[tuple[Rating, ...]]:
        """Good and bad ones; that a rating was offered, or not, says nothing.

        Source: https://developer.zendesk.com/api-reference/ticketing/ticket-management/satisfaction_ratings/
        """
        query = {"start_time": str(max(0, int(since.timestamp()))), "score": "received", "page[size]": str(PAGE)}
        for rows in self._pages("ratings", "satisfaction_ratings.json", "satisfaction_ratings", query):
            with asking("ratings"):
                found = [_Rating.model_validate(row).normalised() for row in rows]
            yield tuple(rating for rating in found if rating is not None)

    def _holidays(self, schedule_id: str) -> tuple[Holiday, ...]:
        rows = self._all("schedules", f"business_hours/schedules/{schedule_id}/holidays.json", "holidays")
        with asking("schedules"):
            found = [_Holiday.model_validate(row) for row in rows]
            days = [Holiday(name=each.name, starts_on=each.start_date, ends_on=each.end_date) for each in found]
        return tuple(sorted(days, key=lambda day: (day.starts_on, day.ends_on, day.name)))


class _Interval(Wire):
    start_time: int
    end_time: int


class _Schedule(Wire):
    id: Id
    name: str
    time_zone: str
    intervals: tuple[_Interval, ...] = ()

    def normalised(self, holidays: tuple[Holiday, ...], *, is_default: bool) -> Schedule:
        try:
            zone = iana(self.time_zone)
        except ValueError as error:
            raise Rejected(
                f"The schedule {self.name!r} is in a time zone that is not known here: {self.time_zone[:60]!r}. "
                "Choose another zone for it in Zendesk, or enter the schedule here.",
                details={"time_zone": self.time_zone[:60]},
                vendor="zendesk",
                operation="schedules",
            ) from error
        return Schedule(
            id=self.id,
            name=self.name,
            time_zone=zone,
            intervals=from_monday([(each.start_time, each.end_time) for each in self.intervals]),
            holidays=holidays,
            is_default=is_default,
        )


class _Holiday(Wire):
    name: str
    start_date: date
    end_date: date


class _Rating(Wire):
    id: Id
    ticket_id: Id
    score: str
    comment: str | None = None
    requester_id: OptionalId = None
    assignee_id: OptionalId = None
    group_id: OptionalId = None
    created_at: datetime
    updated_at: datetime | None = None

    def normalised(self) -> Rating | None:
        score = mapping.SATISFACTION.get(self.score.lower().partition("_")[0])
        if score is None:
            return None
        return Rating(
            id=self.id,
            ticket_ref=self.ticket_id,
            score=score,
            comment=self.comment or "",
            requester_id=self.requester_id,
            agent_id=self.assignee_id,
            group_id=self.group_id,
            rated_at=(self.updated_at or self.created_at).astimezone(UTC),
        )


def from_monday(intervals: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Zendesk counts minutes from Sunday 00:00, we from Monday 00:00: Sunday goes from the front to the end."""
    shifted: list[tuple[int, int]] = []
    for start, end in intervals:
        if not 0 <= start < end <= WEEK:
            raise ValueError(f"{start} to {end} is no interval of a week")
        # One that runs from Sunday into Monday is cut where our week begins.
        shifted += [
            (low - DAY if low >= DAY else low + WEEK - DAY, high - DAY if low >= DAY else high + WEEK - DAY)
            for low, high in ((start, min(end, DAY)), (max(start, DAY), end))
            if low < high
        ]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(shifted):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
