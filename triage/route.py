"""What to do with a new ticket: category, product area, priority and queue, with reasons an agent can check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from triage.actions import UpdateTicket, seen
from triage.decisions import Decision, Outcome, Prediction
from triage.metadata import Metadata
from triage.taxonomy import Category, Taxonomy
from triage.tickets import Priority, Status, Ticket
from triage.words import percent

TRIAGED_TAG = "deskhand_triaged"
HUMAN_TAG = "deskhand_human"

# The lowest confidence above which at most 5 % of the default examples were put wrong, out of fold: docs/triage.md.
DEFAULT_FLOOR = 0.90
# Terms must say this much for another product area, and nothing for the category's usual one, to change it.
AREA_OVERRIDE = 3.0
# How many steps phrases of a level can raise a priority; it never goes above the level itself.
STEPS = {Priority.P1: 2, Priority.P2: 1}
ENTERPRISE = "enterprise"
_LADDER = tuple(Priority)


def decide(
    *,
    ticket: Ticket,
    metadata: Metadata,
    prediction: Prediction,
    taxonomy: Taxonomy,
    groups: Mapping[str, str],
    floor: float = DEFAULT_FLOOR,
    tier: str | None = None,
    default_priority: Priority | None = None,
) -> Decision:
    """One decision with one `UpdateTicket`, or none when the ticket is closed, deleted or triaged before.

    `groups` maps a queue's name to the helpdesk's group id; a queue that is missing there leaves the group as it is
    and says so. Below `floor` only the human queue, tags and a note are written. `tier` is the organization's.
    `default_priority` is what the helpdesk gives a ticket that nobody prioritised: it counts as none.
    The note says everything; `reasons` leave out what the panel shows by itself: category, confidence, quotes.
    """
    skipped = _why_skipped(ticket)
    if skipped:
        return _decision(Outcome.SKIPPED, prediction, taxonomy, floor, reasons=(skipped,))
    category = taxonomy.category(prediction.category)
    if category is None or prediction.confidence < floor:
        made = _to_human(ticket, metadata, prediction, taxonomy, groups, floor, category)
    else:
        unset = replace(ticket, priority=None) if ticket.priority is default_priority else ticket
        made = _triaged(unset, metadata, prediction, taxonomy, groups, floor, category, tier)
    return replace(made, actions=tuple(_aware(action, ticket) for action in made.actions))


def _aware(action: UpdateTicket, ticket: Ticket) -> UpdateTicket:
    """The change with what it saw, so that it can yield to whoever changes the ticket before it is written."""
    sets = [name for name in ("category", "product_area", "priority", "group_id") if getattr(action, name) is not None]
    return replace(action, was={name: seen(ticket, name) for name in sets})


def _why_skipped(ticket: Ticket) -> str | None:
    if ticket.is_final:
        return f"The ticket is {ticket.status.value}: it takes no changes."
    if TRIAGED_TAG in ticket.tags:
        return "The ticket was triaged before: nothing is changed a second time."
    if ticket.assignee_id is not None or ticket.status not in (Status.NEW, Status.OPEN):
        return "A person works on the ticket already: nothing is changed."
    return None


def _to_human(
    ticket: Ticket,
    metadata: Metadata,
    prediction: Prediction,
    taxonomy: Taxonomy,
    groups: Mapping[str, str],
    floor: float,
    category: Category | None,
) -> Decision:
    if category is None:
        unsure = f"Sent to a human: the category {prediction.category} is not in taxonomy version {taxonomy.version}."
    else:
        unsure = f"Sent to a human: {percent(prediction.confidence)} sure. Your limit is {percent(floor)}."
    likely = ", ".join(
        f"{known.name} {percent(alternative.confidence)}"
        for alternative in prediction.alternatives[:3]
        if (known := taxonomy.category(alternative.category)) is not None
    )
    pieces = metadata.severity_phrases or prediction.phrases
    lines = [unsure, likely and f"Most likely: {likely}.", pieces and f"They wrote {_quoted(pieces[:2])}."]
    group_id, unmapped = _group(taxonomy.human_group, groups, ticket)
    reasons = tuple(line for line in (unsure if category is None else "", unmapped) if line)
    action = UpdateTicket(
        ticket_ref=ticket.ref,
        group_id=group_id,
        add_tags=(TRIAGED_TAG, HUMAN_TAG),
        note="\n".join(str(line) for line in (*lines, unmapped) if line),
    )
    group = taxonomy.human_group
    return _decision(Outcome.SENT_TO_HUMAN, prediction, taxonomy, floor, group=group, reasons=reasons, action=action)


def _triaged(
    ticket: Ticket,
    metadata: Metadata,
    prediction: Prediction,
    taxonomy: Taxonomy,
    groups: Mapping[str, str],
    floor: float,
    category: Category,
    tier: str | None,
) -> Decision:
    area_key, why_area = _area(metadata, category, taxonomy)
    area = taxonomy.area(area_key)
    group = area.group if area else taxonomy.human_group
    priority, why_priority = _priority(ticket, metadata, category, tier)
    group_id, unmapped = _group(group, groups, ticket)
    headline = f"{category.name}, {percent(prediction.confidence)} sure → {group}."
    wrote = f"They wrote {_quoted(prediction.phrases[:1])}." if prediction.phrases else ""
    reasons = tuple(line for line in (why_priority, why_area, _closest(prediction, taxonomy), unmapped) if line)
    action = UpdateTicket(
        ticket_ref=ticket.ref,
        category=category.key,
        product_area=area_key,
        priority=None if ticket.priority else priority,
        group_id=group_id,
        add_tags=(TRIAGED_TAG,),
        note="\n".join(line for line in (headline, wrote, *reasons) if line),
    )
    return _decision(
        Outcome.TRIAGED,
        prediction,
        taxonomy,
        floor,
        category=category.key,
        product_area=area_key,
        priority=priority,
        group=group,
        reasons=reasons,
        action=action,
    )


def _area(metadata: Metadata, category: Category, taxonomy: Taxonomy) -> tuple[str, str]:
    """The area's key and why it is not the usual one. An outage stays with its usual area whatever is named in it."""
    usual, said, scores = category.product_area, metadata.area, dict(metadata.area_scores)
    named = taxonomy.area(said) if said else None
    if (
        named is None
        or named.key == usual
        or category.priority is Priority.P1
        or scores.get(named.key, 0) < AREA_OVERRIDE
        or scores.get(usual, 0) > 0
    ):
        return usual, ""
    return named.key, f"Product area {named.name}: the text is about it and not about the category's usual area."


