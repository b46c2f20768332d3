"""What a message says of one ticket: what is late or will be, by when, who was told before and who is next."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from triage.escalation.people import Person
from triage.escalation.step import Kind, Step
from triage.sla.clocks import Reading
from triage.sla.policies import Metric
from triage.sla.rules import SlaRules
from triage.sla.saying import NAMES, city, time_left, when
from triage.sla.standing import Standing
from triage.tickets import Priority
from triage.words import zone_named

LONGEST_SUBJECT = 120
DELAYED = timedelta(minutes=2)
"""A sweep takes a moment; what is later than this was held up."""
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

AcknowledgeLink = Callable[[str, str, str], str]
"""(person, climb, way) -> the address by which they acknowledge; the person is empty where several read the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A ticket that somebody is to be told about. `subject` is the customer's, as it is; `steps` are all of its
    steps and `due` those to take now.
    """

    ref: str
    subject: str
    standing: Standing
    steps: tuple[Step, ...]
    due: tuple[Step, ...]
    link: str
    acknowledge: AcknowledgeLink = field(repr=False)

    @property
    def priority(self) -> Priority | None:
        """The last one that is known."""
        return next((each.priority for each in reversed(self.standing.priorities) if each.priority), None)

    @property
    def title(self) -> str:
        return f"#{self.ref} {plain(self.subject)}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One ticket in a message. `headlines` say what is the matter, `lines` the rest; `worst` is its worst step."""

    ref: str
    title: str
    headlines: tuple[str, ...]
    lines: tuple[str, ...]
    worst: Step
    links: tuple[tuple[str, str], ...]


def block(
    case: Case,
    found: Sequence[Step],
    rules: SlaRules,
    now: datetime,
    *,
    reader: Person | None,
    taker: str,
    way: str | None,
) -> Block:
    """`found` are the steps that the message takes. `reader` is None where others may read it than who is told, `taker`
    the id of who acknowledges by its link, and `way` None for none.
    """
    words = _Words(case, reader, rules, now)
    ordered = list({step.climb: step for step in sorted(found, key=severity, reverse=True)}.values())[::-1]
    first = ordered[0]
    group = case.standing.facts.get("group", ())
    about = ", ".join([*([case.priority.value] if case.priority else []), *group[:1]])
    lines = [
        f"{about}." if about else "",
        *dict.fromkeys(words.due(step) for step in ordered),
        words.delayed(found),
        words.before(first),
        words.next(first),
    ]
    is_late = first.kind is not Kind.REMIND
    # An acknowledgement of what is not late yet would stop nothing.
    climbs = {step.climb for step in ordered if step.kind is not Kind.REMIND}
    climb = first.climb if len(climbs) == 1 else ""
    acknowledge = case.acknowledge(taker, climb, way) if is_late and way is not None else ""
    links = ((acknowledge, "Acknowledge"), (case.link, "Open the ticket"))
    return Block(
        ref=case.ref,
        title=case.title,
        headlines=tuple(dict.fromkeys(words.headline(step) for step in ordered)),
        lines=tuple(line for line in lines if line),
        worst=first,
        links=tuple((address, text) for address, text in links if address),
    )


def severity(step: Step) -> tuple[object, ...]:
    """Worst first: what pages at once, what is late, then what is nearest to its end."""
    kinds = (Kind.LEVEL, Kind.LATE, Kind.REMIND)
    return step.metric is not None, kinds.index(step.kind), -(step.level or 0), -(step.share or 0.0), step.at, step.key


def plain(subject: str) -> str:
    """A customer's words for one line of ours: no control characters, nor what turns the line round."""
    shown = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in subject)
    words = " ".join(shown.split())
    return words if len(words) <= LONGEST_SUBJECT else f"{words[: LONGEST_SUBJECT - 1].rstrip()}…"


def named(people: Sequence[str], rules: SlaRules, reader: Person | None) -> str:
    """ "Tomás Rey", "you and Mei Tanaka"."""
    names = [_name(each, rules, reader) for each in people]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


