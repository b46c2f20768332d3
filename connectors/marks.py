"""Tags as helpdesks keep them, and the one that a write of ours leaves to be known by. Pure."""

from __future__ import annotations

import hashlib
import re

MARKER = re.compile(r"hx_[0-9a-f]{10}")


def marker_tag(key: str) -> str:
    """The tag that says this very change is on the ticket: `hx_` and 10 hex digits of the key's SHA-256."""
    return f"hx_{hashlib.sha256(key.encode()).hexdigest()[:10]}"


def is_marker(tag: str) -> bool:
    return MARKER.fullmatch(tag) is not None


def tag_text(text: str) -> str:
    """A text as helpdesks keep a tag: lower case, no spaces."""
    return "_".join(text.lower().split())
