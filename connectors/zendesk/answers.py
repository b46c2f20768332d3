"""Zendesk's refusals as our errors, with its own explanation in the message."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import requests
from zenpy.lib.exception import APIException, ZenpyException

from connectors import answers
from connectors.errors import Rejected


def raise_for_refusal(response: requests.Response, *args: object, **kwargs: object) -> None:
    """A requests response hook: raises the error for any answer that is not 2xx.

    https://developer.zendesk.com/api-reference/introduction/requests/#response-format
    """
    if 200 <= response.status_code < 300:
        return
    kind = answers.STATUSES.get(response.status_code, Rejected)
    raise answers.refusal(response, flatten(answers.body_of(response)), kind, vendor="zendesk")


def flatten(body: object) -> dict[str, str]:
    """Field -> explanation from each of Zendesk's shapes of error; "" is the whole request.

    `{"error", "description", "details": {field: [{"description"}]}}`, `{"error": {"title", "message"}}`,
    `{"errors": [{"code", "title", "detail"}]}`, and of the token endpoint `{"error", "error_description"}`.
    """
    if not isinstance(body, Mapping):
        return {}
    error = body.get("error")
    whole = [body.get("description") or body.get("error_description") or body.get("message")]
    whole += [error.get("title"), error.get("message")] if isinstance(error, Mapping) else []
    if not any(whole) and isinstance(error, str):
        whole = [error]
    found = {"": answers.joined(whole)}
    details = body.get("details")
    for field, entries in details.items() if isinstance(details, Mapping) else ():
        found[str(field)] = answers.joined(_explanations(entries))
    listed = body.get("errors")
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, Mapping):
            title = entry.get("title")
            found[str(entry.get("code") or title or "")] = answers.joined([title, entry.get("detail")])
    return {field: text for field, text in found.items() if text}


def asking(operation: str, *, write: bool = False) -> AbstractContextManager[None]:
    """See `connectors.answers.asking`. Refusals by status never reach zenpy: `raise_for_refusal` runs first."""
    unreadable = (*answers.UNREADABLE, APIException, ZenpyException)
    return answers.asking(operation, vendor="zendesk", write=write, unreadable=unreadable)


def _explanations(entries: object) -> list[Any]:
    listed = entries if isinstance(entries, list) else [entries]
    return [each.get("description") or each.get("error") if isinstance(each, Mapping) else each for each in listed]
