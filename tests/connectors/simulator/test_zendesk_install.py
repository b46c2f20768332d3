"""What an installer needs: fields and options, groups, webhooks and triggers that it makes, changes and removes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.simulator.zendesk.delivery_rules import sign

FIELD = {
    "type": "tagger",
    "title": "Severity",
    "custom_field_options": [{"name": "High", "value": "sev_high"}, {"name": "Low", "value": "sev_low"}],
}


def hook_for(url: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "Deskhand test", "endpoint": url, "http_method": "POST", "request_format": "json", "status": "active",
        "subscriptions": ["conditional_ticket_events"], **more,
    }  # fmt: skip


def make_hook(desk: Any, url: str, **more: Any) -> str:
    answer = desk.api("POST", "webhooks", {"webhook": hook_for(url, **more)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["webhook"]["id"])


def make_trigger(desk: Any, hook_id: str, **more: Any) -> dict[str, Any]:
    trigger = {
        "title": "Deskhand: test",
        "conditions": {"all": [{"field": "update_type", "operator": "is", "value": "Create"}]},
        "actions": [{"field": "notification_webhook", "value": [hook_id, '{"ticket_id":"{{ticket.id}}"}']}],
        **more,
    }
    answer = desk.api("POST", "triggers.json", {"trigger": trigger})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["trigger"])


def test_a_field_and_its_options_are_made_changed_and_removed(desk: Any) -> None:
    made = desk.api("POST", "ticket_fields.json", {"ticket_field": FIELD})
    field = made.json()["ticket_field"]
    assert made.status_code == 201
    path = f"ticket_fields/{field['id']}"
    option = {"custom_field_option": {"name": "Medium", "value": "sev_medium"}}
    assert desk.api("POST", f"{path}/options.json", option).status_code == 201
    option["custom_field_option"]["name"] = "Middle"
    assert desk.api("POST", f"{path}/options.json", option).status_code == 200
    rows = desk.api("GET", f"{path}/options.json").json()["custom_field_options"]
    assert [(row["name"], row["value"]) for row in rows] == [
        ("High", "sev_high"), ("Low", "sev_low"), ("Middle", "sev_medium"),
    ]  # fmt: skip
    assert desk.api("DELETE", f"{path}/options/{rows[1]['id']}.json").status_code == 204
    kept = FIELD["custom_field_options"][:1]
    changed = desk.api("PUT", f"{path}.json", {"ticket_field": {"title": "Impact", "custom_field_options": kept}})
    shown = changed.json()["ticket_field"]
    assert (shown["title"], [row["value"] for row in shown["custom_field_options"]]) == ("Impact", ["sev_high"])
    assert desk.api("DELETE", f"{path}.json").status_code == 204
    assert desk.api("GET", f"{path}.json").status_code == 404


@pytest.mark.parametrize(
    "options", [[{"name": "x"}], [{"name": "a", "value": "v"}, {"name": "b", "value": "v"}], ["v"]]
)
def test_strange_options_are_refused(desk: Any, options: list[Any]) -> None:
    answer = desk.api("POST", "ticket_fields.json", {"ticket_field": {**FIELD, "custom_field_options": options}})
    assert (answer.status_code, answer.json()["error"]) == (422, "RecordInvalid")
    assert "custom_field_options" in answer.json()["details"]


def test_groups_are_made_once(desk: Any) -> None:
    made = desk.api("POST", "groups.json", {"group": {"name": "Security"}})
    assert made.status_code == 201
    assert desk.api("POST", "groups.json", {"group": {"name": "Security"}}).status_code == 422
    names = {row["name"] for row in desk.api("GET", "groups/assignable.json").json()["groups"]}
    assert "Security" in names
    number = made.json()["group"]["id"]
    assert desk.api("GET", f"groups/{number}.json").json()["group"]["name"] == "Security"


def test_a_webhook_is_patched_replaced_and_deleted(desk: Any, receiver: Any) -> None:
    number = make_hook(desk, receiver.url, description="ours", custom_headers={"X-A": "1"})
    path = f"webhooks/{number}"
    assert desk.api("PATCH", path, {"webhook": {"status": "inactive"}}).status_code == 204
    shown = desk.api("GET", path).json()["webhook"]
    assert (shown["status"], shown["description"], shown["custom_headers"]) == ("inactive", "ours", {"X-A": "1"})
    assert desk.api("PUT", path, {"webhook": {"name": "half"}}).status_code == 422
    whole = hook_for(receiver.url, name="Renamed")
    assert desk.api("PUT", path, {"webhook": whole}).status_code == 204
    shown = desk.api("GET", path).json()["webhook"]
    assert (shown["name"], shown["status"], shown["description"], shown["custom_headers"]) == (
        "Renamed", "active", "", {},
    )  # fmt: skip
    other = {**whole, "subscriptions": ["zen:event-type:ticket.created"]}
    assert desk.api("PUT", path, {"webhook": other}).status_code == 422
    assert desk.api("DELETE", path).status_code == 204
    assert desk.api("GET", path).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"status": "asleep"}, {"http_method": "TRACE"}, {"endpoint": "ftp://x"}, {"request_format": "csv"}]
)
def test_a_strange_webhook_is_refused(desk: Any, wrong: dict[str, str]) -> None:
    answer = desk.api("POST", "webhooks", {"webhook": hook_for("http://127.0.0.1:9/x", **wrong)})
    assert answer.status_code == 422
    assert set(answer.json()["details"]) == set(wrong)


def test_duplicates_are_possible_and_found_by_name(desk: Any, receiver: Any) -> None:
    numbers = {make_hook(desk, receiver.url) for _ in range(2)}
    rows = desk.api("GET", "webhooks?filter[name_contains]=deskhand test&page[size]=100").json()["webhooks"]
    assert {row["id"] for row in rows} == numbers
    assert {row["endpoint"] for row in rows} == {receiver.url}


def test_an_inactive_or_deleted_webhook_is_silent(desk: Any, receiver: Any) -> None:
    number = make_hook(desk, receiver.url)
    make_trigger(desk, number)
    desk.knobs(webhook_off=False)
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 1
    desk.api("PATCH", f"webhooks/{number}", {"webhook": {"status": "inactive"}})
    desk.arrive()
    desk.api("DELETE", f"webhooks/{number}")
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 1


def test_a_trigger_is_switched_off_found_and_deleted(desk: Any, receiver: Any) -> None:
    trigger = make_trigger(desk, make_hook(desk, receiver.url))
    desk.knobs(webhook_off=False)
    path = f"triggers/{trigger['id']}.json"
    off = desk.api("PUT", path, {"trigger": {"active": False}}).json()["trigger"]
    assert (off["active"], off["title"], off["actions"]) == (False, trigger["title"], trigger["actions"])
    desk.arrive()
    desk.settle()
    assert receiver.got == []
    found = desk.api("GET", "triggers/search.json?query=deskhand test").json()["triggers"]
    assert [row["id"] for row in found] == [trigger["id"]]
    active = {row["id"] for row in desk.api("GET", "triggers/active.json").json()["triggers"]}
    idle = {row["id"] for row in desk.api("GET", "triggers.json?active=false").json()["triggers"]}
    assert (trigger["id"] in active, idle) == (False, {trigger["id"]})
    desk.api("PUT", path, {"trigger": {"active": True}})
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 1
    assert desk.api("DELETE", path).status_code == 204
    assert desk.api("GET", path).status_code == 404
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 1


def test_a_test_call_is_signed_and_logged(desk: Any, receiver: Any) -> None:
    number = make_hook(desk, receiver.url)
    old = desk.api("GET", f"webhooks/{number}/signing_secret").json()["signing_secret"]["secret"]
    new = desk.api("POST", f"webhooks/{number}/signing_secret").json()["signing_secret"]["secret"]
    assert old != new == desk.api("GET", f"webhooks/{number}/signing_secret").json()["signing_secret"]["secret"]
    desk.knobs(webhook_off=False)
    asked = {"request": {"payload": json.dumps({"test": "n-1"}), "http_method": "POST"}}
    answer = desk.api("POST", f"webhooks/test?webhook_id={number}", asked)
    assert answer.status_code == 200
    desk.settle()
    ((headers, body),) = receiver.got
    assert json.loads(body) == {"test": "n-1"}
    stamp = headers["x-zendesk-webhook-signature-timestamp"]
    assert headers["x-zendesk-webhook-signature"] == sign(new, stamp, body)
    logged = desk.api("GET", f"webhooks/{number}/invocations?filter[status]=success").json()["invocations"]
    assert [row["id"] for row in logged] == [headers["x-zendesk-webhook-invocation-id"]]
    assert desk.api("POST", "webhooks/test?webhook_id=none", asked).status_code == 404


def test_account_settings_name_the_features(desk: Any) -> None:
    settings = desk.api("GET", "account/settings.json").json()["settings"]
    assert settings["active_features"] == {"business_hours": False, "customer_satisfaction": True}
