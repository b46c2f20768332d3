"""Calls of a customer's own program: JSON by POST, signed, told at least once.

    Deskhand-Signature: t=<seconds since 1970>,v1=<hex of HMAC-SHA256 over "<t>.<body>" with the shared secret>
    Deskhand-Key: <the same for every repetition of one message>

The receiver answers 2xx within ten seconds, and by the key leaves out what it has had before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime

from connectors.base import Receipt
from connectors.channel import receipt
from connectors.outside import Outside
from triage.messages import PostWebhook

SIGNATURE, KEY = "Deskhand-Signature", "Deskhand-Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedWebhook:
    outside: Outside
    address: str = field(repr=False)
    secret: str = field(repr=False)

    def send(self, message: PostWebhook, *, key: str, now: datetime) -> Receipt:
        body = body_of(message, key)
        answer = self.outside.post(self.address, body, headers={SIGNATURE: signature(self.secret, body, now), KEY: key})
        return receipt(
            answer,
            who="the webhook",
            what="webhook",
            now=now,
            evidence=f"the webhook answered {answer.status}",
            repeatable=True,
            hide=(self.secret,),
        )


def body_of(message: PostWebhook, key: str) -> bytes:
    """The same bytes for every try."""
    fields = {
        "key": key,
        "event": message.event,
        "at": message.at,
        "subject": message.subject,
        "text": message.text,
        "tickets": list(message.tickets),
        "links": [{"href": href, "text": text} for href, text in message.links],
        "details": dict(message.details),
    }
    return json.dumps(fields, ensure_ascii=False).encode()


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The header of that name; a receiver may refuse one whose `t` is too long ago."""
    t = int(now.timestamp())
    digest = hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={t},v1={digest}"
