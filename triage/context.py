"""What the agent's panel says about one ticket: every sentence, number and choice, ready to print."""

from __future__ import annotations

from datetime import datetime, timedelta

from triage import panel_customer as customer
from triage.decisions import Decision, Outcome
from triage.panel_view import (
    Choice,
    Correction,
    Fact,
    Names,
    Note,
    PanelAnswer,
    PanelClocks,
    PanelView,
    Pill,
    Section,
    State,
    WriteBack,
)
from triage.tickets import Organization, Priority, Requester, Ticket
from triage.words import (
    capital,
    local_time,
    moment,
    percent,
    sentence,
)

__all__ = [
    "Choice",
    "Correction",
    "Fact",
    "Names",
    "Note",
    "PanelAnswer",
    "PanelClocks",
    "PanelView",
    "Pill",
    "Section",
    "State",
    "WriteBack",
    "panel",
]

READ_WITHIN = timedelta(minutes=15)
"""A change that led to no decision for so long was none that we were told of."""
MAX_CHOICES_UNSURE = 3
MAX_CHOICES_SURE = 2
MAX_PHRASES = 2


NOT_BUILT = (
    Section(
        key="history",
        title="History",
        summary="Nothing collected yet",
        text="Earlier tickets, calls and notices of this customer will be here. Nothing is collected yet.",
    ),
    Section(
        key="guide",
        title="Guide",
        summary="No guide published yet",
        text="The guide that fits this ticket will be here. No guide is published yet.",
    ),
)


def panel(
    *,
    ticket: Ticket,
    requester: Requester | None,
    organization: Organization | None,
    decision: Decision | None,
    correction: Correction | None,
    write_back: WriteBack,
    names: Names,
    now: datetime,
    zone: str | None,
    write_back_reason: str = "",
    clocks: PanelClocks | None = None,
    answer: PanelAnswer | None = None,
) -> PanelView:
    """The panel of `ticket` as an agent in time zone `zone` reads it at `now` (aware)."""
    clocks = clocks or PanelClocks()
    active = correction if correction and not correction.undone else None
    state = _state(decision, active, now - ticket.updated_at)
    group = _group(decision, active, names)
    category = _category(state, decision, active, names)
    local = local_time(requester.time_zone if requester else None, now)
    note = _note(state, ticket, decision, correction, names, group, now, zone)
    return PanelView(
        ticket_ref=ticket.ref,
        state=state,
        heading=customer.heading(requester, organization),
        subline=customer.subline(organization),
        local_time=local,
        pills=_pills(ticket, decision, clocks),
        note=note,
        category=category,
        confidence=percent(decision.confidence) if decision and decision.prediction else "",
        group=group,
        why=" ".join(sentence(reason) for reason in decision.reasons) if decision and not active else "",
        phrases=decision.prediction.phrases[:MAX_PHRASES] if decision and decision.prediction and not active else (),
        routing=_routing(decision, active, names, group, now, zone) if active else (),
        choices=_choices(state, decision, active, names) if not ticket.is_final else (),
        can_correct=not ticket.is_final and decision is not None,
        cannot_correct=f"This ticket is {ticket.status.value}: its category can no longer change."
        if ticket.is_final
        else "",
        write_note=_write_note(write_back, write_back_reason),
        customer_text=customer.text(requester, organization),
        customer_facts=customer.facts(requester, organization, now, zone),
        customer_summary=customer.summary(organization, now),
        sections=NOT_BUILT,
        announce=_announce(state, note, category, group, clocks),
        polls=state is State.PENDING or write_back in (WriteBack.WAITING, WriteBack.VERIFYING),
        clocks=clocks,
        answer=answer or PanelAnswer(),
    )


def _state(decision: Decision | None, active: Correction | None, unchanged: timedelta) -> State:
    if active:
        return State.CORRECTED
    if decision is None:
        return State.PENDING if unchanged < READ_WITHIN else State.SKIPPED
    return {
        Outcome.TRIAGED: State.ROUTED,
        Outcome.SENT_TO_HUMAN: State.UNSURE,
        Outcome.SKIPPED: State.SKIPPED,
    }[decision.outcome]


def _name(key: str, names: Names) -> str:
    return names.categories.get(key, key)


def _group(decision: Decision | None, active: Correction | None, names: Names) -> str:
    if active:
        return active.group or ""
    if decision is None:
        return ""
    return decision.group or names.areas.get(decision.product_area or "", "")


def _category(state: State, decision: Decision | None, active: Correction | None, names: Names) -> str:
    if active:
        return _name(active.category, names)
    if state is State.ROUTED and decision and decision.category:
        return _name(decision.category, names)
    return ""


