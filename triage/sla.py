"""What was promised to a customer: policies and their targets, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from triage.tickets import Priority


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
    metric: Metric
    priority: Priority
    target_minutes: float
    in_business_hours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A helpdesk's own policy; of those that apply, the first by `position` wins.

    `applies_to` maps what is looked at (`organization_id`, `group_id`, `tag`, `type`, ...) to the values that fit;
    empty means every ticket.
    """

    id: str
    title: str
    position: int
    targets: tuple[Target, ...]
    applies_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_active: bool = True
