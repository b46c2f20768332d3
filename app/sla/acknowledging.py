"""Somebody says "I have it", in the panel, by a link or at the pager: the next sweep of timers stops the ladder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.bootstrap import Deps
from app.sla.rules import rules_for
from triage.escalation.taking import Taken, Taking, taken
from triage.sla.log import Acknowledged, Event
from triage.sla.reading import SlaRulesError
from triage.sla.rules import SlaRules
from triage.sla.standing import Standing, standing

UNREADABLE = (SlaRulesError, ValueError, OverflowError)
"""What rules, or rules and a ticket, can come to that make no time at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A ticket with who has it."""

    standing: Standing
    taken: Taken
    rules: SlaRules


def held(deps: Deps, tenant: str, ref: str, *, climb: str = "", now: datetime) -> Held:
    """Who has the ticket now; `climb` as in `triage.escalation.taking.taken`. Raises one of `UNREADABLE`."""
    rules = rules_for(deps.store, tenant)
    stands = standing(deps.store.ticket_log.read(tenant, ref), rules, now)
    return Held(standing=stands, taken=taken(stands, climb), rules=rules)


def acknowledge(
    deps: Deps, tenant: str, ref: str, *, by: str, way: str, now: datetime, at: datetime | None = None
) -> bool:
    """Nobody further is told about what began before `at`, which is `now` where it is not told.

    False, and nothing is changed, when somebody has the ticket already or it is solved: however often it is said, the
    log holds it once. `by` is a name to show.
    """
    at = min(at or now, now)
    with deps.store.database.write() as connection:
        log = deps.store.ticket_log.read_in(connection, tenant, ref)
        if _is_settled(deps, tenant, log, at):
            return False
        event = Acknowledged(at=at, by=by, way=way)
        if not deps.store.ticket_log.append_in(connection, tenant, ref, [event], now=now):
            return False
        deps.store.timers.set_in(connection, tenant, ref, now)
    return True


def _is_settled(deps: Deps, tenant: str, log: Iterable[Event], at: datetime) -> bool:
    """Rules that cannot be read are no reason to lose what somebody said."""
    try:
        return taken(standing(log, rules_for(deps.store, tenant), at)).state in (Taking.TAKEN, Taking.SOLVED)
    except UNREADABLE:
        return False
