"""What to do with a new ticket: category, product area, priority and queue, with reasons an agent can check."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from triage.actions import UpdateTicket, seen
from triage.decisions import Decision, Outcome, Prediction
from triage.explain import explain, note, quoted
from triage.language import language_reason, with_language
from triage.metadata import Metadata
from triage.modes import Arm, Mode, arm_of
from triage.taxonomy import Category, Taxonomy
from triage.tickets import Priority, Status, Ticket
from triage.urgency import priority_of
from triage.words import percent

TRIAGED_TAG = "deskhand_triaged"
HUMAN_TAG = "deskhand_human"

# The lowest confidence above which at most 5 % of the default examples were put wrong, out of fold: docs/triage.md.
DEFAULT_FLOOR = 0.90
# Terms must say this much for another product area, and nothing for the category's usual one, to change it.
AREA_OVERRIDE = 3.0
UNLIKE = "Unlike every ticket we know."


def decide(
    *,
    ticket: Ticket,
    metadata: Metadata,
    prediction: Prediction,
    taxonomy: Taxonomy,
    groups: Mapping[str, str],
    floor: float = DEFAULT_FLOOR,
    hold: str = "",
    tier: str | None = None,
    default_priority: Priority | None = None,
    languages: Collection[str] = (),
    modes: Mapping[str, Mode] | None = None,
    tenant: str = "",
) -> Decision:
    """One decision with one `UpdateTicket`, or none when the ticket is closed, deleted or triaged before.

    `groups` maps a queue's name to the helpdesk's group id; a queue that is missing there leaves the group as it is
    and says so. Below `floor` only the human queue, tags and a note are written, and at any confidence while there is
    a reason to `hold` everything back. `tier` is the organization's.
    `default_priority` is what the helpdesk gives a ticket that nobody prioritised: it counts as none.
    `languages` are those the model has examples in, empty where that is not known: another one makes it less sure.
    `modes` of categories say what is only recorded; `tenant` and ticket decide the side in a comparison.
    The note says what fits; `reasons` leave out what the panel shows by itself: category, confidence, quotes.
    """
    skipped = _why_skipped(ticket)
    if skipped:
        return _decision(Outcome.SKIPPED, prediction, taxonomy, floor, reasons=(skipped,))
    read = with_language(prediction, metadata.language, languages)
    category = taxonomy.category(read.category)
    if metadata.unreadable:
        made = _unread(ticket, metadata.unreadable, taxonomy, groups, floor)
    elif category is None or hold or read.confidence < floor:
        foreign = language_reason(metadata.language, languages)
        why = _why_human(read, prediction.confidence, taxonomy, floor, hold, foreign)
        made = _to_human(ticket, metadata, read, taxonomy, groups, floor, why)
    else:
        unset = replace(ticket, priority=None) if ticket.priority is default_priority else ticket
        made = _triaged(unset, metadata, read, taxonomy, groups, floor, category, tier)
    made = replace(made, actions=tuple(_aware(action, ticket) for action in made.actions))
    return _in_mode(made, (modes or {}).get(read.category, Mode.ON), tenant, ticket, taxonomy)


def _in_mode(made: Decision, mode: Mode, tenant: str, ticket: Ticket, taxonomy: Taxonomy) -> Decision:
    """The decision with how far it goes. The actions stay in it: they show what would have been written."""
    if mode is Mode.ON or made.prediction is None:
        return made
    arm = arm_of(tenant, ticket.ref) if mode is Mode.HALF else None
    name = _names(taxonomy).get(made.prediction.category, made.prediction.category)
    why = {
        (Mode.SHADOW, None): f"{name} is in shadow mode: nothing is written.",
        (Mode.HALF, Arm.CONTROL): f"Half of {name} is left to people, to compare: this one is, and nothing is written.",
    }.get((mode, arm), "")
    return replace(made, mode=mode, arm=arm, reasons=(*made.reasons, why) if why else made.reasons)


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


def _why_human(
    prediction: Prediction, before_language: float, taxonomy: Taxonomy, floor: float, hold: str, foreign: str
) -> tuple[str, str]:
    """The note's first line, and the reason for the panel where that does not show it by itself."""
    if taxonomy.category(prediction.category) is None:
        gone = f"Sent to a human: the category {prediction.category} is not in taxonomy version {taxonomy.version}."
        return gone, gone
    if hold:
        held = f"Sent to a human: nothing is automated yet. {hold}"
        return held, held
    sure = f"Sent to a human: {percent(prediction.confidence)} sure. Your limit is {percent(floor)}."
    # All confidences are lowered by the scope: without that this one would have been answered.
    if before_language < floor and before_language >= floor * prediction.scope:
        return f"{sure} {UNLIKE}", UNLIKE
    return (f"{sure} {foreign}", foreign) if foreign else (sure, "")


