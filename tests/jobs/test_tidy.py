"""The janitor: old markers go, nothing else does, and nobody takes it for anything but our own tidying."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from connectors.marks import marker_tag
from connectors.registry import VENDORS
from connectors.store.clockwork import LAST
from connectors.store.markers import KEPT, SAVED_UP
from connectors.store.outbox import UPDATE_TICKET
from connectors.store.schema import EPOCH, inbox, outbox
from connectors.store.tenants import SHADOW
from jobs.own_threads import OwnThreads
from jobs.schedule import timetable
from tests.jobs.conftest import Desk
from triage.actions import UpdateTicket
from triage.events import EventKind

pytestmark = pytest.mark.parametrize("vendor", VENDORS)
INVOICE = ("Invoice", "Please send the October invoice as PDF again.")
OLD = KEPT + SAVED_UP + timedelta(hours=1)


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """At the simulated helpdesk's time; only the janitor is on the timetable."""
    desk.clock.at = datetime.now(UTC)
    settings = desk.run.deps.settings
    desk.sweeper.timetable = tuple(each for each in timetable(settings) if each.name == "tidy")
    return desk


def triaged(desk: Desk, count: int = 1, *, ago: timedelta = OLD) -> list[str]:
    """Tickets that got their one update, so long ago; the times on the tickets are the helpdesk's."""
    refs = [desk.ticket(*INVOICE) for _ in range(count)]
    for ref in refs:
        desk.event(ref, f"new {ref}")
    desk.work()
    assert {ref: len(marks(desk, ref)) for ref in refs} == dict.fromkeys(refs, 1)
    with desk.store.database.write() as connection:
        for row in rows(desk):
            if row["ticket_ref"] in refs:
                times = {name: row[name] - ago for name in ("created_at", "first_attempt_at", "done_at")}
                connection.execute(update(outbox).where(outbox.c.id == row["id"]).values(times))
        came = update(inbox).where(inbox.c.ticket_ref.in_(refs))
        connection.execute(came.values(received_at=desk.clock() - ago))
    desk.sweeper.timetable_at = None
    return refs


def rows(desk: Desk) -> list[dict[str, Any]]:
    with desk.store.database.read() as connection:
        return [dict(row._mapping) for row in connection.execute(select(outbox).order_by(outbox.c.id))]


def events(desk: Desk) -> list[dict[str, Any]]:
    with desk.store.database.read() as connection:
        return [dict(row._mapping) for row in connection.execute(select(inbox).order_by(inbox.c.id))]


def tags(desk: Desk, ref: str) -> set[str]:
    return set(desk.helpdesk.simulator.state.ticket(int(ref)).tags)


def marks(desk: Desk, ref: str) -> set[str]:
    return {tag for tag in tags(desk, ref) if tag.startswith("hx_")}


def tidied(desk: Desk) -> list[bool]:
    return [row["tidied_at"] is not None for row in rows(desk)]


def runs(desk: Desk) -> list[str]:
    return [row["state"] for row in events(desk) if row["kind"] == "tidy"]


def test_a_marker_is_taken_off_after_a_week_and_the_other_tags_stay(desk: Desk) -> None:
    [ref] = triaged(desk)
    desk.control("POST", f"tickets/{ref}", {"add_tags": ["vip"]})
    before, effects = tags(desk, ref), len(desk.effects(ref))
    desk.work()
    assert before - tags(desk, ref) == {marker_tag(rows(desk)[0]["key"])}
    assert tags(desk, ref) <= before
    assert "vip" in tags(desk, ref)
    assert tidied(desk) == [True]
    assert desk.kinds(ref)[effects:] == ["update"]
    assert runs(desk) == ["done"]


