"""Timers that are due: whoever is to be told is told once, by each way, in the right order."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.sla.acknowledging import acknowledge
from connectors.store.outbox import PAGE, POST_CHAT, SEND_MAIL, effect_key
from connectors.store.schema import outbox, timer
from connectors.store.tenants import LIVE, SHADOW
from jobs import escalate
from tests.jobs.conftest import Desk
from tests.jobs.test_watch import RULES, arrive, change, tags
from triage.escalation.messages import page_cause
from triage.events import EventKind
from triage.sla.log import Told

PEOPLE = {
    "ana": {"name": "Ana", "email": "ana@desk.example", "chat": "ana"},
    "ben": {"name": "Ben", "email": "ben@desk.example"},
    "duty": {"name": "Duty", "email": "duty@desk.example"},
}
LADDER = [
    {"to": ["person:ana"], "by": ["chat", "page"], "wait": "5 min"},
    {"to": ["person:ben"], "by": ["mail"], "wait": "10 min"},
    {"to": ["person:duty"], "by": ["page", "mail"], "wait": "10 min"},
]
ESCALATION = {
    "people": PEOPLE,
    "ladders": {"down": {"levels": LADDER}, "late": {"levels": LADDER[1:]}},
    "responses": {
        "P1": {"ladder": "down", "at_once": True, "reminders": [50, 75]},
        **{name: {"ladder": "late", "reminders": [50, 75]} for name in ("P2", "P3", "P4")},
    },
    "remind": {"to": ["person:ana"], "by": ["chat"]},
}


@pytest.fixture
def told(desk: Desk) -> Desk:
    desk.helpdesk.simulator.state.now = desk.clock
    body = RULES | {"escalation": ESCALATION}
    desk.store.config.save("acme", "sla", body, by="test", why="test", now=desk.clock())
    return desk


def said(desk: Desk) -> list[tuple[str, str]]:
    """Kind and addressee or summary of every message, in the order of planning."""
    query = select(outbox).where(outbox.c.kind.in_((SEND_MAIL, PAGE, POST_CHAT))).order_by(outbox.c.id)
    with desk.store.database.read() as connection:
        rows = connection.execute(query).all()
    found = []
    for row in rows:
        assert row.ticket_ref is None
        payload: dict[str, Any] = row.payload
        found.append((row.kind, payload.get("to") or payload.get("channel") or payload.get("action", "")))
    return found


def told_keys(desk: Desk, ref: str) -> list[str]:
    return [each.key for each in desk.store.ticket_log.read("acme", ref) if isinstance(each, Told)]


def urgent(desk: Desk, key: str = "first") -> str:
    """A ticket that somebody made a P1."""
    ref = arrive(desk, key)
    desk.clock.forward(seconds=5)
    change(desk, ref, f"urgent {key}", priority="urgent")
    return ref


def sweep(desk: Desk, **forward: float) -> None:
    desk.clock.forward(**forward)
    desk.work()


def test_a_ladder_climbs_until_somebody_has_it(told: Desk) -> None:
    ref = urgent(told)
    sweep(told, seconds=1)
    assert sorted(said(told)) == [(PAGE, "trigger"), (POST_CHAT, "ana")]
    assert "deskhand_esc_1" in tags(told, ref)
    sweep(told, minutes=4, seconds=50)
    assert len(said(told)) == 2
    sweep(told, seconds=10)
    assert said(told)[2:] == [(SEND_MAIL, "ben@desk.example")]
    assert "deskhand_esc_2" in tags(told, ref)
    assert "deskhand_esc_1" not in tags(told, ref)
    acknowledge(told.run.deps, "acme", ref, by="Ben", way="mail", now=told.clock())
    sweep(told, seconds=1)
    assert said(told)[3:] == [(PAGE, "acknowledge")]
    sweep(told, minutes=9)
    # Nobody further is told but whoever gets reminders: the clock is not late yet.
    assert said(told)[4:] == [(POST_CHAT, "ana")]
    change(told, ref, "solved", status="solved", comment="Done.", public=True)
    sweep(told, seconds=1)
    assert said(told).count((PAGE, "resolve")) == said(told).count((PAGE, "trigger")) == 1


def test_the_pages_end_names_the_page(told: Desk) -> None:
    ref = urgent(told)
    sweep(told, seconds=1)
    change(told, ref, "answered", comment="On it.", public=True)
    with told.store.database.read() as connection:
        pages = connection.execute(select(outbox).where(outbox.c.kind == PAGE).order_by(outbox.c.id)).all()
    trigger, resolve = pages
    (key,) = told_keys(told, ref)
    assert trigger.key == resolve.payload["incident"] == effect_key("acme", PAGE, "", page_cause(ref, key))


def test_a_page_about_a_ticket_that_was_deleted_ends(told: Desk) -> None:
    ref = urgent(told)
    sweep(told, seconds=1)
    told.control("DELETE", f"tickets/{ref}")
    told.event(ref, "gone", EventKind.TICKET_DELETED)
    told.work()
    sweep(told, seconds=1)
    assert said(told)[-1] == (PAGE, "resolve")
    assert told.store.timers.due(told.clock() + timedelta(days=9)) == set()


def test_reminders_come_once_and_what_was_missed_is_merged(told: Desk) -> None:
    ref = arrive(told)
    sweep(told, minutes=9, seconds=59)
    assert said(told) == []
    sweep(told, seconds=1)
    assert said(told) == [(POST_CHAT, "ana")]
    # Everything stood still: of the reminders that were missed none is left to say, for it is late by now.
    sweep(told, hours=1)
    assert sorted(said(told)[1:]) == [
        (PAGE, "trigger"),
        (SEND_MAIL, "ben@desk.example"),
        (SEND_MAIL, "duty@desk.example"),
    ]
    assert len(told_keys(told, ref)) == 3
    sweep(told, seconds=5)
    assert len(said(told)) == 4


def test_many_that_are_due_at_once_are_one_message_to_each(told: Desk) -> None:
    refs = [arrive(told, f"number {number}") for number in range(5)]
    sweep(told, minutes=10)
    assert said(told) == [(POST_CHAT, "ana")]
    assert all(len(told_keys(told, ref)) == 1 for ref in refs)


def test_batches_follow_one_another_in_one_run(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalate, "BATCH", 2)
    refs = [arrive(told, f"number {number}") for number in range(5)]
    sweep(told, minutes=10)
    assert all(len(told_keys(told, ref)) == 1 for ref in refs)
    assert told.store.timers.due(told.clock()) == set()


def test_a_step_is_taken_once_however_many_work_on_it(told: Desk) -> None:
    """Two workers take the same timers at the same moment; one transaction finds them moved."""
    ref = arrive(told)
    told.clock.forward(minutes=10)
    run, tenant = told.run, told.store.tenants.summary("acme")
    rules = escalate.rules_for(told.store, "acme")
    taken = told.store.timers.take("acme", told.clock(), 99)
    begin = threading.Barrier(2)

    def work() -> None:
        begin.wait(10)
        assert escalate.batch(
            run, tenant, rules, taken, told.clock.at + timedelta(milliseconds=threading.get_ident() % 9)
        )

    threads = [threading.Thread(target=work) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert len(said(told)) == len(told_keys(told, ref)) == 1


def test_what_changed_while_a_batch_was_read_is_looked_at_again(told: Desk) -> None:
    ref = arrive(told)
    told.clock.forward(minutes=10)
    taken = told.store.timers.take("acme", told.clock(), 99)
    told.sweeper.timetable = ()
    change(told, ref, "solved", status="solved", comment="Done.", public=True)
    rules = escalate.rules_for(told.store, "acme")
    escalate.batch(told.run, told.store.tenants.summary("acme"), rules, taken, told.clock())
    assert said(told) == []
    assert told_keys(told, ref) == []


def test_in_shadow_nothing_is_told_and_going_live_tells_what_still_matters(told: Desk) -> None:
    ref = urgent(told)
    told.store.tenants.set_mode("acme", SHADOW)
    before = len(said(told))
    sweep(told, hours=2)
    assert len(said(told)) == before
    taken = told.store.timers.take("acme", told.clock(), 9)
    tenant = told.store.tenants.summary("acme")
    assert not escalate.batch(told.run, tenant, escalate.rules_for(told.store, "acme"), taken, told.clock())
    known = set(told_keys(told, ref))
    told.store.tenants.set_mode("acme", LIVE)
    sweep(told, seconds=1)
    assert (SEND_MAIL, "duty@desk.example") in said(told)
    assert len(set(told_keys(told, ref)) - known) >= 2


def test_a_disconnected_tenant_is_left_alone(told: Desk) -> None:
    arrive(told)
    told.store.installations.set("acme", connected=False)
    sweep(told, hours=1)
    assert said(told) == []


def test_rules_that_cannot_be_read_are_told_once_and_timers_wait(told: Desk) -> None:
    ref = arrive(told)
    told.store.config.save("acme", "sla", {"policies": "none"}, by="test", why="test", now=told.clock())
    for _ in range(3):
        sweep(told, minutes=11)
        for _ in range(3):
            sweep(told, seconds=1)
    parked = [row for row in told.states() if row[1] == "parked"]
    assert len(parked) == 1, parked
    runs = [row for row in told.store.deliveries.newest(limit=999) if row.kind == "escalate"]
    assert len(runs) == 3
    body = RULES | {"escalation": ESCALATION}
    told.store.config.save("acme", "sla", body, by="test", why="mended", now=told.clock())
    sweep(told, seconds=1)
    assert (SEND_MAIL, "ben@desk.example") in said(told)
    assert told_keys(told, ref)


def test_people_are_told_while_the_helpdesk_refuses_to_be_asked(told: Desk) -> None:
    arrive(told)
    told.clock.forward(minutes=10)
    told.store.budgets.hold("acme", until=told.clock() + timedelta(hours=1))
    told.work()
    assert said(told) == [(POST_CHAT, "ana")]


def test_a_run_that_went_straight_leaves_no_row(told: Desk) -> None:
    arrive(told)
    sweep(told, minutes=10)
    assert said(told)
    assert [row for row in told.store.deliveries.newest(limit=999) if row.kind == "escalate"] == []


def test_other_rules_hold_for_tickets_that_wait(told: Desk) -> None:
    ref = arrive(told)
    short = [
        {
            "id": "all",
            "hours": "calendar",
            "targets": {name: {"first_reply": "2 min"} for name in ("P1", "P2", "P3", "P4")},
        }
    ]
    body = RULES | {"policies": short, "escalation": ESCALATION}
    told.clock.forward(minutes=3)
    told.store.config.save("acme", "sla", body, by="test", why="stricter", now=told.clock())
    sweep(told, seconds=1)
    assert said(told) == [(SEND_MAIL, "ben@desk.example")]
    assert "deskhand_sla_late" in tags(told, ref)


def test_a_ticket_without_a_timer_is_none_of_its_business(told: Desk) -> None:
    ref = arrive(told)
    change(told, ref, "solved", status="solved", comment="Done.", public=True)
    with told.store.database.read() as connection:
        assert connection.execute(select(timer)).all() == []
    told.event(ref, "again", EventKind.TICKET_UPDATED)
    sweep(told, hours=9)
    assert said(told) == []
