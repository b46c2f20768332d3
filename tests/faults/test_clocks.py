"""Clocks that jump, change to winter time, or are two: no timed run is lost or doubled, and no effect either."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from bench.crashing import Plan, Run, Stage
from connectors.registry import VENDORS
from connectors.store import Store
from jobs.clock import LEADER_LEASE, Clock
from jobs.runtime import Runtime
from jobs.schedule import Timed
from tests.conftest import ToldClock
from tests.jobs.conftest import Desk, Direct, desk, triager, vendor

__all__ = ["desk", "triager", "vendor"]

EVERY = timedelta(minutes=5)
TURN = timedelta(seconds=30)
INVOICE = ("Invoice", "Please send the invoice number 31 as PDF again.")
JUMPS = {"ahead": (1,), "back": (-1,), "ahead and back": (1, 0), "back and ahead": (-1, 0)}


@pytest.mark.parametrize(
    ("vendor", "point", "jumps"),
    [
        (vendor, point, jumps)
        for number, (point, jumps) in enumerate(product(("plan.read", "http.answered"), JUMPS))
        for vendor in [[*VENDORS][(number + number // len(JUMPS)) % len(VENDORS)]]
    ],
)
def test_a_clock_that_jumps_by_an_hour_while_rows_are_leased(
    stage_of: dict[str, Stage], vendor: str, point: str, jumps: str
) -> None:
    """Ours jumps, the helpdesk's does not; what a killed process had leased waits for the lease by the new time."""
    run = stage_of[vendor].begin(4, Plan(timed=("reconcile",)))
    assert run.process(f"{point}:2") == -9
    for hours in JUMPS[jumps]:
        run.skew = timedelta(hours=hours)
        run.process()
    run.step = timedelta(minutes=25)
    run.until_nothing_is_left(None)
    assert run.problems(must_die=True) == []
    assert checks(run) == ["done"] * len(checks(run))


def checks(run: Run) -> list[str]:
    database = sqlite3.connect(run.folder / "store.sqlite3")
    try:
        return [state for (state,) in database.execute("SELECT state FROM inbox WHERE kind = 'reconcile'")]
    finally:
        database.close()


def runs_over(store: Store, clock: ToldClock, span: timedelta) -> int:
    """How many timed runs a clock that looks every 30 s starts; each is worked on at once."""
    started = 0
    for _ in range(span // TURN):
        clock.forward(seconds=TURN.total_seconds())
        started += store.schedule.run_due("acme", "reconcile", EVERY, now=clock())
        store.replays.park([row.id for row in store.deliveries.newest() if row.state == "new"], now=clock())
    return started


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize("hours", [1, -1])
def test_a_jump_by_an_hour_costs_one_timed_run_at_most(store: Store, clock: ToldClock, hours: int) -> None:
    assert runs_over(store, clock, timedelta(minutes=30)) == 6
    clock.forward(hours=hours)
    assert runs_over(store, clock, timedelta(minutes=30)) in (6, 7)
    clock.forward(hours=-hours)
    assert runs_over(store, clock, timedelta(minutes=30)) in (6, 7)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own time zone is one with summer time."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("tenant", "berlin")
@pytest.mark.parametrize(
    "change", [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)], ids=["winter", "summer"]
)
def test_the_hour_of_a_time_change_has_as_many_runs_as_any_other(
    store: Store, clock: ToldClock, change: datetime
) -> None:
    assert change.astimezone().utcoffset() != (change - timedelta(seconds=1)).astimezone().utcoffset()
    clock.at = change - timedelta(hours=2)
    assert [runs_over(store, clock, timedelta(hours=1)) for _ in range(4)] == [12] * 4
    assert clock() == change + timedelta(hours=2)


@pytest.mark.usefixtures("berlin")
def test_the_line_works_through_a_time_change(desk: Desk) -> None:
    desk.clock.at = datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC)
    desk.control("POST", "knobs", {"error_5xx_next": 3})
    refs = [desk.ticket(*INVOICE) for _ in range(3)]
    for ref in refs:
        desk.event(ref, ref)
    for _ in range(20):
        desk.work()
        desk.clock.forward(seconds=5)
    assert [sorted(desk.kinds(ref)) for ref in refs] == [["note", "update"]] * 3
    assert desk.states() == []


