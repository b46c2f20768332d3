"""A helpdesk that refuses, dies, drips, resets and lands late, one way at a time: one update and one note per ticket.

Time is told, and a circuit opens and closes by it; what is frozen or drips takes real time, so clients are impatient.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

import pytest

from connectors.http import build_session
from connectors.limits import TRIPS_AT
from connectors.registry import VENDORS
from jobs.own_threads import OwnThreads
from tests.jobs.conftest import Desk
from tests.jobs.conftest import desk as desk
from tests.jobs.conftest import triager as triager
from tests.jobs.conftest import vendor as vendor
from tests.jobs.test_faults import TIMEOUT_S, UNGUARDED, arrive, judge_by_our_clock

DEADLINE_S = 0.25
CLIENTS = ("connectors.zendesk.session", "connectors.freshdesk.api")
LANDS_S = 0.2
"""When a frozen request is applied: after its client gave up, and well before the landing time is over."""
QUICK_RECOVERY = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that give up soon, and keep no connection of another test's."""
    for module in (*CLIENTS, "connectors.zendesk.api"):
        monkeypatch.setattr(f"{module}.TIMEOUT_S", TIMEOUT_S)
    for module in CLIENTS:
        monkeypatch.setattr(f"{module}.build_session", partial(build_session, deadline_s=DEADLINE_S))
        monkeypatch.setattr(f"{module}._kept", type("Kept", (), {})())


def until_ended(desk: Desk, *, step_s: float = 1.0, landing: bool = False, seconds: float = 600) -> set[str]:
    """Let the told time pass until all is done; returns the families whose circuits were seen open."""
    opened: set[str] = set()
    for _ in range(int(seconds / step_s)):
        desk.work()
        opened |= {each.family for each in desk.store.circuits.open("acme")}
        left = [state for _, state in desk.states()]
        if "parked" in left or not left:
            break
        if landing and "unknown" in left:
            time.sleep(LANDS_S)
        desk.clock.forward(seconds=step_s)
    assert desk.states() == []
    return opened


def assert_once(desk: Desk, refs: list[str]) -> None:
    assert {ref: sorted(desk.kinds(ref)) for ref in refs} == {ref: ["note", "update"] for ref in refs}
    traffic = desk.control("GET", "state")
    assert (traffic["early"], traffic["crossed"]) == (0, 0)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_minute_of_nothing_but_429(desk: Desk) -> None:
    """The helpdesk is asked once for each `Retry-After`, and not one request before."""
    judge_by_our_clock(desk)
    refs = arrive(desk, 6)
    before = desk.control("GET", "state")["requests"]
    desk.control("POST", "knobs", {"rate_429_share": 1, "retry_after_s": 7})
    for _ in range(120):
        desk.work()
        desk.clock.forward(seconds=0.5)
    assert desk.control("GET", "state")["requests"] - before <= 60 / 7 + 1
    desk.control("POST", "knobs", {"rate_429_share": 0})
    assert until_ended(desk, seconds=QUICK_RECOVERY.total_seconds()) == set()
    assert_once(desk, refs)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "faults",
    [
        {"drop_share": 0.1},
        {"drop_share": 0.4, "faults_on": "writes"},
        {"lost_5xx_share": 0.4, "error_status": 502, "faults_on": "writes"},
        {"lost_5xx_share": 0.3, "error_status": 500},
        {"reset_share": 0.2, "late_reset_share": 0.2},
        {"truncate_share": 0.3},
    ],
    ids=lambda faults: "+".join(faults),
)
def test_a_share_of_the_requests_goes_wrong(desk: Desk, faults: dict[str, object]) -> None:
    judge_by_our_clock(desk)
    refs = arrive(desk, 10 if faults == {"drop_share": 0.1} else 4)
    desk.control("POST", "knobs", {**faults, "seed": 3})
    until_ended(desk, step_s=2, seconds=7200)  # a row that is unlucky ten times in a row waits for minutes
    assert_once(desk, refs)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "burst",
    [
        {"error_5xx_next": 40},
        {"drop_next": 30},
        {"reset_next": 30},
    ],
    ids=lambda burst: "+".join(burst),
)
def test_a_burst_opens_the_circuit_and_costs_less_than_half_a_minute(desk: Desk, burst: dict[str, object]) -> None:
    judge_by_our_clock(desk)
    refs = arrive(desk, 8)
    desk.control("POST", "knobs", burst)
    began = desk.clock()
    assert until_ended(desk, step_s=0.25) == {"requests"}
    assert desk.clock() - began < QUICK_RECOVERY
    assert desk.store.circuits.open() == []
    assert_once(desk, refs)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_helpdesk_that_was_away_is_hardly_asked_and_soon_used_again(desk: Desk) -> None:
    """10 s of refusals: a probe each half second, one row each; then everything goes on within seconds."""
    refs = arrive(desk, 8)
    desk.control("POST", "knobs", {"error_5xx_share": 1})
    before = desk.control("GET", "state")["requests"]
    for _ in range(100):
        desk.work()
        desk.clock.forward(seconds=0.1)
    assert desk.control("GET", "state")["requests"] - before <= TRIPS_AT + 10 / 0.5 + 1
    assert [each.family for each in desk.store.circuits.open("acme")] == ["requests"]
    desk.control("POST", "knobs", {"error_5xx_share": 0})
    came_back = desk.clock()
    until_ended(desk, step_s=0.1)
    assert desk.clock() - came_back < timedelta(seconds=5)
    assert desk.store.circuits.open() == []
    assert_once(desk, refs)


