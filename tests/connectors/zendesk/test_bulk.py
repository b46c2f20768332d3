"""Many tickets in one job, with a result for each."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests
import responses

from connectors import errors
from connectors.base import ItemResult
from connectors.zendesk.bulk import LOOKS_S
from connectors.zendesk.client import ZendeskHelpdesk
from connectors.zendesk.session import session_for
from tests.connectors.zendesk.account import API, KEY, MARKER, NOW, STAMP, connection, ticket
from triage.actions import UpdateTicket

MANY = re.compile(rf"{API}/tickets/show_many\.json")
UPDATE = f"{API}/tickets/update_many.json"
JOB = f"{API}/job_statuses/j1.json"


@pytest.fixture
def waited() -> list[float]:
    return []


@pytest.fixture
def helpdesk(waited: list[float]) -> ZendeskHelpdesk:
    return ZendeskHelpdesk(connection(), now=lambda: NOW, session=session_for(connection()), pause=waited.append)


def job(status: str, results: Any = None) -> dict[str, Any]:
    return {"job_status": {"id": "j1", "status": status, "results": results, "url": "https://evil.example/j1"}}


def good(ref: int) -> dict[str, Any]:
    return {"id": ref, "action": "update", "success": True, "status": "Updated"}


def bad(ref: int, error: str, details: str = "because") -> dict[str, Any]:
    return {"id": ref, "action": "update", "success": False, "error": error, "details": details}


def notes(*refs: str) -> list[UpdateTicket]:
    return [UpdateTicket(ticket_ref=ref, note="n") for ref in refs]


def reads(zendesk: responses.RequestsMock, *rows: dict[str, Any]) -> None:
    zendesk.get(MANY, json={"tickets": list(rows)})


def kinds(results: tuple[ItemResult, ...]) -> list[tuple[str, type | None]]:
    return [(each.ticket_ref, type(each.error) if each.error else None) for each in results]


def test_each_ticket_has_its_own_body_and_result(
    zendesk: responses.RequestsMock, helpdesk: ZendeskHelpdesk, waited: list[float]
) -> None:
    reads(
        zendesk,
        ticket(id=1),
        ticket(id=2, tags=[MARKER]),
        ticket(id=3, status="closed"),
        ticket(id=5, tags=["x"]),
        ticket(id=6),
        ticket(id=7),
    )
    zendesk.put(UPDATE, json=job("queued"))
    zendesk.get(JOB, json=job("working"))
    results = [good(1), bad(5, "TicketUpdateConflict"), bad(6, "RecordInvalid", "Status: closed"), bad(7, "NotFound")]
    zendesk.get(JOB, json=job("completed", results))
    found = helpdesk.update_tickets(notes("1", "2", "3", "4", "5", "6", "7", "x/../1"), key=KEY)
    assert kinds(found) == [
        ("1", None),
        ("2", None),
        ("3", errors.Rejected),
        ("4", errors.NotFound),
        ("5", errors.Conflict),
        ("6", errors.Rejected),
        ("7", errors.NotFound),
        ("x/../1", errors.NotFound),
    ]
    assert "Status: closed" in str(found[5].error)
    assert zendesk.calls[0].request.params == {"ids": "1,2,3,4,5,6,7"}  # type: ignore[attr-defined]
    (put,) = [call.request for call in zendesk.calls if call.request.method == "PUT"]
    bodies = {body["id"]: body for body in json.loads(put.body)["tickets"]}
    assert set(bodies) == {1, 5, 6, 7}
    assert bodies[5] == {
        "id": 5,
        "comment": {"body": "n", "public": False},
        "tags": sorted(["x", MARKER]),
        "metadata": {"deskhand_key": KEY},
        "safe_update": True,
        "updated_stamp": STAMP,
    }
    assert waited == [LOOKS_S[0], LOOKS_S[1]]


def test_chunks_of_a_hundred(zendesk: responses.RequestsMock, helpdesk: ZendeskHelpdesk) -> None:
    def many(request: Any) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps({"tickets": [ticket(id=int(ref)) for ref in request.params["ids"].split(",")]})

    def done(request: Any) -> tuple[int, dict[str, str], str]:
        refs = [each["id"] for each in json.loads(request.body)["tickets"]]
        return 200, {}, json.dumps(job("completed", [good(ref) for ref in refs]))

    zendesk.add_callback(responses.GET, MANY, many, content_type="application/json")
    zendesk.add_callback(responses.PUT, UPDATE, done, content_type="application/json")
    refs = [str(number) for number in range(1, 251)]
    found = helpdesk.update_tickets(notes(*refs), key=KEY)
    assert kinds(found) == [(ref, None) for ref in refs]
    sizes = [len(json.loads(call.request.body)["tickets"]) for call in zendesk.calls if call.request.method == "PUT"]
    assert sizes == [100, 100, 50]


def test_one_chunk_that_fails_leaves_the_others_their_results(
    zendesk: responses.RequestsMock, helpdesk: ZendeskHelpdesk
) -> None:
    refs = [str(number) for number in range(1, 102)]
    reads(zendesk, *(ticket(id=int(ref)) for ref in refs))
    zendesk.put(UPDATE, json=job("completed", [good(int(ref)) for ref in refs[:100]]))
    zendesk.put(UPDATE, status=429, headers={"Retry-After": "40"})
    found = helpdesk.update_tickets(notes(*refs), key=KEY)
    assert [each.error for each in found[:100]] == [None] * 100
    assert isinstance(found[100].error, errors.RateLimited)
    assert found[100].error.retry_after_s == 40


def test_a_ticket_named_twice_takes_the_first_change(
    zendesk: responses.RequestsMock, helpdesk: ZendeskHelpdesk
) -> None:
    reads(zendesk, ticket(id=1))
    zendesk.put(UPDATE, json=job("completed", [good(1)]))
    assert kinds(helpdesk.update_tickets(notes("1", "1"), key=KEY)) == [("1", None), ("1", errors.Rejected)]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"body": requests.exceptions.ReadTimeout("slow")}, errors.OutcomeUnknown),
        ({"status": 500, "json": {}}, errors.OutcomeUnknown),
        ({"status": 200, "json": {}}, errors.OutcomeUnknown),
        ({"status": 200, "json": {"job_status": {"id": "../users", "status": "queued"}}}, errors.OutcomeUnknown),
        ({"status": 200, "json": job("completed", [])}, errors.OutcomeUnknown),
        ({"status": 200, "json": job("completed", {"success": True})}, errors.OutcomeUnknown),
        ({"status": 200, "json": job("failed")}, errors.OutcomeUnknown),
        ({"status": 200, "json": job("completed", [bad(1, "Forbidden")])}, errors.Forbidden),
        ({"status": 200, "json": job("completed", [bad(1, "TooManyRequests")])}, errors.RateLimited),
        ({"status": 200, "json": job("completed", [{"id": 1}])}, errors.Rejected),
        ({"status": 401, "json": {}}, errors.AuthFailed),
        ({"status": 422, "json": {"error": "TooManyTickets"}}, errors.Rejected),
    ],
    ids=str,
)
def test_what_became_of_a_job(
    zendesk: responses.RequestsMock,
    helpdesk: ZendeskHelpdesk,
    answer: dict[str, Any],
    kind: type[errors.ConnectorError],
) -> None:
    reads(zendesk, ticket(id=1))
    zendesk.put(UPDATE, **answer)
    assert kinds(helpdesk.update_tickets(notes("1"), key=KEY)) == [("1", kind)]


@pytest.mark.parametrize("answer", [{"json": job("working")}, {"status": 404, "json": {}}, {"status": 429}], ids=str)
def test_a_job_is_not_watched_for_ever(
    zendesk: responses.RequestsMock, helpdesk: ZendeskHelpdesk, waited: list[float], answer: dict[str, Any]
) -> None:
    reads(zendesk, ticket(id=1))
    zendesk.put(UPDATE, json=job("queued"))
    zendesk.get(JOB, **answer)
    assert kinds(helpdesk.update_tickets(notes("1"), key=KEY)) == [("1", errors.OutcomeUnknown)]
    assert sum(waited) <= 20


def test_a_second_run_after_an_unknown_outcome_writes_only_what_is_missing(
    zendesk: responses.RequestsMock, helpdesk: ZendeskHelpdesk
) -> None:
    reads(zendesk, ticket(id=1, tags=[MARKER]), ticket(id=2))
    zendesk.put(UPDATE, json=job("completed", [good(2)]))
    assert kinds(helpdesk.update_tickets(notes("1", "2"), key=KEY)) == [("1", None), ("2", None)]
    (put,) = [call.request for call in zendesk.calls if call.request.method == "PUT"]
    assert [each["id"] for each in json.loads(put.body)["tickets"]] == [2]


def test_nothing_to_do_is_no_job(zendesk: responses.RequestsMock, helpdesk: ZendeskHelpdesk) -> None:
    reads(zendesk, ticket(id=1, tags=["vip"]))
    changes = [UpdateTicket(ticket_ref="1", add_tags=("vip",))]
    assert kinds(helpdesk.update_tickets(changes, key=KEY)) == [("1", None)]
    assert helpdesk.update_tickets([], key=KEY) == ()


def test_a_read_that_fails_is_every_tickets_error(zendesk: responses.RequestsMock, helpdesk: ZendeskHelpdesk) -> None:
    zendesk.get(MANY, status=503, headers={"Retry-After": "5"})
    assert kinds(helpdesk.update_tickets(notes("1", "2"), key=KEY)) == [
        ("1", errors.Unavailable),
        ("2", errors.Unavailable),
    ]
