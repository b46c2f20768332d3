"""Cursor and offset pages over a list, with links to the host that was asked (platform notes 2.11)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import request

from connectors.simulator.zendesk.errors import ApiError, coded

T = TypeVar("T")
DEEPEST_PAGE = 100
SUFFIX, HAD_SUFFIX = ".json", "zendesk.had_suffix"


def base_url() -> str:
    """Scheme and host of this request: every link in an answer is built from it."""
    return request.host_url.rstrip("/")


def asked_path() -> str:
    """The path with the `.json` that it was asked with: links lead back the same way."""
    return request.path + (SUFFIX if request.environ.get(HAD_SUFFIX) else "")


def page_of(name: str, rows: Sequence[T], show: Callable[[T], Any], *, largest: int = 100) -> dict[str, Any]:
    """One page of `rows` under `name`: cursor paging when `page[size]` is asked for, else by offset."""
    if "page[size]" in request.args or "page[after]" in request.args:
        return _by_cursor(name, rows, show, largest)
    return _by_offset(name, rows, show, largest)


def whole_number(name: str, default: int) -> int:
    """A query parameter as a number; raises the 400 answer."""
    text = request.args.get(name, str(default))
    if not text.lstrip("-").isdigit():
        raise ApiError(400, {"error": "InvalidValue", "description": f"{name} must be a number"})
    return int(text)


def encode_cursor(*parts: int) -> str:
    return base64.urlsafe_b64encode(":".join(map(str, parts)).encode()).decode()


def decode_cursor(cursor: str, count: int) -> tuple[int, ...]:
    """The numbers inside a cursor; raises the 400 answer for one that is not ours."""
    try:
        parts = tuple(int(part) for part in base64.urlsafe_b64decode(cursor.encode()).decode().split(":"))
    except (binascii.Error, ValueError):
        parts = ()
    if len(parts) != count:
        raise coded(400, "InvalidCursor", "Invalid cursor", "The cursor is not valid for this list")
    return parts


def _link(**changes: str | None) -> str:
    query = {key: value for key, value in request.args.items() if key not in changes}
    query |= {key: value for key, value in changes.items() if value is not None}
    return f"{base_url()}{asked_path()}?{urlencode(query)}"


def _by_cursor(name: str, rows: Sequence[T], show: Callable[[T], Any], largest: int) -> dict[str, Any]:
    size = max(1, min(whole_number("page[size]", largest), largest))
    after = request.args.get("page[after]")
    start = decode_cursor(after, 1)[0] if after else 0
    end = start + size
    more = end < len(rows)
    next_cursor = encode_cursor(min(end, len(rows)))
    return {
        name: [show(row) for row in rows[start:end]],
        "meta": {"has_more": more, "after_cursor": next_cursor if more else None, "before_cursor": None},
        "links": {"next": _link(**{"page[after]": next_cursor}) if more else None, "prev": None},
    }


def _by_offset(name: str, rows: Sequence[T], show: Callable[[T], Any], largest: int) -> dict[str, Any]:
    size = max(1, min(whole_number("per_page", largest), largest))
    page = max(1, whole_number("page", 1))
    if page > DEEPEST_PAGE:
        raise coded(400, "InvalidPaginationDepth", "Invalid attribute", f"Page {page} is beyond {DEEPEST_PAGE}")
    end = page * size
    return {
        name: [show(row) for row in rows[end - size : end]],
        "count": len(rows),
        "next_page": _link(page=str(page + 1)) if end < len(rows) else None,
        "previous_page": _link(page=str(page - 1)) if page > 1 else None,
    }
