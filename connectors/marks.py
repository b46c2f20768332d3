"""The mark that a write of ours leaves on a ticket, so that the same write is seen to be there already. Pure."""

from __future__ import annotations

import hashlib


def marker_tag(key: str) -> str:
    """The tag that says this very change is on the ticket: `hx_` and 10 hex digits of the key's SHA-256."""
    return f"hx_{hashlib.sha256(key.encode()).hexdigest()[:10]}"
