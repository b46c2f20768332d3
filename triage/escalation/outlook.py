"""A ticket's log under the rules, as whoever keeps its clocks needs it: what to do now, and when to look again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from triage.escalation.steps import Step, due, next_at, steps, told_keys
from triage.sla.log import Event
from triage.sla.marks import changes_at, marks
from triage.sla.rules import SlaRules
from triage.sla.standing import Standing, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """`steps` are all that are known, and `due` those to take now. `marks` and `next_at` are those after they were
    taken, if `taken`; else `next_at` is past while there are any.
    """

    standing: Standing
    steps: tuple[Step, ...]
    due: tuple[Step, ...]
    marks: tuple[str, ...] | None
    next_at: datetime | None


def outlook(log: Collection[Event], rules: SlaRules, now: datetime, *, taken: bool) -> Outlook:
    """How it stands now. What the log holds has happened, also where the helpdesk's clock is ahead of ours."""
    at = max([now, *(event.at for event in log)])
    stands = standing(log, rules, at)
    found = steps(stands, rules)
    told = told_keys(log)
    pending = due(found, told, at)
    if taken:
        told |= {step.key for step in pending}
    moments = [moment for moment in (next_at(found, told, at), changes_at(stands)) if moment is not None]
    return Outlook(
        standing=stands, steps=found, due=pending, marks=marks(stands, found, told), next_at=min(moments, default=None)
    )
