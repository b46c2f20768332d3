"""A ticket that a program sends in, through the real app, the real jobs and a simulated helpdesk over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import create_app
from app.intake_auth import signature
from connectors.registry import VENDORS
from connectors.store.tenants import SHADOW
from tests.jobs.conftest import Desk
from triage.events import EventKind

TICKET: dict[str, Any] = {
    "requester": {"email": "kim@harbour.example", "name": "Kim Berg"},
    "subject": "Invoice",
    "body": "Please send the October invoice as PDF again.\n\nThank you",
    "channel": "in_app",
    "product_area": "Billing",
    "version": "4.2.1",
    "environment": "production",
    "attachments": ["invoice.png"],
    "metadata": {"plan": "pro"},
}
AS_WRITTEN = """Please send the October invoice as PDF again.

Thank you

--
Channel: in_app
Product area: Billing
Version: 4.2.1
Environment: production
Attachments, not included: invoice.png
plan: pro"""
Ask = Callable[..., TestResponse]


@pytest.fixture
def web(desk: Desk) -> Flask:
    return create_app(desk.run.deps.settings, desk.run.deps)


@pytest.fixture
def ask(desk: Desk, web: Flask) -> Ask:
    """Send `TICKET`, changed, with this idempotency key; or look at a ticket by its id."""
    key = desk.store.api_keys.add("acme", "web app", now=desk.clock())

    def ask(idempotency_key: str = "", *, ticket_id: str = "", **changes: Any) -> TestResponse:
        path = f"/api/tickets/{ticket_id}"
        body = b"" if ticket_id else json.dumps(TICKET | changes).encode()
        stamp = str(int(desk.clock().timestamp()))
        headers = {
            "X-Deskhand-Key": key.id,
            "X-Deskhand-Timestamp": stamp,
            "X-Deskhand-Signature": signature(key.secret, stamp, path.encode() if ticket_id else body),
        }
        client = web.test_client()
        if ticket_id:
            return client.get(path, headers=headers)
        headers |= {"Idempotency-Key": idempotency_key, "Content-Type": "application/json"}
        return client.post("/api/tickets", data=body, headers=headers)

    return ask


def created(desk: Desk) -> list[str]:
    """Tickets that we made, in the helpdesk's own log."""
    ours = desk.store.tenants.connection("acme").actor_id
    log = desk.control("GET", "effects")["effects"]
    return [str(each["ticket_id"]) for each in log if each["kind"] == "create" and str(each["actor_id"]) == ours]


def until_ended(desk: Desk) -> None:
    for _ in range(20):
        desk.work()
        if not desk.states():
            return
        desk.clock.forward(minutes=1)
    raise AssertionError(desk.states())