def _unread(ticket: Ticket, why: str, taxonomy: Taxonomy, groups: Mapping[str, str], floor: float) -> Decision:
    """No guess is made where there is nothing to guess from."""
    group_id, unmapped = _group(taxonomy.human_group, groups, ticket)
    return _decision(
        Outcome.SENT_TO_HUMAN,
        None,
        taxonomy,
        floor,
        group=taxonomy.human_group,
        reasons=tuple(line for line in (why, unmapped) if line),
        action=UpdateTicket(
            ticket_ref=ticket.ref,
            group_id=group_id,
            add_tags=(TRIAGED_TAG, HUMAN_TAG),
            note=note((f"Sent to a human. {why}", unmapped)),
        ),
    )


def _to_human(
    ticket: Ticket,
    metadata: Metadata,
    prediction: Prediction,
    taxonomy: Taxonomy,
    groups: Mapping[str, str],
    floor: float,
    why: tuple[str, str],
) -> Decision:
    names = _names(taxonomy)
    likely = ", ".join(
        f"{names[alternative.category]} {percent(alternative.confidence)}"
        for alternative in prediction.alternatives[:3]
        if alternative.category in names
    )
    pieces = metadata.severity_phrases or prediction.phrases
    group_id, unmapped = _group(taxonomy.human_group, groups, ticket)
    known = explain(prediction, names).closest if any(one.ref for one in prediction.neighbours) else ""
    lines = (
        why[0],
        f"Most likely: {likely}." if likely else "",
        f"They wrote {quoted(pieces[:2])}." if pieces else "",
        unmapped,
        known,
    )
    action = UpdateTicket(ticket_ref=ticket.ref, group_id=group_id, add_tags=(TRIAGED_TAG, HUMAN_TAG), note=note(lines))
    group, reasons = taxonomy.human_group, tuple(line for line in (why[1], unmapped) if line)
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
    priority, why_priority = priority_of(ticket, metadata, category, tier)
    group_id, unmapped = _group(group, groups, ticket)
    headline = f"{category.name}, {percent(prediction.confidence)} sure → {group}."
    told = explain(replace(prediction, phrases=prediction.phrases[:1]), _names(taxonomy), (why_priority, why_area))
    reasons = tuple(line for line in (*told.rules, told.closest, unmapped) if line)
    action = UpdateTicket(
        ticket_ref=ticket.ref,
        category=category.key,
        product_area=area_key,
        priority=None if ticket.priority else priority,
        group_id=group_id,
        add_tags=(TRIAGED_TAG,),
        note=note((headline, told.wrote, told.against, *reasons)),
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


def _group(name: str, groups: Mapping[str, str], ticket: Ticket) -> tuple[str | None, str]:
    """The id to write, None when there is none or the ticket is there already; and what an admin should know."""
    group_id = groups.get(name)
    if not group_id:
        return None, f"Group {name} is not mapped: the group stays as it is. Map it under Connect."
    return (None if group_id == ticket.group_id else group_id), ""


def _names(taxonomy: Taxonomy) -> dict[str, str]:
    return {category.key: category.name for category in taxonomy.categories}


def _decision(
    outcome: Outcome,
    prediction: Prediction | None,
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
        confidence=prediction.confidence if prediction else 0.0,
        floor=floor,
        reasons=reasons,
        actions=() if action is None else (action,),
        prediction=prediction,
        taxonomy_version=taxonomy.version,
    )
