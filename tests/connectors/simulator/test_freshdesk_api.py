"""The API of the second helpdesk: its shapes, its rules, its refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.connectors.simulator.freshdesk_desk import FreshDesk, errors, running_desk

SAMPLES = Path(__file__).parents[4] / "shared" / "platforms" / "samples" / "freshdesk" / "api_reference"


@pytest.fixture
def desk(company: Path) -> Iterator[FreshDesk]:
    with running_desk(company) as made:
        yield made


def test_keys_belong_to_agents(desk: FreshDesk) -> None:
    me = desk.api("GET", "agents/me").json()
    assert str(me["id"]) == desk.connection["integration_user_id"]
    assert (me["contact"]["email"], me["type"]) == ("deskhand@integration.example", "support_agent")
    stranger = requests.get(f"{desk.url}/api/v2/agents/me", auth=("wrong", "X"), timeout=5)
    assert (stranger.status_code, stranger.json()["code"]) == (401, "invalid_credentials")
    assert requests.get(f"{desk.url}/api/v2/agents/me", timeout=5).status_code == 401
    desk.simulator.face.revoke()
    assert desk.api("GET", "agents/me").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "agents"), ("GET", "groups"), ("GET", "business_hours"), ("GET", "sla_policies"), ("GET", "account"),
        ("GET", "admin/ticket_fields"), ("GET", "automations/1/rules"), ("GET", "settings/helpdesk"), ("GET", "roles"),
        ("POST", "company_fields"),
    ],
)  # fmt: skip
def test_a_plain_agent_may_not(desk: FreshDesk, method: str, path: str) -> None:
    answer = desk.as_agent(method, path, {} if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
    assert desk.as_agent("GET", "tickets").ok
    assert desk.as_agent("GET", "ticket_fields").ok


def test_a_ticket_looks_like_the_reference(desk: FreshDesk) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the API reference samples are not beside this checkout")
    for name, path in (
        ("get_tickets_id", f"tickets/{desk.arrive()}"),
        ("get_agents_me", "agents/me"),
        ("get_groups_id", f"groups/{desk.connection['groups']['Data']}"),
        ("get_companies_id", f"companies/{desk.api('GET', 'companies').json()[0]['id']}"),
        ("get_business_hours_id", f"business_hours/{desk.api('GET', 'business_hours').json()[0]['id']}"),
        ("get_settings_helpdesk", "settings/helpdesk"),
    ):
        sample = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))[0]
        assert set(sample) <= set(desk.api("GET", path).json()), name
    for name, path in (
        ("get_sla_policies", "sla_policies"),
        ("get_company_fields", "company_fields"),
        ("get_roles", "roles"),
        ("get_agents", "agents"),
    ):
        sample = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))[0]
        assert set(sample[0]) <= set(desk.api("GET", path).json()[0]), name


def test_a_ticket_is_made_and_shown(desk: FreshDesk) -> None:
    made = desk.api(
        "POST",
        "tickets",
        {
            "email": "new.person@acme.example",
            "name": "New Person",
            "subject": "Help",
            "description": "<p>It is <b>broken</b></p><p>a &lt; b</p>",
            "priority": 4,
            "source": 7,
            "type": "Incident",
            "tags": ["VIP", "vip"],
            "custom_fields": {"cf_category": "billing"},
        },
    )
    assert made.status_code == 201
    shown = made.json()
    assert made.headers["Location"].endswith(f"/api/v2/tickets/{shown['id']}")
    assert (shown["status"], shown["priority"], shown["source"], shown["type"]) == (2, 4, 7, "Incident")
    assert shown["description"] == "<p>It is <b>broken</b></p><p>a &lt; b</p>"
    assert shown["description_text"] == "It is broken\na < b"
    assert shown["tags"] == ["vip"]
    assert shown["custom_fields"] == {"cf_category": "billing", "cf_product_area": None}
    person = desk.api("GET", f"contacts/{shown['requester_id']}").json()
    assert (person["name"], person["company_id"]) == ("New Person", shown["company_id"])


def test_a_field_is_not_a_tag_here(desk: FreshDesk) -> None:
    number = desk.arrive(tags=["old"])
    shown = desk.put(number, {"custom_fields": {"cf_category": "billing"}, "tags": ["a", "b"]}).json()
    assert (shown["tags"], shown["custom_fields"]["cf_category"]) == (["a", "b"], "billing")
    shown = desk.put(number, {"tags": []}).json()
    assert (shown["tags"], shown["custom_fields"]["cf_category"]) == ([], "billing")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"sttus": 3}, "sttus", "invalid_field"),
        ({"status": 9}, "status", "invalid_value"),
        ({"status": "3"}, "status", "datatype_mismatch"),
        ({"priority": 5}, "priority", "invalid_value"),
        ({"type": "Bug"}, "type", "invalid_value"),
        ({"group_id": 1}, "group_id", "invalid_value"),
        ({"responder_id": 1}, "responder_id", "invalid_value"),
        ({"custom_fields": {"cf_nope": 1}}, "cf_nope", "invalid_field"),
        ({"custom_fields": {"cf_category": "no such thing"}}, "cf_category", "invalid_value"),
        ({"custom_fields": {"cf_category": 7}}, "cf_category", "datatype_mismatch"),
        ({"tags": "vip"}, "tags", "datatype_mismatch"),
        ({"due_by": "2030-01-01T00:00:00Z"}, "fr_due_by", "missing_field"),
    ],
)
def test_a_put_is_checked_before_it_is_applied(desk: FreshDesk, body: dict[str, Any], field: str, code: str) -> None:
    number = desk.arrive()
    since = len(desk.effects())
    answer = desk.put(number, {"subject": "Changed", **body})
    assert answer.status_code == 400
    assert answer.json()["description"] == "Validation failed"
    assert (field, code) in errors(answer)
    assert desk.effects(since) == []


def test_a_post_names_all_that_is_missing(desk: FreshDesk) -> None:
    answer = desk.api("POST", "tickets", {"email": "kim@acme.example"})
    assert errors(answer) == [("subject", "missing_field"), ("description", "missing_field")]
    nobody = desk.api("POST", "tickets", {"subject": "s", "description": "d"})
    assert errors(nobody) == [("requester_id", "missing_field")]


def test_a_required_field_blocks_an_unrelated_put(desk: FreshDesk) -> None:
    number = desk.arrive()
    (field,) = [one for one in desk.api("GET", "ticket_fields").json() if one["name"] == "cf_product_area"]
    path = f"admin/ticket_fields/{field['id']}"
    assert desk.api("PUT", path, {"required_for_closure": True}).json()["required_for_closure"] is True
    assert desk.put(number, {"priority": 3}).ok
    assert errors(desk.put(number, {"status": 4})) == [("cf_product_area", "missing_field")]
    desk.api("PUT", path, {"required_for_agents": True})
    assert errors(desk.put(number, {"priority": 2})) == [("cf_product_area", "missing_field")]
    assert desk.put(number, {"priority": 2, "custom_fields": {"cf_product_area": "exports"}}).ok


@pytest.mark.parametrize(
    ("code", "word"), [(2, "open"), (3, "pending"), (6, "pending"), (7, "on_hold"), (8, "on_hold")]
)
def test_finer_statuses_are_kept(desk: FreshDesk, code: int, word: str) -> None:
    number = desk.arrive()
    desk.put(number, {"status": 5})
    assert desk.put(number, {"status": code}).json()["status"] == code
    assert desk.simulator.state.ticket(number).status == word
    desk.control("POST", f"tickets/{number}", {"status": "solved"})
    assert desk.api("GET", f"tickets/{number}").json()["status"] == 4


def test_moving_between_two_pending_statuses_is_a_change(desk: FreshDesk) -> None:
    number = desk.arrive()
    desk.put(number, {"status": 3})
    since = len(desk.effects())
    assert desk.put(number, {"status": 6}).json()["status"] == 6
    assert [effect["changes"] for effect in desk.effects(since)] == [{"status_code": [None, 6]}]
    since = len(desk.effects())
    desk.put(number, {"status": 6, "priority": 1})
    assert desk.effects(since) == []


def test_only_json_and_readable_json(desk: FreshDesk) -> None:
    number = desk.arrive()
    url, auth = f"{desk.url}/api/v2/tickets/{number}", desk.auth
    assert requests.put(url, data={"status": "3"}, auth=auth, timeout=5).status_code == 415
    broken = requests.put(url, data="{", headers={"Content-Type": "application/json"}, auth=auth, timeout=5)
    assert (broken.status_code, broken.json()["code"]) == (400, "invalid_json")
    assert requests.get(url, headers={"Accept": "text/html"}, auth=auth, timeout=5).status_code == 406


def test_a_deleted_ticket_takes_no_write(desk: FreshDesk) -> None:
    number = desk.arrive()
    gone = desk.api("DELETE", f"tickets/{number}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert desk.api("GET", f"tickets/{number}").json()["deleted"] is True
    assert desk.put(number, {"priority": 2}).status_code == 405
    assert desk.api("POST", f"tickets/{number}/notes", {"body": "x"}).status_code == 405
    assert desk.api("GET", "tickets").json() == []
    assert [one["id"] for one in desk.api("GET", "tickets?filter=deleted").json()] == [number]
    missing = desk.api("GET", "tickets/999999")
    assert (missing.status_code, missing.content) == (404, b"")


def test_due_times_come_late(desk: FreshDesk) -> None:
    desk.knobs(due_lag_s=30)
    made = desk.api("POST", "tickets", {"email": "kim@acme.example", "subject": "s", "description": "d"}).json()
    assert (made["due_by"], made["fr_due_by"]) == (None, None)
    desk.later(seconds=31)
    filled = desk.api("GET", f"tickets/{made['id']}").json()
    assert filled["fr_due_by"] < filled["due_by"]
    after = desk.put(made["id"], {"priority": 4}).json()
    assert after["due_by"] == filled["due_by"], "the answer still has the values from before"
    desk.later(seconds=31)
    assert desk.api("GET", f"tickets/{made['id']}").json()["due_by"] < filled["due_by"]
    fixed = {"due_by": "2031-01-02T00:00:00Z", "fr_due_by": "2031-01-01T00:00:00Z"}
    desk.put(made["id"], fixed)
    shown = desk.api("GET", f"tickets/{made['id']}").json()
    assert {name: shown[name] for name in fixed} == fixed


def test_the_list_is_paged_and_windowed(desk: FreshDesk) -> None:
    old = desk.arrive()
    desk.later(days=31)
    numbers = [desk.arrive() for _ in range(33)]
    first = desk.api("GET", "tickets?order_by=created_at&order_type=asc&nonsense=1")
    assert [one["id"] for one in first.json()] == numbers[:30]
    assert "description" not in first.json()[0]
    second = requests.get(first.links["next"]["url"], auth=desk.auth, timeout=5)
    assert [one["id"] for one in second.json()] == numbers[30:]
    assert "link" not in second.headers
    since = (desk.now() - timedelta(days=40)).isoformat().replace("+00:00", "Z")
    everything = desk.api("GET", f"tickets?updated_since={since}&order_by=updated_at&order_type=asc&per_page=100")
    assert [one["id"] for one in everything.json()] == [old, *numbers]
    for query in ("per_page=101", "per_page=0", "page=301", "page=x", "order_by=subject", "updated_since=then"):
        assert desk.api("GET", f"tickets?{query}").status_code == 400, query


def test_includes_cost_and_show(desk: FreshDesk) -> None:
    number = desk.arrive()
    for index in range(12):
        desk.api("POST", f"tickets/{number}/notes", {"body": f"<div>{index}</div>"})
    answer = desk.api("GET", f"tickets/{number}?include=conversations,requester,company,stats")
    shown = answer.json()
    assert [one["body_text"] for one in shown["conversations"]] == [str(index) for index in range(10)]
    assert (shown["requester"]["email"], shown["company"]["name"]) == ("kim@acme.example", "Acme Tools")
    assert shown["stats"]["resolved_at"] is None
    assert answer.headers["X-RateLimit-Used-CurrentRequest"] == "5"
    listed = desk.api("GET", "tickets?include=description,stats")
    assert listed.headers["X-RateLimit-Used-CurrentRequest"] == "5"
    assert "It stops" in listed.json()[0]["description_text"]
    assert desk.api("GET", f"tickets/{number}?include=nope").status_code == 400


def test_conversations_say_what_they_are(desk: FreshDesk) -> None:
    number = desk.arrive()
    note = desk.api("POST", f"tickets/{number}/notes", {"body": "<p>Inside</p><!--mark-->"})
    public = desk.api("POST", f"tickets/{number}/notes", {"body": "Seen", "private": False})
    reply = desk.api("POST", f"tickets/{number}/reply", {"body": "<p>Hello</p>"})
    assert [one.status_code for one in (note, public, reply)] == [201] * 3
    assert reply.json()["replied_to"] == ["kim@acme.example"]
    desk.control("POST", f"tickets/{number}", {"comment": "Thanks", "as_requester": True})
    rows = desk.api("GET", f"tickets/{number}/conversations").json()
    assert [(one["private"], one["incoming"], one["source"]) for one in rows] == [
        (True, False, 2), (False, False, 2), (False, False, 0), (False, True, 0),
    ]  # fmt: skip
    assert rows[0]["body"] == "<p>Inside</p><!--mark-->"
    assert rows[0]["body_text"] == "Inside"
    assert [effect["kind"] for effect in desk.effects()][1:] == [
        "note", "public_comment", "public_comment", "public_comment",
    ]  # fmt: skip
    assert errors(desk.api("POST", f"tickets/{number}/reply", {"body": "  "})) == [("body", "missing_field")]


def test_text_is_escaped_on_its_way_out(desk: FreshDesk) -> None:
    number = desk.arrive(body="if a < b:\n  <script>alert(1)</script>")
    shown = desk.api("GET", f"tickets/{number}").json()
    assert "<script>" not in shown["description"]
    assert shown["description_text"] == "if a < b:\n  <script>alert(1)</script>"


def test_bulk_updates_have_a_result_each(desk: FreshDesk) -> None:
    one, two = desk.arrive(), desk.arrive()
    desk.control("DELETE", f"tickets/{two}")
    body = {"bulk_action": {"ids": [one, two, 999999], "properties": {"priority": 3}, "reply": {"body": "Hi"}}}
    answer = desk.api("POST", "tickets/bulk_update", body)
    assert answer.status_code == 202
    job = requests.get(answer.json()["href"], auth=desk.auth, timeout=5).json()
    assert (job["status"], [item["success"] for item in job["data"]]) == ("COMPLETED", [True, False, False])
    assert job["data"][1]["errors"][0]["message"]
    assert desk.api("GET", f"tickets/{one}").json()["priority"] == 3
    wrong = {"bulk_action": {"ids": [one], "properties": {"subject": "no"}}}
    assert errors(desk.api("POST", "tickets/bulk_update", wrong)) == [("subject", "invalid_field")]


def test_a_tracker_and_its_tickets(desk: FreshDesk) -> None:
    first, second = desk.arrive(), desk.arrive()
    asked = {"email": "ana@desk.example", "subject": "Exports down", "description": "d", "related_ticket_ids": [first]}
    tracker = desk.api("POST", "tickets", asked).json()
    assert (tracker["association_type"], tracker["associated_tickets_list"]) == (3, [first])
    number = tracker["id"]
    linked = desk.put(number, {"association_type": 3, "related_ticket_ids": [second]})
    assert linked.json()["associated_tickets_list"] == [first, second]
    rows = desk.api("GET", f"tickets/{number}/associated_tickets").json()["tickets"]
    assert [one["id"] for one in rows] == [first, second]
    assert desk.api("GET", f"tickets/{first}").json()["association_type"] == 4
    assert desk.api("GET", f"tickets/{first}/prime_association").json()["id"] == number
    assert desk.api("GET", f"tickets/{number}/prime_association").status_code == 404
    third = desk.arrive()
    taken = desk.put(third, {"association_type": 3, "related_ticket_ids": [first]})
    assert errors(taken) == [("related_ticket_ids", "invalid_value")]
    desk.put(number, {"status": 4})
    assert desk.api("GET", f"tickets/{first}").json()["status"] == 2, "a tracker solves nothing by itself"


def test_links_can_be_switched_off(desk: FreshDesk) -> None:
    one, two = desk.arrive(), desk.arrive()
    desk.knobs(incident_links=False)
    since = len(desk.effects())
    for answer in (
        desk.put(one, {"association_type": 3, "related_ticket_ids": [two]}),
        desk.api("GET", f"tickets/{one}/associated_tickets"),
        desk.api("GET", f"tickets/{one}/prime_association"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "require_feature")
    assert desk.effects(since) == []


def test_outbound_mail_is_born_closed(desk: FreshDesk) -> None:
    asked = {"email": "kim@acme.example", "subject": "News", "description": "<p>n</p>", "email_config_id": 1}
    made = desk.api("POST", "tickets/outbound_email", asked)
    assert (made.status_code, made.json()["source"], made.json()["status"]) == (201, 10, 5)


def test_a_reply_by_the_workspace_counts_as_first_response(desk: FreshDesk) -> None:
    number = desk.arrive()
    desk.control("POST", f"tickets/{number}", {"comment": "On it"})
    stats = desk.api("GET", f"tickets/{number}?include=stats").json()["stats"]
    assert stats["first_responded_at"] is not None


def test_the_statistics_say_when_each_thing_happened_last(desk: FreshDesk) -> None:
    number, seen = desk.arrive(), {}

    def stats(**changes: int) -> dict[str, str | None]:
        desk.later(minutes=1)
        if changes:
            assert desk.put(number, changes).ok
        return dict(desk.api("GET", f"tickets/{number}?include=stats").json()["stats"])

    seen["new"] = stats()
    desk.later(minutes=1)
    desk.api("POST", f"tickets/{number}/reply", {"body": "Which one?"})
    seen["asked"] = stats(status=3)
    seen["solved"] = stats(status=4)
    seen["closed"] = stats(status=5)
    seen["again"] = stats(status=2)
    desk.later(minutes=1)
    desk.api("POST", f"tickets/{number}/reply", {"body": "This one?"})
    seen["at last"] = stats(status=5)
    set_ones = {moment: {name for name, at in told.items() if at} for moment, told in seen.items()}
    replied = {"agent_responded_at", "first_responded_at"}
    assert set_ones == {
        "new": {"status_updated_at"},
        "asked": {*replied, "status_updated_at", "pending_since"},
        "solved": {*replied, "status_updated_at", "resolved_at"},
        "closed": {*replied, "status_updated_at", "resolved_at", "closed_at"},
        "again": {*replied, "status_updated_at", "reopened_at"},
        "at last": {*replied, "status_updated_at", "reopened_at", "resolved_at", "closed_at"},
    }
    assert seen["closed"]["resolved_at"] == seen["solved"]["status_updated_at"]
    assert seen["at last"]["resolved_at"] == seen["at last"]["closed_at"] == seen["at last"]["status_updated_at"]
    assert seen["at last"]["reopened_at"] == seen["again"]["status_updated_at"]
    assert str(seen["at last"]["agent_responded_at"]) > str(seen["at last"]["first_responded_at"])