@pytest.mark.parametrize("vendor", VENDORS)
def test_five_at_once_and_again_are_one_ticket_in_the_helpdesk(desk: Desk, ask: Ask) -> None:
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(ask, ["form 7"] * 5))
    desk.work()
    again = ask("form 7")
    desk.work()
    [ref] = created(desk)
    assert {answer.status_code for answer in (*answers, again)} == {202}
    [ticket_id] = {answer.get_json()["id"] for answer in (*answers, again)}
    for told in (again.get_json(), ask(ticket_id=ticket_id).get_json()):
        assert (told["state"], told["helpdesk"]) == ("created", {"ref": ref})
    helpdesk = desk.run.helpdesk("acme")
    ticket = helpdesk.ticket(ref)
    assert (ticket.subject, ticket.description) == ("Invoice", AS_WRITTEN)
    assert "deskhand_in_app" in ticket.tags
    requester = helpdesk.requester(str(ticket.requester_id))
    assert (requester.name, requester.email) == ("Kim Berg", "kim@harbour.example")


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("fault", ["drop_next", "truncate_next", "lost_5xx_next", "late_reset_next"])
def test_a_lost_answer_makes_no_second_ticket(desk: Desk, ask: Ask, fault: str) -> None:
    desk.control("POST", "knobs", {"faults_on": "writes", fault: 1})
    ticket_id = ask("form 7").get_json()["id"]
    desk.work()
    assert ask("form 7").get_json()["state"] == "accepted"
    until_ended(desk)
    assert len(created(desk)) == 1
    assert ask(ticket_id=ticket_id).get_json()["helpdesk"] == {"ref": created(desk)[0]}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_helpdesk_that_is_away_gets_it_when_it_is_back(desk: Desk, ask: Ask) -> None:
    desk.control("POST", "knobs", {"error_5xx_share": 1.0})
    ticket_id = ask("form 7").get_json()["id"]
    for _ in range(5):
        desk.work()
        desk.clock.forward(minutes=10)
    assert (created(desk), ask(ticket_id=ticket_id).get_json()["state"]) == ([], "accepted")
    desk.control("POST", "knobs", {"error_5xx_share": 0})
    until_ended(desk)
    assert len(created(desk)) == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_it_is_triaged_like_any_other(desk: Desk, ask: Ask) -> None:
    """Although the event tells that the integration's own user made it."""
    ask("form 7")
    desk.work()
    [ref] = created(desk)
    actor = desk.store.tenants.connection("acme").actor_id
    desk.event(ref, "created", EventKind.TICKET_CREATED, actor=actor)
    desk.work()
    assert sorted(desk.kinds(ref)) == ["note", "update"]
    desk.event(ref, "our own change", EventKind.TICKET_UPDATED, actor=actor)
    desk.work()
    assert sorted(desk.kinds(ref)) == ["note", "update"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_one_of_which_no_webhook_tells_is_found_by_the_regular_check(desk: Desk, ask: Ask) -> None:
    # Stamps are the helpdesk's, whose clock is the machine's.
    desk.clock.at = desk.helpdesk.simulator.state.now()
    desk.work()
    ask("form 7")
    desk.work()
    [ref] = created(desk)
    assert desk.kinds(ref) == []
    desk.clock.forward(minutes=2)
    assert desk.store.schedule.run_due("acme", "reconcile", timedelta(0), now=desk.clock())
    desk.work()
    assert sorted(desk.kinds(ref)) == ["note", "update"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_in_shadow_mode_a_customers_ticket_arrives_and_nothing_else_is_written(desk: Desk, ask: Ask) -> None:
    waiting = ask("before").get_json()["id"]
    desk.store.tenants.set_mode("acme", SHADOW)
    ask("after")
    desk.work()
    refs = created(desk)
    assert len(refs) == 2
    assert ask(ticket_id=waiting).get_json()["helpdesk"] == {"ref": refs[0]}
    for ref in refs:
        desk.event(ref, ref)
    desk.work()
    assert [desk.kinds(ref) for ref in refs] == [[], []]
    assert all(desk.store.decisions.latest("acme", ref) for ref in refs)


@pytest.mark.parametrize("vendor", VENDORS)
def test_html_arrives_as_text_and_what_is_lost_is_said(desk: Desk, ask: Ask) -> None:
    html = '<p>It stops at <a href="https://app.example/x">this page</a>.</p><pre>line 1\n  line 2</pre>'
    told = ask("form 7", body=html, body_format="html").get_json()
    assert [note.split(":")[0] for note in told["notes"]] == ["body", "attachments"]
    desk.work()
    [ref] = created(desk)
    assert desk.run.helpdesk("acme").ticket(ref).description.startswith("It stops at this page.\n\nline 1\nline 2")


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_very_long_body_is_cut_where_the_agent_can_see_it(desk: Desk, ask: Ask) -> None:
    told = ask("form 7", body="ü" * 100_000, attachments=[]).get_json()
    assert ["cut" in note for note in told["notes"]] == [True]
    desk.work()
    [ref] = created(desk)
    text = desk.run.helpdesk("acme").ticket(ref).description
    assert 59_000 < len(text.encode()) <= 60_000
    assert "[Cut here" in text
    assert text.endswith("plan: pro")
