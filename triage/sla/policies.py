"""What was promised to a customer: policies and their targets, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from triage.tickets import Priority

Facts = Mapping[str, tuple[str, ...]]
"""What policies look at: subject (`organization_id`, `group_id`, `tag`, `type`, `tier`, ...) -> what the ticket has."""


class Metric(Enum):
    FIRST_REPLY_TIME = "first_reply_time"
    NEXT_REPLY_TIME = "next_reply_time"
    REQUESTER_WAIT_TIME = "requester_wait_time"
    AGENT_WORK_TIME = "agent_work_time"
    PAUSABLE_UPDATE_TIME = "pausable_update_time"
    PERIODIC_UPDATE_TIME = "periodic_update_time"
    FULL_RESOLUTION_TIME = "full_resolution_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """So much time, of the schedule's hours or day and night.

    With `business_days` the time is so many usual days of whichever schedule applies, and `target_minutes` is not
    looked at: how long a day is, the schedule says.
    """

    metric: Metric
    priority: Priority
    target_minutes: float
    in_business_hours: bool
    business_days: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Of those that apply, the first by `position` wins.

    `applies_to` maps what is looked at to the values that fit; every subject must fit, and empty means every ticket.
    A subject that no ticket has, such as `priority is_not`, never fits.
    """

    id: str
    title: str
    position: int
    targets: tuple[Target, ...]
    applies_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_active: bool = True

    def fits(self, facts: Facts) -> bool:
        return self.is_active and all(
            not set(facts.get(subject, ())).isdisjoint(values) for subject, values in self.applies_to.items()
        )


def policy_for(policies: Iterable[Policy], facts: Facts) -> Policy | None:
    """The first that fits, by position."""
    return min((each for each in policies if each.fits(facts)), key=lambda each: each.position, default=None)