@pytest.mark.parametrize("vendor", VENDORS)
def test_broken_writes_leave_the_reading_alone(desk: Desk) -> None:
    refs = arrive(desk, 8)
    desk.control("POST", "knobs", {"error_5xx_share": 1, "faults_on": "writes"})
    opened: set[str] = set()
    for _ in range(20):
        desk.work()
        opened |= {each.family for each in desk.store.circuits.open("acme")}
        desk.clock.forward(seconds=0.5)
    assert opened == {"updates"}
    assert not [row for row, _ in desk.states() if row.startswith("in-")]
    desk.control("POST", "knobs", {"error_5xx_share": 0})
    until_ended(desk)
    assert_once(desk, refs)


@pytest.mark.parametrize("vendor", VENDORS)
def test_twenty_frozen_writes_land_late_and_once(desk: Desk) -> None:
    refs = arrive(desk, 20)
    desk.control("POST", "knobs", {"freeze_next": 20, "freeze_s": LANDS_S, "faults_on": "writes"})
    until_ended(desk, step_s=10, landing=True)
    time.sleep(LANDS_S)
    assert_once(desk, refs)


@pytest.mark.parametrize("vendor", VENDORS)
def test_answers_that_drip_are_given_up_in_time(desk: Desk) -> None:
    refs = arrive(desk, 3)
    desk.control("POST", "knobs", {"drip_next": 8, "drip_s": 0.1})
    until_ended(desk)
    assert_once(desk, refs)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_successor_of_a_process_that_died_waits_for_what_may_still_land(desk: Desk) -> None:
    """Where no version check refuses a late write, the first one gets the time to be seen."""
    [ref] = arrive(desk, 1)
    desk.sweeper.turn()
    [(job, row_id, token)] = desk.queue.waiting
    desk.queue.waiting.clear()
    OwnThreads.find(job)(row_id, token)
    [claim] = desk.store.outbox.claim(now=desk.clock(), lease=timedelta(seconds=30), limit=1)
    dead = desk.store.outbox.start(claim, now=desk.clock(), owner="dead", lease=timedelta(seconds=12))
    assert dead is not None
    desk.clock.forward(seconds=12.5)
    desk.work()
    unguarded = desk.run.helpdesk("acme").name in UNGUARDED
    assert bool(desk.states()) is unguarded
    assert sorted(desk.kinds(ref)) == ([] if unguarded else ["note", "update"])
    desk.clock.forward(seconds=QUICK_RECOVERY.total_seconds() - 12.5)
    desk.work()
    assert desk.states() == []
    assert_once(desk, [ref])
