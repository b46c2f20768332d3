"""The regular check: what no webhook brought is found once, counted and said; our own writes are not news."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.installing import Finding, Health
from connectors.registry import VENDORS
from connectors.simulator.records import Draft, Origin
from connectors.store.filters import Filter
from connectors.store.schema import EPOCH
from connectors.store.schema import tenant as tenant_table
from connectors.store.tenants import SHADOW
from jobs.own_threads import OwnThreads
from jobs.reconcile import gaps
from tests.jobs.conftest import Desk
from triage.events import EventKind

INVOICE = ("Invoice", "Please send the October invoice as PDF again.")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """At the simulated helpdesk's time, which is the machine's, and connected a day ago."""
    desk.clock.at = datetime.now(UTC)
    with desk.store.database.write() as connection:
        connection.execute(tenant_table.update().values(created_at=datetime(2026, 1, 1, tzinfo=UTC)))
    desk.sweeper.timetable = ()
    check(desk)
    return desk


def check(desk: Desk) -> None:
    assert desk.store.schedule.run_due("acme", "reconcile", timedelta(0), now=desk.clock())
    desk.work()


def found(desk: Desk) -> Finding:
    [stored] = [each for each in desk.store.findings.all("acme") if each.finding.check == "gaps"]
    assert stored.checked_at == desk.clock()
    return stored.finding


def missed(desk: Desk) -> int:
    return desk.store.deliveries.missed("acme", since=EPOCH)


def test_a_missed_change_is_planned_and_said(desk: Desk) -> None:
    before = missed(desk)
    ref = desk.ticket(*INVOICE)
    desk.clock.at = datetime.now(UTC)
    check(desk)
    assert desk.kinds(ref) == ["update", "note"]
    assert missed(desk) == before + 1
    assert found(desk).health is Health.WARN
    desk.clock.forward(hours=2)
    check(desk)
    assert found(desk).health is Health.GOOD


def test_our_own_write_is_not_a_missed_change(desk: Desk) -> None:
    ref = desk.ticket(*INVOICE)
    desk.clock.at = datetime.now(UTC) - timedelta(minutes=1)
    desk.event(ref, "first")  # so long before our write that it does not cover it
    desk.clock.at = datetime.now(UTC)
    desk.work()
    assert desk.kinds(ref) == ["update", "note"]
    desk.clock.at = datetime.now(UTC)
    before = missed(desk)
    check(desk)
    assert missed(desk) == before


def test_what_changed_before_we_were_connected_was_not_missed(desk: Desk) -> None:
    ref = desk.ticket(*INVOICE)
    desk.clock.at = datetime.now(UTC)
    with desk.store.database.write() as connection:
        connection.execute(tenant_table.update().values(created_at=datetime(2027, 1, 1, tzinfo=UTC)))
    check(desk)
    assert desk.kinds(ref) == ["update", "note"]
    assert found(desk).health is Health.GOOD


@pytest.mark.parametrize(("count", "state"), [(0, "None lost"), (1, "1 missed by webhook"), (7, "7 missed by webhook")])
def test_the_finding_says_how_many(count: int, state: str) -> None:
    finding = gaps(count)
    assert (finding.check, finding.state) == ("gaps", state)
    assert (finding.health is Health.WARN) == (count > 0) == bool(finding.fix)
    assert ("1 change of" in finding.detail) == (count == 1)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_budget_that_ends_between_two_pages_only_makes_the_check_longer(desk: Desk) -> None:
    """A burst: more tickets changed in a few minutes than the budget lets us list at once."""
    desk.store.installations.set("acme", limits={"requests": 50, "tickets_list": 20, "exports": 10})
    refs = many(desk, 420)
    desk.store.tenants.set_mode("acme", SHADOW)
    desk.clock.at = datetime.now(UTC) + timedelta(seconds=5)
    assert desk.store.schedule.run_due("acme", "reconcile", timedelta(0), now=desk.clock())
    for _ in range(60):
        desk.sweeper.turn()
        jobs = [each for each in desk.queue.waiting if each[0] == "jobs.reconcile.reconcile"]
        desk.queue.waiting.clear()
        for job, row_id, token in jobs:
            OwnThreads.find(job)(row_id, token)
        if not waiting(desk):
            break
        desk.clock.forward(seconds=5)
    assert not waiting(desk)
    assert {row.ticket_ref for row in desk.store.deliveries.newest(Filter(direction="in"), limit=5000)} >= set(refs)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_ticket_that_changes_during_the_walk_hides_no_other(desk: Desk) -> None:
    refs = many(desk, 250)
    state = desk.helpdesk.simulator.state
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    for number, ref in enumerate(refs):
        at = start + timedelta(seconds=20 * number)
        state.tickets[int(ref)] = replace(state.tickets[int(ref)], updated_at=at)
    helpdesk = desk.run.helpdesk("acme")
    found: set[str] = set()
    for tickets, _ in helpdesk.tickets(cursor=None, updated_since=start):
        found |= {each.ref for each in tickets}
        if changing := [ref for ref in refs[:50] if ref in found][:3]:
            for ref in changing:
                desk.control("POST", f"tickets/{ref}", {"add_tags": [f"seen_{len(found)}"]})
    assert found >= set(refs)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_write_of_ours_whose_answer_was_lost_is_no_missed_change(desk: Desk) -> None:
    ref = desk.ticket(*INVOICE)
    desk.clock.at = datetime.now(UTC) - timedelta(minutes=1)
    desk.event(ref, "first")
    desk.clock.at = datetime.now(UTC)
    desk.control("POST", "knobs", {"faults_on": "writes", "drop_next": 1})
    desk.work()
    assert [state for _, state in desk.states()] == ["unknown"]
    before = missed(desk)
    check(desk)
    assert missed(desk) == before
    desk.clock.forward(minutes=1)
    desk.work()
    check(desk)
    assert missed(desk) == before
    assert sorted(desk.kinds(ref)) == ["note", "update"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_webhooks_that_come_after_the_check_change_nothing(desk: Desk) -> None:
    refs = many(desk, 40)
    desk.clock.at = datetime.now(UTC)
    check(desk)
    for copy in ("late", "later"):
        for ref in refs:
            desk.event(ref, f"{copy} {ref}", EventKind.TICKET_CREATED if copy == "late" else EventKind.TICKET_UPDATED)
    desk.clock.forward(minutes=5)
    desk.work()
    check(desk)
    assert {ref: sorted(desk.kinds(ref)) for ref in refs} == {ref: ["note", "update"] for ref in refs}
    assert desk.states() == []


def many(desk: Desk, count: int) -> list[str]:
    """Tickets made without the wire: it takes no part in these tests."""
    state = desk.helpdesk.simulator.state
    person = next(user for user in state.users.values() if not user.is_staff)
    texts = (Draft(requester_id=person.id, subject=f"Invoice {number}", body=INVOICE[1]) for number in range(count))
    return [str(state.create_ticket(text, Origin(actor_id=person.id, channel="mail"))[0].id) for text in texts]


def waiting(desk: Desk) -> bool:
    rows = desk.store.deliveries.newest(Filter(direction="in"), limit=5000)
    return any(row.what == "Check for missed events" and row.state in ("new", "planning") for row in rows)
