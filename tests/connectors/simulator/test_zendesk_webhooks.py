"""Triggers, subscriptions, signatures and the vendor's own retry rules."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.simulator.delivery import Delivery, Outcome
from connectors.simulator.zendesk.delivery_rules import CircuitBreaker, retry_rule, sign

DELIVERY = Delivery(id="1", hook_id="h", method="POST", url="http://127.0.0.1:9", headers={}, body=b"")


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (b'{"ticket_id":"1042","event":"created"}', "W+XRFOq7QTt0de2eGKsL7sJvHDDDrtSXKRG7ihY5Zb4="),
        (b"", "qfmDNZFKdKnAQai/YaSyuh3oxzU3ogCEo7lHcBk7avk="),
    ],
)
def test_signature_vectors(body: bytes, signature: str) -> None:
    assert sign("demo-signing-secret", "2026-03-02T09:15:00Z", body) == signature


@pytest.mark.parametrize(
    ("status", "reason", "retry_after", "attempt", "delay"),
    [
        (409, "", None, 3, 9.0), (409, "", None, 4, None),
        (None, "timeout", None, 5, 9.0), (None, "timeout", None, 6, None),
        (None, "connection failed", None, 1, None),
        (429, "", None, 1, None), (429, "", "30", 1, 30), (503, "", "59", 1, 59), (503, "", "60", 1, None),
        (500, "", "5", 1, None),
    ],
)  # fmt: skip
def test_retry_rules(status: int | None, reason: str, retry_after: str | None, attempt: int, delay: Any) -> None:
    delivery = replace(DELIVERY, attempt=attempt)
    outcome = Outcome(delivery=delivery, status=status, reason=reason, seconds=0, retry_after=retry_after)
    assert retry_rule(9.0)(outcome) == delay


def test_breaker_opens_on_errors_and_closes_after_five_seconds() -> None:
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0])
    for _ in range(99):
        breaker.record(False)
    assert not breaker.is_open()
    breaker.record(False)
    assert breaker.is_open()
    now[0] = 5.1
    assert not breaker.is_open()


def bodies(receiver: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in receiver.got]


def test_triggers_fire_signed_and_on_our_own_writes(desk: Any, receiver: Any) -> None:
    connection = desk.connect(receiver.url, bearer="b-1")
    desk.knobs(webhook_off=False)
    number = desk.arrive()
    desk.settle()
    headers, body = receiver.got[0]
    kim = desk.api("GET", f"tickets/{number}").json()["ticket"]["requester_id"]
    assert json.loads(body) == {"ticket_id": str(number), "event": "created", "actor_id": str(kim)}
    stamp = headers["x-zendesk-webhook-signature-timestamp"]
    assert headers["x-zendesk-webhook-signature"] == sign(connection["signing_secret"], stamp, body)
    assert headers["x-zendesk-account-id"] == connection["account_id"]
    assert headers["x-zendesk-webhook-id"] == connection["webhook_id"]
    assert headers["authorization"] == "Bearer b-1"
    desk.api("PUT", f"tickets/{number}", {"ticket": {"tags": ["deskhand_triaged"]}})
    desk.settle()
    us = connection["integration_user_id"]
    assert bodies(receiver)[1:] == [{"ticket_id": str(number), "event": "updated", "actor_id": us}]


def test_guard_tag_keeps_the_create_trigger_quiet(desk: Any, receiver: Any) -> None:
    desk.connect(receiver.url)
    desk.knobs(webhook_off=False)
    desk.arrive(tags=["deskhand_triaged"])
    desk.settle()
    assert receiver.got == []


def test_connect_twice_installs_once(desk: Any, receiver: Any) -> None:
    first, second = desk.connect(receiver.url), desk.connect(receiver.url)
    assert first["webhook_id"] == second["webhook_id"]
    desk.knobs(webhook_off=False)
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 1


def test_event_subscriptions_speak_in_envelopes(desk: Any, receiver: Any) -> None:
    connection = desk.connect(receiver.url, style="events")
    desk.knobs(webhook_off=False)
    number = desk.arrive()
    field = int(connection["fields"]["category"])
    change = {
        "priority": "urgent",
        "status": "hold",
        "custom_fields": [{"id": field, "value": "billing"}],
        "comment": {"body": "n", "public": False},
    }
    desk.api("PUT", f"tickets/{number}", {"ticket": change})
    desk.settle()
    by_type = {body["type"].rpartition(".")[2]: body for body in bodies(receiver)}
    assert set(by_type) == {
        "created", "priority_changed", "status_changed", "tags_changed", "custom_field_changed", "comment_added",
    }  # fmt: skip
    assert by_type["created"]["event"] == {}
    assert by_type["created"]["detail"]["tags"] is None
    assert by_type["created"]["detail"]["id"] == str(number)
    assert by_type["priority_changed"]["event"]["current"] == "URGENT"
    assert by_type["status_changed"]["event"]["current"] == "HOLD"
    assert by_type["comment_added"]["event"]["comment"]["is_public"] is False
    assert len(by_type["created"]["time"].partition(".")[2]) == len("123456789Z")


def test_retries_end_and_are_logged(desk: Any, receiver: Any) -> None:
    connection = desk.connect(receiver.url)
    desk.knobs(webhook_off=False)
    receiver.answers = [(409, {})] * 2 + [(None, {}), (200, {})]
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 4
    ids = {headers["x-zendesk-webhook-invocation-id"] for headers, _ in receiver.got}
    assert len(ids) == 1
    hook = connection["webhook_id"]
    (invocation,) = desk.api("GET", f"webhooks/{hook}/invocations").json()["invocations"]
    assert invocation["status"] == "success"
    attempts = desk.api("GET", f"webhooks/{hook}/invocations/{invocation['id']}/attempts").json()["attempts"]
    assert [attempt["status_code"] for attempt in attempts] == [409, 409, 504, 200]
    receiver.answers = [(500, {})]
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 5


def test_duplicates_holding_and_off(desk: Any, receiver: Any) -> None:
    desk.connect(receiver.url)
    desk.arrive()
    desk.knobs(webhook_off=False, webhook_copies=3, webhook_hold=True)
    desk.arrive()
    desk.settle()
    assert receiver.got == []
    assert desk.knobs(webhook_hold=False)["released"] == 6, "three copies for each of the two webhooks"
    desk.settle()
    assert len(receiver.got) == 3


def test_webhooks_and_triggers_can_be_installed_over_the_api(desk: Any, receiver: Any, client: Any) -> None:
    hook = {
        "name": "Other", "endpoint": receiver.url, "http_method": "POST", "request_format": "json", "status": "active",
        "subscriptions": ["conditional_ticket_events"],
    }  # fmt: skip
    made = desk.api("POST", "webhooks", {"webhook": hook})
    assert made.status_code == 201
    hook_id = made.json()["webhook"]["id"]
    mixed = {**hook, "subscriptions": ["conditional_ticket_events", "zen:event-type:ticket.created"]}
    assert desk.api("POST", "webhooks", {"webhook": mixed}).status_code == 422
    trigger = {
        "title": "Urgent only",
        "conditions": {"all": [{"field": "priority", "operator": "is", "value": "urgent"}], "any": []},
        "actions": [{"field": "notification_webhook", "value": [hook_id, "{{ticket.title}} {{no.such}}|"]}],
    }
    assert desk.api("POST", "triggers", {"trigger": trigger}).status_code == 201
    trigger["conditions"] = {"all": [{"field": "moon_phase", "operator": "is", "value": "full"}]}
    assert desk.api("POST", "triggers", {"trigger": trigger}).status_code == 422
    desk.knobs(webhook_off=False)
    number = desk.arrive()
    desk.api("PUT", f"tickets/{number}", {"ticket": {"priority": "urgent"}})
    desk.settle()
    assert [body for _, body in receiver.got] == [b"Export stops |"]
    assert "Other" in [hook.name for hook in client().webhooks.list()]
    assert client().webhooks.show_secret(hook_id).secret
