"""Pages by number with a `link` header to the next one (platform notes 2.1, 2.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, jsonify, request

from connectors.simulator.freshdesk.errors import FieldError, invalid

T = TypeVar("T")
USUAL, LARGEST = 30, 100
MOST_TICKET_PAGES = 300


def base_url() -> str:
    """Scheme and host of this request: every link in an answer is built from it."""
    return request.host_url.rstrip("/")


def page_of(rows: Sequence[T], show: Callable[[T], Any], *, most_pages: int | None = None) -> Response:
    """One page as a bare list; `most_pages` is how deep this list can be read."""
    size = whole_number("per_page", USUAL, most=LARGEST)
    page = whole_number("page", 1, most=most_pages)
    answer = jsonify([show(row) for row in rows[(page - 1) * size : page * size]])
    if page * size < len(rows) and page != most_pages:
        query = urlencode({**request.args.to_dict(), "page": str(page + 1)})
        answer.headers["link"] = f'<{base_url()}{request.path}?{query}>;rel="next"'
    return answer


def whole_number(name: str, default: int, *, most: int | None = None) -> int:
    """A query parameter from 1; raises the 400 answer."""
    text = request.args.get(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if number < 1:
        raise invalid(FieldError(name, "It should be a/an Positive Integer", "datatype_mismatch"))
    if most is not None and number > most:
        raise invalid(FieldError(name, f"It should be a Positive Integer less than or equal to {most}"))
    return number


def optional_number(name: str) -> int | None:
    """A query parameter that may be missing."""
    return whole_number(name, 1) if name in request.args else None
