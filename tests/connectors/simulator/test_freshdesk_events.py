"""Automation rules that fire, their content and retries, and the installed app's signed events."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from connectors.simulator.freshdesk import rules
from tests.connectors.simulator.freshdesk_desk import FreshDesk, errors, running_desk

EVERYTHING = [
    {
        "name": "condition_set_1",
        "match_type": "any",
        "properties": [
            {"resource_type": "ticket", "field_name": "source", "operator": "in", "value": [1]},
            {"resource_type": "ticket", "field_name": "source", "operator": "not_in", "value": [1]},
        ],
    }
]


@pytest.fixture
def desk(company: Path) -> Iterator[FreshDesk]:
    with running_desk(company) as made:
        made.knobs(webhook_off=False, minute_s=0.001)
        for kind in (1, 4):
            for rule in made.api("GET", f"automations/{kind}/rules").json()["rules"]:
                made.api("DELETE", f"automations/{kind}/rules/{rule['id']}")
        yield made


def bodies(receiver: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in receiver.got]


def webhook(url: str, text: str, **more: Any) -> dict[str, Any]:
    content = {"content_layout": "2", "content_type": "application/json", "body": text}
    return {"field_name": "trigger_webhook", "request_type": "POST", "url": url, "content": content, **more}


def rule(desk: FreshDesk, kind: int, action: dict[str, Any], **more: Any) -> dict[str, Any]:
    asked = {"name": "Ours", "conditions": EVERYTHING, "actions": [action], **more}
    if kind == 4:
        asked = {"performer": {"type": 3}, "events": [{"field_name": "ticket_action", "value": "--"}], **asked}
    answer = desk.api("POST", f"automations/{kind}/rules", asked)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_connected_rules_fire_with_the_secret(desk: FreshDesk, receiver: Any) -> None:
    connection = desk.connect(receiver.url)
    assert desk.connect(receiver.url)["signing_secret"] == connection["signing_secret"]
    number = desk.arrive()
    desk.settle()
    desk.put(number, {"priority": 4})
    desk.settle()
    desk.put(number, {"priority": 4})
    desk.api("POST", f"tickets/{number}/notes", {"body": "n"})
    desk.settle()
    desk.control("POST", f"tickets/{number}", {"comment": "And?", "as_requester": True})
    desk.settle()
    desk.api("DELETE", f"tickets/{number}")
    desk.settle()
    assert [body["triggered_event"] for body in bodies(receiver)] == [
        "{ticket_action:created}", "{priority:{from:1,to:4}}", "{note_type:private}", "{reply_sent:sent}",
        "{ticket_action:deleted}",
    ]  # fmt: skip
    assert {body["ticket_id"] for body in bodies(receiver)} == {str(number)}
    headers = receiver.got[0][0]
    assert headers["x-webhook-token"] == connection["signing_secret"]
    assert not {name for name in headers if "signature" in name or "timestamp" in name or "delivery" in name}


def test_placeholders_are_labels_markup_and_escaped(desk: FreshDesk, receiver: Any) -> None:
    names = (
        "id",
        "subject",
        "status",
        "priority",
        "source",
        "description",
        "requester.name",
        "cf_category",
        "nonsense",
    )
    text = "{" + ",".join(f'"{name}":"{{{{ticket.{name}}}}}"' for name in names) + "}"
    rule(desk, 1, webhook(receiver.url, text))
    number = desk.arrive(subject='The "big"\nexport \\ one', body="a < b")
    desk.settle()
    (body,) = bodies(receiver)
    assert body == {
        "id": str(number),
        "subject": 'The "big"\nexport \\ one',
        "status": "Open",
        "priority": "Low",
        "source": "Email",
        "description": "<div>a &lt; b</div>\n\n",
        "requester.name": "Kim Acme",
        "cf_category": "",
        "nonsense": "",
    }


def test_ticked_boxes_make_one_flat_object(desk: FreshDesk, receiver: Any) -> None:
    action = webhook(receiver.url, "")
    action["content"] = {"content_layout": "1", "content_type": "json", "fields": ["ticket.id", "ticket.contact.email"]}
    action |= {"auth_header": {"username": "us", "password": "pw"}, "custom_headers": {"X-One": "1"}}
    rule(desk, 1, action)
    number = desk.arrive()
    desk.settle()
    headers, body = receiver.got[0]
    assert json.loads(body) == {
        "freshdesk_webhook": {"ticket_id": str(number), "ticket_contact_email": "kim@acme.example"}
    }
    assert headers["authorization"] == "Basic dXM6cHc="
    assert headers["x-one"] == "1"


@pytest.mark.parametrize(
    ("performer", "fired"),
    [
        ({"type": 1}, ["us", "ana"]),
        ({"type": 1, "members": ["ana"]}, ["ana"]),
        ({"type": 2}, ["kim"]),
        ({"type": 3}, ["us", "ana", "kim"]),
        ({"type": 4}, []),
    ],
)
def test_who_did_it_decides(desk: FreshDesk, receiver: Any, performer: dict[str, Any], fired: list[str]) -> None:
    if "members" in performer:
        ana = desk.simulator.state.user_by_email("ana@desk.example")
        performer = {"type": 1, "members": [ana.id if ana else 0]}
    names = [{"field_name": name, "value": "--"} for name in ("ticket_action", "reply_sent")]
    rule(desk, 4, webhook(receiver.url, '{"e":"{{triggered_event}}"}'), performer=performer, events=names)
    number = desk.arrive()
    acts = {
        "us": lambda: desk.put(number, {"priority": 2}),
        "ana": lambda: desk.control("POST", f"tickets/{number}", {"priority": "high"}),
        "kim": lambda: desk.control("POST", f"tickets/{number}", {"comment": "?", "as_requester": True}),
    }
    seen = []
    for name, act in acts.items():
        before = len(receiver.got)
        act()
        desk.settle()
        seen += [name] * (len(receiver.got) - before)
    assert seen == fired


@pytest.mark.parametrize(
    ("event", "change", "told"),
    [
        ({"field_name": "status", "from": "--", "to": 6}, {"status": 6}, "{status:{from:2,to:6}}"),
        ({"field_name": "status", "from": 3, "to": "--"}, {"status": 6}, None),
        ({"field_name": "priority", "from": 1, "to": 4}, {"priority": 4}, "{priority:{from:1,to:4}}"),
        ({"field_name": "cf_category", "from": "--", "to": "--"}, {"custom_fields": {"cf_category": "bug"}},
         "{cf_category:{from:,to:bug}}"),
        ({"field_name": "note_type", "value": "public"}, {"priority": 4}, None),
        ({"field_name": "ticket_action", "value": "update"}, {"tags": ["x"]}, "{ticket_action:updated}"),
    ],
)  # fmt: skip
def test_what_happened_decides(
    desk: FreshDesk, receiver: Any, event: dict[str, Any], change: dict[str, Any], told: str | None
) -> None:
    rule(desk, 4, webhook(receiver.url, '{"e":"{{triggered_event}}"}'), events=[event])
    assert desk.put(desk.arrive(), change).ok
    desk.settle()
    assert [body["e"] for body in bodies(receiver)] == ([told] if told else [])


def test_conditions_hold_back(desk: FreshDesk, receiver: Any) -> None:
    def only(operator: str, name: str, value: Any) -> list[dict[str, Any]]:
        part = {"resource_type": "ticket", "field_name": name, "operator": operator, "value": value}
        return [{"name": "condition_set_1", "match_type": "all", "properties": [part]}]

    rule(desk, 1, webhook(receiver.url, '{"rule":"tagged"}'), conditions=only("in", "tag_names", ["vip"]))
    rule(desk, 1, webhook(receiver.url, '{"rule":"subject"}'), conditions=only("contains", "subject", "INVOICE"))
    both = [*only("in", "tag_names", ["vip"]), *only("contains", "subject", "invoice")]
    rule(desk, 1, webhook(receiver.url, '{"rule":"both"}'), conditions=both)
    rule(desk, 1, webhook(receiver.url, '{"rule":"either"}'), conditions=both, operator="condition_set_1 OR 2")
    desk.arrive(tags=["vip"])
    desk.settle()
    assert {body["rule"] for body in bodies(receiver)} == {"tagged", "either"}
    receiver.got.clear()
    desk.arrive(subject="My invoice", tags=["vip"])
    desk.settle()
    assert {body["rule"] for body in bodies(receiver)} == {"tagged", "subject", "both", "either"}


def test_a_failed_webhook_is_tried_four_times(desk: FreshDesk, receiver: Any) -> None:
    rule(desk, 1, webhook(receiver.url, "{}"))
    receiver.answers = [(500, {})] * 2
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 3
    receiver.got.clear()
    receiver.answers = [(404, {})] * 9
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 4
    assert desk.control("GET", "state")["invocations"] == {"success": 1, "failed": 1}


def test_the_waits_are_5_30_and_60_minutes(desk: FreshDesk, receiver: Any) -> None:
    desk.knobs(minute_s=60)
    rule(desk, 1, webhook(receiver.url, "{}"))
    receiver.answers = [(500, {})]
    desk.arrive()
    assert not desk.simulator.face.wait_idle(0.3)
    assert len(receiver.got) == 1
    assert desk.control("GET", "state")["idle"] is False


def test_webhooks_count_against_the_account_and_wait(desk: FreshDesk, receiver: Any) -> None:
    rule(desk, 1, webhook(receiver.url, "{}"))
    before = int(desk.api("GET", "agents/me").headers["X-RateLimit-Remaining"])
    desk.arrive()
    desk.settle()
    assert int(desk.api("GET", "agents/me").headers["X-RateLimit-Remaining"]) == before - 2
    desk.knobs(requests_per_minute=1, minute_s=60)
    desk.arrive()
    assert not desk.simulator.face.wait_idle(0.2)
    assert desk.control("GET", "state")["invocations"] == {"success": 1, "deferred": 1}
    assert len(receiver.got) == 1


def test_a_webhook_that_waits_a_day_is_thrown_away(desk: FreshDesk, receiver: Any, monkeypatch: Any) -> None:
    rule(desk, 1, webhook(receiver.url, "{}"))
    monkeypatch.setattr(desk.simulator.face.limits, "wait", lambda *_: 0.005)  # type: ignore[attr-defined]
    desk.knobs(minute_s=0.00001)
    desk.arrive()
    desk.settle()
    assert desk.control("GET", "state")["invocations"] == {"discarded": 1}
    assert receiver.got == []


def test_copies_holding_and_off(desk: FreshDesk, receiver: Any) -> None:
    rule(desk, 1, webhook(receiver.url, "{}"))
    desk.knobs(webhook_copies=3, webhook_hold=True)
    desk.arrive()
    desk.settle()
    assert receiver.got == []
    assert desk.knobs(webhook_hold=False)["released"] == 3
    desk.settle()
    desk.knobs(webhook_off=True)
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 3


def test_rules_are_kept_as_sent_and_checked(desk: FreshDesk) -> None:
    action = webhook("https://app.example/hook", "{{ticket.id}}", custom_headers={"X-Webhook-Token": "readable"})
    made = rule(desk, 4, action, performer={"type": 2})
    shown = desk.api("GET", f"automations/4/rules/{made['id']}").json()
    assert shown["actions"] == [action]
    assert (shown["performer"], shown["automation_type_id"], shown["active"]) == ({"type": 2}, 4, True)
    listed = desk.api("GET", "automations/4/rules").json()
    assert listed["meta"] == {"count": 1, "cascading_rules": True}
    assert [one["id"] for one in listed["rules"]] == [made["id"]]
    assert desk.api("GET", f"automations/1/rules/{made['id']}").status_code == 404
    assert desk.api("GET", "automations/2/rules").status_code == 404
    off = desk.api("PUT", f"automations/4/rules/{made['id']}", {"active": False}).json()
    assert (off["active"], off["meta"]) == (False, {"total_active_count": 0, "total_count": 1})
    assert desk.api("DELETE", f"automations/4/rules/{made['id']}").status_code == 204
    assert desk.api("GET", "automations/4/rules").json()["rules"] == []


@pytest.mark.parametrize(
    ("kind", "change", "error"),
    [
        (1, {"conditions": []}, ("conditions", "missing_field")),
        (1, {"conditions": [{"name": "c", "match_type": "all", "properties": []}]}, ("properties", "missing_field")),
        (1, {"colour": "red"}, ("colour", "invalid_field")),
        (1, {"actions": [webhook("ftp://x", "")]}, ("url", "invalid_value")),
        (4, {}, ("events", "missing_field")),
        (4, {"performer": {"type": 3}, "events": [{"field_name": "moon"}]}, ("moon", "invalid_field")),
    ],
)
def test_rules_that_cannot_be_saved(desk: FreshDesk, kind: int, change: dict[str, Any], error: tuple[str, str]) -> None:
    asked = {"name": "n", "conditions": EVERYTHING, "actions": [webhook("https://x.example", "")], **change}
    answer = desk.api("POST", f"automations/{kind}/rules", asked)
    assert answer.status_code == 400
    assert error in errors(answer)


def test_an_unknown_placeholder_is_empty_and_the_rest_is_escaped() -> None:
    assert rules.render("{{ nothing }}|{{a.b}}", {"a.b": 'say "x"'}.get, as_json=True) == '|say \\"x\\"'


def test_the_app_tells_what_changed_and_signs_it(desk: FreshDesk, receiver: Any) -> None:
    connection = desk.connect(receiver.url, style="app", secret="s" * 40)
    assert connection["signing_secret"] == "s" * 40
    number = desk.arrive()
    desk.settle()
    desk.put(number, {"priority": 4, "custom_fields": {"cf_category": "bug"}})
    desk.settle()
    desk.api("POST", f"tickets/{number}/notes", {"body": "n"})
    desk.settle()
    desk.api("DELETE", f"tickets/{number}")
    desk.settle()
    told = bodies(receiver)
    assert [body["event"] for body in told] == [
        "onTicketCreate", "onTicketUpdate", "onConversationCreate", "onTicketUpdate",
    ]  # fmt: skip
    assert told[1]["changes"] == {
        "priority": [1, 4],
        f"cf_category_{connection['account_id']}": [None, "bug"],
    }
    assert told[3]["changes"] == {"deleted": [False, True]}
    assert told[0]["actor"]["type"] == "contact"
    assert told[1]["actor"] == {"id": int(connection["integration_user_id"]), "type": "agent"}
    assert {(body["v"], body["source"], body["ticket_id"]) for body in told} == {(1, "app", str(number))}
    assert len({body["event_id"] for body in told}) == 4
    for headers, body in receiver.got:
        kind, _, token = headers["authorization"].partition(" ")
        claims = jwt.decode(token, "s" * 40, algorithms=["HS256"])
        assert kind == "Bearer"
        assert claims["body"] == hashlib.sha256(body).hexdigest()
        assert 0 < claims["exp"] - claims["iat"] <= 300


def test_the_app_gives_up_after_three(desk: FreshDesk, receiver: Any) -> None:
    desk.connect(receiver.url, style="app")
    receiver.answers = [(500, {})] * 5
    desk.arrive()
    desk.settle()
    assert len(receiver.got) == 3


def test_connect_refuses_nonsense(desk: FreshDesk) -> None:
    face = desk.simulator.face
    for asked in ({}, {"webhook_url": "ftp://x"}, {"webhook_url": "http://x", "style": "events"},
                  {"webhook_url": "http://x", "fields": {"colour": []}}):  # fmt: skip
        with pytest.raises(ValueError, match=r"webhook_url|style|colour"):
            face.connect(asked, desk.url)


def test_arrivals_at_once_lose_nothing(desk: FreshDesk, receiver: Any) -> None:
    desk.connect(receiver.url)
    threads = [threading.Thread(target=desk.arrive) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    desk.settle()
    assert len({body["ticket_id"] for body in bodies(receiver)}) == 16
