"""Events of the Freshdesk app: as our own server.js forwards them, and as the platform hands them to it. Pure.

Names: https://developers.freshworks.com/docs/app-sdk/v3.0/support_ticket/serverless-apps/product-events/
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from connectors.errors import MalformedPayload, UnknownEvent
from connectors.freshdesk.mapping import instant_or_none
from triage.events import EventKind, TicketEvent

VENDOR_NAME = "freshdesk"
LONGEST_NAME = 60

HANDLED = {
    "onTicketCreate": EventKind.TICKET_CREATED,
    "onTicketUpdate": EventKind.TICKET_UPDATED,
    "onTicketDelete": EventKind.TICKET_DELETED,
    "onConversationCreate": EventKind.COMMENT_ADDED,
    "onConversationUpdate": EventKind.TICKET_UPDATED,
}

# Nothing here changes a decision: people, companies, groups and fields are read fresh when they are needed, time
# entries and canned responses never are, and a deleted conversation does not say which ticket it was on.
IGNORED = frozenset(
    {
        "onConversationDelete",
        "onTimeEntryCreate",
        "onTimeEntryUpdate",
        "onTimeEntryDelete",
        "onTicketFieldCreate",
        "onTicketFieldUpdate",
        "onTicketFieldDelete",
        "onCannedResponseCreate",
        "onCannedResponseUpdate",
        "onCannedResponseDelete",
        "onContactCreate",
        "onContactUpdate",
        "onContactDelete",
        "onCompanyCreate",
        "onCompanyUpdate",
        "onCompanyDelete",
        "onAgentCreate",
        "onAgentUpdate",
        "onAgentDelete",
        "onAgentStatusCreate",
        "onAgentStatusUpdate",
        "onAgentStatusDelete",
        "onAgentAvailabilityUpdate",
        "onGroupCreate",
        "onGroupUpdate",
        "onGroupDelete",
        "onAppInstall",
        "afterAppUpdate",
        "onAppUninstall",
        "onExternalEvent",
        "onScheduledEvent",
    }
)
GONE = ("deleted", "spam")

LONGEST_TOKEN = 4096
LONGEST_LIFE = timedelta(minutes=5)
LEEWAY = timedelta(seconds=60)


def is_app_event(payload: Mapping[str, Any]) -> bool:
    """Whether the body is an event of the app, forwarded or raw, and not an automation rule's."""
    if payload.get("source") == "app":
        return True
    name = payload.get("event")
    return isinstance(name, str) and name.startswith(("on", "after")) and ("data" in payload or "region" in payload)


def parse(payload: Mapping[str, Any]) -> TicketEvent | None:
    """The event; None for one ignored on purpose. Raises `MalformedPayload` or `UnknownEvent`."""
    name = payload.get("event")
    if not isinstance(name, str) or not name:
        raise MalformedPayload("the app's event has no name", vendor=VENDOR_NAME)
    if name in IGNORED:
        return None
    if name not in HANDLED:
        raise UnknownEvent(f"no rule for app event {name[:LONGEST_NAME]!r}", vendor=VENDOR_NAME)
    data = _mapping(payload.get("data"))
    ticket, conversation = _mapping(data.get("ticket")), _mapping(data.get("conversation"))
    ref = next(
        filter(None, map(as_id, (payload.get("ticket_id"), ticket.get("id"), conversation.get("ticket_id")))), ""
    )
    if not ref:
        raise MalformedPayload("the app's event names no ticket", vendor=VENDOR_NAME)
    changes = _mapping(payload.get("changes")) or _mapping(ticket.get("changes")) or _mapping(data.get("changes"))
    actor = _mapping(payload.get("actor")) or _mapping(data.get("actor"))
    return TicketEvent(
        kind=EventKind.TICKET_DELETED if _is_gone(changes) else HANDLED[name],
        ticket_ref=ref,
        dedup_key=_dedup_key(payload, name, ref, conversation),
        occurred_at=instant_or_none(payload.get("timestamp")),
        actor_id=as_id(actor.get("id")),
    )


def token_problem(token: str, body: bytes, secrets: tuple[str, ...], now: datetime) -> str | None:
    """Why the token does not prove that our app sent `body`; None when it does.

    HS256 with the webhook secret over `iat`, `exp` (at most 5 minutes later) and `body`, the SHA-256 of the bytes.
    """
    claims = next((found for secret in secrets if (found := _claims(token, secret)) is not None), None)
    if claims is None:
        return "its token does not verify"
    issued_at, expires_at = instant_or_none(claims.get("iat")), instant_or_none(claims.get("exp"))
    if issued_at is None or expires_at is None:
        return "its token has no times"
    if not timedelta(0) < expires_at - issued_at <= LONGEST_LIFE:
        return "its token lives longer than 5 minutes or not at all"
    if not issued_at - LEEWAY <= now.astimezone(UTC) < expires_at + LEEWAY:
        return "its token has expired or is not valid yet"
    digest = hashlib.sha256(body).hexdigest()
    if not hmac.compare_digest(str(claims.get("body")).encode("utf-8", "replace"), digest.encode()):
        return "its token was made for another body"
    return None


def as_id(value: object) -> str | None:
    """A positive id in plain digits, from an int or a digit string; else None (0 is the system itself)."""
    text = str(value).strip() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and int(text) > 0):
        return None
    return str(int(text))


def _claims(token: str, secret: str) -> Mapping[str, Any] | None:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    try:
        # The times are checked above, against an argument instead of this machine's clock.
        options: Any = {
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
            "verify_aud": False,
        }
        claims: Mapping[str, Any] = jwt.decode(token, secret, algorithms=["HS256"], options=options)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
    return claims


def _is_gone(changes: Mapping[str, Any]) -> bool:
    """Deleting or marking as spam arrives as an update whose `changes` say so."""
    pairs = (changes.get(name) for name in GONE)
    return any(isinstance(pair, list) and len(pair) == 2 and pair[1] is True for pair in pairs)


def _dedup_key(payload: Mapping[str, Any], name: str, ref: str, conversation: Mapping[str, Any]) -> str:
    """The id the app gave the event, else a hash of what makes it this one."""
    given = payload.get("event_id")
    what = given if isinstance(given, (str, int)) and given != "" else None
    parts = [name, ref, what] if what is not None else [name, ref, payload.get("timestamp"), conversation.get("id")]
    return f"app:{hashlib.sha256(repr(parts).encode('utf-8', 'surrogatepass')).hexdigest()}"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
