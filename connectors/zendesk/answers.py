"""Zendesk's refusals as our errors, with its own explanation in the message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from pydantic import ValidationError
from zenpy.lib.exception import APIException, ZenpyException

from connectors.errors import (
    AuthFailed,
    Conflict,
    ConnectorError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)

LONGEST_EXPLANATION = 500

# https://developer.zendesk.com/api-reference/introduction/requests/#response-format
# 429 and 5xx never get here: connectors.http has raised for them. Every other 3xx and 4xx is `Rejected`.
ERRORS: dict[int, type[ConnectorError]] = {
    401: AuthFailed,
    403: AuthFailed,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    410: NotFound,
}


def raise_for_refusal(response: requests.Response, *args: object, **kwargs: object) -> None:
    """A requests response hook: raises the error for any answer that is not 2xx."""
    if 200 <= response.status_code < 300:
        return
    details = flatten(_json(response))
    explanation = "; ".join(f"{field}: {text}" if field else text for field, text in details.items())
    message = f"Zendesk answered {response.status_code}: {explanation or response.reason or 'no explanation'}"
    request_id = response.headers.get("X-Request-Id")
    kind = ERRORS.get(response.status_code, Rejected)
    if kind is Rejected:
        raise Rejected(message, details=details, vendor="zendesk", status=response.status_code, request_id=request_id)
    raise kind(message, vendor="zendesk", status=response.status_code, request_id=request_id)


def flatten(body: object) -> dict[str, str]:
    """Field -> explanation from each of Zendesk's three shapes of error; "" is the whole request.

    `{"error", "description", "details": {field: [{"description"}]}}`, `{"error": {"title", "message"}}`
    and `{"errors": [{"code", "title", "detail"}]}`.
    """
    if not isinstance(body, Mapping):
        return {}
    error = body.get("error")
    whole = [body.get("description") or body.get("message")]
    whole += [error.get("title"), error.get("message")] if isinstance(error, Mapping) else []
    if not any(whole) and isinstance(error, str):
        whole = [error]
    found = {"": _joined(whole)}
    details = body.get("details")
    for field, entries in details.items() if isinstance(details, Mapping) else ():
        found[str(field)] = _joined(_explanations(entries))
    listed = body.get("errors")
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, Mapping):
            title = entry.get("title")
            found[str(entry.get("code") or title or "")] = _joined([title, entry.get("detail")])
    return {field: text for field, text in found.items() if text}


@contextmanager
def asking(operation: str, *, write: bool = False) -> Iterator[None]:
    """Names the operation in every error, and turns what zenpy makes of a strange answer into ours.

    Refusals by status never reach zenpy (`raise_for_refusal` runs first), so what is left is an answer that
    cannot be read: a read may be repeated, a write may have been applied.
    """
    try:
        yield
    except ConnectorError as error:
        error.vendor = error.vendor or "zendesk"
        error.operation = operation
        raise
    except (
        APIException,
        ZenpyException,
        ValidationError,
        requests.RequestException,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        raise _unreadable(operation, write) from error


def _unreadable(operation: str, write: bool) -> ConnectorError:
    if write:
        message = f"{operation}: Zendesk's answer could not be read; the change may have been applied"
        return OutcomeUnknown(message, vendor="zendesk", operation=operation)
    return Unavailable(f"{operation}: Zendesk's answer could not be read", vendor="zendesk", operation=operation)


def _json(response: requests.Response) -> object:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def _explanations(entries: object) -> list[Any]:
    listed = entries if isinstance(entries, list) else [entries]
    return [each.get("description") or each.get("error") if isinstance(each, Mapping) else each for each in listed]


def _joined(parts: list[Any]) -> str:
    return ", ".join(dict.fromkeys(str(part) for part in parts if part))[:LONGEST_EXPLANATION]
