"""When the owner of a review is told of it, and told again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from triage.knowledge_rules import KnowledgeRules


class Occasion(Enum):
    """Why an owner is told of a review."""

    OPENED = "opened"
    SOON = "due_soon"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One telling; `number` counts from 1, and whoever was told of a number is told of no lower one any more."""

    number: int
    occasion: Occasion
    at: datetime


def steps(opened_at: datetime, due_at: datetime, rules: KnowledgeRules) -> tuple[Step, ...]:
    """All tellings of a review in their order: that it was opened, and as many reminders as the rules allow."""
    reminders = [(Occasion.SOON, due_at - rules.remind_before)] if rules.remind_before else []
    reminders = [(occasion, at) for occasion, at in reminders if opened_at < at < due_at]
    reminders += [(Occasion.LATE, due_at + number * rules.remind_every) for number in range(rules.reminders)]
    all_of = [(Occasion.OPENED, opened_at), *reminders[: rules.reminders]]
    return tuple(Step(number=number, occasion=occasion, at=at) for number, (occasion, at) in enumerate(all_of, 1))


def step_now(course: Sequence[Step], told: int, now: datetime) -> Step | None:
    """What is to be told now, `told` being the number of the last telling. Of what was missed only the last is."""
    due = [step for step in course if step.number > told and step.at <= now]
    return due[-1] if due else None


def next_at(course: Sequence[Step], told: int) -> datetime | None:
    """When there is something to tell again; None when all was told."""
    return next((step.at for step in course if step.number > told), None)
