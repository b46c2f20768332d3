"""The connector against the simulated Freshdesk over HTTP: verbs out, webhooks of rules and of the app back in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors import errors
from connectors.base import Connection, Helpdesk, WebhookRequest
from connectors.registry import vendor
from connectors.simulator.records import Draft, Origin
from connectors.simulator.server import Running
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket
from triage.articles import Audience
from triage.events import EventKind, TicketEvent
from triage.tickets import Priority, Status

SECRET = "a-shared-secret-of-32-characters"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DRAFT = CreateTicket(requester_email="kim@fieldline.example", requester_name="Kim", subject="Help", body="It <broke>")


@dataclass
class Inbox:
    """What arrived at our address, as the web process would hand it on."""

    url: str = ""
    requests: list[WebhookRequest] = field(default_factory=list)

    def events(self, count: int) -> list[TicketEvent]:
        until = time.monotonic() + 5
        while len(self.requests) < count and time.monotonic() < until:
            time.sleep(0.01)
        found = [vendor("freshdesk").parse_webhook(each, secrets=(SECRET,), account_id=None) for each in self.requests]
        return [event for event in found if event is not None]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    found = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.requests.append(WebhookRequest(headers=headers, body=body, received_at=datetime.now(UTC)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/webhooks/freshdesk/x"
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def running() -> Iterator[Running]:
    with Running(vendor="freshdesk") as found:
        yield found


def connect(running: Running, inbox: Inbox, style: str = "trigger") -> Helpdesk:
    """Sign in as an admin would, with what the simulated account hands out."""
    fields = {"category": ["billing", "shipping"], "product_area": ["api"]}
    asked = {"webhook_url": inbox.url, "style": style, "secret": SECRET, "fields": fields}
    found = running.simulator.face.connect(asked, running.base_url)
    line = vendor("freshdesk")
    typed = running.simulator.face.credentials(running.base_url)
    now = datetime.now(UTC)
    base_url = line.base_url(typed["address"], loopback=True)
    grant = line.grant(base_url, typed["sign_in"], typed["secrets"], now=now)
    connection = Connection(
        tenant=f"acme-{running.base_url}",
        vendor="freshdesk",
        base_url=base_url,
        token=grant.access_token,
        scheme=grant.scheme,
        actor_id=found["integration_user_id"],
        groups=found["groups"],
        fields=found["fields"],
    )
    return line.connect(connection, now=lambda: datetime.now(UTC))


def change(ref: str, running: Running, **changes: Any) -> UpdateTicket:
    group = str(next(iter(running.simulator.state.groups)))
    asked: dict[str, Any] = {"category": "billing", "priority": Priority.P1, "group_id": group, "note": "Why: money."}
    return UpdateTicket(ticket_ref=ref, **(asked | changes))


def test_every_verb(running: Running, inbox: Inbox) -> None:
    desk = connect(running, inbox)
    account = desk.account()
    assert account.actor.name == "Deskhand"
    assert account.server_at is not None

    ref = desk.create_ticket(DRAFT, key="c").ref
    assert ref is not None
    assert desk.create_ticket(DRAFT, key="c", verify=True).ref == ref
    assert desk.update_ticket(change(ref, running), key="u").applied
    assert not desk.update_ticket(change(ref, running), key="u").applied
    ticket = desk.ticket(ref)
    assert (ticket.status, ticket.priority, ticket.fields["category"]) == (Status.OPEN, Priority.P1, "billing")
    assert desk.add_comment(AddComment(ticket_ref=ref, body="Hello\nyou", public=True), key="a").applied
    said = [(each.body, each.public) for each in desk.comments(ref)]
    assert said == [("It <broke>", True), ("Why: money.", False), ("Hello\nyou", True)]

    incident = desk.create_ticket(DRAFT, key="i").ref
    assert incident is not None
    link = LinkIncident(ticket_ref=ref, incident_ref=incident)
    assert desk.link_incident(link, key="l").applied
    assert not desk.link_incident(link, key="l").applied
    assert desk.linked_tickets(incident) == (ref,)

    assert ticket.requester_id is not None
    assert desk.requester(ticket.requester_id).email == DRAFT.requester_email
    assert desk.requester(account.actor.id).role == "agent"
    company = str(next(iter(running.simulator.state.organizations)))
    assert desk.organization(company).id == company
    assert desk.groups()
    assert {"status", "priority"} <= {each.id for each in desk.ticket_fields()}
    assert all(each.intervals for each in desk.schedules())
    assert [each.position for each in desk.sla_policies()] == [1, 2, 3][: len(desk.sla_policies())]
    ((tickets, cursor),) = desk.tickets(cursor=None, updated_since=LONG_AGO)
    assert {each.ref for each in tickets} == {ref, incident}
    assert list(desk.tickets(cursor=cursor, updated_since=LONG_AGO))
    articles = [each for page in desk.articles() for each in page]
    assert {each.audience for each in articles} >= {Audience.EVERYONE}
    assert len({(each.ref, each.locale) for each in articles}) == len(articles)
    list(desk.ratings(since=LONG_AGO))

    changes = [UpdateTicket(ticket_ref=each, priority=Priority.P4) for each in (ref, incident, "999999")]
    results = desk.update_tickets(changes, key="b")
    assert [type(each.error) for each in results] == [type(None), type(None), errors.NotFound]
    assert desk.ticket(ref).priority is Priority.P4


def test_a_triaged_ticket_costs_five_requests(running: Running, inbox: Inbox) -> None:
    desk = connect(running, inbox)
    state = running.simulator.state
    company = next(iter(state.organizations.values()))
    person = next(user for user in state.users.values() if user.organization_id == company.id)
    draft = Draft(requester_id=person.id, subject="Help", body="It broke")
    made, _ = state.create_ticket(draft, Origin(actor_id=person.id, channel="mail"))
    ref = str(made.id)
    before = running.simulator.face.summary()["requests"]
    ticket = desk.ticket(ref)
    assert desk.organization(str(ticket.organization_id)).id == str(company.id)
    assert desk.update_ticket(change(ref, running), key="k").applied
    assert running.simulator.face.summary()["requests"] - before == 5


@pytest.mark.parametrize("drops", [1, 2, 3])
def test_lost_answers_are_made_good_by_looking(running: Running, inbox: Inbox, drops: int) -> None:
    desk = connect(running, inbox)
    ref = desk.create_ticket(DRAFT, key="c").ref
    assert ref is not None
    faults = running.simulator.faults
    faults.knobs = faults.knobs.changed({"drop_next": drops, "faults_on": "writes"})
    verify = False
    for _ in range(drops + 1):
        try:
            desk.update_ticket(change(ref, running), key="u", verify=verify)
            break
        except errors.OutcomeUnknown:
            verify = True
    assert [each.body for each in desk.comments(ref)].count("Why: money.") == 1
    assert desk.ticket(ref).priority is Priority.P1


def test_an_unknown_choice_is_refused_by_field(running: Running, inbox: Inbox) -> None:
    desk = connect(running, inbox)
    ref = desk.create_ticket(DRAFT, key="c").ref
    assert ref is not None
    with pytest.raises(errors.Rejected) as caught:
        desk.update_ticket(change(ref, running, category="teleporting", note=None), key="u")
    assert any(name.startswith("cf_") for name in caught.value.details)


def test_a_wrong_key_is_refused(running: Running, inbox: Inbox) -> None:
    connection = Connection(tenant="t", vendor="freshdesk", base_url=running.base_url, token="wrong:X", scheme="basic")
    with pytest.raises(errors.AuthFailed):
        vendor("freshdesk").connect(connection, now=lambda: datetime.now(UTC)).account()


def test_rules_tell_us(running: Running, inbox: Inbox) -> None:
    desk = connect(running, inbox)
    ref = desk.create_ticket(DRAFT, key="c").ref
    (event,) = inbox.events(1)
    assert (event.kind, event.ticket_ref) == (EventKind.TICKET_CREATED, ref)
    assert ref is not None
    desk.add_comment(AddComment(ticket_ref=ref, body="Hello"), key="a")
    kinds = {each.kind for each in inbox.events(3)[1:]}
    assert kinds == {EventKind.COMMENT_ADDED, EventKind.TICKET_UPDATED}


def test_the_app_tells_us_who_did_it(running: Running, inbox: Inbox) -> None:
    desk = connect(running, inbox, "app")
    ref = desk.create_ticket(DRAFT, key="c").ref
    assert ref is not None
    desk.update_ticket(change(ref, running), key="u")
    events = inbox.events(3)
    assert {each.kind for each in events} == {
        EventKind.TICKET_CREATED,
        EventKind.COMMENT_ADDED,
        EventKind.TICKET_UPDATED,
    }
    assert {each.ticket_ref for each in events} == {ref}
    assert {each.actor_id for each in events} == {str(running.simulator.state.integration_user_id)}
    assert len({each.dedup_key for each in events}) == len(events)