def _priority(ticket: Ticket, metadata: Metadata, category: Category, tier: str | None) -> tuple[Priority, str]:
    """The priority to show and why: one that is set stays, else the category's usual, raised by severity phrases."""
    usual, level = category.priority, metadata.severity
    ours = usual
    if level is not None:
        steps = STEPS.get(level, 1) + (1 if level is Priority.P2 and tier == ENTERPRISE else 0)
        ours = min(usual, max(level, _LADDER[max(0, _LADDER.index(usual) - steps)], key=_rank), key=_rank)
    wrote = f"they wrote {_quoted(metadata.severity_phrases[:2])}" if metadata.severity_phrases else ""
    if ours is not usual:
        why = f"{wrote}, usual is {usual.value}" + (f", {tier} customer" if tier == ENTERPRISE else "")
    else:
        why = f"usual for {category.name}"
    if ticket.priority is None:
        return ours, f"{ours.value}: {why}."
    kept = f"{ticket.priority.value} kept: it was set before."
    return ticket.priority, kept if ours is ticket.priority else f"{kept} We would say {ours.value}: {why}."


def _group(name: str, groups: Mapping[str, str], ticket: Ticket) -> tuple[str | None, str]:
    """The id to write, None when there is none or the ticket is there already; and what an admin should know."""
    group_id = groups.get(name)
    if not group_id:
        return None, f"Group {name} is not mapped: the group stays as it is. Map it under Connect."
    return (None if group_id == ticket.group_id else group_id), ""


def _closest(prediction: Prediction, taxonomy: Taxonomy) -> str:
    if not prediction.neighbours:
        return ""
    nearest = prediction.neighbours[0]
    known = taxonomy.category(nearest.category)
    flat = " ".join(nearest.text.split())
    short = flat if len(flat) <= 90 else flat[:89].rsplit(" ", 1)[0] + "…"
    return f"Closest known example: “{short}” ({known.name if known else nearest.category})."


def _quoted(pieces: tuple[str, ...]) -> str:
    """“one” or “one” and “two”, each on one line."""
    return " and ".join(f"“{' '.join(piece.split())}”" for piece in pieces)


def _rank(priority: Priority) -> int:
    return _LADDER.index(priority)


def _decision(
    outcome: Outcome,
    prediction: Prediction,
    taxonomy: Taxonomy,
    floor: float,
    *,
    category: str | None = None,
    product_area: str | None = None,
    priority: Priority | None = None,
    group: str | None = None,
    reasons: tuple[str, ...],
    action: UpdateTicket | None = None,
) -> Decision:
    return Decision(
        outcome=outcome,
        category=category,
        product_area=product_area,
        priority=priority,
        group=group,
        confidence=prediction.confidence,
        floor=floor,
        reasons=reasons,
        actions=() if action is None else (action,),
        prediction=prediction,
        taxonomy_version=taxonomy.version,
    )
