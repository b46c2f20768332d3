"""Which priority a ticket gets, and the reason an agent can check."""

from __future__ import annotations

from triage.explain import quoted
from triage.metadata import Metadata
from triage.taxonomy import Category
from triage.tickets import Priority, Ticket

# How many steps phrases of a level can raise a priority; it never goes above the level itself.
STEPS = {Priority.P1: 2, Priority.P2: 1}
ENTERPRISE = "enterprise"
_LADDER = tuple(Priority)


def priority_of(ticket: Ticket, metadata: Metadata, category: Category, tier: str | None) -> tuple[Priority, str]:
    """The priority to show and why: one that is set stays, else the category's usual, raised by severity phrases."""
    usual, level = category.priority, metadata.severity
    ours = usual
    if level is not None:
        steps = STEPS.get(level, 1) + (1 if level is Priority.P2 and tier == ENTERPRISE else 0)
        ours = min(usual, max(level, _LADDER[max(0, _LADDER.index(usual) - steps)], key=_rank), key=_rank)
    wrote = f"they wrote {quoted(metadata.severity_phrases[:2])}" if metadata.severity_phrases else ""
    if ours is not usual:
        why = f"{wrote}, usual is {usual.value}" + (f", {tier} customer" if tier == ENTERPRISE else "")
    else:
        why = f"usual for {category.name}"
    if ticket.priority is None:
        return ours, f"{ours.value}: {why}."
    kept = f"{ticket.priority.value} kept: it was set before."
    return ticket.priority, kept if ours is ticket.priority else f"{kept} We would say {ours.value}: {why}."


def _rank(priority: Priority) -> int:
    return _LADDER.index(priority)
