"""Freshdesk's refusals as our errors, with its own explanation in the message."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

import requests

from connectors import answers
from connectors.errors import AuthFailed, ConnectorError, Forbidden, NotFound, Rejected, Unsupported

# https://developers.freshdesk.com/api/#error; 405 is also what a PUT on a deleted or spam ticket gets.
STATUSES: Mapping[int, type[ConnectorError]] = {**answers.STATUSES, 405: NotFound}
# Freshdesk's own codes say more than the status does.
CODES: Mapping[str, type[ConnectorError]] = {
    "require_feature": Unsupported,
    "invalid_credentials": AuthFailed,
    "password_lockout": AuthFailed,
    "password_expired": AuthFailed,
    "access_denied": Forbidden,
    "account_suspended": Forbidden,
}


def raise_for_refusal(response: requests.Response, *args: object, **kwargs: object) -> None:
    """A requests response hook: raises the error for any answer that is not 2xx."""
    if 200 <= response.status_code < 300:
        return
    body = answers.body_of(response)
    raise answers.refusal(response, flatten(body), _kind(response.status_code, body), vendor="freshdesk")


def flatten(body: object) -> dict[str, str]:
    """Field -> explanation from both shapes of error; "" is the whole request.

    `{"description", "errors": [{"field", "message", "code"}]}` and `{"code", "message"}`.
    """
    if not isinstance(body, Mapping):
        return {}
    found = {"": answers.joined([body.get("description"), body.get("message")])}
    for entry in _entries(body):
        field = str(entry.get("field") or entry.get("name") or "")
        found[field] = answers.joined([found.get(field), entry.get("message"), entry.get("code")])
    return {field: text for field, text in found.items() if text}


def asking(operation: str, *, write: bool = False) -> AbstractContextManager[None]:
    """See `connectors.answers.asking`."""
    return answers.asking(operation, vendor="freshdesk", write=write)


def _kind(status: int, body: object) -> type[ConnectorError]:
    codes = [body.get("code"), *(entry.get("code") for entry in _entries(body))] if isinstance(body, Mapping) else []
    return next(
        (CODES[code] for code in codes if isinstance(code, str) and code in CODES), STATUSES.get(status, Rejected)
    )


def _entries(body: Mapping[str, object]) -> list[Mapping[str, object]]:
    listed = body.get("errors")
    return [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