def _pills(ticket: Ticket, decision: Decision | None, clocks: PanelClocks) -> tuple[Pill, ...]:
    priority = (decision.priority if decision else None) or ticket.priority
    pills = [Pill(text=priority.value, tone="bad" if priority is Priority.P1 else "")] if priority else []
    first = [clocks.pill] if clocks.pill else []
    return (*first, *pills, Pill(text=capital(ticket.status.value.replace("_", " "))))


def _note(
    state: State,
    ticket: Ticket,
    decision: Decision | None,
    correction: Correction | None,
    names: Names,
    group: str,
    now: datetime,
    zone: str | None,
) -> Note | None:
    if state is State.PENDING:
        return Note(tone="info", fact="Being read now.", text="The category appears here in a few seconds.")
    if decision is None:
        return Note(tone="info", fact="Not read.", text="It did not change since Deskhand was connected.")
    if correction and not correction.undone:
        moved = f"Moved to {group}." if group else "The group is unchanged."
        return Note(
            tone="good",
            fact=f"Changed to {_name(correction.category, names)}.",
            text=moved if correction.by_you else f"{moved} By {correction.by_name}.",
            undo=not ticket.is_final,
        )
    if state is State.SKIPPED:
        return Note(tone="info", fact="Left alone.", text="Nothing was changed on the ticket.")
    if state is State.UNSURE and decision:
        return _unsure_note(
            decision, f"Moved to {group}, and no category was set." if group else "No category was set."
        )
    if correction:
        who = "you" if correction.by_you else correction.by_name
        when = moment(correction.at, now=now, zone=zone)
        return Note(
            tone="info",
            fact="Correction undone.",
            text=f"It was {_name(correction.category, names)}, set by {who}, {when}.",
        )
    return None


def _unsure_note(decision: Decision, done: str) -> Note:
    if decision.prediction is None:
        return Note(tone="warn", fact="Sent to a human.", text=done)
    if decision.confidence >= decision.floor:
        return Note(
            tone="warn",
            fact="Sent to a human.",
            text=f"The best guess is {percent(decision.confidence)} sure. {done}",
        )
    return Note(
        tone="warn",
        fact=f"Sent to a human: {percent(decision.confidence)} sure.",
        text=f"Your limit for automatic routing is {percent(decision.floor)}. {done}",
    )


def _routing(
    decision: Decision | None, active: Correction, names: Names, group: str, now: datetime, zone: str | None
) -> tuple[Fact, ...]:
    who = "you" if active.by_you else active.by_name
    facts = [
        Fact(
            label="Category",
            value=_name(active.category, names),
            aside=f"set by {who}, {moment(active.at, now=now, zone=zone)}",
        )
    ]
    if decision and decision.category:
        facts.append(
            Fact(
                label="Before",
                value=_name(decision.category, names),
                aside=f"{percent(decision.confidence)} sure",
                struck=True,
            )
        )
    elif decision and decision.outcome is Outcome.SENT_TO_HUMAN:
        facts.append(Fact(label="Before", value="Sent to a human", aside=f"{percent(decision.confidence)} sure"))
    if decision and decision.priority:
        facts.append(Fact(label="Priority", value=decision.priority.value, aside="kept"))
    if group:
        facts.append(Fact(label="Queue", value=group))
    return tuple(facts)


def _choices(state: State, decision: Decision | None, active: Correction | None, names: Names) -> tuple[Choice, ...]:
    if active or decision is None or decision.prediction is None:
        return ()
    others = [a for a in decision.prediction.alternatives if a.category != decision.category]
    if state is State.UNSURE:
        return tuple(
            Choice(key=a.category, name=_name(a.category, names), share=percent(a.confidence))
            for a in others[:MAX_CHOICES_UNSURE]
        )
    if state is State.ROUTED:
        return tuple(Choice(key=a.category, name=_name(a.category, names)) for a in others[:MAX_CHOICES_SURE])
    return ()


def _write_note(write_back: WriteBack, reason: str) -> Note | None:
    if write_back is WriteBack.WAITING:
        return Note(tone="", fact="", text="Being written to the ticket.")
    if write_back is WriteBack.VERIFYING:
        return Note(tone="", fact="", text="The helpdesk gave no answer. Checking whether the change is there.")
    if write_back is WriteBack.PARKED:
        why = sentence(reason) if reason else "The helpdesk refused the change."
        return Note(tone="warn", fact="Not on the ticket.", text=f"{why} An admin can send it again under Deliveries.")
    return None


def _announce(state: State, note: Note | None, category: str, group: str, clocks: PanelClocks) -> str:
    if clocks.page:
        return clocks.page.fact
    if note:
        return f"{note.fact} {note.text}".strip()
    if state is State.ROUTED:
        return f"{category}, routed to {group}." if group else f"Category {category}."
    return ""
