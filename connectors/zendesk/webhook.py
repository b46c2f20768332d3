"""Deliveries from Zendesk: signature over the raw bytes, then a TicketEvent. Pure, no I/O.

A delivery is either a trigger's own JSON (`{"ticket_id": "...", "event": "created"}`), an event subscription's
fixed envelope, or our installer's test (`{"deskhand_test": "<nonce>"}`); all are accepted on one address.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.base import WebhookRequest
from connectors.errors import BadSignature, MalformedPayload, UnknownEvent
from connectors.zendesk.events import EVENT_PREFIX, HANDLED, IGNORED, TRIGGER_EVENTS
from connectors.zendesk.mapping import parse_instant
from triage.events import EventKind, TicketEvent

VENDOR_NAME = "zendesk"

# https://developer.zendesk.com/documentation/webhooks/anatomy-of-a-webhook-request/
ACCOUNT_ID = "x-zendesk-account-id"
INVOCATION_ID = "x-zendesk-webhook-invocation-id"
SIGNATURE = "x-zendesk-webhook-signature"
TIMESTAMP = "x-zendesk-webhook-signature-timestamp"

MAX_AHEAD = timedelta(seconds=60)
FRESH_FOR = timedelta(minutes=5)
# It is not known whether Zendesk renews the timestamp on its retries, so an old one is kept as a hint.
ACCEPTED_FOR = timedelta(hours=24)

# The secret Zendesk prints in its own sample is public and never counts as one.
# https://developer.zendesk.com/documentation/webhooks/verifying/
PUBLIC_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105

# What our own installer has Zendesk send, with a word that only it knows.
TEST = "deskhand_test"

MAX_ID_DIGITS = 20
LONGEST_KEY = 200
RECOVERABLE_ID = re.compile(r"\bticket_id\b[\"']?\s*[:=>]\s*[\"']?(\d{1,20})(?!\w)")
RECOVERABLE_EVENT = re.compile(r"\bevent\b[\"']?\s*[:=>]\s*[\"']?([A-Za-z_]{1,40})(?!\w)")
TICKET_SUBJECT = re.compile(r"zen:ticket:(\d{1,20})\Z", re.IGNORECASE)


def parse(request: WebhookRequest, secrets: tuple[str, ...], account_id: str | None) -> TicketEvent | None:
    """The event, or None for one ignored on purpose.

    Raises `BadSignature`; `MalformedPayload` (signed, unreadable); `UnknownEvent` (on none of our lists).
    """
    stale = verify(request, secrets, account_id)
    payload = _load(request.body)
    if payload is None:
        return _recovered(request, stale)
    event_type = payload.get("type")
    if isinstance(event_type, str) and event_type.lower().startswith(EVENT_PREFIX):
        return _subscription_event(request, payload, event_type.lower(), account_id, stale)
    if TEST in payload:
        return _test_event(payload[TEST], stale)
    return _trigger_event(request, payload, stale)


def verify(request: WebhookRequest, secrets: tuple[str, ...], account_id: str | None) -> bool:
    """Check that Zendesk sent this; True when it is older than usual and only good as a hint to re-read.

    Several secrets are valid while one replaces the other. Raises `BadSignature` with the reason.
    Source: https://developer.zendesk.com/documentation/webhooks/verifying/
    """
    usable = [secret for secret in secrets if secret and secret != PUBLIC_SECRET]
    if not usable:
        raise _bad("no signing secret is configured")
    signature = request.headers.get(SIGNATURE)
    timestamp = request.headers.get(TIMESTAMP)
    if not signature or not timestamp:
        raise _bad("the signature headers are missing")
    signed = timestamp.encode("utf-8", "replace") + request.body
    given = signature.encode("utf-8", "replace")
    matches = [hmac.compare_digest(sign(signed, secret), given) for secret in usable]
    if not any(matches):
        raise _bad("the signature does not match")
    if account_id is not None and request.headers.get(ACCOUNT_ID) != account_id:
        raise _bad("the account is not the one this address belongs to")
    return _age(timestamp, request.received_at) > FRESH_FOR


def sign(content: bytes, secret: str) -> bytes:
    """base64(HMAC-SHA256) of timestamp + body; the secret is its literal text, never decoded."""
    return b64encode(hmac.digest(secret.encode("utf-8"), content, "sha256"))


def dedup_key(request: WebhookRequest, event_id: object = None) -> str:
    """Equal for re-deliveries: the event's id, else the invocation's, else a hash of what was signed."""
    if isinstance(event_id, str) and event_id:
        return _bounded("event", event_id)
    invocation = request.headers.get(INVOCATION_ID)
    if invocation:
        return _bounded("invocation", invocation)
    signed = request.headers.get(TIMESTAMP, "").encode("utf-8", "replace") + request.body
    return f"sha256:{hashlib.sha256(signed).hexdigest()}"


def _age(timestamp: str, received_at: datetime) -> timedelta:
    try:
        age = received_at - parse_instant(timestamp)
    except ValueError as error:
        raise _bad("the timestamp is not readable") from error
    if age < -MAX_AHEAD:
        raise _bad("the timestamp is in the future")
    if age > ACCEPTED_FOR:
        raise _bad("the delivery is older than a day")
    return age


def _subscription_event(
    request: WebhookRequest, payload: Mapping[str, Any], event_type: str, account_id: str | None, stale: bool
) -> TicketEvent | None:
    if account_id is not None and payload.get("account_id") not in (None, account_id, _as_int(account_id)):
        raise _bad("the event belongs to another account")
    name = event_type.removeprefix(EVENT_PREFIX)
    if name in IGNORED:
        return None
    if name not in HANDLED:
        raise UnknownEvent(f"no rule for Zendesk event {name[:LONGEST_KEY]!r}", vendor=VENDOR_NAME)
    detail = _mapping(payload.get("detail"))
    event = _mapping(payload.get("event"))
    actor = _mapping(event.get("actor"))
    if _is_bot(actor):
        return None
    author = _mapping(_mapping(event.get("comment")).get("author"))
    candidates = (detail.get("actor_id"), actor.get("id"), author.get("id"))
    return TicketEvent(
        kind=HANDLED[name],
        ticket_ref=_ticket_ref(detail.get("id"), _id_in_subject(payload.get("subject"))),
        dedup_key=dedup_key(request, payload.get("id")),
        occurred_at=_instant_or_none(payload.get("time")),
        actor_id=next((found for value in candidates if (found := _as_id(value))), None),
        stale=stale,
    )


def _trigger_event(request: WebhookRequest, payload: Mapping[str, Any], stale: bool) -> TicketEvent:
    ticket_ref = _ticket_ref(payload.get("ticket_id"), _mapping(payload.get("ticket")).get("id"), payload.get("id"))
    return TicketEvent(
        kind=_trigger_kind(payload.get("event")),
        ticket_ref=ticket_ref,
        dedup_key=dedup_key(request),
        actor_id=_as_id(payload.get("actor_id")),
        stale=stale,
    )


def _test_event(nonce: object, stale: bool) -> TicketEvent:
    if not isinstance(nonce, str) or not nonce:
        raise MalformedPayload("the test event carries no word", vendor=VENDOR_NAME)
    return TicketEvent(kind=EventKind.TEST, ticket_ref="0", dedup_key=_bounded("test", nonce), stale=stale)


def _trigger_kind(name: object) -> EventKind:
    if name is None or name == "":
        return EventKind.TICKET_UPDATED
    if not isinstance(name, str):
        raise MalformedPayload("the trigger's event is not text", vendor=VENDOR_NAME)
    key = name.strip().lower().removeprefix(EVENT_PREFIX).removeprefix("ticket.").removeprefix("ticket_")
    if key in TRIGGER_EVENTS:
        return TRIGGER_EVENTS[key]
    if f"ticket.{key}" in HANDLED:
        return HANDLED[f"ticket.{key}"]
    raise UnknownEvent(f"no rule for trigger event {name[:LONGEST_KEY]!r}", vendor=VENDOR_NAME)


def _recovered(request: WebhookRequest, stale: bool) -> TicketEvent:
    """The event of a body that free text has broken: only when exactly one ticket id can be meant."""
    text = request.body.decode("utf-8", "replace")
    refs = {str(int(found)) for found in RECOVERABLE_ID.findall(text)}
    if len(refs) != 1:
        raise MalformedPayload("the body is not JSON and names no single ticket", vendor=VENDOR_NAME)
    kinds = {TRIGGER_EVENTS[name.lower()] for name in RECOVERABLE_EVENT.findall(text) if name.lower() in TRIGGER_EVENTS}
    return TicketEvent(
        kind=kinds.pop() if len(kinds) == 1 else EventKind.TICKET_UPDATED,
        ticket_ref=_ticket_ref(refs.pop()),
        dedup_key=dedup_key(request),
        stale=stale,
    )


def _load(body: bytes) -> dict[str, Any] | None:
    """The JSON object; None when the body is not JSON at all. Raises `MalformedPayload` for what no sender means."""
    try:
        payload = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_unique_keys,
            parse_int=_bounded_int,
            parse_constant=_no_constant,
        )
    except (UnicodeDecodeError, json.JSONDecodeError):
        return None
    except RecursionError as error:
        raise MalformedPayload("the JSON is nested too deeply", vendor=VENDOR_NAME) from error
    if not isinstance(payload, dict):
        raise MalformedPayload(f"the body is a JSON {type(payload).__name__}, not an object", vendor=VENDOR_NAME)
    return payload


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedPayload("the JSON names a key twice", vendor=VENDOR_NAME)
    return found


def _bounded_int(digits: str) -> int:
    if len(digits) > MAX_ID_DIGITS + 1:
        raise MalformedPayload("the JSON holds a number too long to be meant", vendor=VENDOR_NAME)
    return int(digits)


def _no_constant(name: str) -> float:
    raise MalformedPayload(f"the JSON holds {name}", vendor=VENDOR_NAME)


def _ticket_ref(*candidates: object) -> str:
    """The first candidate that is an id, in plain digits."""
    for candidate in candidates:
        found = _as_id(candidate)
        if found is not None and int(found) > 0:
            return str(int(found))
    raise MalformedPayload("the delivery names no ticket", vendor=VENDOR_NAME)


def _as_id(value: object) -> str | None:
    """Digits as text from an int or a digit string, else None."""
    text = str(value).strip() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS else None


def _as_int(text: str) -> int | None:
    found = _as_id(text)
    return int(found) if found else None


def _id_in_subject(subject: object) -> str | None:
    found = TICKET_SUBJECT.match(subject) if isinstance(subject, str) else None
    return found.group(1) if found else None


def _is_bot(actor: Mapping[str, Any]) -> bool:
    """Answer bots carry ids like `zd:...`; what they say needs no triage."""
    return str(actor.get("id", "")).lower().startswith("zd:") or str(actor.get("type", "")).lower() == "bot"


def _instant_or_none(value: object) -> datetime | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _bounded(kind: str, value: str) -> str:
    """The id itself where any database can hold it, else its hash."""
    if len(value) > LONGEST_KEY or not (value.isascii() and value.isprintable()):
        value = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{kind}:{value}"


def _bad(reason: str) -> BadSignature:
    return BadSignature(f"delivery refused: {reason}", vendor=VENDOR_NAME, operation="webhook")