def second_clock(desk: Desk) -> Clock:
    """Of another process: its own store, its own name on leases."""
    deps = desk.run.deps
    store = Store.open(desk.store.database.url, var=deps.settings.var)
    run = Runtime(type(deps)(deps.settings, store, desk.clock), owner="second")
    run.__dict__["triager"] = desk.run.triager
    clock = Clock(run, Direct())  # type: ignore[arg-type]
    clock.timetable = desk.sweeper.timetable
    return clock


def both_lead(*clocks: Clock) -> None:
    """Each by a name of its own: nothing but the rows' own leases keeps them apart."""
    for number, each in enumerate(clocks):
        each.leadership.name = f"clock {number}"


@pytest.mark.parametrize("vendor", VENDORS)
def test_two_clocks_that_both_lead_hand_each_row_out_once(desk: Desk) -> None:
    second = second_clock(desk)
    both_lead(desk.sweeper, second)
    every = Timed("reconcile", EVERY)
    desk.sweeper.timetable = second.timetable = (every,)
    refs = [desk.ticket(*INVOICE) for _ in range(6)]
    for ref in refs:
        desk.event(ref, ref)
    handed: list[tuple[str, int, str]] = []
    for _ in range(12):
        start = threading.Barrier(2)

        def turn(clock: Clock, start: threading.Barrier = start) -> None:
            start.wait(10)
            clock.turn()

        threads = [threading.Thread(target=turn, args=(clock,)) for clock in (desk.sweeper, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        for queue in (desk.queue, second.queue):
            assert isinstance(queue, Direct)
            handed += queue.waiting
        desk.queue.waiting += second.queue.waiting  # type: ignore[attr-defined]
        second.queue.waiting = []  # type: ignore[attr-defined]
        work_off(desk)
        desk.clock.forward(minutes=1)
    second.run.store.database.close()
    assert desk.states() == []
    assert [sorted(desk.kinds(ref)) for ref in refs] == [["note", "update"]] * 6
    assert len({(job, row_id) for job, row_id, _ in handed}) == len(handed)
    runs = [row for row in desk.store.deliveries.newest(limit=1000) if row.what == "Check for missed events"]
    assert len(runs) == 3, "the fixture's own, and one for every 5 of the 12 minutes"


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("sleeps_before", ["waking", "working"])
def test_a_leader_that_sleeps_past_its_lease_is_followed_and_its_rows_are_done_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, sleeps_before: str
) -> None:
    second = second_clock(desk)
    refs = [desk.ticket(*INVOICE) for _ in range(2)]
    for ref in refs:
        desk.event(ref, ref)
    usual = desk.queue.wake

    def asleep(job: str, row_id: int, token: str) -> None:
        if sleeps_before == "waking" and second.leadership.token is None:
            take_over()
        usual(job, row_id, token)

    def take_over() -> None:
        assert second.turn() == 0
        desk.clock.forward(seconds=LEADER_LEASE.total_seconds() + desk.run.deps.settings.lease_s)
        assert second.turn() == 2

    monkeypatch.setattr(desk.queue, "wake", asleep)
    assert desk.sweeper.turn() == 2
    if sleeps_before == "working":
        take_over()
    desk.clock.forward(seconds=LEADER_LEASE.total_seconds() / 3 + 1)
    assert desk.sweeper.turn() == 0
    assert desk.sweeper.leadership.token is None
    desk.queue.waiting += second.queue.waiting  # type: ignore[attr-defined]
    second.queue.waiting = []  # type: ignore[attr-defined]
    work_off(desk)
    for _ in range(5):
        second.turn()
        desk.queue.waiting, second.queue.waiting = second.queue.waiting, []  # type: ignore[attr-defined]
        work_off(desk)
    second.stop()
    second.run.store.database.close()
    assert [sorted(desk.kinds(ref)) for ref in refs] == [["note", "update"]] * 2
    assert desk.states() == []


def work_off(desk: Desk) -> None:
    """What is in the queue, and nothing that a clock would add."""
    jobs, desk.queue.waiting = desk.queue.waiting, []
    for job, row_id, token in jobs:
        Clock(desk.run, desk.queue).own_threads.find(job)(row_id, token)  # type: ignore[arg-type]
