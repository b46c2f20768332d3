"""Who sends a ticket in: the request names a key and is signed with its secret. Nothing here tells whose key it is."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta

from flask import request
from werkzeug.datastructures import Headers

from app.bootstrap import Deps
from app.intake_errors import Refused
from connectors.store.api_keys import ApiKeys, OpenKey

KEY, TIMESTAMP, SIGNATURE = "X-Deskhand-Key", "X-Deskhand-Timestamp", "X-Deskhand-Signature"
WINDOW = timedelta(minutes=5)
LONGEST_KEY_ID = 40
_SECONDS = re.compile(r"[0-9]{1,11}")


def admitted(deps: Deps, signed: bytes) -> OpenKey:
    """The key that signed this request and may send just now; raises `Refused`."""
    now = deps.now()
    key = signed_by(deps.store.api_keys, request.headers, signed, now=now)
    wait_s = deps.store.api_keys.take(key, now=now)
    if wait_s:
        raise Refused("too_many", retry_after_s=wait_s)
    return key


def signature(secret: str, timestamp: str, content: bytes) -> str:
    """HMAC-SHA256 over `timestamp.content`, in hex. The content is the body, of a GET its path."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()


def signed_by(keys: ApiKeys, headers: Headers, content: bytes, *, now: datetime) -> OpenKey:
    """The key that signed the request just now; raises `Refused`."""
    timestamp = headers.get(TIMESTAMP, "")
    if _SECONDS.fullmatch(timestamp) is None or abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise Refused("old_timestamp")
    named = headers.get(KEY, "")
    key = keys.open(named) if named and len(named) <= LONGEST_KEY_ID else None
    expected = signature(key.secret if key else "", timestamp, content)
    # As bytes: a signature that is no ASCII cannot be compared as text.
    fits = hmac.compare_digest(headers.get(SIGNATURE, "").lower().encode("utf-8", "replace"), expected.encode())
    if key is None:
        raise Refused("unknown_key")
    if not fits:
        raise Refused("bad_signature")
    return key
