"""What a pager tells us: somebody took a page, or ended it.

    PagerDuty, v3    X-PagerDuty-Signature: v1=<hex of HMAC-SHA256 over the body>, several while a secret changes
    Opsgenie         signs nothing: it is set up to send our secret along, as the header Deskhand-Secret

https://developer.pagerduty.com/docs/webhooks-overview  https://support.atlassian.com/opsgenie/docs/integrate-opsgenie-with-webhook/
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.errors import BadSignature, MalformedPayload

SIGNATURE, SECRET_HEADER = "x-pagerduty-signature", "deskhand-secret"
TAKEN = ("incident.acknowledged", "incident.resolved")
PERSON = "user_reference"
SOMEBODY = "Somebody at the pager"
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Somebody has the page of that key; `at` is None where the pager does not say when."""

    incident: str
    by: str
    at: datetime | None


def read(headers: Mapping[str, str], body: bytes, *, secret: str) -> Taken | None:
    """None for events that mean nothing to us: others' incidents are too, but only their key tells.

    `headers` have lower case names. Raises `BadSignature` or `MalformedPayload`.
    """
    if SIGNATURE in headers:
        if not _is_signed(headers[SIGNATURE], body, secret):
            raise BadSignature("The pager's signature does not fit: set its secret again with `deskhand channels set`.")
        reader = _of_pagerduty
    elif hmac.compare_digest(headers.get(SECRET_HEADER, "").encode(), secret.encode()):
        reader = _of_opsgenie
    else:
        raise BadSignature("The call carries neither a signature nor the secret that `deskhand channels set` printed.")
    try:
        return reader(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedPayload(f"The pager's webhook cannot be read ({type(error).__name__}).") from error


def _is_signed(header: str, body: bytes, secret: str) -> bool:
    wanted = "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = [each.strip() for each in header.split(",")]
    return any(hmac.compare_digest(each.encode(), wanted.encode()) for each in given)


def _of_pagerduty(payload: Any) -> Taken | None:
    """A resolve that no person made is one of ours, or the service's own time limit: then nobody has it."""
    event = payload["event"]
    agent = event.get("agent") or {}
    if event["event_type"] not in TAKEN or agent.get("type") != PERSON:
        return None
    at = datetime.fromisoformat(event["occurred_at"])
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return _taken(event["data"].get("incident_key"), agent.get("summary"), at)


def _of_opsgenie(payload: Any) -> Taken | None:
    alert = payload["alert"]
    return _taken(alert.get("alias"), alert.get("username"), None) if payload["action"] == "Acknowledge" else None


def _taken(incident: Any, by: Any, at: datetime | None) -> Taken | None:
    if not incident:
        return None
    return Taken(incident=str(incident), by=str(by or SOMEBODY)[:LONGEST_NAME], at=at)
