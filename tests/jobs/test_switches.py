"""What is switched while rows are under way: shadow mode, disconnecting, the clock, a second worker."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.base import Receipt
from connectors.errors import OutcomeUnknown
from connectors.registry import VENDORS
from connectors.store.tenants import LIVE, SHADOW
from jobs.own_threads import OwnThreads
from jobs.runtime import Runtime
from tests.jobs.conftest import Desk
from triage.actions import UpdateTicket
from triage.events import EventKind
from triage.loops import MOST_EFFECTS

INVOICE = ("Invoice", "Please send the October invoice as PDF again.")


def step(desk: Desk) -> None:
    """One sweep, and the jobs it handed out."""
    desk.sweeper.turn()
    jobs, desk.queue.waiting = desk.queue.waiting, []
    for job, row_id, token in jobs:
        OwnThreads.find(job)(row_id, token)


def planned(desk: Desk) -> str:
    """A ticket whose effect is planned and waits."""
    ref = desk.ticket(*INVOICE)
    desk.event(ref, ref)
    step(desk)
    assert desk.states()[0][1] == "pending"
    return ref


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("handed_out", [False, True])
def test_into_shadow_and_back_nothing_that_waited_is_written(desk: Desk, handed_out: bool) -> None:
    ref = planned(desk)
    if handed_out:
        desk.sweeper.turn()
        assert desk.queue.waiting
    desk.store.tenants.set_mode("acme", SHADOW)
    desk.work()
    assert desk.kinds(ref) == []
    desk.store.tenants.set_mode("acme", LIVE)
    desk.event(ref, "again", EventKind.TICKET_UPDATED)
    desk.clock.forward(minutes=1)
    desk.work()
    assert desk.kinds(ref) == []
    assert desk.states() == []
    new = planned(desk)
    desk.work()
    assert sorted(desk.kinds(new)) == ["note", "update"]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("under_way", ["event", "effect", "handed out"])
def test_a_disconnected_tenants_rows_end_and_nothing_more_is_sent(desk: Desk, under_way: str) -> None:
    ref = desk.ticket(*INVOICE)
    desk.event(ref, ref)
    if under_way != "event":
        step(desk)
    if under_way == "handed out":
        desk.sweeper.turn()
    desk.store.installations.disconnect("acme", now=desk.clock())
    for _ in range(3):
        desk.work()
        desk.clock.forward(minutes=10)
    assert desk.kinds(ref) == []
    assert desk.states() == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_job_under_way_when_its_tenant_is_disconnected_does_not_wait_for_ever(desk: Desk) -> None:
    ref = planned(desk)
    [effect] = desk.store.outbox.claim(now=desk.clock(), lease=timedelta(seconds=30), limit=1)
    row = desk.store.outbox.start(effect, now=desk.clock(), owner="worker", lease=timedelta(seconds=12))
    assert row is not None
    desk.store.installations.disconnect("acme", now=desk.clock())
    desk.store.outbox.retry(row, at=desk.clock(), unknown=True, status=500, error="500")
    for _ in range(3):
        desk.work()
        desk.clock.forward(minutes=10)
    assert desk.kinds(ref) == []
    assert [state for _, state in desk.states()] == ["parked"]
    assert desk.store.deliveries.show("out-1")["error"] == "The helpdesk was disconnected."


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("hours", [1, -1])
@pytest.mark.parametrize("when", ["before the plan", "before the send", "after a lost answer"])
def test_a_clock_that_jumps_doubles_and_loses_nothing(desk: Desk, hours: int, when: str) -> None:
    ref = desk.ticket(*INVOICE)
    if when == "after a lost answer":
        desk.control("POST", "knobs", {"faults_on": "writes", "drop_next": 1})
    desk.event(ref, ref)
    if when == "before the send":
        step(desk)
    elif when == "after a lost answer":
        desk.work()
    desk.clock.forward(hours=hours)
    for _ in range(20):
        desk.work()
        desk.clock.forward(minutes=5)
    assert sorted(desk.kinds(ref)) == ["note", "update"]
    assert desk.states() == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_clock_that_went_back_does_not_stop_a_tenants_budget(desk: Desk) -> None:
    desk.store.installations.set("acme", limits={"requests": 50})
    desk.clock.forward(hours=1)
    desk.run.helpdesk("acme").account()
    desk.clock.forward(hours=-1)
    refs = [desk.ticket(*INVOICE) for _ in range(5)]
    for ref in refs:
        desk.event(ref, ref)
    for _ in range(120):
        desk.work()
        desk.clock.forward(seconds=1)
    assert {ref: sorted(desk.kinds(ref)) for ref in refs} == {ref: ["note", "update"] for ref in refs}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_second_worker_on_the_same_ticket_finds_the_work_done(desk: Desk) -> None:
    """The first one is slow, loses its lease, and writes after all; the second verifies."""
    ref = planned(desk)
    [effect] = desk.store.outbox.claim(now=desk.clock(), lease=timedelta(seconds=30), limit=1)
    row = desk.store.outbox.start(effect, now=desk.clock(), owner="first", lease=timedelta(seconds=12))
    assert row is not None
    desk.run.helpdesk("acme").update_ticket(UpdateTicket.from_payload(row.payload), key=row.key, verify=row.verify)
    assert desk.work() == 0
    desk.clock.forward(seconds=13)
    desk.work()
    desk.clock.forward(seconds=13)  # where nothing refuses a late landing, it is waited for
    desk.work()
    assert sorted(desk.kinds(ref)) == ["note", "update"]
    assert desk.states() == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_automation_that_answers_every_change_of_ours_is_no_loop(desk: Desk) -> None:
    """It takes our tags off and says so, each time we write: at most five effects."""
    ref = planned(desk)
    for number in range(12):
        desk.work()
        desk.control("POST", f"tickets/{ref}", {"tags": [], "comment": f"Automatic answer {number}", "public": False})
        desk.event(ref, f"answer {number}", EventKind.TICKET_UPDATED)
        desk.event(ref, f"said {number}", EventKind.COMMENT_ADDED)
        desk.clock.forward(minutes=2)
    desk.work()
    actor = str(desk.store.tenants.connection("acme").actor_id)
    ours = [each["kind"] for each in desk.effects(ref) if str(each["actor_id"]) == actor]
    assert ours.count("update") <= MOST_EFFECTS
    assert ours.count("note") <= MOST_EFFECTS
    assert desk.states() == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_job_that_lost_its_lease_leaves_the_row_to_its_successor(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """Both ways out of a job: neither writes over the other's work, and neither raises."""
    ref = planned(desk)
    desk.sweeper.turn()
    [(job, row_id, token)] = desk.queue.waiting
    desk.queue.waiting.clear()
    update = UpdateTicket.from_payload(desk.store.deliveries.show("out-1")["payload"])
    helpdesk = desk.run.helpdesk("acme")

    class Slow:
        def update_ticket(self, change: UpdateTicket, *, key: str, verify: bool) -> Receipt:
            desk.clock.forward(seconds=13)
            [taken] = desk.store.outbox.claim(now=desk.clock(), lease=timedelta(seconds=30), limit=1)
            row = desk.store.outbox.start(taken, now=desk.clock(), owner="b", lease=timedelta(seconds=12))
            assert row is not None
            receipt = helpdesk.update_ticket(update, key=key, verify=True)
            desk.store.outbox.done(row, now=desk.clock(), status=200, evidence="the successor's")
            if fails:
                raise OutcomeUnknown("no answer")
            return receipt

    monkeypatch.setattr(Runtime, "helpdesk", lambda *_, **__: Slow())
    OwnThreads.find(job)(row_id, token)
    assert desk.store.deliveries.show("out-1")["evidence"] == "the successor's"
    assert sorted(desk.kinds(ref)) == ["note", "update"]


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_the_timetable_goes_on_when_the_clock_jumps(desk: Desk, seconds: int) -> None:
    desk.sweeper.turn()
    desk.clock.forward(seconds=seconds)
    desk.sweeper.turn()
    assert desk.sweeper.timetable_at == desk.clock() + timedelta(seconds=1)
