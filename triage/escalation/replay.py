"""Who would have been told about a ticket under some rules, had they always held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from triage.escalation.steps import due, next_at, steps
from triage.sla.log import Event, Told, once
from triage.sla.rules import SlaRules
from triage.sla.standing import standing


def replay(log: Iterable[Event], rules: SlaRules, until: datetime) -> tuple[Told, ...]:
    """Every step taken by `until`, each at its own moment; what the log says of who was told is left out.

    Acknowledgements stay where they are: who took the ticket took it then.
    """
    happened = [event for event in once(log) if not isinstance(event, Told) and event.at <= until]
    told: list[Told] = []
    # Between two events nothing changes but the time.
    ends = [*dict.fromkeys(event.at for event in happened), until]
    for begins, ends_at in pairwise(ends):
        known = [event for event in happened if event.at <= begins]
        at: datetime | None = begins
        while at is not None and (at < ends_at or ends_at == until >= at):
            found = steps(standing([*known, *told], rules, at), rules)
            keys = {each.key for each in told}
            told += [step.as_told(at) for step in due(found, keys, at)]
            at = next_at(found, {each.key for each in told}, at)
    return tuple(told)
