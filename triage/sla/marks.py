"""The tags by which a helpdesk's own views and triggers can see where a ticket's clocks stand."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from triage.actions import UpdateTicket
from triage.escalation.steps import Kind, Step
from triage.sla.clocks import Reading, Stage
from triage.sla.log import Event, Told, once
from triage.sla.standing import Standing
from triage.tickets import Status

SOON = 0.75
"""From this share of a target on it is due soon, here as in the panel."""
STATE, LEVEL = "deskhand_sla_", "deskhand_esc_"
OK, DUE_SOON, LATE, PAUSED, MET = (f"{STATE}{word}" for word in ("ok", "soon", "late", "paused", "met"))
JUST_AFTER = timedelta(microseconds=1)
FINAL = frozenset({Status.CLOSED, Status.DELETED})


def is_mark(tag: str) -> bool:
    return tag.startswith((STATE, LEVEL))


def marks_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Those of a ticket's tags that are marks, in order."""
    return tuple(sorted({tag for tag in tags if is_mark(tag)}))


def marks(standing: Standing, steps: Iterable[Step], told: Collection[str]) -> tuple[str, ...] | None:
    """The tags that the ticket should have: its state and how far its ladder has been climbed. Empty where nothing is
    promised; None where it takes no changes any more.
    """
    if standing.status in FINAL:
        return None
    state = _state([clock for clock in standing.clocks.values() if clock.stage is not Stage.WAITING])
    level = max(
        (each.level or 0 for each in steps if each.kind is Kind.LEVEL and each.key in told and each.by), default=0
    )
    return tuple(sorted([*([state] if state else []), *([f"{LEVEL}{level}"] if level else [])]))


def changes_at(standing: Standing) -> datetime | None:
    """When the state changes next by time alone; what is late stays late."""
    going = [clock for clock in standing.clocks.values() if clock.stage is not Stage.WAITING and not clock.is_done]
    if any(clock.is_late for clock in going):
        return None
    is_soon = any(_is_soon(clock) for clock in going)
    moments: list[datetime] = []
    for clock in going:
        soon = None if is_soon else clock.reaches(SOON)
        # Late is what is over its due time, not what is there.
        due = clock.due + JUST_AFTER if clock.runs_since is not None and clock.due is not None else None
        moments += [moment for moment in (soon, due) if moment is not None]
    return min(moments, default=None)


def change(
    ticket_ref: str, wanted: Collection[str], given: Collection[str], there: Iterable[str] = ()
) -> UpdateTicket | None:
    """What gives the ticket the marks it should have; None where those were `given` to it last.

    So what somebody takes off stays off until there is something new to say. All marks are named, so that the change
    says by itself what the ticket has then; `there` are others that it is found with.
    """
    if set(wanted) == set(given):
        return None
    off = {*given, *there} - set(wanted)
    return UpdateTicket(ticket_ref=ticket_ref, add_tags=tuple(sorted(wanted)), remove_tags=tuple(sorted(off)))


def cause(wanted: Iterable[str], log: Iterable[Event], version: str) -> str:
    """The same for the same marks after the same events under the same rules, and for nothing else.

    So a state that is reached again later is another change, and the same one planned twice is one.
    """
    last = [event for event in once(log) if not isinstance(event, Told)][-1:]
    told = "\x1f".join([*sorted(wanted), *map(repr, last), version])
    return f"sla {hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _state(clocks: list[Reading]) -> str:
    """Of the clocks that go on, the one that stands worst; once all are done, whether one was late."""
    if not clocks:
        return ""
    going = [clock for clock in clocks if not clock.is_done]
    if any(clock.is_late for clock in going or clocks):
        return LATE
    if not going:
        return MET
    if any(_is_soon(clock) for clock in going):
        return DUE_SOON
    return OK if any(clock.runs_since is not None for clock in going) else PAUSED


def _is_soon(clock: Reading) -> bool:
    return clock.runs_since is not None and clock.target is not None and clock.ran >= clock.target * SOON
