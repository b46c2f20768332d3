"""Freshdesk deliveries: bytes in, events or named refusals out. Nothing is faked."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import WebhookRequest
from connectors.errors import BadSignature, MalformedPayload, UnknownEvent
from connectors.freshdesk import VENDOR, webhook
from connectors.freshdesk.app_events import HANDLED, IGNORED
from triage.events import EventKind, TicketEvent

SECRET = "a-shared-secret-of-64-characters" * 2
OLD = "the-one-before-it-32-characters-"
NOW = datetime(2026, 3, 2, 9, 15, 20, tzinfo=UTC)
PING: dict[str, Any] = {"v": 1, "rule": "created", "ticket_id": "1042", "triggered_event": "{ticket_action:created}"}
FORWARDED: dict[str, Any] = {
    "v": 1,
    "source": "app",
    "event": "onTicketUpdate",
    "event_id": "7f1c",
    "timestamp": 1772442920.25,
    "ticket_id": "1042",
    "actor": {"id": "48", "type": "agent"},
    "changes": {"status": [2, 4]},
}


def delivery(body: Any = None, *, query: dict[str, str] | None = None, **headers: str) -> WebhookRequest:
    raw = body if isinstance(body, bytes) else json.dumps(PING if body is None else body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(headers=named, body=raw, received_at=NOW, query=query or {})


def parse(request: WebhookRequest, secrets: tuple[str, ...] = (SECRET,), account_id: str | None = None) -> TicketEvent:
    event = VENDOR.parse_webhook(request, secrets=secrets, account_id=account_id)
    assert event is not None
    return event


def event_of(body: Any, **headers: str) -> TicketEvent:
    return parse(delivery(body, x_webhook_token=SECRET, **headers))


def token(raw: bytes, secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims: dict[str, Any] = {
        "iat": NOW.timestamp(),
        "exp": (NOW + timedelta(minutes=2)).timestamp(),
        "body": hashlib.sha256(raw).hexdigest(),
    }
    return jwt.encode(
        {name: value for name, value in (claims | changes).items() if value is not None}, secret, algorithm
    )


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "request_",
    [
        delivery(x_webhook_token=SECRET),
        delivery(authorization=basic("deskhand", SECRET)),
        delivery(authorization=basic(SECRET, "")),
        delivery(query={"token": SECRET}),
        delivery(x_webhook_token=OLD),
        delivery(x_webhook_token="wrong", query={"token": SECRET}),
    ],
    ids=["header", "password", "user without password", "parameter", "the secret before", "one of two is right"],
)
def test_a_secret_may_come_in_any_of_three_ways(request_: WebhookRequest) -> None:
    assert parse(request_, (SECRET, OLD)).ticket_ref == "1042"


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (delivery(), "brings no secret"),
        (delivery(x_webhook_token=""), "brings no secret"),
        (delivery(x_webhook_token=SECRET[:-1]), "does not match"),
        (delivery(x_webhook_token=SECRET.upper()), "does not match"),
        (delivery(x_webhook_token="\udcff"), "does not match"),
        (delivery(authorization=basic("deskhand", "wrong")), "does not match"),
        (delivery(authorization=basic(SECRET, "wrong")), "does not match"),
        (delivery(authorization="Basic !!!"), "brings no secret"),
        (delivery(query={"token": "wrong"}), "does not match"),
        (delivery(query={"secret": SECRET}), "brings no secret"),
        (delivery({"token": SECRET, "ticket_id": 1}), "brings no secret"),
        (delivery(authorization=f"Bearer {SECRET}"), "token does not verify"),
    ],
)
def test_refused(request_: WebhookRequest, reason: str) -> None:
    with pytest.raises(BadSignature, match=reason) as caught:
        parse(request_)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_no_secret_configured_lets_nobody_in(secrets: tuple[str, ...]) -> None:
    with pytest.raises(BadSignature, match="no webhook secret"):
        parse(delivery(x_webhook_token="", query={"token": ""}), secrets)


@given(place=st.integers(0, len(SECRET) - 1), bit=st.integers(0, 6))
def test_every_flipped_bit_of_the_secret_is_refused(place: int, bit: int) -> None:
    wrong = SECRET[:place] + chr(ord(SECRET[place]) ^ (1 << bit)) + SECRET[place + 1 :]
    with pytest.raises(BadSignature):
        parse(delivery(x_webhook_token=wrong))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{ticket_action:created}", EventKind.TICKET_CREATED),
        ("{ticket_action: deleted}", EventKind.TICKET_DELETED),
        ("{ticket_action:marked_spam}", EventKind.TICKET_DELETED),
        ('{"ticket_action":"created"}', EventKind.TICKET_CREATED),
        ("{note_type:private}", EventKind.COMMENT_ADDED),
        ("{note_type:public}", EventKind.COMMENT_ADDED),
        ("{reply_sent:sent}", EventKind.COMMENT_ADDED),
        ("{priority:{from:3,to:1}}", EventKind.TICKET_UPDATED),
        ("{status:{from:4,to:6}}", EventKind.TICKET_UPDATED),
        ("{type:{from:created,to:x}}", EventKind.TICKET_UPDATED),
        ("{something new}", EventKind.TICKET_UPDATED),
        ("", EventKind.TICKET_UPDATED),
        (None, EventKind.TICKET_UPDATED),
        (7, EventKind.TICKET_UPDATED),
        ({"priority": {"from": 3}}, EventKind.TICKET_UPDATED),
    ],
)
def test_triggered_event(text: object, kind: EventKind) -> None:
    assert event_of({"ticket_id": 5, "triggered_event": text}).kind is kind


@pytest.mark.parametrize(
    "body",
    [
        PING,
        {"freshdesk_webhook": PING},
        {"freshdesk_webhook": json.dumps(PING)},
        PING | {"ticket_id": 1042},
        PING | {"ticket_id": " 1042 "},
        PING | {"ticket_id": "001042"},
        {"ticket": {"id": 1042}, "triggered_event": "{ticket_action:created}"},
        json.dumps(PING).encode("utf-8-sig"),
        PING | {"ticket_status": "Waiting on Customer", "extra": None, "list": [1]},
    ],
)
def test_nested_and_flat_bodies_say_the_same(body: Any) -> None:
    event = event_of(body)
    assert (event.ticket_ref, event.kind) == ("1042", EventKind.TICKET_CREATED)
    assert event.actor_id is None


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "application/octet-stream"])
def test_the_content_type_does_not_matter_for_json(content_type: str) -> None:
    assert event_of(PING, content_type=content_type).ticket_ref == "1042"


@pytest.mark.parametrize(
    "fields",
    [
        {"ticket_id": "1042", "triggered_event": "{ticket_action:created}"},
        {"freshdesk_webhook[ticket_id]": "1042", "freshdesk_webhook[triggered_event]": "{ticket_action:created}"},
        {"freshdesk_webhook": json.dumps(PING)},
    ],
)
def test_a_form(fields: dict[str, str]) -> None:
    event = event_of(urlencode(fields).encode(), content_type="application/x-www-form-urlencoded; charset=utf-8")
    assert (event.ticket_ref, event.kind) == ("1042", EventKind.TICKET_CREATED)


def test_the_words_of_our_own_rules() -> None:
    words = {
        "created": EventKind.TICKET_CREATED,
        "Updated": EventKind.TICKET_UPDATED,
        "comment_added": EventKind.COMMENT_ADDED,
        "deleted": EventKind.TICKET_DELETED,
        "teleported": EventKind.TICKET_UPDATED,
    }
    assert {word: event_of({"ticket_id": 1, "event": word}).kind for word in words} == words


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"ticket_id":"1042","subject":"He said "hi""}', EventKind.TICKET_UPDATED),
        (b'{"ticket_id":"1042","triggered_event":"{ticket_action:created}","subject":"a\nb"', EventKind.TICKET_CREATED),
        (b'{"ticket_id":"1042","note":"x","ticket_id":"1042"}', EventKind.TICKET_UPDATED),
        (b"ticket_id=1042", EventKind.TICKET_UPDATED),
        (b"<freshdesk_webhook><ticket_id>1042</ticket_id></freshdesk_webhook>", EventKind.TICKET_UPDATED),
        (b'{"ticket_id":"1042","subject":"\xff"}', EventKind.TICKET_UPDATED),
        (b'{"ticket_id":"1042","deep":' + b"[" * 60_000, EventKind.TICKET_UPDATED),
    ],
)
def test_a_broken_body_with_one_ticket_still_counts(body: bytes, kind: EventKind) -> None:
    event = event_of(body)
    assert (event.ticket_ref, event.kind) == ("1042", kind)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"subject":"no ticket"}',
        b'{"ticket_id":""}',
        b'{"ticket_id":"0"}',
        b'{"ticket_id":-5}',
        b'{"ticket_id":true}',
        b'{"ticket_id":1.5}',
        b'{"ticket_id":"{{ticket.id}}"}',
        b'{"ticket_id":"../7"}',
        b'{"ticket_id":"123456789012345678901"}',
        '{"ticket_id":"١٢"}'.encode(),
        b'{"ticket_id":"1","ticket_id":"2"}',
        b'{"ticket_id":"1" "again":"ticket_id: 2"',
    ],
)
def test_no_single_ticket_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        event_of(body)


@given(body=st.binary(max_size=300))
def test_any_bytes_are_an_event_or_a_named_refusal(body: bytes) -> None:
    try:
        event = VENDOR.parse_webhook(delivery(body, x_webhook_token=SECRET), secrets=(SECRET,), account_id=None)
    except (MalformedPayload, UnknownEvent):
        return
    assert event is None or event.ticket_ref.isdigit()


def test_pings_within_a_minute_are_one_and_later_ones_are_not() -> None:
    first = delivery(PING, x_webhook_token=SECRET)
    again = delivery(dict(reversed(PING.items())), query={"token": SECRET})
    assert parse(first).dedup_key == parse(again).dedup_key
    others = [
        replace(first, received_at=NOW + timedelta(minutes=5)),
        delivery(PING | {"ticket_id": "1043"}, x_webhook_token=SECRET),
        delivery(PING | {"triggered_event": "{note_type:private}"}, x_webhook_token=SECRET),
        delivery(PING | {"updated_hint": "2026-03-02T09:15:00Z"}, x_webhook_token=SECRET),
    ]
    keys = {parse(each).dedup_key for each in [first, *others]}
    assert len(keys) == len(others) + 1
    assert all(len(key) <= 200 and SECRET not in key for key in keys)


def test_our_installers_test_event() -> None:
    event = event_of({"deskhand_test": "n0nce_-"})
    assert event == TicketEvent(kind=EventKind.TEST, ticket_ref="0", dedup_key="test:n0nce_-")
    assert event_of({"freshdesk_webhook": {"deskhand_test": "n0nce_-"}}) == event


@pytest.mark.parametrize("nonce", ["", None, 7, "a b", "x" * 101, {}])
def test_a_test_event_without_a_usable_nonce(nonce: object) -> None:
    with pytest.raises(MalformedPayload):
        event_of({"deskhand_test": nonce})


def forwarded(event: Any = None, **claims: Any) -> WebhookRequest:
    raw = json.dumps(FORWARDED if event is None else event).encode()
    return delivery(raw, authorization=f"Bearer {token(raw, **claims)}")


def test_an_event_that_our_app_signed() -> None:
    event = parse(forwarded())
    assert event.kind is EventKind.TICKET_UPDATED
    assert (event.ticket_ref, event.actor_id) == ("1042", "48")
    assert event.occurred_at == datetime.fromtimestamp(1772442920.25, UTC)
    assert parse(forwarded(secret=OLD), (SECRET, OLD)) == event


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"secret": "another-secret-of-32-characters-x"}, "does not verify"),
        ({"algorithm": "HS512"}, "does not verify"),
        ({"body": "0" * 64}, "another body"),
        ({"body": None}, "another body"),
        ({"exp": None}, "no times"),
        ({"iat": None}, "no times"),
        ({"iat": "soon"}, "does not verify|no times"),
        ({"exp": (NOW + timedelta(minutes=6)).timestamp()}, "longer than 5 minutes"),
        ({"exp": (NOW - timedelta(seconds=1)).timestamp()}, "not at all"),
        (
            {
                "iat": (NOW - timedelta(minutes=9)).timestamp(),
                "exp": (NOW - timedelta(minutes=5)).timestamp(),
            },
            "expired",
        ),
        (
            {
                "iat": (NOW + timedelta(minutes=5)).timestamp(),
                "exp": (NOW + timedelta(minutes=6)).timestamp(),
            },
            "not valid yet",
        ),
    ],
)
def test_a_token_that_proves_nothing(claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadSignature, match=reason):
        parse(forwarded(**claims))


def test_an_unsigned_token_is_refused() -> None:
    raw = json.dumps(FORWARDED).encode()
    claims = {"iat": NOW.timestamp(), "exp": NOW.timestamp() + 60, "body": hashlib.sha256(raw).hexdigest()}
    with pytest.raises(BadSignature):
        parse(delivery(raw, authorization=f"Bearer {jwt.encode(claims, None, 'none')}"))


RAW = json.dumps(FORWARDED).encode()
SIGNED = token(RAW)


@given(place=st.integers(0, len(RAW) - 1), bit=st.integers(0, 7))
def test_every_flipped_bit_of_a_signed_body_is_refused(place: int, bit: int) -> None:
    flipped = bytes([*RAW[:place], RAW[place] ^ (1 << bit), *RAW[place + 1 :]])
    with pytest.raises(BadSignature):
        parse(delivery(flipped, authorization=f"Bearer {SIGNED}"))


@pytest.mark.parametrize("name", sorted(HANDLED))
def test_handled_app_events(name: str) -> None:
    assert parse(forwarded(FORWARDED | {"event": name})).kind is HANDLED[name]


@pytest.mark.parametrize("name", sorted(IGNORED))
def test_ignored_app_events(name: str) -> None:
    request = forwarded(FORWARDED | {"event": name})
    assert VENDOR.parse_webhook(request, secrets=(SECRET,), account_id=None) is None


def test_the_lists_do_not_overlap() -> None:
    assert not set(HANDLED) & IGNORED


@pytest.mark.parametrize("name", ["onTicketTeleport", "onSomething", "ticket"])
def test_an_app_event_on_no_list_is_unknown(name: str) -> None:
    with pytest.raises(UnknownEvent, match=name):
        parse(forwarded(FORWARDED | {"event": name}))


@pytest.mark.parametrize("changes", [{"event": ""}, {"event": None}, {"ticket_id": None}, {"ticket_id": "x"}])
def test_a_forwarded_event_that_lacks_what_it_needs(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedPayload):
        parse(forwarded(FORWARDED | changes))


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"deleted": [False, True]}, EventKind.TICKET_DELETED),
        ({"spam": [False, True]}, EventKind.TICKET_DELETED),
        ({"deleted": [True, False]}, EventKind.TICKET_UPDATED),
        ({"deleted": True}, EventKind.TICKET_UPDATED),
        ({"status": [2, 4]}, EventKind.TICKET_UPDATED),
        (None, EventKind.TICKET_UPDATED),
        ([], EventKind.TICKET_UPDATED),
    ],
)
def test_deleting_arrives_as_an_update(changes: object, kind: EventKind) -> None:
    assert parse(forwarded(FORWARDED | {"changes": changes})).kind is kind


def test_an_event_id_makes_redeliveries_one() -> None:
    again = FORWARDED | {"timestamp": "1772442999000"}
    assert parse(forwarded()).dedup_key == parse(forwarded(again)).dedup_key
    assert parse(forwarded(FORWARDED | {"event_id": "8"})).dedup_key != parse(forwarded()).dedup_key
    unnamed = {key: value for key, value in FORWARDED.items() if key != "event_id"}
    assert parse(forwarded(unnamed)).dedup_key != parse(forwarded(unnamed | {"timestamp": 1})).dedup_key


RAW_UPDATE = {
    "region": "EUC",
    "account_id": "13",
    "domain": "sample.freshdesk.com",
    "event": "onTicketUpdate",
    "timestamp": "1772442920250",
    "data": {
        "ticket": {"model_id": 999, "id": 205, "changes": {"deleted": [False, True]}},
        "actor": {"id": 48, "type": "agent"},
    },
}


def test_a_raw_app_event_under_the_shared_secret() -> None:
    event = event_of(RAW_UPDATE)
    assert (event.kind, event.ticket_ref, event.actor_id) == (EventKind.TICKET_DELETED, "205", "48")
    assert event.occurred_at == datetime.fromtimestamp(1772442920.25, UTC)


def test_a_conversation_names_its_ticket_by_the_number_people_see() -> None:
    conversation = {"id": 5, "ticket_id": 452, "notable_id": 2127}
    body = RAW_UPDATE | {"event": "onConversationCreate", "data": {"conversation": conversation, "actor": {"id": 0}}}
    event = event_of(body)
    assert (event.kind, event.ticket_ref, event.actor_id) == (EventKind.COMMENT_ADDED, "452", None)


def test_another_accounts_event_is_refused() -> None:
    request = delivery(RAW_UPDATE, x_webhook_token=SECRET)
    assert parse(request, account_id="13").ticket_ref == "205"
    assert parse(request, account_id="acme").ticket_ref == "205"
    with pytest.raises(BadSignature, match="another account"):
        parse(request, account_id="14")


def test_the_parser_does_no_harm_to_the_request() -> None:
    request = delivery(x_webhook_token=SECRET)
    assert webhook.parse(request, (SECRET,), None) == webhook.parse(request, (SECRET,), None)
    assert SECRET not in repr(replace(request, headers={}, query={"token": SECRET}))
