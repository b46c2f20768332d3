"""The line as a state machine: any order of deliveries, jobs, crashes, stalls, faults and people, and what must hold.

An ordinary run is the same each time. `TEST_LONG=100000` takes that many random steps instead, and `TEST_SHRINK=1`
looks for the shortest way to a failure, which takes minutes.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connectors import registry
from connectors.crash import POINTS
from connectors.queue import PLAN, RECONCILE, SEND
from tests.faults import model_processes
from tests.faults.model_checks import Checks
from tests.faults.model_desk import NAME, WANTED, Fault
from tests.faults.model_ground import Ground
from tests.faults.model_line import CLOCKS, Line
from tests.faults.model_processes import End, Fate, can_stall

STEPS = 80
EXAMPLES = 175
LONG = int(os.environ.get("TEST_LONG", "0"))
SHRINK = "TEST_SHRINK" in os.environ
TICKETS = 3
ELSEWHERE = {"tidy.written", "escalate.before_commit"}
"""Points of work that the model leaves out."""
CLOCK_POINTS = ("clock.claimed", "clock.woken", "leader.taken", "schedule.before_commit")
RECEIVE_POINTS = ("receive.before_commit", "receive.committed")
JOB_POINTS = {
    PLAN: (
        "plan.started",
        "plan.read",
        "plan.before_commit",
        "plan.committed",
        "watch.before_commit",
        "retry.before_commit",
    ),
    SEND: (
        "send.started",
        "desk.read",
        "desk.sent",
        "send.answered",
        "send.before_commit",
        "send.done",
        "retry.before_commit",
    ),
    RECONCILE: ("reconcile.before_commit", "retry.before_commit"),
}
DONE: Counter[str] = Counter()
"""How often each rule did something, for whoever looks at what a run reached."""

some = st.integers(0, 63)
"""Which of those there are; taken modulo their number."""


def fates(points: tuple[str, ...]) -> list[Fate | None]:
    kills = [Fate(End.KILLED, point) for point in points]
    stalls = [Fate(End.STALLED, point) for point in points if can_stall(point)]
    return [None, *kills, None, *stalls]


CLOCK_FATES = [
    *([None] * 20),
    *fates(CLOCK_POINTS),
    Fate(End.KILLED, "clock.woken", 2),
    Fate(End.STALLED, "clock.woken", 2),
]
REPLAY_FATES, STOP_FATES = fates(("replay.before_commit",)), fates(("leader.resigned",))
RECEIVE_FATES = [*([None] * 8), *fates(RECEIVE_POINTS)]
JOB_FATES = {job: fates(points) for job, points in JOB_POINTS.items()}
MISHAPS = [*([None] * len(Fault)), *Fault]
UNSURE = [Fault.LOST, Fault.NEVER, Fault.LATE, Fault.LATE, Fault.BUG]
MOVABLE = {
    verb: f"SELECT 'in-' || id AS name FROM inbox WHERE state IN ({states}) AND kind != 'reconcile' "  # noqa: S608
    f"UNION ALL SELECT 'out-' || id FROM outbox WHERE state IN ({states})"
    for verb, states in (
        ("replay", "'parked', 'ignored'"),
        ("park", "'new', 'pending', 'unknown'"),
        ("drop", "'parked'"),
    )
}


class TheLine(RuleBasedStateMachine):
    ground: ClassVar[Ground]

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(self.ground)
        self.world = self.line.world
        self.checks = Checks(self.line)
        self.failed = False

    @initialize(wanted=st.tuples(st.booleans(), st.booleans()), delivered=st.booleans())
    def it_begins(self, wanted: tuple[bool, bool], delivered: bool) -> None:
        """Two tickets, at least one of them for triage, and in most examples their webhooks."""
        for tags in ({WANTED}, {WANTED} if all(wanted) else set()):
            self.world.arrive(frozenset(tags))
        if delivered or any(wanted):
            for number in range(2):
                self.line.deliver(number, None)

    # People and the helpdesk

    @precondition(lambda self: len(self.world.tickets) < TICKETS)
    @rule(wanted=st.booleans())
    def a_ticket_comes(self, wanted: bool) -> None:
        self._count("a_ticket_comes")
        self.world.arrive(frozenset({WANTED} if wanted else ()))

    @rule(which=some, what=st.sampled_from(("wanted", "group", "category", "tags")))
    def a_person_changes_it(self, which: int, what: str) -> None:
        """A second later than all before: the helpdesk's stamps tell no changes of one second apart."""
        self._count("a_person_changes_it")
        ticket = pick(list(self.world.tickets.values()), which)
        self.line.now.forward(seconds=1)
        word = f"p{len(self.world.changes)}"
        match what:
            case "wanted":
                self.world.edit(ticket.ref, tags=ticket.tags | {WANTED})
            case "group":
                self.world.edit(ticket.ref, group_id=word)
            case "category":
                self.world.edit(ticket.ref, category=word)
            case "tags":
                self.world.edit(ticket.ref, tags=ticket.tags & {WANTED})

    @rule(back=st.integers(0, 3), fate=some, copies=st.integers(1, 2))
    def a_webhook_comes(self, back: int, fate: int, copies: int) -> None:
        self._count("a_webhook_comes")
        number = max(0, len(self.world.events) - 1 - back)
        for _ in range(copies):
            self.line.deliver(number, pick(RECEIVE_FATES, fate))

    @precondition(lambda self: self.world.late)
    @rule(which=some)
    def a_late_write_lands(self, which: int) -> None:
        request = self.world.late.pop(which % len(self.world.late))
        self._count("a_late_write_lands" if self.world.land(request) else "a_late_write_is_refused")

    @rule(which=some)
    def an_agent_corrects(self, which: int) -> None:
        if self.line.correct(pick(list(self.world.tickets), which)):
            self._count("an_agent_corrects")

    @rule(verb=st.sampled_from(tuple(MOVABLE)), which=some, fate=some)
    def an_operator_decides(self, verb: str, which: int, fate: int) -> None:
        if rows := self.line.rows(MOVABLE[verb]):
            self._count(f"an_operator_{verb}s")
            self.line.operate(
                getattr(self.line.store.replays, verb), pick(rows, which)["name"], pick(REPLAY_FATES, fate)
            )

    @rule(what=st.sampled_from(("shadow", "live", "live", "signed out", "signed in", "signed in")))
    def an_admin_or_the_helpdesk_changes(self, what: str) -> None:
        self._count(what)
        match what:
            case "shadow" | "live":
                self.line.shadow(what == "shadow")
            case "signed out":
                self.world.signed_in = False
            case "signed in":
                self.line.sign_in()

    # Our processes

    @rule(fate=some)
    def the_clocks_turn(self, fate: int) -> None:
        self._count("the_clocks_turn")
        for number in range(CLOCKS):
            self.line.turn(number, pick(CLOCK_FATES, fate))

    @precondition(lambda self: self.line.leads())
    @rule(number=st.integers(0, CLOCKS - 1), fate=some)
    def a_clock_is_stopped(self, number: int, fate: int) -> None:
        self._count("a_clock_is_stopped")
        self.line.end_clock(number, pick(STOP_FATES, fate))

    @precondition(lambda self: self.line.clock_stalls)
    @rule(which=some)
    def a_stalled_clock_wakes(self, which: int) -> None:
        self._count("a_stalled_clock_wakes")
        self.line.wake_clock(pick(list(self.line.clock_stalls), which))

    @precondition(lambda self: self.line.waiting_for(PLAN))
    @rule(which=some, fate=some, fault=st.sampled_from(MISHAPS))
    def a_plan_meets_its_fate(self, which: int, fate: int, fault: Fault | None) -> None:
        self._meet(PLAN, which, fate, fault)

    @precondition(lambda self: self.line.waiting_for(SEND))
    @rule(which=some, fate=some, fault=st.sampled_from(MISHAPS))
    def a_write_meets_its_fate(self, which: int, fate: int, fault: Fault | None) -> None:
        self._meet(SEND, which, fate, fault)

    @precondition(lambda self: self.line.waiting_for(SEND))
    @rule(fate=some, fault=st.sampled_from(UNSURE))
    def a_write_has_an_unknown_outcome(self, fate: int, fault: Fault) -> None:
        self._meet(SEND, 0, fate if fate % 4 == 0 else 0, fault)

    @precondition(lambda self: self.line.waiting_for(RECONCILE))
    @rule(fate=some, fault=st.sampled_from(MISHAPS))
    def a_check_meets_its_fate(self, fate: int, fault: Fault | None) -> None:
        self._meet(RECONCILE, 0, fate, fault)

    @rule(most=st.integers(1, 4))
    def the_line_runs(self, most: int) -> None:
        self._count("the_line_runs")
        for number in range(CLOCKS):
            self.line.turn(number)
        for _ in range(most):
            if waiting := self.line.waiting():
                self.line.work(*waiting[0])

    @precondition(lambda self: self.line.stalled)
    @rule(which=some, renew_first=st.booleans())
    def a_stalled_worker_wakes(self, which: int, renew_first: bool) -> None:
        self._count("a_stalled_worker_wakes")
        self.line.resume(which % len(self.line.stalled), renew_first=renew_first)

    @rule(seconds=st.sampled_from((0.3, 1, 2, 5, 13, 13, 31, 60, 400, 3600, 90_000)), slow=st.booleans())
    def time_passes(self, seconds: float, slow: bool) -> None:
        self._count("time_passes")
        self.line.pass_time(seconds, slow=slow)
        for number in range(CLOCKS):
            self.line.turn(number)

    # The queue

    @rule(what=st.sampled_from(("loses all", "repeats", "brings back", "goes away", "is back", "is back")), which=some)
    def the_queue(self, what: str, which: int) -> None:
        queue = self.line.queue
        self._count(f"the_queue {what}")
        match what:
            case "loses all":
                queue.lose_all()
            case "repeats" if queue.waiting:
                queue.waiting.append(pick(queue.waiting, which))
            case "brings back" if queue.given:
                queue.waiting.append(pick(queue.given, which))
            case "goes away":
                queue.down = True
            case "is back":
                queue.down = False

    @invariant()
    def all_holds(self) -> None:
        DONE["steps"] += 1
        try:
            self.checks.after_a_step()
        except AssertionError:
            self.failed = True
            raise

    def teardown(self) -> None:
        try:
            if not self.failed:
                self.line.settle()
                self.checks.after_a_step()
                self.checks.at_rest()
        finally:
            self.line.bury()

    def _meet(self, job: str, which: int, fate: int, fault: Fault | None) -> None:
        self._count(job)
        entries, place = pick(self.line.waiting_for(job), which)
        self.line.work(entries, place, pick(JOB_FATES[job], fate), fault)

    def _count(self, rule_name: str) -> None:
        DONE[rule_name] += 1


