"""What holds for every desk, every ticket and every sequence of sweeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.escalation.desk import (
    BEGIN,
    FACTS,
    FIRST,
    NEXT,
    P1,
    P2,
    P3,
    PEOPLE,
    WHOLE,
    H,
    Line,
    acknowledged,
    at,
    began,
    level,
    priority,
    reply,
    rules,
    status,
)
from triage.escalation.people import Ladder, Level, Response, Via
from triage.escalation.steps import Kind, Step, due, next_at, steps, told_keys
from triage.sla.clocks import STOPPED
from triage.sla.log import Acknowledged, Event, FactsSet, PrioritySet
from triage.sla.rules import SlaRules
from triage.sla.standing import standing
from triage.tickets import Status

MINUTES = st.integers(0, 1_000)
LEVELS = st.builds(
    lambda to, by, wait: level(*to, by=tuple(by), wait=wait),
    st.lists(
        st.sampled_from(["assignee", "group_lead", "rotation:duty", "person:ana", "person:mei", "person:gone"]),
        max_size=3,
    ),
    st.lists(st.sampled_from(list(Via)), unique=True, max_size=3),
    st.sampled_from([0, 5, 30, 120]),
)
QUIET = st.lists(st.sampled_from([(9 * H, 12 * H), (22 * H, 10 * H), (0, 24 * H), (18 * H, 19 * H)]), max_size=1).map(
    tuple
)
MOMENTS = st.lists(MINUTES, min_size=1, max_size=12)


def events(*, retargets: bool) -> st.SearchStrategy[list[Event]]:
    kinds: list[st.SearchStrategy[Event]] = [
        MINUTES.map(acknowledged),
        st.builds(lambda minute, mine: reply(minute, by_agent=mine), MINUTES, st.booleans()),
        st.builds(status, MINUTES, st.sampled_from([Status.OPEN, Status.PENDING, Status.SOLVED])),
    ]
    if retargets:
        kinds.append(st.builds(priority, MINUTES, st.sampled_from([P1, P2, P3, None])))
    return st.lists(st.one_of(kinds), max_size=8)


@dataclass(frozen=True, slots=True)
class Desk:
    first: Ladder
    second: Ladder
    quiet: dict[str, tuple[tuple[int, int], ...]]
    shares: tuple[float, ...]
    business: bool

    @property
    def rules(self) -> SlaRules:
        return rules(
            people=[replace(each, quiet=self.quiet.get(each.id, ())) for each in PEOPLE.values()],
            ladders=(self.first, self.second),
            responses={
                P1: Response(reminders=self.shares, ladder="first", at_once=True),
                P2: Response(reminders=self.shares, ladder="second"),
                P3: Response(reminders=self.shares),
            },
            targets={P1: {FIRST: 30, NEXT: 20, WHOLE: 200}, P2: {FIRST: 60, WHOLE: 400}, P3: {FIRST: 240}},
            in_business_hours=self.business,
        )


def ladder(name: str) -> st.SearchStrategy[Ladder]:
    levels: st.SearchStrategy[tuple[Level, ...]] = st.lists(LEVELS, min_size=1, max_size=4).map(tuple)
    return levels.map(lambda each: Ladder(id=name, name=name, levels=each))


DESKS = st.builds(
    Desk,
    ladder("first"),
    ladder("second"),
    st.dictionaries(st.sampled_from(sorted(PEOPLE)), QUIET),
    st.lists(st.sampled_from([0.25, 0.5, 0.75, 0.9]), unique=True).map(tuple),
    st.booleans(),
)
PRIORITIES = st.sampled_from([P1, P2, P3])


class Life(Line):
    """A line to which each event comes when it happens."""

    def __init__(self, happens: Iterable[Event], by: SlaRules) -> None:
        super().__init__([], by)
        self.happens = sorted(happens, key=lambda event: event.at)
        self.now = BEGIN

    def sweep(self, now: datetime) -> list[Step]:
        self.now = now
        self.log += [event for event in self.happens if event.at <= now]
        self.happens = [event for event in self.happens if event.at > now]
        return super().sweep(now)

    def live(self, until: datetime) -> None:
        """Looked at whenever something happens or is asked for."""
        for event in [*self.happens]:
            if event.at <= until:
                self.run_until(event.at)
        self.run_until(until)

    def run_until(self, until: datetime) -> None:
        while (coming := self.next_at(self.now)) is not None and coming < until:
            self.sweep(coming)
        self.sweep(until)


@given(DESKS, PRIORITIES, events(retargets=True), MOMENTS)
@settings(max_examples=40, deadline=None)
def test_nobody_is_told_twice_whatever_the_clock_of_the_machine_does(
    desk: Desk, first: object, happens: list[Event], moments: list[int]
) -> None:
    line = Life([*began(first), *happens], desk.rules)  # type: ignore[arg-type]
    for minute in moments:  # in any order: a clock may be set back
        line.sweep(at(minute))
    heard = Counter((person, step.key) for _, step in line.taken for person in step.to)
    assert not [each for each, count in heard.items() if count > 1]
    assert max(Counter(step.key for _, step in line.taken).values(), default=0) <= 1


@given(DESKS, PRIORITIES, events(retargets=True))
@settings(max_examples=40, deadline=None)
def test_a_ladder_is_climbed_in_order_and_comes_to_an_end(desk: Desk, first: object, happens: list[Event]) -> None:
    line = Life([*began(first), *happens], desk.rules)  # type: ignore[arg-type]
    line.live(at(1_001))
    line.run(at(1_001), at(100_000))
    climbed: dict[str, list[int]] = {}
    for _, step in line.taken:
        if step.level is not None:
            climbed.setdefault(step.climb, []).append(step.level)
    assert all(levels == list(range(1, len(levels) + 1)) for levels in climbed.values())
    most = max(len(desk.first.levels), len(desk.second.levels)) + len(desk.shares) + 1
    assert len(line.taken) <= most * len({step.climb for _, step in line.taken})
    assert line.next_at(at(100_000)) is None


@given(DESKS, PRIORITIES, events(retargets=False))
@settings(max_examples=40, deadline=None)
def test_nothing_is_told_of_what_is_taken_met_or_solved(desk: Desk, first: object, happens: list[Event]) -> None:
    line = Life([*began(first), *happens], desk.rules)  # type: ignore[arg-type]
    line.live(at(1_001))
    begun: dict[str, datetime] = {}
    for now, step in line.taken:
        stands = standing([event for event in line.log if event.at <= now], line.rules, now)
        assert stands.status not in STOPPED
        assert step.metric is None or not stands.clocks[step.metric].is_done
        assert step.metric is None or stands.clocks[step.metric].runs_since is not None
        if step.kind is Kind.LEVEL:
            begins = begun.setdefault(step.climb, step.at)
            assert not [each for each in stands.acknowledged if begins <= each.at <= now and each.at < step.at]


@given(DESKS, PRIORITIES, events(retargets=False), MOMENTS)
@settings(max_examples=40, deadline=None)
def test_a_machine_that_stood_still_tells_no_more_than_one_that_did_not(
    desk: Desk, first: object, happens: list[Event], moments: list[int]
) -> None:
    steady, halting = (Life([*began(first), *happens], desk.rules) for _ in range(2))  # type: ignore[arg-type]
    last = max(moments)
    steady.live(at(last))
    for minute in sorted(moments):
        halting.sweep(at(minute))
    told = {(step.key, step.to, step.at) for _, step in steady.taken}
    assert {(step.key, step.to, step.at) for _, step in halting.taken} <= told


@given(DESKS, PRIORITIES, events(retargets=True), st.randoms(use_true_random=False), MINUTES)
@settings(max_examples=40, deadline=None)
def test_order_and_repetition_of_the_log_change_nothing(
    desk: Desk, first: object, happens: list[Event], random: object, minute: int
) -> None:
    line = Life([*began(first), *happens], desk.rules)  # type: ignore[arg-type]
    line.live(at(minute))
    shuffled = [*line.log, *line.log[::2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert told_keys(shuffled) == told_keys(line.log)
    now, later = at(minute), at(minute + 30)
    for moment in (now, later):
        found = steps(standing(line.log, line.rules, moment), line.rules)
        assert steps(standing(shuffled, line.rules, moment), line.rules) == found
        assert due(reversed(found), told_keys(shuffled), moment) == due(found, told_keys(shuffled), moment)[::-1]


@given(DESKS, PRIORITIES, events(retargets=True), MINUTES)
@settings(max_examples=40, deadline=None)
def test_the_next_look_is_when_the_next_thing_is_due(
    desk: Desk, first: object, happens: list[Event], minute: int
) -> None:
    line = Life([*began(first), *happens], desk.rules)  # type: ignore[arg-type]
    line.live(at(minute))
    found, told = line.all(at(minute)), told_keys(line.log)
    coming = next_at(found, told, at(minute))
    if coming is None:
        assert due(found, told, at(1_000_000)) == ()
    else:
        assert coming > at(minute)
        assert due(found, told, coming - (coming - at(minute)) / 2) == ()
        assert due(found, told, coming)


def test_these_lives_do_climb() -> None:
    """Else the properties above would say nothing."""
    line = Life([*began(P2), priority(0, P2)], rules())
    line.live(at(1_001))
    assert len(line.taken) == 7
    assert not [event for event in line.log if isinstance(event, Acknowledged)]
    assert {type(event) for event in line.log} >= {FactsSet, PrioritySet}
    assert FACTS
