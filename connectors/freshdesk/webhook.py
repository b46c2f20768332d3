"""Deliveries from Freshdesk: a shared secret or our app's signature, then a TicketEvent. Pure, no I/O.

An automation rule's webhook is unsigned, unordered and may be hours late, so it is a ping: only the ticket's id and
what kind of event it may have been are taken from it. The app's events (`app_events`) come to the same address.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl

from connectors.base import WebhookRequest
from connectors.errors import BadSignature, MalformedPayload
from connectors.freshdesk import app_events
from connectors.freshdesk.app_events import VENDOR_NAME, as_id
from connectors.freshdesk.mapping import instant_or_none
from triage.events import EventKind, TicketEvent

SECRET_HEADER = "x-webhook-token"  # noqa: S105
SECRET_PARAMETER = "token"  # noqa: S105
ROOT_KEY = "freshdesk_webhook"
TEST_KEY = "deskhand_test"
NONCE = re.compile(r"[A-Za-z0-9_-]{1,100}")
FORM = "application/x-www-form-urlencoded"

# `{ticket_action:created}`, `{priority:{from:3,to:1}}`, `{note_type:private}`: neither quoted nor JSON.
NAMED_VALUE = re.compile(r"[\"']?([a-z_]{2,40})[\"']?\s*[:=]\s*[\"']?([a-z_]{0,40})", re.IGNORECASE)
ACTIONS = {
    "created": EventKind.TICKET_CREATED,
    "create": EventKind.TICKET_CREATED,
    "deleted": EventKind.TICKET_DELETED,
    "marked_spam": EventKind.TICKET_DELETED,
    "marked_as_spam": EventKind.TICKET_DELETED,
    "spam": EventKind.TICKET_DELETED,
}
COMMENTS = frozenset({"note_type", "reply_sent", "reply", "comment", "customer_feedback"})
# What the body of a rule of ours may name in `event` where the rule has no {{triggered_event}}.
OWN_WORDS = {
    "created": EventKind.TICKET_CREATED,
    "updated": EventKind.TICKET_UPDATED,
    "comment_added": EventKind.COMMENT_ADDED,
    "deleted": EventKind.TICKET_DELETED,
}
RECOVERABLE_ID = re.compile(r"\bticket[_-]id\b[\"'\]]*\s*[:=>]\s*[\"']?(\d{1,20})(?!\w)")
RECOVERABLE_EVENT = re.compile(r"\btriggered_event\b[\"'\]]*\s*[:=>]\s*[\"']?(\{[^\"'<]{0,200}\})")


def parse(request: WebhookRequest, secrets: tuple[str, ...], account_id: str | None) -> TicketEvent | None:
    """The event, or None for one ignored on purpose.

    Raises `BadSignature`; `MalformedPayload` (authentic, unreadable); `UnknownEvent` (an app event on no list).
    """
    verify(request, secrets)
    payload = _load(request)
    if payload is None:
        return _recovered(request)
    if TEST_KEY in payload:
        return _test_event(payload[TEST_KEY])
    if app_events.is_app_event(payload):
        _check_account(payload.get("account_id"), account_id)
        return app_events.parse(payload)
    return _automation_event(request, payload)


def verify(request: WebhookRequest, secrets: tuple[str, ...]) -> None:
    """Check that the sender knows a secret of this tenant's, by header, password, parameter or signature.

    Several secrets are valid while one replaces the other. Raises `BadSignature` with the reason.
    """
    usable = tuple(secret for secret in secrets if secret)
    if not usable:
        raise _bad("no webhook secret is configured")
    scheme, _, credentials = request.headers.get("authorization", "").strip().partition(" ")
    password = _password(credentials) if scheme.lower() == "basic" else None
    shared = (request.headers.get(SECRET_HEADER), password, request.query.get(SECRET_PARAMETER))
    given = [value for value in shared if value]
    # Every pair is compared, so that the time taken tells nothing about which came close.
    matches = [_equal(value, secret) for value in given for secret in usable]
    if any(matches):
        return
    if scheme.lower() == "bearer":
        problem = app_events.token_problem(credentials.strip(), request.body, usable, request.received_at)
        if problem is None:
            return
        raise _bad(problem)
    raise _bad("the secret does not match" if given else "it brings no secret")


def triggered_kind(text: object) -> EventKind:
    """What `{{triggered_event}}` tells; an absent or unknown form is an update."""
    named = [(name.lower(), value.lower()) for name, value in NAMED_VALUE.findall(str(text or ""))]
    for name, value in named:
        if name == "ticket_action" and value in ACTIONS:
            return ACTIONS[value]
    return EventKind.COMMENT_ADDED if COMMENTS & {name for name, _ in named} else EventKind.TICKET_UPDATED


def _automation_event(request: WebhookRequest, payload: Mapping[str, Any]) -> TicketEvent:
    ticket = payload.get("ticket")
    nested = ticket.get("id") if isinstance(ticket, dict) else None
    ref = next(filter(None, map(as_id, (payload.get("ticket_id"), nested, payload.get("id")))), None)
    if ref is None:
        raise MalformedPayload("the delivery names no ticket", vendor=VENDOR_NAME)
    triggered = payload.get("triggered_event")
    word = payload.get("event")
    named = OWN_WORDS.get(word.strip().lower()) if isinstance(word, str) else None
    return TicketEvent(
        kind=triggered_kind(triggered) if triggered or named is None else named,
        ticket_ref=ref,
        dedup_key=_dedup_key(request, ref, triggered, json.dumps(payload, sort_keys=True)),
        occurred_at=instant_or_none(payload.get("updated_hint")),
        actor_id=as_id(payload.get("actor_id")),
    )


def _test_event(nonce: object) -> TicketEvent:
    if not isinstance(nonce, str) or not NONCE.fullmatch(nonce):
        raise MalformedPayload("the test event carries no usable nonce", vendor=VENDOR_NAME)
    return TicketEvent(kind=EventKind.TEST, ticket_ref="0", dedup_key=f"test:{nonce}")


def _recovered(request: WebhookRequest) -> TicketEvent:
    """The event of a body that free text has broken: only when exactly one ticket id can be meant."""
    text = request.body.decode("utf-8", "replace")
    refs = set(map(as_id, RECOVERABLE_ID.findall(text))) - {None}
    if len(refs) != 1:
        raise MalformedPayload("the body is not readable and names no single ticket", vendor=VENDOR_NAME)
    ref = str(refs.pop())
    triggered = RECOVERABLE_EVENT.findall(text)
    kinds = {triggered_kind(each) for each in triggered}
    return TicketEvent(
        kind=kinds.pop() if len(kinds) == 1 else EventKind.TICKET_UPDATED,
        ticket_ref=ref,
        dedup_key=_dedup_key(request, ref, triggered, text),
    )


def _load(request: WebhookRequest) -> dict[str, Any] | None:
    """The body's keys without the root key around them; None when it is neither a JSON object nor a form."""
    payload = _json(request.body)
    if payload is None and request.headers.get("content-type", "").lower().startswith(FORM):
        payload = _form(request.body)
    if payload is None:
        return None
    inner = payload.get(ROOT_KEY)
    if isinstance(inner, str):
        inner = _json(inner.encode("utf-8", "replace"))
    return inner if isinstance(inner, dict) else payload


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        payload = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _form(body: bytes) -> dict[str, Any] | None:
    """Form fields, `freshdesk_webhook[ticket_id]` as `ticket_id`; None when a name comes twice."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), max_num_fields=200)
        return (
            _unique_keys([(re.sub(rf"\A{ROOT_KEY}\[(\w+)\]\Z", r"\1", name), value) for name, value in pairs]) or None
        )
    except ValueError:
        return None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _dedup_key(request: WebhookRequest, ref: str, triggered: object, body: str) -> str:
    """Freshdesk gives a delivery no id, so equal pings within one minute of receipt count as one."""
    minute = request.received_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    parts = repr((ref, triggered, body, minute))
    return f"ping:{hashlib.sha256(parts.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _password(credentials: str) -> str | None:
    """The password of HTTP Basic credentials, or the user name where the password is empty."""
    try:
        user, _, password = b64decode(credentials, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return password or user


def _equal(given: str, secret: str) -> bool:
    """Constant time whatever the lengths: digests are compared."""
    digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (given, secret)]
    return hmac.compare_digest(*digests)


def _check_account(given: object, account_id: str | None) -> None:
    """Only where both are account numbers: an address may be connected before its number is known."""
    numbers = as_id(given), as_id(account_id)
    if None not in numbers and numbers[0] != numbers[1]:
        raise _bad("the event belongs to another account")


def _bad(reason: str) -> BadSignature:
    return BadSignature(f"delivery refused: {reason}", vendor=VENDOR_NAME, operation="webhook")