def pick(those: Any, which: int) -> Any:
    return those[which % len(those)]


@pytest.fixture
def ground(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    for path in migrated.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setitem(registry.VENDORS, NAME, "tests.faults.model_desk:VENDOR")
    ground = Ground(tmp_path)
    model_processes.take_over(monkeypatch)
    logging.disable(logging.CRITICAL)
    yield ground
    logging.disable(logging.NOTSET)
    ground.close()


@pytest.mark.timeout(0 if LONG else 600)
def test_nothing_is_lost_or_made_twice_whatever_happens_in_whatever_order(ground: Ground) -> None:
    TheLine.ground = ground
    run_state_machine_as_test(
        TheLine,
        settings=settings(
            derandomize=not LONG,
            max_examples=LONG // STEPS if LONG else EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if SHRINK else [Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert DONE["steps"] >= (LONG * 0.7 if LONG else 10_000)


@pytest.mark.parametrize("fault", [None, Fault.LOST, Fault.LATE])
def test_every_point_is_reached_and_survived(ground: Ground, fault: Fault | None) -> None:
    """What the state machine meets by chance, one by one: a death and a stall at each point."""
    points = sorted({*POINTS, "desk.read", "desk.sent"} - ELSEWHERE)
    unreached = set(points)
    for point in points:
        for fate in fates((point,)):
            if fate is not None and one_life(ground, fate, fault):
                unreached.discard(point)
    assert unreached == ({"retry.before_commit"} if fault is None else set())  # passed after a failure only


def one_life(ground: Ground, fate: Fate, fault: Fault | None) -> bool:
    """A ticket's way through the line; whichever process first passes the point has that fate. True if one did.

    The first two writes meet `fault`.
    """
    met = model_processes.KILLED_AT if fate.end is End.KILLED else model_processes.STALLED_AT
    before = met[fate.point]
    line = Line(ground)
    checks = Checks(line)
    faults = iter((fault, fault))

    def coming() -> Fate | None:
        return fate if met[fate.point] == before else None

    try:
        line.world.arrive(frozenset({WANTED}))
        line.deliver(0, coming())
        line.deliver(0, None)
        line.operate(line.store.replays.park, "in-1", coming())
        line.operate(line.store.replays.replay, "in-1", coming())
        for turn in range(8):
            if turn == 4:
                line.world.edit("1", category="theirs")
                line.deliver(len(line.world.events) - 1, coming())
            for number in range(CLOCKS):
                line.turn(number, coming())
            while waiting := line.waiting():
                is_write = bool(line.waiting_for(SEND)) and waiting[0] == line.waiting_for(SEND)[0]
                line.work(*waiting[0], coming(), next(faults, None) if is_write else None)
                checks.after_a_step()
            line.pass_time(5, slow=False)
        line.end_clock(0, coming())
        line.settle()
        checks.after_a_step()
        checks.at_rest()
        assert len(line.world.log) == 1
    finally:
        line.bury()
    return met[fate.point] > before
