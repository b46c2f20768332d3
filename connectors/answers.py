"""A helpdesk's answer as our errors: what every connector does alike with a refusal and with nonsense."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import requests
from pydantic import ValidationError

from connectors.errors import (
    AuthFailed,
    Conflict,
    ConnectorError,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)

LONGEST_EXPLANATION = 500

# 429 and 5xx never get here: connectors.http has raised for them. Every other 3xx and 4xx is `Rejected`.
STATUSES: Mapping[int, type[ConnectorError]] = {
    401: AuthFailed,
    403: Forbidden,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    410: NotFound,
}
UNREADABLE = (
    ValidationError,
    requests.RequestException,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)


def refusal(
    response: requests.Response, details: Mapping[str, str], kind: type[ConnectorError], *, vendor: str
) -> ConnectorError:
    """The error of `kind` with the helpdesk's own words; `details` is field -> explanation, "" the whole request."""
    explanation = "; ".join(f"{field}: {text}" if field else text for field, text in details.items())
    code = response.status_code
    message = f"{vendor.title()} answered {code}: {explanation or response.reason or 'no explanation'}"
    request_id = response.headers.get("X-Request-Id")
    if kind is Rejected:
        return Rejected(message, details=dict(details), vendor=vendor, status=code, request_id=request_id)
    return kind(message, vendor=vendor, status=code, request_id=request_id)


@contextmanager
def asking(
    operation: str, *, vendor: str, write: bool = False, unreadable: tuple[type[Exception], ...] = UNREADABLE
) -> Iterator[None]:
    """Names the operation in every error, and turns an answer that cannot be read into ours.

    An unreadable read may be repeated, an unreadable write may have been applied.
    """
    try:
        yield
    except ConnectorError as error:
        error.vendor = error.vendor or vendor
        error.operation = operation
        raise
    except unreadable as error:
        message = f"{operation}: {vendor.title()}'s answer could not be read"
        if write:
            raise OutcomeUnknown(
                f"{message}; the change may have been applied", vendor=vendor, operation=operation
            ) from error
        raise Unavailable(message, vendor=vendor, operation=operation) from error


def body_of(response: requests.Response) -> object:
    """The JSON of an answer, None for one that has none."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def joined(parts: Sequence[object]) -> str:
    """The explanations that are there, each once."""
    return ", ".join(dict.fromkeys(str(part) for part in parts if part))[:LONGEST_EXPLANATION]
