"""Comments, links and new tickets: each once, and never twice after a lost answer."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from connectors import errors
from connectors.base import Receipt
from tests.connectors.zendesk.account import (
    API,
    AUDITS,
    KEY,
    MARKER,
    STAMP,
    TICKET,
    accepts,
    connect,
    sent,
    stored,
    ticket,
)
from triage.actions import AddComment, CreateTicket, LinkIncident
from triage.tickets import Priority

TICKETS = f"{API}/tickets.json"
INCIDENT = f"{API}/tickets/900.json"
LINK = LinkIncident(ticket_ref="1042", incident_ref="900")
DRAFT = CreateTicket(
    requester_email="kim@globex.test",
    requester_name="Kim",
    subject="Exports stop",
    body="At 40 %.",
    priority=Priority.P2,
    group_id="31",
    tags=("In App", "exports"),
)
TIMEOUT = {"body": requests.exceptions.ReadTimeout("slow")}


@pytest.mark.parametrize("public", [True, False])
def test_a_comment_is_one_conditional_put(zendesk: responses.RequestsMock, public: bool) -> None:
    stored(zendesk)
    accepts(zendesk)
    receipt = connect().add_comment(AddComment(ticket_ref="1042", body="We are on it.", public=public), key=KEY)
    assert receipt == Receipt(applied=True, status=200, evidence="audit 777")
    assert sent(zendesk) == {
        "comment": {"body": "We are on it.", "public": public},
        "tags": sorted(["exports", "tier_gold", MARKER]),
        "metadata": {"deskhand_key": KEY},
        "safe_update": True,
        "updated_stamp": STAMP,
    }


def test_a_comment_is_not_said_twice(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, tags=[MARKER])
    assert not connect().add_comment(AddComment(ticket_ref="1042", body="Hi"), key=KEY).applied


def test_a_comment_whose_answer_was_lost_is_looked_for(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    zendesk.put(TICKET, **TIMEOUT)
    with pytest.raises(errors.OutcomeUnknown) as raised:
        connect().add_comment(AddComment(ticket_ref="1042", body="Hi"), key=KEY)
    assert raised.value.operation == "add_comment"
    ours = {"id": 900, "metadata": {"custom": {"deskhand_key": KEY}}}
    zendesk.get(AUDITS, json={"audits": [ours], "meta": {"has_more": False}, "links": {}})
    receipt = connect().add_comment(AddComment(ticket_ref="1042", body="Hi"), key=KEY, verify=True)
    assert receipt == Receipt(applied=False, status=None, evidence="audit 900 carries the key")


def test_a_comment_meets_a_conflict(zendesk: responses.RequestsMock) -> None:
    zendesk.get(TICKET, json={"ticket": ticket()})
    zendesk.get(TICKET, json={"ticket": ticket(tags=["human"], updated_at="2026-03-02T09:15:09Z")})
    zendesk.put(TICKET, status=409, json={"error": {"title": "Conflict", "message": "changed"}})
    accepts(zendesk)
    assert connect().add_comment(AddComment(ticket_ref="1042", body="Hi"), key=KEY).applied
    last = json.loads(zendesk.calls[-1].request.body)["ticket"]
    assert (last["updated_stamp"], last["tags"]) == ("2026-03-02T09:15:09Z", sorted(["human", MARKER]))


def test_a_closed_ticket_takes_no_comment(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, status="closed")
    with pytest.raises(errors.Rejected, match="closed"):
        connect().add_comment(AddComment(ticket_ref="1042", body="Hi"), key=KEY)


# Incidents


def bodies(zendesk: responses.RequestsMock) -> dict[str, dict[str, Any]]:
    """What was PUT, by the end of the path."""
    puts = [call.request for call in zendesk.calls if call.request.method == "PUT"]
    return {str(put.url).rpartition("/")[2]: json.loads(put.body)["ticket"] for put in puts}


def test_a_link_makes_the_incident_a_problem_first(zendesk: responses.RequestsMock) -> None:
    zendesk.get(INCIDENT, json={"ticket": ticket(id=900, tags=["outage"])})
    zendesk.put(INCIDENT, json={"ticket": ticket(id=900), "audit": {"id": 1}})
    stored(zendesk)
    accepts(zendesk)
    assert connect().link_incident(LINK, key=KEY).applied
    made = bodies(zendesk)
    common = {"metadata": {"deskhand_key": KEY}, "safe_update": True, "updated_stamp": STAMP}
    assert made["900.json"] == {"type": "problem", **common}
    marked = sorted(["exports", "tier_gold", MARKER])
    assert made["1042.json"] == {"type": "incident", "problem_id": 900, "tags": marked, **common}
    assert not any("status" in body or "comment" in body for body in made.values())


def test_a_problem_is_left_as_it_is(zendesk: responses.RequestsMock) -> None:
    zendesk.get(INCIDENT, json={"ticket": ticket(id=900, type="problem", status="solved")})
    stored(zendesk)
    accepts(zendesk)
    assert connect().link_incident(LINK, key=KEY).applied
    assert list(bodies(zendesk)) == ["1042.json"]


@pytest.mark.parametrize("changes", [{"type": "incident", "problem_id": 900}, {"tags": [MARKER]}], ids=str)
def test_a_link_that_was_made_touches_nothing_again(zendesk: responses.RequestsMock, changes: Any) -> None:
    stored(zendesk, **changes)
    assert not connect().link_incident(LINK, key=KEY).applied


@pytest.mark.parametrize(
    ("incident", "linked", "why"),
    [
        ({"type": "incident", "problem_id": 5}, {}, "ticket 900 is itself linked to 5"),
        ({"type": "problem"}, {"type": "problem", "has_incidents": True}, "other tickets are linked to ticket 1042"),
        ({"status": "closed"}, {}, "ticket 900 is closed"),
        ({"type": "problem"}, {"status": "closed"}, "ticket 1042 is closed"),
    ],
)
def test_links_that_would_break_something(incident: Any, linked: Any, why: str) -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as zendesk:
        zendesk.get(INCIDENT, json={"ticket": ticket(id=900, **incident)})
        stored(zendesk, **linked)
        with pytest.raises(errors.Rejected, match=why):
            connect().link_incident(LINK, key=KEY)
        assert bodies(zendesk) == {}


@pytest.mark.parametrize("ref", ["1042", "x", "900/../1"])
def test_a_link_to_nowhere(ref: str) -> None:
    with pytest.raises((errors.Rejected, errors.NotFound)):
        connect().link_incident(LinkIncident(ticket_ref="1042", incident_ref=ref), key=KEY)


# New tickets


def created(**changes: Any) -> dict[str, Any]:
    return {"status": 201, "json": {"ticket": ticket(id=77), "audit": {"id": 1}}} | changes


def test_a_new_ticket_carries_the_key_twice(zendesk: responses.RequestsMock) -> None:
    zendesk.post(TICKETS, **created(headers={"x-idempotency-lookup": "miss"}))
    assert connect().create_ticket(DRAFT, key=KEY) == Receipt(applied=True, status=201, evidence="ticket 77", ref="77")
    request = zendesk.calls[0].request
    assert request.headers["Idempotency-Key"] == KEY
    assert json.loads(request.body) == {
        "ticket": {
            "subject": "Exports stop",
            "comment": {"body": "At 40 %.", "public": True},
            "requester": {"name": "Kim", "email": "kim@globex.test"},
            "priority": "high",
            "group_id": 31,
            "tags": ["in_app", "exports"],
            "external_id": KEY,
            "metadata": {"deskhand_key": KEY},
        }
    }


def test_a_repeated_key_is_the_first_answer_again(zendesk: responses.RequestsMock) -> None:
    zendesk.post(TICKETS, **created(headers={"x-idempotency-lookup": "hit"}))
    receipt = connect().create_ticket(DRAFT, key=KEY)
    assert (receipt.applied, receipt.ref) == (False, "77")


def test_after_a_lost_answer_the_ticket_is_looked_for(zendesk: responses.RequestsMock) -> None:
    zendesk.post(TICKETS, **TIMEOUT)
    with pytest.raises(errors.OutcomeUnknown):
        connect().create_ticket(DRAFT, key=KEY)
    rows = [ticket(id=99, external_id="another"), ticket(id=88, external_id=KEY), ticket(id=79, external_id=KEY)]
    zendesk.get(TICKETS, json={"tickets": rows})
    receipt = connect().create_ticket(DRAFT, key=KEY, verify=True)
    assert receipt == Receipt(applied=False, status=None, evidence="ticket 79 carries the key", ref="79")
    assert parse_qs(urlsplit(str(zendesk.calls[-1].request.url)).query) == {"external_id": [KEY]}


def test_a_ticket_that_was_never_made_is_made(zendesk: responses.RequestsMock) -> None:
    zendesk.get(TICKETS, json={"tickets": [ticket(id=1, external_id="another"), ticket(id=2)]})
    zendesk.post(TICKETS, **created())
    assert connect().create_ticket(DRAFT, key=KEY, verify=True).applied


@pytest.mark.parametrize("key", ["k" * 256, "zwölf", "a\nb"])
def test_a_key_no_header_can_carry_is_hashed(zendesk: responses.RequestsMock, key: str) -> None:
    zendesk.post(TICKETS, **created())
    connect().create_ticket(DRAFT, key=key)
    request = zendesk.calls[0].request
    assert len(request.headers["Idempotency-Key"]) == 64
    assert json.loads(request.body)["ticket"]["external_id"] == request.headers["Idempotency-Key"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 500, "json": {}}, errors.OutcomeUnknown),
        ({"status": 201, "json": {}}, errors.OutcomeUnknown),
        ({"status": 201, "json": {"ticket": {"id": "x"}}}, errors.OutcomeUnknown),
        ({"status": 201, "json": []}, errors.OutcomeUnknown),
        ({"status": 201, "body": "<html>", "content_type": "text/html"}, errors.OutcomeUnknown),
        ({"status": 429, "headers": {"Retry-After": "9"}}, errors.RateLimited),
        ({"status": 400, "json": {"error": "IdempotentRequestError"}}, errors.Rejected),
        ({"status": 409, "json": {"error": "still running"}}, errors.Conflict),
        ({"status": 403, "json": {"error": {"title": "Forbidden", "message": "no"}}}, errors.Forbidden),
    ],
    ids=str,
)
def test_a_new_ticket_that_fails(
    zendesk: responses.RequestsMock, answer: dict[str, Any], kind: type[errors.ConnectorError]
) -> None:
    zendesk.post(TICKETS, **answer)
    with pytest.raises(kind) as raised:
        connect().create_ticket(DRAFT, key=KEY)
    assert (raised.value.vendor, raised.value.operation) == ("zendesk", "create_ticket")
