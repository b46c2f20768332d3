"""Zendesk deliveries: whole fixtures in, events or named refusals out. Bytes only, nothing is faked."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import errors
from connectors.base import WebhookRequest
from connectors.zendesk import VENDOR, webhook
from connectors.zendesk.events import HANDLED, IGNORED
from triage.events import EventKind

ROOT = Path(__file__).parents[3]
FIXTURES = sorted((ROOT / "tests/fixtures/zendesk").glob("*__*.json"))
SHARED = ROOT.parent / "shared"
SECRET = "demo-signing-secret"
ACCOUNT = "7700421"
SENT_AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
BODY = b'{"ticket_id":"1042","event":"created"}'


def delivery(body: bytes = BODY, *, sent_at: str = "2026-03-02T09:15:00Z", secret: str = SECRET, **headers: str):
    """A correctly signed request, received the moment it was sent."""
    digest = hmac.new(secret.encode(), sent_at.encode() + body, hashlib.sha256).digest()
    signed = {
        "x-zendesk-account-id": ACCOUNT,
        "x-zendesk-webhook-signature": b64encode(digest).decode(),
        "x-zendesk-webhook-signature-timestamp": sent_at,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(headers=signed | named, body=body, received_at=SENT_AT)


def without(request: WebhookRequest, name: str) -> WebhookRequest:
    return replace(request, headers={key: value for key, value in request.headers.items() if key != name})


def parse(request: WebhookRequest, secrets: tuple[str, ...] = (SECRET,), account_id: str | None = ACCOUNT):
    return VENDOR.parse_webhook(request, secrets=secrets, account_id=account_id)


def envelope(event_type: str, **changes: Any) -> bytes:
    body = {
        "account_id": int(ACCOUNT),
        "id": "6c1f6f0e",
        "time": "2026-03-02T09:15:04.118203944Z",
        "type": f"zen:event-type:{event_type}",
        "subject": "zen:ticket:1042",
        "detail": {"id": "1042", "actor_id": "410"},
        "event": {},
    }
    return json.dumps(body | changes).encode()


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_delivery(path: Path) -> None:
    case = json.loads(path.read_text())
    request = WebhookRequest(
        headers=case["headers"],
        body=case["body"].encode(),
        received_at=datetime.fromisoformat(case["received_at"]),
    )
    expected = case["expected"]
    if expected is not None and "error" in expected:
        with pytest.raises(getattr(errors, expected["error"])):
            parse(request, (case["secret"],))
        return
    event = parse(request, (case["secret"],))
    found = event and {
        "kind": event.kind.value,
        "ticket_ref": event.ticket_ref,
        "dedup_key": event.dedup_key,
        "actor_id": event.actor_id,
        "occurred_at": event.occurred_at.isoformat() if event.occurred_at else None,
        "stale": event.stale,
    }
    assert found == expected


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (BODY, "W+XRFOq7QTt0de2eGKsL7sJvHDDDrtSXKRG7ihY5Zb4="),
        (b"", "qfmDNZFKdKnAQai/YaSyuh3oxzU3ogCEo7lHcBk7avk="),
    ],
)
def test_the_published_vectors(body: bytes, signature: str) -> None:
    request = delivery(body, x_zendesk_webhook_signature=signature)
    assert webhook.verify(request, (SECRET,), ACCOUNT) is False


@pytest.mark.parametrize(
    "name",
    ["x-zendesk-webhook-signature", "x-zendesk-webhook-signature-timestamp", "x-zendesk-account-id"],
)
def test_a_missing_header_is_refused(name: str) -> None:
    with pytest.raises(errors.BadSignature):
        parse(without(delivery(), name))


def test_the_account_is_checked_only_when_it_is_known() -> None:
    assert parse(without(delivery(), "x-zendesk-account-id"), account_id=None) is not None
    with pytest.raises(errors.BadSignature, match="account"):
        parse(delivery(), account_id="1")
    with pytest.raises(errors.BadSignature, match="another account"):
        parse(delivery(envelope("ticket.created", account_id=5)))


def test_both_secrets_count_during_rotation() -> None:
    assert parse(delivery(), ("new", SECRET)) is not None
    assert parse(delivery(secret="new"), ("new", SECRET)) is not None
    with pytest.raises(errors.BadSignature):
        parse(delivery(secret="other"), ("new", SECRET))


@pytest.mark.parametrize("secrets", [(), ("",), (webhook.PUBLIC_SECRET,)])
def test_no_usable_secret_lets_nothing_in(secrets: tuple[str, ...]) -> None:
    with pytest.raises(errors.BadSignature, match="no signing secret"):
        parse(delivery(secret=secrets[0] if secrets else SECRET), secrets)


@pytest.mark.parametrize(
    ("age", "stale"),
    [
        (timedelta(seconds=-60), False),
        (timedelta(0), False),
        (timedelta(minutes=5), False),
        (timedelta(minutes=5, seconds=1), True),
        (timedelta(hours=24), True),
    ],
)
def test_age_of_an_accepted_delivery(age: timedelta, stale: bool) -> None:
    event = parse(replace(delivery(), received_at=SENT_AT + age))
    assert event is not None
    assert event.stale is stale


@pytest.mark.parametrize("age", [timedelta(seconds=-61), timedelta(hours=24, seconds=1), timedelta(days=4000)])
def test_age_of_a_refused_delivery(age: timedelta) -> None:
    with pytest.raises(errors.BadSignature):
        parse(replace(delivery(), received_at=SENT_AT + age))


@pytest.mark.parametrize(
    "sent_at", ["yesterday", "2026-03-02", "2026-03-02T09:15:00", "0001-01-01T00:00:00+23:00", "1772442900"]
)
def test_an_unreadable_timestamp_is_refused_even_when_signed(sent_at: str) -> None:
    with pytest.raises(errors.BadSignature, match="timestamp"):
        parse(delivery(sent_at=sent_at))


def test_a_signature_of_odd_characters_is_refused() -> None:
    with pytest.raises(errors.BadSignature):
        parse(delivery(x_zendesk_webhook_signature="\udc80é"))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_noticed(data: st.DataObject) -> None:
    request = delivery(envelope("ticket.created"))
    signature = request.headers["x-zendesk-webhook-signature"]
    timestamp = request.headers["x-zendesk-webhook-signature-timestamp"]
    target = data.draw(st.sampled_from(["body", "signature", "timestamp"]))
    content = {"body": request.body, "signature": signature.encode(), "timestamp": timestamp.encode()}[target]
    place = data.draw(st.integers(0, len(content) * 8 - 1))
    flipped = bytearray(content)
    flipped[place // 8] ^= 1 << place % 8
    if target == "body":
        changed = replace(request, body=bytes(flipped))
    else:
        name = "x-zendesk-webhook-signature" + ("-timestamp" if target == "timestamp" else "")
        changed = replace(request, headers=dict(request.headers) | {name: flipped.decode("latin-1")})
    with pytest.raises(errors.BadSignature):
        parse(changed)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["ticket_id", "id", "ticket", "event", "detail", "type", "subject", "time", "actor"])
                | st.text(max_size=5),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
)
def test_a_signed_body_is_an_event_or_a_named_refusal(body: bytes) -> None:
    try:
        event = parse(delivery(body))
    except (errors.MalformedPayload, errors.UnknownEvent):
        return
    assert event is None or event.ticket_ref.isdigit()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"1042"',
        b"null",
        b"17",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"ticket_id":' + b"[" * 100_000,
        b'{"ticket_id":' + b"9" * 5_000 + b"}",
        b'{"ticket_id":' + b"9" * 30 + b"}",
        b'{"ticket_id":"' + b"9" * 30 + b'"}',
        b'{"ticket_id":"1","ticket_id":"2"}',
        b'{"ticket_id":"1","x":{"a":1,"a":2}}',
        b'{"ticket_id":NaN}',
        b'{"ticket_id":true}',
        b'{"ticket_id":-5}',
        b'{"ticket_id":0}',
        b'{"ticket_id":null}',
        b'{"ticket_id":"1/../2"}',
        '{"ticket_id":"١٢"}'.encode(),
        b'{"ticket_id":"1","event":7}',
        envelope("ticket.created", detail=[], subject="zen:user:5"),
        envelope("ticket.created", detail={"id": None}, subject=5),
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_signed_but_unreadable(body: bytes) -> None:
    with pytest.raises(errors.MalformedPayload):
        parse(delivery(body))


@pytest.mark.parametrize("value", [b"[" * 100_000 + b"]" * 100_000])
def test_deep_nesting_does_not_break_the_parser(value: bytes) -> None:
    with pytest.raises(errors.MalformedPayload, match="nested"):
        parse(delivery(b'{"ticket_id":1,"x":' + value + b"}"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (None, EventKind.TICKET_UPDATED),
        ("", EventKind.TICKET_UPDATED),
        ("created", EventKind.TICKET_CREATED),
        ("Ticket.Created", EventKind.TICKET_CREATED),
        ("ticket_deleted", EventKind.TICKET_DELETED),
        ("zen:event-type:ticket.comment_added", EventKind.COMMENT_ADDED),
        ("priority_changed", EventKind.TICKET_UPDATED),
    ],
)
def test_words_of_a_trigger(name: str | None, kind: EventKind) -> None:
    event = parse(delivery(json.dumps({"ticket_id": "7", "event": name}).encode()))
    assert event is not None
    assert event.kind is kind


def test_every_named_event_is_on_exactly_one_list() -> None:
    assert not HANDLED.keys() & IGNORED
    for name in HANDLED.keys() | IGNORED:
        event = parse(delivery(envelope(name)))
        assert (event is None) == (name in IGNORED)
        assert event is None or event.kind is HANDLED[name]


@pytest.mark.skipif(not SHARED.exists(), reason="the platform notes are not beside the repository")
def test_the_lists_hold_every_type_of_the_platform_notes() -> None:
    notes = (SHARED / "platforms/zendesk.md").read_text()
    section = notes.partition("### 1.2 Event types")[2].partition("### 1.3")[0]
    named = {f"article.{name}" for name in ("published", "unpublished")} | {"messaging_ticket.message_added"}
    for domain, lead in (("ticket", "Tickets, "), ("organization", "Organisations, "), ("user", "Users, ")):
        words = re.search(
            re.escape(lead) + r"`[^`]+` \+ : `([^`]+)`|" + re.escape(lead) + r"`[^`]+` \+ `([^`]+)`", section
        )
        assert words is not None or domain == "user", domain
        if words is None:
            words = re.search(r"Users, `user\.` \+ `([^`]+)`", section)
        assert words is not None
        named |= {f"{domain}.{word}" for word in (words.group(1) or words.group(2)).split()}
    assert len(named) > 60
    assert named <= HANDLED.keys() | IGNORED


@pytest.mark.skipif(not SHARED.exists(), reason="the platform samples are not beside the repository")
def test_sample_deliveries_of_others_can_be_read() -> None:
    samples = sorted((SHARED / "platforms/samples/zendesk").rglob("*.json"))
    assert samples
    for sample in samples:
        event = parse(delivery(sample.read_bytes()))
        assert event is not None, sample
        assert event.ticket_ref == json.loads(sample.read_bytes())["ticket_id"]


def test_unknown_types_are_named_in_the_refusal() -> None:
    with pytest.raises(errors.UnknownEvent, match=r"ticket\.updated"):
        parse(delivery(envelope("ticket.updated")))


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("soon", None),
        (None, None),
        (5, None),
        ("2026-03-02T10:15:04+01:00", datetime(2026, 3, 2, 9, 15, 4, tzinfo=UTC)),
    ],
)
def test_when_it_happened_is_optional(time: object, expected: datetime | None) -> None:
    event = parse(delivery(envelope("ticket.created", time=time)))
    assert event is not None
    assert event.occurred_at == expected


def test_dedup_key_prefers_event_then_invocation_then_content() -> None:
    invocation = {"x_zendesk_webhook_invocation_id": "01INVOCATION"}
    keys = [
        parse(delivery(envelope("ticket.created"), **invocation)),
        parse(delivery(envelope("ticket.created", id=None), **invocation)),
        parse(delivery(BODY, **invocation)),
        parse(delivery(BODY)),
        parse(delivery(envelope("ticket.created", id="x" * 500))),
        parse(delivery(envelope("ticket.created", id="\ud800\0"))),
    ]
    found = [event.dedup_key for event in keys if event]
    content = hashlib.sha256(b"2026-03-02T09:15:00Z" + BODY).hexdigest()
    assert found[:4] == ["event:6c1f6f0e", "invocation:01INVOCATION", "invocation:01INVOCATION", f"sha256:{content}"]
    assert all(len(key) < 100 and key.isascii() and key.isprintable() for key in found[4:])


def test_verify_alone_accepts_what_cannot_be_read() -> None:
    assert webhook.verify(delivery(b"\xff not json"), (SECRET,), ACCOUNT) is False
    assert webhook.dedup_key(delivery(b"\xff not json")).startswith("sha256:")


# Our installer's test


@pytest.mark.parametrize(
    ("nonce", "key"),
    [("n0nce_-", "test:n0nce_-"), ("x" * 201, f"test:{hashlib.sha256(b'x' * 201).hexdigest()}")],
    ids=["short", "long"],
)
def test_the_test_event_names_no_ticket(nonce: str, key: str) -> None:
    event = parse(delivery(json.dumps({"deskhand_test": nonce}).encode()))
    assert (event.kind, event.ticket_ref, event.dedup_key) == (EventKind.TEST, "0", key)


@pytest.mark.parametrize("nonce", [None, "", 5, [], {}])
def test_a_test_event_without_its_word(nonce: object) -> None:
    with pytest.raises(errors.MalformedPayload, match="word"):
        parse(delivery(json.dumps({"deskhand_test": nonce}).encode()))


def test_a_test_event_needs_its_signature_as_any_other() -> None:
    with pytest.raises(errors.BadSignature):
        parse(delivery(b'{"deskhand_test":"n"}', secret="another"))