def test_it_waits_a_week_and_then_until_a_day_is_saved_up(desk: Desk) -> None:
    [young] = triaged(desk, ago=KEPT - timedelta(hours=1))
    [due] = triaged(desk, ago=KEPT + timedelta(hours=1))
    desk.work()
    assert runs(desk) == []
    triaged(desk)
    desk.work()
    assert (len(marks(desk, young)), len(marks(desk, due))) == (1, 0)
    desk.clock.forward(days=1, minutes=30)
    desk.work()
    assert len(marks(desk, young)) == 1
    desk.clock.forward(hours=1)
    desk.work()
    assert marks(desk, young) == set()


def test_what_is_gone_closed_or_deleted_is_not_looked_at_again(desk: Desk) -> None:
    by_hand, closed, deleted = triaged(desk, 3)
    state = desk.helpdesk.simulator.state
    state.tickets[int(by_hand)] = replace(state.ticket(int(by_hand)), tags=())
    state.tickets[int(closed)] = replace(state.ticket(int(closed)), status="closed")
    del state.tickets[int(deleted)]
    before = len(state.effects)
    desk.work()
    assert tidied(desk) == [True] * 3
    assert len(state.effects) == before
    desk.clock.forward(hours=1)
    desk.work()
    assert runs(desk) == ["done"]


def test_in_shadow_mode_nothing_is_written(desk: Desk) -> None:
    [ref] = triaged(desk)
    desk.store.tenants.set_mode("acme", SHADOW)
    desk.work()
    assert desk.store.schedule.run_due("acme", "tidy", timedelta(0), now=desk.clock())
    desk.work()
    assert len(marks(desk, ref)) == 1
    assert tidied(desk) == [False]


def test_a_ticket_with_an_effect_under_way_is_left_for_later(desk: Desk) -> None:
    """Two writers of one ticket's tags could undo each other where the helpdesk checks no version."""
    busy, free = triaged(desk, 2)
    plan(desk, busy, "later")
    with desk.store.database.write() as connection:
        waits = desk.clock() + timedelta(minutes=2)
        connection.execute(update(outbox).where(outbox.c.state == "pending").values(next_at=waits))
    desk.work()
    assert (len(marks(desk, busy)), len(marks(desk, free))) == (1, 0)
    desk.clock.forward(minutes=6)
    desk.work()
    left = next(row for row in rows(desk) if row["state"] == "done" and row["tidied_at"] is None)
    assert marks(desk, busy) == {marker_tag(left["key"])}


def test_no_effect_is_handed_out_while_its_ticket_is_tidied(desk: Desk) -> None:
    [ref] = triaged(desk)
    lease = timedelta(seconds=30)
    marked = desk.store.markers.begin("acme", now=desk.clock(), lease=lease, limit=10)
    plan(desk, ref, "meanwhile")
    claim = {"lease": lease, "limit": 10}
    assert desk.store.outbox.claim(now=desk.clock(), **claim) == []
    desk.store.markers.end(marked, now=desk.clock(), off={ref}, unsure=())
    assert len(desk.store.outbox.claim(now=desk.clock(), **claim)) == 1


def test_it_stops_when_the_budget_is_used_up_and_goes_on_later(desk: Desk) -> None:
    refs = triaged(desk, 8)
    desk.store.installations.set("acme", limits={"requests": 20, "updates": 10})
    for _ in range(40):
        desk.work()
        if all(tidied(desk)):
            break
        desk.clock.forward(minutes=5)
    assert {ref for ref in refs if marks(desk, ref)} == set()
    assert all(tidied(desk))
    assert set(runs(desk)) == {"done"}


@pytest.mark.parametrize("fault", ["error_5xx_next", "drop_next", "rate_429_next"])
def test_a_fault_only_delays_it(desk: Desk, fault: str) -> None:
    refs = triaged(desk, 3)
    desk.control("POST", "knobs", {"faults_on": "writes", fault: 1})
    desk.work()
    desk.clock.forward(minutes=1)
    desk.work()
    desk.clock.forward(minutes=6)
    desk.work()
    assert {ref: len(marks(desk, ref)) for ref in refs} == dict.fromkeys(refs, 0)
    assert all(tidied(desk))


