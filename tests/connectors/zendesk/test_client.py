"""The Zendesk client at the socket edge: what is sent, and what each answer becomes."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from connectors import errors
from connectors.base import Feature, Receipt
from connectors.limits import OpenGate
from connectors.registry import vendor
from connectors.zendesk import session
from tests.connectors.zendesk.account import (
    API,
    AUDITS,
    KEY,
    MARKER,
    NOW,
    STAMP,
    TICKET,
    accepts,
    connect,
    connection,
    sent,
    stored,
    ticket,
)
from triage.actions import UpdateTicket
from triage.tickets import Channel, Priority, Status


def update(zendesk: responses.RequestsMock, helpdesk: Any = None, **changes: Any) -> dict[str, Any]:
    accepts(zendesk)
    receipt = (helpdesk or connect()).update_ticket(UpdateTicket(ticket_ref="1042", **changes), key=KEY)
    assert receipt == Receipt(applied=True, status=200, evidence="audit 777")
    return sent(zendesk)


def test_a_ticket_in_our_words(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, status="hold", priority="urgent", custom_fields=[{"id": 501, "value": "billing"}])
    found = connect().ticket("1042")
    assert (found.ref, found.status, found.priority, found.channel) == (
        "1042",
        Status.ON_HOLD,
        Priority.P1,
        Channel.EMAIL,
    )
    assert (found.requester_id, found.organization_id, found.group_id, found.assignee_id) == ("9001", "77", "31", None)
    assert found.tags == ("exports", "tier_gold")
    assert found.fields == {"category": "billing"}
    assert found.version == STAMP
    assert found.updated_at == datetime(2026, 3, 2, 9, 15, 3, tzinfo=UTC)
    assert zendesk.calls[0].request.headers["Authorization"] == "Bearer canary-token"


def test_a_bare_ticket(zendesk: responses.RequestsMock) -> None:
    zendesk.get(
        TICKET,
        json={"ticket": {"id": "1042", "status": "DELETED", "created_at": STAMP, "updated_at": STAMP, "tags": None}},
    )
    found = connect().ticket("1042")
    assert (found.subject, found.description, found.priority, found.tags) == ("", "", None, ())
    assert found.channel is Channel.OTHER
    assert found.is_final


def test_taxonomy_kept_in_tags_when_no_field_is_mapped(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, tags=["category_billing", "product_area_api", "vip"])
    assert connect(fields={}).ticket("1042").fields == {"category": "billing", "product_area": "api"}


def test_every_read_is_fresh(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    helpdesk = connect()
    helpdesk.ticket("1042")
    helpdesk.ticket("1042")
    assert len(zendesk.calls) == 2


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8080", "http://localhost:8080", "http://sim:1/zendesk/acme/"])
def test_a_helpdesk_at_any_address(zendesk: responses.RequestsMock, base_url: str) -> None:
    api = f"{base_url.rstrip('/')}/api/v2"
    zendesk.get(f"{api}/tickets/1042.json", json={"ticket": ticket()})
    zendesk.put(f"{api}/tickets/1042.json", json={"ticket": ticket(), "audit": {"id": 1}})
    zendesk.get(f"{api}/tickets/1042/comments.json", json={"comments": []})
    zendesk.get(
        f"{api}/incremental/tickets/cursor.json",
        json={"tickets": [ticket()], "after_cursor": "a", "end_of_stream": True},
    )
    helpdesk = connect(base_url=base_url)
    assert helpdesk.update_ticket(UpdateTicket(ticket_ref="1042", note="hi"), key=KEY).applied
    assert helpdesk.comments("1042") == ()
    assert [len(page) for page, _ in helpdesk.tickets(cursor=None, updated_since=NOW)] == [1]


def test_comments_oldest_first_over_pages(zendesk: responses.RequestsMock) -> None:
    url = f"{API}/tickets/1042/comments.json"
    first = {"id": 2, "author_id": 410, "body": "b", "plain_body": "plain b", "public": False, "created_at": STAMP}
    second = {"id": 1, "author_id": -1, "body": "a", "public": True, "created_at": "2026-03-02T09:02:11Z"}
    zendesk.get(
        url,
        json={"comments": [first], "meta": {"has_more": True, "after_cursor": "x"}, "links": {"next": f"{url}?p=2"}},
    )
    zendesk.get(f"{url}?p=2", json={"comments": [second], "meta": {"has_more": False}, "links": {"next": None}})
    found = connect().comments("1042")
    assert [(each.id, each.body, each.public, each.author_id) for each in found] == [
        ("1", "a", True, "-1"),
        ("2", "plain b", False, "410"),
    ]


def test_a_next_page_on_another_host_gets_no_request(zendesk: responses.RequestsMock) -> None:
    links = {"next": "https://evil.example/api/v2/tickets/1042/comments.json"}
    zendesk.get(
        f"{API}/tickets/1042/comments.json",
        json={
            "comments": [{"id": 1, "body": "a", "public": True, "created_at": STAMP}],
            "meta": {"has_more": True},
            "links": links,
        },
    )
    with pytest.raises(errors.Unavailable, match="not this helpdesk's"):
        connect().comments("1042")
    assert len(zendesk.calls) == 1


@pytest.mark.parametrize(
    ("role", "ours"), [("end-user", "end_user"), ("agent", "agent"), ("admin", "admin"), (None, None)]
)
def test_people(zendesk: responses.RequestsMock, role: str | None, ours: str | None) -> None:
    user = {
        "id": 410,
        "name": "Ada",
        "email": "",
        "role": role,
        "organization_id": None,
        "time_zone": "Berlin",
        "iana_time_zone": "Europe/Berlin",
        "locale": "de",
    }
    zendesk.get(f"{API}/users/410.json", json={"user": user})
    found = connect().agent("410")
    assert (found.name, found.email, found.role, found.time_zone) == ("Ada", None, ours, "Europe/Berlin")
    assert connect().requester("410") == found


def test_organization(zendesk: responses.RequestsMock) -> None:
    fields = {"tier": "gold", "seats": 40, "trial": False, "region": None, "note": "", "list": []}
    zendesk.get(
        f"{API}/organizations/77.json",
        json={
            "organization": {
                "id": 77,
                "name": "Globex",
                "domain_names": ["globex.test"],
                "tags": ["eu"],
                "organization_fields": fields,
            }
        },
    )
    found = connect().organization("77")
    assert (found.name, found.domains, found.tags, found.tier) == ("Globex", ("globex.test",), ("eu",), "gold")
    assert found.fields == {"tier": "gold", "seats": "40", "trial": "false"}


@pytest.mark.parametrize("ref", ["", "1/../users/1", "abc", "-1", "0", "١٢", "1042?x=1"])
def test_what_is_no_id_is_never_asked_for(ref: str) -> None:
    helpdesk = connect()
    for read in (helpdesk.ticket, helpdesk.comments, helpdesk.requester, helpdesk.agent, helpdesk.organization):
        with pytest.raises(errors.NotFound):
            read(ref)


# Writing


def test_one_conditional_put_with_everything(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    body = update(
        zendesk,
        category="billing",
        product_area="invoices",
        priority=Priority.P1,
        group_id="32",
        add_tags=("Auto Routed",),
        remove_tags=("exports",),
        note="Routed to Billing.",
    )
    assert body == {
        "tags": sorted(["tier_gold", "auto_routed", "billing", "invoices", MARKER]),
        "custom_fields": [{"id": 501, "value": "billing"}, {"id": 502, "value": "invoices"}],
        "priority": "urgent",
        "group_id": 32,
        "comment": {"body": "Routed to Billing.", "public": False},
        "metadata": {"deskhand_key": KEY},
        "safe_update": True,
        "updated_stamp": STAMP,
    }


def test_a_new_dropdown_value_takes_its_tag_with_it(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, tags=["login", "vip"], custom_fields=[{"id": 501, "value": "login"}])
    body = update(zendesk, category="billing")
    assert body["tags"] == sorted(["billing", "vip", MARKER])
    assert body["custom_fields"] == [{"id": 501, "value": "billing"}]


def test_a_tag_two_dropdowns_share_stays_while_one_holds_it(zendesk: responses.RequestsMock) -> None:
    shared = [{"id": 501, "value": "api"}, {"id": 502, "value": "api"}]
    stored(zendesk, tags=["api"], custom_fields=shared)
    assert update(zendesk, category="billing")["tags"] == sorted(["api", "billing", MARKER])


def test_a_new_field_value_wins_over_removing_its_tag(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, tags=["billing"])
    assert "billing" in update(zendesk, category="billing", remove_tags=("billing",))["tags"]


def test_without_mapped_fields_tags_carry_the_taxonomy(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, tags=["category_login", "vip"])
    body = update(zendesk, connect(fields={}), category="billing", product_area="Web App")
    assert body["tags"] == sorted(["category_billing", "product_area_web_app", "vip", MARKER])
    assert "custom_fields" not in body


def test_clear(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, tags=["login", "product_area_api", "vip"], custom_fields=[{"id": 501, "value": "login"}])
    helpdesk = connect(fields={"category": "501"})
    body = update(zendesk, helpdesk, clear=("category", "product_area", "priority", "group"))
    assert body["custom_fields"] == [{"id": 501, "value": None}]
    assert body["tags"] == sorted(["vip", MARKER])
    assert (body["priority"], body["group_id"]) == (None, None)


def test_clearing_what_we_do_not_know_is_rejected(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    with pytest.raises(errors.Rejected, match="'subject'"):
        connect().update_ticket(UpdateTicket(ticket_ref="1042", clear=("subject",)), key=KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"note": "only a note"},
        {"category": "billing"},
        {"add_tags": ("x",)},
        {"note": "both", "priority": Priority.P4},
    ],
)
def test_a_comment_is_internal_or_absent(zendesk: responses.RequestsMock, change: dict[str, Any]) -> None:
    stored(zendesk)
    comment = update(zendesk, **change).get("comment")
    assert comment is None or comment["public"] is False
    assert (comment is not None) == ("note" in change)


def test_a_marked_ticket_is_not_written_again(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, tags=["x", MARKER], status="closed")
    receipt = connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY)
    assert receipt == Receipt(applied=False, status=None, evidence=f"tag {MARKER} is on the ticket")


def test_nothing_is_written_when_the_ticket_is_already_so(zendesk: responses.RequestsMock) -> None:
    stored(zendesk, tags=["billing", "vip"], custom_fields=[{"id": 501, "value": "billing"}])
    change = UpdateTicket(ticket_ref="1042", category="billing", priority=Priority.P3, group_id="31", add_tags=("vip",))
    assert not connect().update_ticket(change, key=KEY).applied


@pytest.mark.parametrize("status", ["closed", "deleted"])
def test_a_final_ticket_takes_no_change(zendesk: responses.RequestsMock, status: str) -> None:
    stored(zendesk, status=status)
    with pytest.raises(errors.Rejected, match=status) as raised:
        connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY)
    assert raised.value.details == {"status": status}


def test_verify_finds_an_earlier_try_in_the_audits(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    ours = {"id": 900, "metadata": {"system": {}, "custom": {"deskhand_key": KEY}}, "events": []}
    others = [{"id": 1, "metadata": None}, {"id": 2, "metadata": {"custom": {"deskhand_key": "other"}}}, {"id": 3}]
    links = {"next": f"{AUDITS}?page[after]=x"}
    zendesk.get(AUDITS, json={"audits": others, "meta": {"has_more": True}, "links": links})
    zendesk.get(f"{AUDITS}?page[after]=x", json={"audits": [ours], "meta": {"has_more": False}, "links": {}})
    receipt = connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY, verify=True)
    assert receipt == Receipt(applied=False, status=None, evidence="audit 900 carries the key")


def test_verify_writes_when_there_is_no_trace(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    zendesk.get(AUDITS, json={"audits": [], "meta": {"has_more": False}, "links": {}})
    accepts(zendesk)
    assert connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY, verify=True).applied


def test_a_conflict_is_read_again_and_computed_again(zendesk: responses.RequestsMock) -> None:
    zendesk.get(TICKET, json={"ticket": ticket()})
    zendesk.get(TICKET, json={"ticket": ticket(tags=["human"], updated_at="2026-03-02T09:15:09Z")})
    zendesk.put(TICKET, status=409, json={"error": {"title": "Conflict", "message": "changed"}})
    accepts(zendesk)
    assert connect().update_ticket(UpdateTicket(ticket_ref="1042", add_tags=("x",)), key=KEY).applied
    bodies = [json.loads(call.request.body)["ticket"] for call in zendesk.calls if call.request.method == "PUT"]
    assert [body["updated_stamp"] for body in bodies] == [STAMP, "2026-03-02T09:15:09Z"]
    assert bodies[1]["tags"] == sorted(["human", "x", MARKER])


def test_a_conflict_caused_by_our_own_late_try_is_no_second_write(zendesk: responses.RequestsMock) -> None:
    zendesk.get(TICKET, json={"ticket": ticket()})
    zendesk.get(TICKET, json={"ticket": ticket(tags=[MARKER])})
    zendesk.put(TICKET, status=409, json={"error": "Conflict"})
    assert not connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY).applied


def test_three_conflicts_are_enough(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    zendesk.put(TICKET, status=409, json={"error": {"title": "Conflict", "message": "changed"}})
    with pytest.raises(errors.Conflict, match="409: Conflict, changed"):
        connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY)
    assert len(zendesk.calls) == 6


# Refusals

RECORD_INVALID = {
    "error": "RecordInvalid",
    "description": "Record validation errors",
    "details": {"status": [{"description": "Status: closed prevents ticket update", "error": "InvalidValue"}]},
}


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (
            422,
            RECORD_INVALID,
            errors.Rejected,
            "Zendesk answered 422: Record validation errors; status: Status: closed",
        ),
        (422, {"error": "invalid"}, errors.Rejected, "Zendesk answered 422: invalid"),
        (422, {"error": "TooManyValues", "details": {"a": "plain"}}, errors.Rejected, "TooManyValues; a: plain"),
        (
            400,
            {"errors": [{"code": "X1", "title": "Bad", "detail": "too long"}, 5]},
            errors.Rejected,
            "X1: Bad, too long",
        ),
        (401, {"error": {"title": "Unauthorized", "message": "expired"}}, errors.AuthFailed, "Unauthorized, expired"),
        (401, {"error": "Couldn't authenticate you"}, errors.AuthFailed, "authenticate"),
        (403, {"error": "Forbidden", "description": "missing scope"}, errors.Forbidden, "403: missing scope"),
        (404, {"error": "RecordNotFound", "description": "Not found"}, errors.NotFound, "404: Not found"),
        (404, [], errors.NotFound, "404: Not Found"),
        (404, "<html>", errors.NotFound, "404"),
        (410, None, errors.NotFound, "410"),
        (408, None, errors.Unavailable, "408"),
        (413, "[" * 100_000, errors.Rejected, "413"),
        (302, None, errors.Rejected, "302"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_refusals_are_ours_and_readable(
    zendesk: responses.RequestsMock, status: int, body: Any, kind: type[Exception], message: str, method: str
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    zendesk.add(method, TICKET, status=status, body=content, headers={"X-Request-Id": "r-9"})
    helpdesk = connect()
    if method == "PUT":
        stored(zendesk)
        ask = partial(helpdesk.update_ticket, UpdateTicket(ticket_ref="1042", note="n"), key=KEY)
    else:
        ask = partial(helpdesk.ticket, "1042")
    with pytest.raises(kind) as raised:
        ask()
    error = raised.value
    assert isinstance(error, errors.ConnectorError)
    assert message in str(error)
    assert (error.status, error.vendor, error.request_id) == (status, "zendesk", "r-9")
    assert error.operation == ("update_ticket" if method == "PUT" else "ticket")


def test_422_details_are_kept_by_field(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    zendesk.put(TICKET, status=422, json=RECORD_INVALID)
    with pytest.raises(errors.Rejected) as raised:
        connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY)
    assert raised.value.details == {
        "": "Record validation errors",
        "status": "Status: closed prevents ticket update",
    }


def test_429_is_not_slept_on(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    zendesk.put(TICKET, status=429, headers={"Retry-After": "41.5"})
    with pytest.raises(errors.RateLimited) as raised:
        connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY)
    assert raised.value.retry_after_s == 41.5
    assert raised.value.vendor == "zendesk"


@pytest.mark.parametrize(
    "answer",
    [
        {"body": requests.exceptions.ReadTimeout("slow")},
        {"body": requests.exceptions.ConnectionError("Connection reset by peer")},
        {"status": 500, "json": {}},
        {"status": 502, "body": "<html>"},
        {"status": 200, "body": '{"ticket": {', "content_type": "application/json"},
        {"status": 200, "body": "<html>", "content_type": "text/html"},
        {"status": 200, "json": []},
        {"status": 200, "json": {}},
        {"status": 200, "json": {"ticket": None, "audit": None}},
        {"status": 200, "json": {"ticket": 5}},
        {"status": 200, "json": "yes"},
    ],
    ids=str,
)
def test_a_write_without_a_readable_answer_may_have_been_applied(
    zendesk: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    stored(zendesk)
    zendesk.put(TICKET, **answer)
    with pytest.raises(errors.OutcomeUnknown) as raised:
        connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY)
    assert raised.value.operation == "update_ticket"
    assert raised.value.retryable is False


@pytest.mark.parametrize(
    "answer",
    [
        {"body": requests.exceptions.ReadTimeout("slow")},
        {"status": 503, "json": {}},
        {"status": 200, "body": "<html>", "content_type": "text/html"},
        {"status": 200, "json": []},
        {"status": 200, "json": {"ticket": None}},
        {"status": 200, "json": {"ticket": {"id": 1042}}},
        {"status": 200, "json": {"ticket": ticket(status="melted")}},
        {"status": 200, "json": {"ticket": ticket(priority="vast")}},
        {"status": 200, "json": {"ticket": ticket(updated_at="soon")}},
        {"status": 200, "json": {"ticket": ticket(requester_id=True)}},
    ],
    ids=lambda answer: str(answer)[:60],
)
def test_a_read_without_a_readable_answer_may_be_repeated(
    zendesk: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    zendesk.get(TICKET, **answer)
    with pytest.raises(errors.Unavailable):
        connect().ticket("1042")


def test_a_write_is_applied_even_when_the_audit_is_left_out(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    zendesk.put(TICKET, json={"ticket": ticket()})
    receipt = connect().update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY)
    assert receipt == Receipt(applied=True, status=200, evidence="ticket 1042")


# Export

EXPORT = f"{API}/incremental/tickets/cursor.json"


def page(rows: list[Any], cursor: str | None, end: bool) -> dict[str, Any]:
    return {
        "tickets": rows,
        "after_cursor": cursor,
        "after_url": f"https://evil.example/?cursor={cursor}",
        "end_of_stream": end,
    }


def test_export_pages_each_with_its_cursor(zendesk: responses.RequestsMock) -> None:
    zendesk.get(EXPORT, json=page([ticket(), ticket(id=7, status="deleted", subject=None)], "c1", False))
    zendesk.get(EXPORT, json=page([], "c2", True))
    pages = list(connect().tickets(cursor=None, updated_since=datetime(2026, 3, 1, tzinfo=UTC)))
    assert [([each.ref for each in rows], cursor) for rows, cursor in pages] == [(["1042", "7"], "c1"), ([], "c2")]
    queries = [parse_qs(urlsplit(str(call.request.url)).query) for call in zendesk.calls]
    assert queries[0]["start_time"] == [str(int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()))]
    assert queries[1]["cursor"] == ["c1"]
    assert "start_time" not in queries[1]


def test_export_goes_on_from_a_stored_cursor_and_never_asks_for_the_last_minute(
    zendesk: responses.RequestsMock,
) -> None:
    zendesk.get(EXPORT, json=page([], "c9", True))
    list(connect().tickets(cursor="c8", updated_since=NOW))
    list(connect().tickets(cursor=None, updated_since=NOW))
    queries = [parse_qs(urlsplit(str(call.request.url)).query) for call in zendesk.calls]
    assert queries[0]["cursor"] == ["c8"]
    assert queries[1]["start_time"] == [str(int(NOW.timestamp()) - 61)]


def test_export_does_not_turn_in_circles(zendesk: responses.RequestsMock) -> None:
    zendesk.get(EXPORT, json=page([ticket()], "same", False))
    assert len(list(connect().tickets(cursor="same", updated_since=NOW))) == 1


def test_one_unreadable_ticket_does_not_hold_up_the_export(
    zendesk: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    zendesk.get(EXPORT, json=page([ticket(id=5, status="melted", subject="canary-subject"), ticket()], "c1", True))
    ((rows, _),) = connect().tickets(cursor=None, updated_since=NOW)
    assert [each.ref for each in rows] == ["1042"]
    assert "ticket 5 of the export cannot be read: status" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("body", [{"tickets": [ticket()], "end_of_stream": True}, {"count": 0}, []])
def test_an_export_page_without_its_parts_is_no_page(zendesk: responses.RequestsMock, body: Any) -> None:
    zendesk.get(EXPORT, json=body)
    with pytest.raises(errors.Unavailable):
        list(connect().tickets(cursor=None, updated_since=NOW))


def test_an_empty_export_without_a_cursor_keeps_the_old_one(zendesk: responses.RequestsMock) -> None:
    zendesk.get(EXPORT, json=page([], None, True))
    assert list(connect().tickets(cursor="c8", updated_since=NOW)) == []


# Sidebar key, sessions, weight

PEM = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"


def test_sidebar_key(zendesk: responses.RequestsMock) -> None:
    zendesk.get(f"{API}/apps/33/public_key.pem", body=PEM + "\n")
    assert vendor("zendesk").fetch_sidebar_key(connection()) == PEM


def test_sidebar_key_that_is_none(zendesk: responses.RequestsMock) -> None:
    zendesk.get(f"{API}/apps/33/public_key.pem", body="<html>")
    with pytest.raises(errors.Unavailable, match="PEM"):
        vendor("zendesk").fetch_sidebar_key(connection())


def test_sidebar_key_of_a_removed_app(zendesk: responses.RequestsMock) -> None:
    zendesk.get(f"{API}/apps/33/public_key.pem", status=404, json={"error": "RecordNotFound"})
    with pytest.raises(errors.NotFound):
        vendor("zendesk").fetch_sidebar_key(connection())


@pytest.mark.parametrize("app_id", [None, "", "../users"])
def test_sidebar_key_needs_the_app_id(app_id: str | None) -> None:
    with pytest.raises(errors.Rejected, match="app id"):
        vendor("zendesk").fetch_sidebar_key(connection(settings={"app_id": app_id}))


def test_sessions_are_kept_per_thread_token_and_scheme() -> None:
    first = session.session_for(connection())
    assert session.session_for(connection()) is first
    assert session.session_for(connection(token="rotated")) is not first
    assert session.session_for(connection(token="a@b.test/token:x", scheme="basic")) is not first
    elsewhere: list[requests.Session] = []
    thread = threading.Thread(target=lambda: elsewhere.append(session.session_for(connection())))
    thread.start()
    thread.join()
    assert elsewhere[0] is not first
    for number in range(session.KEPT_SESSIONS):
        session.session_for(connection(tenant=f"t{number}"))
    assert session.session_for(connection()) is not first


class CountingGate(OpenGate):
    def __init__(self) -> None:
        self.entered: list[tuple[str, ...]] = []
        self.seen: dict[str, float] = {}
        self.closed_s: list[float] = []

    def enter(self, families: Sequence[str]) -> None:
        self.entered.append(tuple(families))

    def limit_seen(self, family: str, per_minute: float) -> None:
        self.seen[family] = per_minute

    def close(self, seconds: float) -> None:
        self.closed_s.append(seconds)


def test_each_job_brings_its_own_gate(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    accepts(zendesk)
    first, second = CountingGate(), CountingGate()
    connect(gate=first).ticket("1042")
    connect(gate=second).update_ticket(UpdateTicket(ticket_ref="1042", note="n"), key=KEY)
    assert first.entered == [("requests",)]
    assert second.entered == [("requests",), ("requests", "updates")]


def test_the_sidebar_key_leaves_a_jobs_gate_alone(zendesk: responses.RequestsMock) -> None:
    gate = CountingGate()
    helpdesk = connect(gate=gate)
    zendesk.get(f"{API}/apps/33/public_key.pem", body=PEM)
    stored(zendesk)
    vendor("zendesk").fetch_sidebar_key(connection())
    helpdesk.ticket("1042")
    assert gate.entered == [("requests",)]


def test_the_gate_hears_of_limits_and_of_a_shut_door(zendesk: responses.RequestsMock) -> None:
    gate = CountingGate()
    headers = {"X-Rate-Limit": "700", "ratelimit-limit": "700"}
    zendesk.get(TICKET, json={"ticket": ticket()}, headers=headers)
    zendesk.get(TICKET, status=429, headers={"Retry-After": "17"})
    helpdesk = connect(gate=gate, token="another-canary")
    helpdesk.ticket("1042")
    with pytest.raises(errors.RateLimited):
        helpdesk.ticket("1042")
    assert (gate.seen, gate.closed_s) == ({"requests": 700.0}, [17.0])


def test_an_api_token_travels_as_basic(zendesk: responses.RequestsMock) -> None:
    stored(zendesk)
    connect(token="ada@acme.test/token:canary", scheme="basic").ticket("1042")
    header = zendesk.calls[0].request.headers["Authorization"]
    assert header == "Basic " + b64encode(b"ada@acme.test/token:canary").decode()


def test_features_are_declared() -> None:
    assert connect().features == vendor("zendesk").features == set(Feature)
    assert connect().name == vendor("zendesk").name == "zendesk"
    assert vendor("zendesk").title == "Zendesk"


def test_bodies_and_tokens_stay_out_of_the_log(
    zendesk: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stored(zendesk, subject="canary-subject")
    update(zendesk, note="canary-note")
    assert "canary" not in caplog.text


def test_the_web_process_loads_no_client() -> None:
    code = (
        "import sys; from connectors.registry import vendor; vendor('zendesk');"
        "print([name for name in ('zenpy', 'pydantic', 'requests', 'jwt') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
