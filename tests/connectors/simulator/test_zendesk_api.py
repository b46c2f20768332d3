"""The API as its own client library and plain HTTP see it."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from zenpy.lib.api_objects import Comment, Ticket
from zenpy.lib.exception import APIException, RecordNotFoundException


def test_zenpy_reads_ticket_people_and_fields(desk: Any, client: Any) -> None:
    number = desk.arrive(tags=["vip"])
    zenpy = client()
    ticket = zenpy.tickets(id=number)
    assert (ticket.subject, ticket.status, ticket.tags) == ("Export stops", "new", ["vip"])
    assert ticket.requester.email == "kim@acme.example"
    assert ticket.organization.organization_fields["tier"] == "business"
    assert [comment.body for comment in zenpy.tickets.comments(ticket=number)] == ["It stops."]
    assert {group.name for group in zenpy.groups()} == {"Front desk", "Billing", "Data"}
    assert {field.title for field in zenpy.ticket_fields()} == {"Category", "Product area"}
    assert zenpy.users.me().id == int(desk.connection["integration_user_id"])
    assert [user.name for user in zenpy.users.search(query="kim@acme.example")] == ["Kim Acme"]
    assert [found.id for found in zenpy.search("status:new tags:vip", type="ticket")] == [number]


def test_zenpy_updates_with_note_and_audit(desk: Any, client: Any) -> None:
    number = desk.arrive()
    since = len(desk.effects())
    ticket = client().tickets(id=number)
    ticket.priority = "high"
    ticket.tags = ["deskhand_triaged"]
    ticket.comment = Comment(body="Routed.", public=False)
    answer = client().tickets.update(ticket)
    assert answer.ticket.priority == "high"
    assert {event["type"] for event in answer.audit.events} == {"Change", "Comment"}
    kinds = [(entry["kind"], entry["body"]) for entry in desk.effects(since)]
    assert kinds == [("update", None), ("note", "Routed.")]


def test_a_write_that_changes_nothing_leaves_no_trace(desk: Any) -> None:
    number = desk.arrive(tags=["a"])
    before, since = desk.api("GET", f"tickets/{number}").json()["ticket"], len(desk.effects())
    answer = desk.api("PUT", f"tickets/{number}", {"ticket": {"tags": ["a"], "status": "new"}})
    assert answer.json()["audit"]["events"] == []
    assert answer.json()["ticket"]["updated_at"] == before["updated_at"]
    assert desk.effects(since) == []


def test_tags_replace_and_drop_down_follows_its_tag(desk: Any) -> None:
    number = desk.arrive(tags=["kept", "lost"])
    field = int(desk.connection["fields"]["category"])
    body = {"tags": ["kept"], "custom_fields": [{"id": field, "value": "billing"}]}
    ticket = desk.api("PUT", f"tickets/{number}.json", {"ticket": body}).json()["ticket"]
    assert ticket["tags"] == ["billing", "kept"]
    assert {"id": field, "value": "billing"} in ticket["custom_fields"]
    assert desk.api("PUT", f"tickets/{number}/tags", {"tags": ["New One"]}).json()["tags"] == [
        "billing", "kept", "new", "one",
    ]  # fmt: skip
    desk.api("DELETE", f"tickets/{number}/tags", {"tags": ["billing"]})
    shown = desk.api("GET", f"tickets/{number}").json()["ticket"]
    assert {"id": field, "value": None} in shown["custom_fields"]


def test_stale_stamp_is_409_and_writes_nothing(desk: Any) -> None:
    number = desk.arrive()
    since = len(desk.effects())
    for flag in (True, False):
        body = {"safe_update": flag, "updated_stamp": "2020-01-01T00:00:00Z", "priority": "low"}
        answer = desk.api("PUT", f"tickets/{number}", {"ticket": body})
        assert answer.status_code == 409
        assert answer.json()["error"]["title"] == "Conflict"
    assert desk.effects(since) == []
    stamp = desk.api("GET", f"tickets/{number}").json()["ticket"]["updated_at"]
    body = {"safe_update": True, "updated_stamp": stamp, "priority": "low"}
    assert desk.api("PUT", f"tickets/{number}", {"ticket": body}).status_code == 200


def test_refusals_have_the_vendors_shapes(desk: Any, client: Any) -> None:
    number = desk.arrive()
    unknown_group = desk.api("PUT", f"tickets/{number}", {"ticket": {"group_id": 1}})
    assert (unknown_group.status_code, unknown_group.json()["error"]) == (422, "RecordInvalid")
    assert "group_id" in unknown_group.json()["details"]
    unknown_field = desk.api("PUT", f"tickets/{number}", {"ticket": {"custom_fields": [{"id": 5, "value": "x"}]}})
    assert "5" in unknown_field.json()["details"]
    desk.control("POST", f"tickets/{number}", {"status": "closed"})
    closed = desk.api("PUT", f"tickets/{number}", {"ticket": {"priority": "low"}})
    assert (closed.status_code, "closed" in closed.text) == (422, True)
    desk.control("POST", f"tickets/{number}", {"delete": True})
    with pytest.raises(RecordNotFoundException):
        client().tickets(id=number)
    with pytest.raises(APIException):
        client().tickets.update(Ticket(id=desk.arrive(), priority="enormous"))
    nobody = requests.get(f"{desk.url}/api/v2/tickets.json", headers={"Authorization": "Bearer no"}, timeout=5)
    assert nobody.status_code == 401
    assert desk.api("GET", "no/such/thing").json()["error"] == "InvalidEndpoint"


def test_limits_show_in_headers_and_end_in_429(desk: Any) -> None:
    number = desk.arrive()
    desk.knobs(updates_per_ticket_10_minutes=2)
    for priority in ("low", "high"):
        answer = desk.api("PUT", f"tickets/{number}", {"ticket": {"priority": priority}})
        assert int(answer.headers["X-Rate-Limit-Remaining"]) < int(answer.headers["X-Rate-Limit"])
    refused = desk.api("PUT", f"tickets/{number}", {"ticket": {"priority": "low"}})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert int(refused.headers["ratelimit-remaining"]) > 0
    desk.knobs(requests_per_minute=1)
    assert desk.api("GET", "groups").status_code == 429


def test_export_leaves_out_the_last_minute_and_names_the_deleted(desk: Any, client: Any) -> None:
    number, gone = desk.arrive(), desk.arrive()
    desk.control("DELETE", f"tickets/{gone}")
    assert list(client().tickets.incremental(start_time=1_600_000_000)) == []
    desk.knobs(export_delay_s=-5)
    assert {t.id: t.status for t in client().tickets.incremental(start_time=1_600_000_000)} == {
        number: "new", gone: "deleted",
    }  # fmt: skip
    first = desk.api("GET", "incremental/tickets/cursor.json?start_time=1600000000&per_page=1").json()
    assert first["end_of_stream"] is False
    assert first["after_url"].startswith(desk.url)
    second = desk.api("GET", f"incremental/tickets/cursor?cursor={first['after_cursor']}").json()
    assert [ticket["id"] for ticket in second["tickets"]] == [gone]
    again = desk.api("GET", f"incremental/tickets/cursor?cursor={second['after_cursor']}").json()
    assert (again["tickets"], again["after_cursor"]) == ([], second["after_cursor"])


def test_idempotency_key_creates_once(desk: Any) -> None:
    body = {"ticket": {"subject": "In-app", "comment": {"body": "Help"}, "requester": {"email": "new@acme.example"}}}
    first = desk.api("POST", "tickets", body, **{"Idempotency-Key": "k1"})
    second = desk.api("POST", "tickets", body, **{"Idempotency-Key": "k1"})
    assert first.status_code == second.status_code == 201
    assert (first.headers["x-idempotency-lookup"], second.headers["x-idempotency-lookup"]) == ("miss", "hit")
    assert first.json() == second.json()
    other = desk.api("POST", "tickets", {"ticket": {"comment": "other"}}, **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["error"]) == (400, "IdempotentRequestError")
    assert first.json()["ticket"]["organization_id"] is not None


def test_pages_link_to_the_own_host(desk: Any, client: Any) -> None:
    numbers = [desk.arrive() for _ in range(3)]
    by_cursor = desk.api("GET", "tickets.json?page[size]=2").json()
    assert by_cursor["meta"]["has_more"]
    assert by_cursor["links"]["next"].startswith(f"{desk.url}/api/v2/tickets")
    by_offset = desk.api("GET", "tickets.json?per_page=2&page=2").json()
    assert ([row["id"] for row in by_offset["tickets"]], by_offset["count"]) == (numbers[2:], 3)
    assert desk.api("GET", "tickets?page=101").json()["errors"][0]["code"] == "InvalidPaginationDepth"
    assert [ticket.id for ticket in client().tickets()] == numbers


def test_solving_a_problem_solves_its_incidents(desk: Any) -> None:
    problem, incident = desk.arrive(), desk.arrive()
    desk.api("PUT", f"tickets/{problem}", {"ticket": {"type": "problem"}})
    desk.api("PUT", f"tickets/{incident}", {"ticket": {"type": "incident", "problem_id": problem}})
    assert desk.api("GET", f"tickets/{problem}").json()["ticket"]["has_incidents"]
    listed = desk.api("GET", f"tickets/{problem}/incidents").json()["tickets"]
    assert [ticket["id"] for ticket in listed] == [incident]
    desk.api("PUT", f"tickets/{problem}", {"ticket": {"status": "solved"}})
    assert desk.api("GET", f"tickets/{incident}").json()["ticket"]["status"] == "solved"


def test_moving_to_a_group_drops_an_assignee_outside_it(desk: Any) -> None:
    number = desk.arrive()
    groups = desk.connection["groups"]
    ana = desk.api("GET", "users/search?query=ana@desk.example").json()["users"][0]["id"]
    ticket = desk.api("PUT", f"tickets/{number}", {"ticket": {"assignee_id": ana}}).json()["ticket"]
    assert (ticket["assignee_id"], ticket["status"]) == (ana, "open")
    moved = desk.api("PUT", f"tickets/{number}", {"ticket": {"group_id": int(groups["Data"])}}).json()["ticket"]
    assert moved["assignee_id"] is None


def test_oauth_grants_rotate_and_scopes_hold(desk: Any) -> None:
    number = desk.arrive()
    secrets = {name: desk.connection[name] for name in ("client_id", "client_secret")}

    def grant(**more: Any) -> requests.Response:
        return requests.post(f"{desk.url}/oauth/tokens", json={**secrets, **more}, timeout=5)

    def status(method: str, token: str) -> int:
        url = f"{desk.url}/api/v2/tickets/{number}.json"
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, url, json={"ticket": {}}, headers=headers, timeout=5).status_code

    first = grant(grant_type="client_credentials", scope="tickets:read").json()
    assert (status("GET", first["access_token"]), status("PUT", first["access_token"])) == (200, 403)
    second = grant(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert (status("GET", first["access_token"]), status("GET", second["access_token"])) == (401, 200)
    assert grant(grant_type="refresh_token", refresh_token=first["refresh_token"]).status_code == 400
    array = grant(grant_type="client_credentials", scope=["read"]).json()["access_token"]
    assert status("GET", array) == 403
    assert desk.api("GET", "oauth/tokens/current").json()["token"]["scopes"] == ["read", "write"]