def test_a_process_killed_after_the_helpdesk_took_it_leaves_no_doubt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    [ref] = triaged(desk)
    with monkeypatch.context() as patched:
        patched.setattr("jobs.tidy.crash_point", die)
        with pytest.raises(Killed):
            desk.work()
    assert marks(desk, ref) == set()
    assert tidied(desk) == [False]
    check(desk)
    written = len(desk.effects(ref))
    desk.clock.forward(seconds=20)
    desk.queue.waiting.clear()
    desk.work()
    assert tidied(desk) == [True]
    assert len(desk.effects(ref)) == written
    check(desk)
    assert missed(desk) == 0


def test_our_tidying_is_no_missed_change_and_a_later_one_is(desk: Desk) -> None:
    refs = triaged(desk, 2)
    before = missed(desk)
    desk.clock.at = datetime.now(UTC)
    desk.work()
    assert all(tidied(desk))
    check(desk)
    assert missed(desk) == before
    with desk.store.database.write() as connection:
        ago = {"tidying_at": desk.clock() - timedelta(minutes=2), "tidied_at": desk.clock() - timedelta(minutes=1)}
        connection.execute(update(outbox).where(outbox.c.ticket_ref == refs[0]).values(ago))
    second = datetime.now(UTC).replace(microsecond=0)
    while datetime.now(UTC).replace(microsecond=0) == second:
        time.sleep(0.01)  # the helpdesk's times, and so the export's cursor, have whole seconds
    desk.control("POST", f"tickets/{refs[0]}", {"add_tags": ["vip"]})
    desk.clock.at = datetime.now(UTC)
    check(desk)
    assert missed(desk) == before + 1


def test_its_echo_is_ignored_and_it_brings_no_ticket_nearer_to_the_brake(desk: Desk) -> None:
    [ref] = triaged(desk)
    before = desk.store.outbox.automatic_since("acme", ref, EPOCH)
    desk.work()
    assert desk.store.outbox.automatic_since("acme", ref, EPOCH) == before
    us = desk.store.tenants.connection("acme").actor_id
    desk.event(ref, "echo", EventKind.TICKET_UPDATED, actor=us)
    desk.work()
    [echo] = [row for row in events(desk) if row["dedup_key"] == "echo"]
    assert (echo["state"], echo["error"]) == ("ignored", "Our own change coming back.")


def test_it_never_goes_before_other_work(desk: Desk) -> None:
    """A timed job that missed its time goes first; this one waited on purpose."""
    triaged(desk)
    desk.work()
    desk.clock.forward(days=2)
    triaged(desk)
    desk.sweeper.start_timed(desk.clock())
    assert [row["rank"] for row in events(desk) if row["kind"] == "tidy"] == [LAST, LAST]


def die(point: str) -> None:
    raise Killed(point)


def plan(desk: Desk, ref: str, cause: str) -> None:
    with desk.store.database.write() as transaction:
        desk.store.outbox.add_in(
            transaction,
            tenant="acme",
            kind=UPDATE_TICKET,
            ticket_ref=ref,
            cause=cause,
            payload=UpdateTicket(ticket_ref=ref, add_tags=("late",)).to_payload(),
            summary="Tags",
            now=desk.clock(),
        )


def check(desk: Desk) -> None:
    """Reconcile, alone: whatever the janitor has waiting stays there."""
    assert desk.store.schedule.run_due("acme", "reconcile", timedelta(0), now=desk.clock(), rank=0)
    desk.sweeper.turn()
    jobs, desk.queue.waiting = desk.queue.waiting, []
    for job, row_id, token in jobs:
        OwnThreads.find(job)(row_id, token)


def missed(desk: Desk) -> int:
    """Changes of triaged tickets that reconciliation took for lost events."""
    ours = {row["ticket_ref"] for row in rows(desk)}
    return len([row for row in events(desk) if row["source"] == "reconcile" and row["ticket_ref"] in ours])
