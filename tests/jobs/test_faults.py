"""A helpdesk that refuses, breaks, drops, cuts and freezes its answers: each ticket is written to exactly once."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from flask import abort

from connectors.registry import VENDORS
from jobs.own_threads import OwnThreads
from tests.jobs.conftest import Desk

TEXTS = (
    "Please send the invoice number {} as PDF again.",
    "Since this morning endpoint {} gets no webhook events at all. The log shows TLS errors.",
    "as discussed, {}",
)
MIX = {
    "rate_429_share": 0.05,
    "error_5xx_share": 0.1,
    "drop_share": 0.12,
    "truncate_share": 0.08,
    "freeze_share": 0.04,
    "freeze_s": 0.2,
}
TIMEOUT_S = (1.0, 0.12)
UNGUARDED = tuple(name for name in VENDORS if name != "zendesk")
"""Helpdesks whose writes do not name the version they are made for."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that give up on a frozen answer soon."""
    for module in ("connectors.zendesk.session", "connectors.zendesk.api", "connectors.freshdesk.api"):
        monkeypatch.setattr(f"{module}.TIMEOUT_S", TIMEOUT_S)


def arrive(desk: Desk, count: int) -> list[str]:
    refs = [desk.ticket(f"Question {number}", TEXTS[number % 3].format(number)) for number in range(count)]
    for ref in refs:
        desk.event(ref, f"event {ref}")
    return refs


def judge_by_our_clock(desk: Desk) -> None:
    """The helpdesk counts its Retry-After in the test's time."""
    desk.helpdesk.simulator.face.traffic._clock = lambda: desk.clock().timestamp()  # type: ignore[attr-defined]


def until_ended(desk: Desk, *, step_s: float = 20, rounds: int = 200) -> None:
    for _ in range(rounds):
        desk.work()
        left = [state for _, state in desk.states()]
        if "parked" in left or not left:
            break
        if "unknown" in left:
            time.sleep(MIX["freeze_s"])  # what is frozen lands by the helpdesk's own clock
        desk.clock.forward(seconds=step_s)
    assert desk.states() == []


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(("faults_on", "seed"), [("all", 1), ("writes", 2)])
@pytest.mark.usefixtures("impatient")
def test_a_mix_of_faults_leaves_one_update_and_one_note(desk: Desk, faults_on: str, seed: int) -> None:
    judge_by_our_clock(desk)
    refs = arrive(desk, 7)
    desk.control("POST", "knobs", {**MIX, "faults_on": faults_on, "rate_429_next": 2, "seed": seed, "retry_after_s": 7})
    until_ended(desk)
    assert {ref: sorted(desk.kinds(ref)) for ref in refs} == {ref: ["note", "update"] for ref in refs}
    traffic = desk.control("GET", "state")
    assert (traffic["early"], traffic["crossed"]) == (0, 0)
    assert traffic["refused"] >= 2


@pytest.mark.parametrize("vendor", UNGUARDED)
@pytest.mark.parametrize("seed", [1])
@pytest.mark.usefixtures("impatient")
def test_a_write_that_lands_long_after_its_time_out_is_not_made_twice(desk: Desk, seed: int) -> None:
    """The helpdesk may work on it as long again as we waited for it, and has no version check to refuse it then."""
    [ref] = arrive(desk, 1)
    desk.control("POST", "knobs", {"faults_on": "writes", "freeze_share": 0.7, "freeze_s": 0.3, "seed": seed})
    began, told = time.monotonic(), desk.clock()
    while desk.states() and time.monotonic() < began + 8:
        # The clients' 0.12 s stand for the real 10 or 20: everybody's time runs as much faster.
        desk.clock.at = told + timedelta(seconds=time.monotonic() - began)
        desk.work()
        time.sleep(0.02)
    time.sleep(0.35)
    assert desk.states() == []
    assert sorted(desk.kinds(ref)) == ["note", "update"]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("request_number", [1, 2, 3])
def test_a_refused_token_in_the_middle_of_a_write_is_replaced_and_the_write_ended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, request_number: int
) -> None:
    [ref] = arrive(desk, 1)
    desk.clock.forward(minutes=10)
    desk.sweeper.turn()
    [(job, row_id, token)] = desk.queue.waiting
    desk.queue.waiting.clear()
    OwnThreads.find(job)(row_id, token)
    seen = desk.helpdesk.simulator.face.traffic.seen  # type: ignore[attr-defined]
    count = iter(range(1, 100))

    def refusing(*arguments: str) -> None:
        seen(*arguments)
        if next(count) == request_number:
            abort(401)

    monkeypatch.setattr(desk.helpdesk.simulator.face.traffic, "seen", refusing)  # type: ignore[attr-defined]
    good = desk.store.tenants.connection("acme").token
    desk.work()
    if desk.states():  # the third request is one too many for a helpdesk that takes all in one
        status = desk.store.access.status("acme")
        assert status is not None
        assert status.broken_at is not None
        desk.clock.forward(hours=30)
        assert desk.work() == 0
        desk.store.tenants.set_secret("acme", "api_token", good)
        until_ended(desk)
    assert sorted(desk.kinds(ref)) == ["note", "update"]