class _Words:
    def __init__(self, case: Case, reader: Person | None, rules: SlaRules, now: datetime) -> None:
        self.case = case
        self.reader = reader
        self.rules = rules
        self.now = now
        theirs = next(iter(case.standing.facts.get("requester_zone", ())), None)
        self.zone_name = theirs if theirs and zone_named(theirs) else case.standing.schedule.time_zone

    def headline(self, step: Step) -> str:
        if step.metric is None:
            what = f"{self.case.priority.value if self.case.priority else 'Urgent'}, nobody has acknowledged yet."
        else:
            what = f"{self._state(step.kind, self.case.standing.clocks[step.metric])}."
        people = step.to
        escalated = step.level is not None and step.level > 1 and bool(people)
        return f"{what} Escalated to {named(people, self.rules, self.reader)}." if escalated else what

    def due(self, step: Step) -> str:
        if step.metric is None:
            return self._nearest_due()
        reading = self.case.standing.clocks[step.metric]
        if reading.due is None:
            return ""
        return f"{'Was due' if reading.due <= self.now else 'Due'} {self._clock(reading.due)}."

    def delayed(self, found: Sequence[Step]) -> str:
        first = min(step.at for step in found)
        if self.now - first <= DELAYED:
            return ""
        return f"This message comes late: it was for {self._clock(first)}."

    def before(self, step: Step) -> str:
        """Who heard of it on the same ladder."""
        due = {each.key for each in self.case.due}
        told = [
            f"{named(each.to, self.rules, self.reader)} {self._short(each.at)}"
            for each in self.case.standing.told
            if each.key.startswith(f"{step.climb}/level/") and each.to and each.key not in due
        ]
        return f"Told before: {', '.join(told)}." if told else ""

    def next(self, step: Step) -> str:
        """What happens if nobody does anything."""
        coming = [
            each
            for each in self.case.steps
            if each.climb == step.climb and each.kind is not Kind.REMIND and each.at > self.now and each.by
        ]
        if coming:
            people = coming[0].to
            who = named(people, self.rules, self.reader) if people else "whoever is on call"
            does = _DOES[step.metric] if step.metric else "replies"
            stops = does if step.kind is Kind.REMIND else f"acknowledges or {does}"
            return f"Next: {who} at {self._clock(coming[0].at)}, unless somebody {stops}."
        return "Nobody further is told." if step.kind is Kind.LEVEL else ""

    def _state(self, kind: Kind, reading: Reading) -> str:
        """ "First reply late by 12 min", "First reply: 22 min left"; open time says that it is where that matters."""
        name, left = NAMES[reading.metric], reading.left or timedelta(0)
        real = reading.due - self.now if reading.due is not None else left
        said = f"{time_left(left)}{' of open time' if abs(real - left) >= MINUTE else ''}"
        if kind is Kind.REMIND:
            return f"{name}: {said} left"
        return f"{name} late by {said}" if -left >= SECOND else f"{name} is due now"

    def _nearest_due(self) -> str:
        nearest = self.case.standing.next_due
        if nearest is None or nearest.due is None:
            return ""
        was = "was due" if nearest.due <= self.now else "due"
        return f"{NAMES[nearest.metric]} {was} {self._clock(nearest.due)}."

    def _clock(self, at: datetime) -> str:
        """In the customer's city, and for the reader where their wall says something else."""
        here = zone_named(self.zone_name) or UTC
        theirs = self._short(at)
        there = (zone_named(self.reader.time_zone) or UTC) if self.reader else here
        if at.astimezone(here).utcoffset() == at.astimezone(there).utcoffset():
            return theirs
        return f"{theirs}, {when(at, now=self.now, here=there)} for you"

    def _short(self, at: datetime) -> str:
        return f"{when(at, now=self.now, here=zone_named(self.zone_name) or UTC)} {city(self.zone_name)}"


_DOES = {
    Metric.FIRST_REPLY_TIME: "replies",
    Metric.NEXT_REPLY_TIME: "replies",
    Metric.PERIODIC_UPDATE_TIME: "writes",
    Metric.PAUSABLE_UPDATE_TIME: "writes",
    Metric.REQUESTER_WAIT_TIME: "solves it",
    Metric.AGENT_WORK_TIME: "solves it",
    Metric.FULL_RESOLUTION_TIME: "solves it",
}
"""What somebody does for the clock to be met."""


def _name(person: str, rules: SlaRules, reader: Person | None) -> str:
    if reader is not None and person == reader.id:
        return "you"
    known = rules.escalation.people.get(person)
    return known.name if known else person
