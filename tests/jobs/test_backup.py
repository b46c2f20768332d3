"""The clock's copies, and what happens after a restore: what was missed is found, and nothing is done twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from app.bootstrap import Deps
from connectors.registry import VENDORS
from connectors.store import Store
from connectors.store.backups import back_up, folder_of, name_at, restore, taken_at
from connectors.store.outbox import CREATE_TICKET
from jobs.backup import Backups
from jobs.own_threads import OwnThreads
from jobs.runtime import Runtime
from tests.jobs.conftest import Desk
from triage.actions import CreateTicket

pytestmark = pytest.mark.sqlite_only
INVOICE = ("Invoice", "Please send the October invoice as PDF again.")


def file_of(store: Store) -> Path:
    assert store.database.file is not None
    return store.database.file


def step(desk: Desk) -> None:
    """One sweep, and the jobs it handed out."""
    desk.sweeper.turn()
    jobs, desk.queue.waiting = desk.queue.waiting, []
    for job, row_id, token in jobs:
        OwnThreads.find(job)(row_id, token)


def check(desk: Desk) -> None:
    assert desk.store.schedule.run_due("acme", "reconcile", timedelta(0), now=desk.clock())
    desk.work()


def create(desk: Desk) -> None:
    draft = CreateTicket(
        requester_email="nadja@nordlicht.example", requester_name="Nadja", subject="From a guide", body=INVOICE[1]
    )
    with desk.store.database.write() as transaction:
        assert desk.store.outbox.add_in(
            transaction,
            tenant="acme",
            kind=CREATE_TICKET,
            ticket_ref=None,
            cause="guide:1",
            payload=draft.to_payload(),
            summary="New ticket",
            now=desk.clock(),
        )


@pytest.mark.parametrize("vendor", VENDORS)
def test_after_a_restore_what_was_done_since_is_found_and_not_done_twice(desk: Desk) -> None:
    desk.clock.at = datetime.now(UTC)
    desk.sweeper.timetable = ()
    check(desk)
    done, planned = desk.ticket(*INVOICE), desk.ticket(*INVOICE)
    desk.event(done, done)
    desk.work()
    desk.event(planned, planned)
    step(desk)
    assert [state for _, state in desk.states()] == ["pending"]
    create(desk)
    file = file_of(desk.store)
    copy = back_up(file, folder_of(file) / name_at(desk.clock()))
    since = desk.ticket(*INVOICE)
    desk.event(since, since)
    desk.work()
    expected = desk.control("GET", "effects")["effects"]
    assert {ref: sorted(desk.kinds(ref)) for ref in (done, planned, since)} == {
        ref: ["note", "update"] for ref in (done, planned, since)
    }
    desk.store.database.close()
    restore(copy, file, now=desk.clock())
    unseen = desk.ticket(*INVOICE)
    desk.clock.at = datetime.now(UTC) + timedelta(minutes=5)
    check(desk)
    for _ in range(10):
        desk.clock.forward(seconds=30)
        desk.work()
    assert desk.states() == []
    assert desk.store.decisions.latest("acme", since) is not None
    log = desk.control("GET", "effects")["effects"]
    assert log[: len(expected)] == expected
    added = [(str(entry["ticket_id"]), entry["kind"]) for entry in log[len(expected) :]]
    # Nobody told of the ticket that we created for a customer; the look back finds it, once.
    [ours] = {str(entry["ticket_id"]) for entry in expected} - {done, planned, since}
    triaged = [(ours, "note"), (ours, "update"), (unseen, "note"), (unseen, "update")]
    assert sorted(added) == sorted([*triaged, (unseen, "create")])


def backups(store: Store, deps: Deps, every_s: float = 3600) -> Backups:
    return Backups(Runtime(Deps(replace(deps.settings, backup_s=every_s), store, deps.now)))


def test_the_clock_makes_one_an_hour_whichever_leads(desk: Desk) -> None:
    folder = folder_of(file_of(desk.store))
    first = backups(desk.store, desk.run.deps)
    for _ in range(2 * 60 + 30):
        first.tend(desk.clock())
        first.wait()
        desk.clock.forward(minutes=1)
    another = backups(desk.store, desk.run.deps)
    another.tend(desk.clock())
    another.wait()
    made = sorted(at for at in map(taken_at, folder.iterdir()) if at)
    assert len(made) == 3
    assert [later - earlier for earlier, later in pairwise(made)] == [timedelta(hours=1)] * 2


def test_a_clock_that_went_back_goes_on_making_them(desk: Desk) -> None:
    folder = folder_of(file_of(desk.store))
    clock = backups(desk.store, desk.run.deps)
    for hours in (0, -5, 1):
        desk.clock.forward(hours=hours)
        clock.tend(desk.clock())
        clock.wait()
    assert len(list(folder.iterdir())) == 3


def test_one_that_fails_stops_nothing_and_is_tried_again(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    folder = folder_of(file_of(desk.store))
    folder.write_text("in the way")
    clock = backups(desk.store, desk.run.deps)
    clock.tend(desk.clock())
    clock.wait()
    assert "no backup was made" in caplog.text
    folder.unlink()
    clock.tend(desk.clock.forward(minutes=1))
    clock.wait()
    assert len(list(folder.iterdir())) == 1


def test_none_is_made_where_it_is_switched_off(desk: Desk) -> None:
    clock = backups(desk.store, desk.run.deps, every_s=0)
    clock.tend(desk.clock())
    assert clock.thread is None


def test_the_sweep_does_not_wait_for_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.sweeper.backups = backups(desk.store, desk.run.deps)
    begun, go_on = Event(), Event()

    def slow(*_: object) -> None:
        begun.set()
        go_on.wait(60)

    monkeypatch.setattr("jobs.backup.back_up", slow)
    ref = desk.ticket(*INVOICE)
    desk.event(ref, ref)
    desk.work()
    assert sorted(desk.kinds(ref)) == ["note", "update"]
    assert begun.wait(30)
    assert desk.sweeper.backups.thread is not None
    assert desk.sweeper.backups.thread.is_alive()
    go_on.set()
    desk.sweeper.backups.wait()
