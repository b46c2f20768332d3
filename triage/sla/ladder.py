"""Who was told, who is told now, who is next, and who has it: the steps of a ticket as lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from triage.escalation.people import Person, Via
from triage.escalation.steps import Kind, Step
from triage.sla.case import Case
from triage.sla.clocks import STOPPED
from triage.sla.log import Acknowledged
from triage.sla.saying import NAMES
from triage.words import NBSP

TOLD = {Via.MAIL: "mailed", Via.CHAT: "told in chat", Via.PAGE: "paged", Via.WEBHOOK: "told by webhook"}
BY = {Via.MAIL: "by mail", Via.CHAT: "by chat", Via.PAGE: "by page", Via.WEBHOOK: "by webhook"}


class Rung(Enum):
    TOLD = "done"
    NOW = "now"
    NEXT = "next"
    ACKNOWLEDGED = "ack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One person, or the pager's own on-call. `ids` are the helpdesk's, to find "you"."""

    rung: Rung
    at: datetime
    who: str
    role: str = ""
    by: tuple[Via, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """The ladder that is being climbed, or was. `waits` is set while nobody has acknowledged and it goes on."""

    name: str
    lines: tuple[Line, ...]
    waits: bool
    acknowledged: Acknowledged | None = None

    @property
    def now(self) -> Line | None:
        return next((line for line in reversed(self.lines) if line.rung is Rung.NOW), None)

    @property
    def next(self) -> Line | None:
        return next((line for line in self.lines if line.rung is Rung.NEXT), None)


def climb(case: Case) -> Climb | None:
    """The ladder whose first level was told last; None while none began."""
    taken = {each.key for each in case.standing.told}
    levels = [step for step in case.steps if step.kind is Kind.LEVEL and (step.by or step.key in taken)]
    begun = {step.climb: step.at for step in reversed(levels) if step.key in taken and step.by}
    if not begun:
        return None
    key = max(begun, key=lambda each: begun[each])
    steps = [step for step in levels if step.climb == key and step.by]
    first = next(step for step in steps if step.key in taken)
    has_it = next((each for each in case.standing.acknowledged if each.at >= first.at), None)
    waits = has_it is None and _goes_on(case, first)
    last_told = max(place for place, step in enumerate(steps) if step.key in taken)
    lines: list[Line] = []
    for place, step in enumerate(steps):
        if step.key in taken:
            rung = Rung.NOW if waits and place == last_told else Rung.TOLD
        elif waits:
            rung = Rung.NEXT
        else:
            continue
        lines += _lines(case, step, rung)
    if has_it:
        lines.append(Line(rung=Rung.ACKNOWLEDGED, at=has_it.at, who=has_it.by))
    return Climb(name=_name(case), lines=tuple(lines), waits=waits, acknowledged=has_it)


def coming(case: Case) -> tuple[tuple[Step, tuple[Line, ...]], ...]:
    """The steps that will be taken if nothing happens, each with whom it tells; no line where it reaches nobody."""
    taken = {each.key for each in case.standing.told}
    later = [step for step in case.steps if step.at > case.at and step.key not in taken]
    return tuple((step, tuple(_lines(case, step, Rung.NEXT))) for step in later)


def occasion(step: Step) -> str:
    """What the step is about: "75 % of first reply", "first reply late", "level 2"."""
    clock = NAMES[step.metric].lower() if step.metric else ""
    if step.kind is Kind.REMIND:
        return f"{round((step.share or 0) * 100)}{NBSP}% of {clock}"
    if step.kind is Kind.LATE:
        return f"{clock} late"
    return f"level {step.level}" + (f", {clock} late" if clock else "")


def told(by: tuple[Via, ...]) -> str:
    """ "paged and mailed"."""
    return " and ".join(TOLD[via] for via in by)


def ahead(by: tuple[Via, ...]) -> str:
    """ "by page and by mail"."""
    return " and ".join(BY[via] for via in by)


def _goes_on(case: Case, first: Step) -> bool:
    standing = case.standing
    if standing.status in STOPPED or standing.status in case.rules.paused_in:
        return False
    if first.metric is None:
        return not any(at >= first.at for at in standing.answered)
    reading = standing.clocks.get(first.metric)
    return reading is not None and reading.run == first.run and not reading.is_done


def _lines(case: Case, step: Step, rung: Rung) -> list[Line]:
    people = case.rules.escalation.people
    at = next((each.at for each in case.standing.told if each.key == step.key), step.at)
    lines = []
    for reached in step.reached:
        person = people.get(reached.person) if reached.person is not None else None
        who = _called(person, reached.person)
        ids = (person.helpdesk_id,) if person and person.helpdesk_id else ()
        lines.append(Line(rung=rung, at=at, who=who, role=person.role if person else "", by=reached.by, ids=ids))
    return lines


def _called(person: Person | None, id: str | None) -> str:
    if person is not None:
        return person.name
    return "Whoever is on call" if id is None else id


def _name(case: Case) -> str:
    rules = case.rules.escalation
    response = rules.responses.get(case.standing.priority) if case.standing.priority else None
    ladder = rules.ladders.get(response.ladder) if response and response.ladder else None
    return ladder.name if ladder else ""
