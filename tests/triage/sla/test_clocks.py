"""The fold: life cycles of tickets by table, and what holds for every log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.hours import Calendar, Schedule
from triage.sla.clock import AroundTheClock, Move
from triage.sla.clocks import RULES, Promised, Reading, Stage, next_due, readings
from triage.sla.log import Event, PrioritySet, Reply, StatusSet, once
from triage.sla.policies import Metric
from triage.tickets import Priority, Status

H = 60
DAY = 24 * H
BEGIN = datetime(2026, 6, 1, 9, tzinfo=UTC)  # a Monday
FIRST, NEXT, UPDATE, PERIODIC, WAIT, WORK, WHOLE = (
    Metric.FIRST_REPLY_TIME,
    Metric.NEXT_REPLY_TIME,
    Metric.PAUSABLE_UPDATE_TIME,
    Metric.PERIODIC_UPDATE_TIME,
    Metric.REQUESTER_WAIT_TIME,
    Metric.AGENT_WORK_TIME,
    Metric.FULL_RESOLUTION_TIME,
)
OFFICE = Calendar(
    Schedule(
        id="office",
        name="Office",
        time_zone="America/New_York",
        intervals=tuple((day * DAY + 9 * H, day * DAY + 17 * H) for day in range(5)),
    )
)
ALWAYS = AroundTheClock()


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def status(minutes: float, name: str) -> StatusSet:
    return StatusSet(at=at(minutes), status=Status(name))


def customer(minutes: float) -> Reply:
    return Reply(at=at(minutes), by_agent=False)


def agent(minutes: float, *, public: bool = True) -> Reply:
    return Reply(at=at(minutes), by_agent=True, public=public)


def promise(minutes: float = 0, hours: Any = ALWAYS, **targets: float) -> Promised:
    return Promised(
        at=at(minutes), targets={Metric(name): (timedelta(minutes=length), hours) for name, length in targets.items()}
    )


def read(minutes: float, log: list[Event], *promises: Promised, **more: Any) -> Mapping[Metric, Reading]:
    return readings(log, promises, at(minutes), **more)


def minutes_of(length: timedelta | None) -> float | None:
    return None if length is None else length / timedelta(minutes=1)


LIFE: list[tuple[str, Metric, float, list[Event], float, tuple[str, float | None, float]]] = [
    # why, metric, target, log, asked at: stage, due, ran
    ("unanswered", FIRST, 60, [status(0, "new")], 30, ("active", 60, 30)),
    ("late", FIRST, 60, [status(0, "new")], 61, ("breached", 60, 61)),
    ("not late at its last moment", FIRST, 60, [status(0, "new")], 60, ("active", 60, 60)),
    ("answered", FIRST, 60, [status(0, "new"), agent(20)], 90, ("met", 60, 20)),
    ("answered late stays late", FIRST, 60, [status(0, "new"), agent(70)], 90, ("breached", 60, 70)),
    ("a note is no answer", FIRST, 60, [status(0, "new"), agent(20, public=False)], 30, ("active", 60, 30)),
    ("held, no due time", FIRST, 60, [status(0, "new"), status(20, "pending")], 500, ("paused", None, 20)),
    (
        "from one paused status to another: held once",
        WHOLE,
        60,
        [status(0, "open"), status(10, "pending"), status(20, "on_hold"), status(50, "open")],
        60,
        ("active", 100, 20),
    ),
    (
        "solved while held: due when it would have been",
        WHOLE,
        60,
        [status(0, "open"), status(10, "pending"), status(50, "solved")],
        600,
        ("met", 100, 10),
    ),
    (
        "opened again goes on where it stood",
        WHOLE,
        60,
        [status(0, "open"), status(10, "solved"), status(100, "open")],
        110,
        ("active", 150, 20),
    ),
    (
        "opened again and late by then",
        WHOLE,
        60,
        [status(0, "open"), status(50, "solved"), status(100, "open")],
        111,
        ("breached", 110, 61),
    ),
    ("held late stays late", WHOLE, 60, [status(0, "open"), status(61, "pending")], 90, ("breached", 60, 61)),
    ("a next reply needs a first", NEXT, 30, [status(0, "new"), customer(5)], 10, ("waiting", None, 0)),
    (
        "customer wrote after the first reply",
        NEXT,
        30,
        [status(0, "new"), agent(5), customer(10), customer(20)],
        25,
        ("active", 40, 15),
    ),
    (
        "answered, and asked again",
        NEXT,
        30,
        [status(0, "new"), agent(5), customer(10), agent(20), customer(60)],
        70,
        ("active", 90, 10),
    ),
    ("no update is due before an agent wrote", UPDATE, 30, [status(0, "new"), customer(1)], 10, ("waiting", None, 0)),
    (
        "each public comment of an agent starts it anew",
        UPDATE,
        30,
        [status(0, "new"), agent(5), agent(20), customer(25)],
        30,
        ("active", 50, 10),
    ),
    ("updates rest while pending", UPDATE, 30, [agent(5), status(6, "pending")], 90, ("paused", None, 1)),
    ("periodic ones do not", PERIODIC, 30, [status(0, "new"), agent(5), status(6, "pending")], 20, ("active", 35, 15)),
    ("the requester waits while on hold", WAIT, 60, [status(0, "open"), status(10, "on_hold")], 30, ("active", 60, 30)),
    ("nobody works while on hold", WORK, 60, [status(0, "open"), status(10, "on_hold")], 30, ("paused", None, 10)),
    ("a ticket that begins with a mail", FIRST, 60, [customer(0), status(1, "new")], 30, ("active", 60, 30)),
]  # fmt: skip


@pytest.mark.parametrize(("why", "metric", "target", "log", "asked", "expected"), LIFE, ids=[case[0] for case in LIFE])
def test_life_cycles(
    why: str, metric: Metric, target: float, log: list[Event], asked: float, expected: tuple[str, float | None, float]
) -> None:
    others = {FIRST.value: 1000.0} if metric is NEXT else {}
    promised = promise(**(others | {metric.value: target}))
    paused = {Status.PENDING, Status.ON_HOLD} if "paused status" in why else {Status.PENDING}
    found = read(asked, log, promised, paused_in=paused)[metric]
    stage, due, ran = expected
    assert (found.stage.value, found.due, minutes_of(found.ran)) == (stage, None if due is None else at(due), ran)
    assert minutes_of(found.left) == target - ran


def test_hours_of_the_customer_over_a_weekend_with_a_clock_change() -> None:
    friday = datetime(2026, 3, 6, 21, tzinfo=UTC)  # 16:00 in New York; the clocks go forward on Sunday
    log = [
        StatusSet(at=friday, status=Status.OPEN),
        StatusSet(at=friday + timedelta(minutes=30), status=Status.PENDING),
        StatusSet(at=datetime(2026, 3, 9, 13, 30, tzinfo=UTC), status=Status.OPEN),  # Monday 09:30
    ]
    promised = Promised(at=friday, targets={WHOLE: (timedelta(hours=3), OFFICE)})
    found = readings(log, [promised], datetime(2026, 3, 9, 14, tzinfo=UTC))[WHOLE]
    assert found.due == datetime(2026, 3, 9, 16, tzinfo=UTC)
    assert (found.ran, found.paused) == (timedelta(hours=1), timedelta(hours=1))


def test_another_target_keeps_what_ran_and_what_was_held() -> None:
    log = [status(0, "open"), status(10, "pending"), status(40, "open")]
    found = read(50, log, promise(full_resolution_time=120), promise(45, full_resolution_time=60))[WHOLE]
    assert (minutes_of(found.ran), minutes_of(found.paused), found.due) == (20, 30, at(90))
    assert [entry.move for entry in found.ledger] == [Move.START, Move.PAUSE, Move.RESUME, Move.RETARGET]


def test_the_same_promise_again_is_no_change() -> None:
    again = [promise(minutes, AroundTheClock(), full_resolution_time=120) for minutes in (0, 20, 45)]
    found = read(50, [status(0, "open")], *again)[WHOLE]
    assert [entry.move for entry in found.ledger] == [Move.START]


def test_a_shorter_target_may_have_passed_already_when_it_is_promised() -> None:
    log: list[Event] = [status(0, "open"), status(10, "pending"), status(40, "open")]
    found = read(100, log, promise(full_resolution_time=600), promise(90, full_resolution_time=15))[WHOLE]
    assert (found.stage, found.due) == (Stage.BREACHED, at(45))


def test_a_target_changed_while_held_counts_once_it_goes_on() -> None:
    log: list[Event] = [status(0, "open"), status(10, "pending")]
    promises = promise(full_resolution_time=60), promise(20, full_resolution_time=30)
    assert read(30, log, *promises)[WHOLE].due is None
    assert read(50, [*log, status(40, "open")], *promises)[WHOLE].due == at(60)


def test_what_is_done_keeps_the_promise_it_was_measured_by() -> None:
    log: list[Event] = [status(0, "new"), agent(20)]
    found = read(90, log, promise(first_reply_time=60), promise(50, first_reply_time=5))[FIRST]
    assert (found.stage, found.due) == (Stage.MET, at(60))


def test_the_clock_that_is_due_first_comes_first() -> None:
    promised = promise(first_reply_time=60, full_resolution_time=50, pausable_update_time=20)
    log: list[Event] = [status(0, "new")]
    first = next_due(read(10, log, promised))
    assert first is not None
    assert (first.metric, first.due) == (WHOLE, at(50))
    answered = next_due(read(20, [*log, agent(15)], promised))
    assert answered is not None
    assert (answered.metric, answered.due) == (UPDATE, at(35))
    assert next_due(read(20, [*log, status(15, "pending")], promised)) is None


def test_a_share_of_the_target_is_reached_in_open_time() -> None:
    log = [status(0, "open"), status(10, "pending"), status(40, "open")]
    found = read(41, log, promise(full_resolution_time=100))[WHOLE]
    assert found.reaches(0.5) == at(80)
    assert found.reaches(0.05) is None, "it was used before"
    assert read(20, log, promise(full_resolution_time=100))[WHOLE].reaches(0.5) is None, "it is held"


def test_of_two_values_in_one_second_the_later_or_more_urgent_holds() -> None:
    for first, last in (("open", "closed"), ("open", "on_hold"), ("new", "open"), ("pending", "solved")):
        assert once([status(0, last), status(0, first)])[-1] == status(0, last)
    kinds = [None, Priority.P4, Priority.P3, Priority.P2, Priority.P1]
    ordered = [PrioritySet(at=BEGIN, priority=priority) for priority in kinds]
    assert once(reversed(ordered)) == ordered


EVENTS = st.lists(
    st.one_of(
        st.builds(
            status, st.integers(0, 500), st.sampled_from(["new", "open", "pending", "on_hold", "solved", "closed"])
        ),
        st.builds(customer, st.integers(0, 500)),
        st.builds(agent, st.integers(0, 500), public=st.booleans()),
    ),
    min_size=1,
    max_size=12,
)
PROMISES = st.lists(
    st.builds(
        lambda minutes, lengths, hours: promise(
            minutes, hours, **{metric.value: length for metric, length in zip(RULES, lengths, strict=True)}
        ),
        st.integers(0, 500),
        st.tuples(*[st.integers(1, 300)] * len(RULES)),
        st.sampled_from([ALWAYS, OFFICE]),
    ),
    max_size=3,
).map(lambda later: [promise(0, **dict.fromkeys((metric.value for metric in RULES), 100.0)), *later])


@given(EVENTS, PROMISES, st.data())
def test_repeated_and_shuffled_events_change_nothing(log: list[Event], promises: list[Promised], data: Any) -> None:
    again = data.draw(st.permutations(log + data.draw(st.lists(st.sampled_from(log), max_size=6))))
    assert readings(again, promises, at(600)) == readings(log, promises, at(600))


@given(EVENTS, PROMISES, st.integers(0, 600))
def test_the_ledger_is_ordered_and_adds_up(log: list[Event], promises: list[Promised], asked: int) -> None:
    for found in readings(log, promises, at(asked)).values():
        assert [entry.at for entry in found.ledger] == sorted(entry.at for entry in found.ledger)
        assert found.ran >= timedelta(0) <= found.paused
        if found.ledger:
            last = found.ledger[-1]
            since = found.runs_since is not None
            assert found.ran >= last.ran if since else found.ran == last.ran
        assert found.is_done <= (found.runs_since is None)


@given(EVENTS, PROMISES, st.integers(0, 600), st.integers(0, 300))
def test_a_clock_that_only_runs_on_keeps_its_due_time(
    log: list[Event], promises: list[Promised], asked: int, later: int
) -> None:
    """And is late exactly once that has passed: nothing happens between the two looks."""
    known = [event for event in log if event.at <= at(asked)]
    promised = [each for each in promises if each.at <= at(asked)]
    before, after = (readings(known, promised, at(moment)) for moment in (asked, asked + later))
    for metric, found in after.items():
        assert found.due == before[metric].due
        if found.runs_since is not None and found.due is not None:
            assert found.is_late == (found.due < at(asked + later))
