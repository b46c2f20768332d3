"""What those who send tickets in are told when something is wrong: one code for each reason, always as JSON."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from connectors.store.vault import VaultError

log = logging.getLogger("deskhand.intake")
PREFIX = "/api/"
RETRY_AFTER_S = 30

REFUSALS: dict[str, tuple[int, str]] = {
    "not_json": (400, "The body is not JSON in UTF-8."),
    "bad_idempotency_key": (400, "Send a header Idempotency-Key of 1 to 128 printable ASCII characters."),
    "unknown_key": (401, "X-Deskhand-Key names no key that is in force."),
    "old_timestamp": (401, "X-Deskhand-Timestamp is not the time in seconds since 1970, or over 5 minutes off."),
    "bad_signature": (401, "X-Deskhand-Signature does not fit the timestamp and the body, or the path of a GET."),
    "not_found": (404, "There is nothing here that this key may see."),
    "wrong_method": (405, "This address does not take this method."),
    "other_ticket": (409, "This Idempotency-Key was used for another ticket."),
    "too_large": (413, "The body is larger than 1 MB. Of attachments send the names only."),
    "wrong_type": (415, "Send Content-Type: application/json."),
    "not_a_release": (422, "Some fields cannot be taken; `problems` names each."),
    "not_a_search": (422, "Some fields cannot be taken; `problems` names each."),
    "not_a_ticket": (422, "Some fields cannot be taken; `problems` names each."),
    "too_many": (429, "This key sends faster than it may. Wait as long as Retry-After says."),
    "failed": (500, "Something failed here and is in the log. Send the same request again."),
    "no_articles": (503, "No article can be searched yet: an admin reads them with `deskhand kb sync`."),
    "not_stored": (503, "Not stored just now. Send the same request again."),
}
"""Code -> status and message. docs/intake.md explains each."""
_OF_STATUS = {404: "not_found", 405: "wrong_method", 413: "too_large", 415: "wrong_type"}


class Refused(Exception):
    """A request that is not carried out; `code` is one of `REFUSALS`.

    `problems` are (place in the body, what is wrong there).
    """

    def __init__(self, code: str, *, problems: Sequence[tuple[str, str]] = (), retry_after_s: float = 0) -> None:
        self.status, message = REFUSALS[code]
        super().__init__(message)
        self.code = code
        self.problems = tuple(problems)
        self.retry_after_s = retry_after_s


def answer(error: Exception) -> Response:
    """The answer to a request below `PREFIX` that ended with `error`."""
    refused = _refused(error)
    told: dict[str, Any] = {"code": refused.code, "message": str(refused)}
    if refused.problems:
        told["problems"] = [{"place": place, "problem": problem} for place, problem in refused.problems]
    response = jsonify(error=told)
    response.status_code = refused.status
    if refused.retry_after_s:
        response.headers["Retry-After"] = str(math.ceil(refused.retry_after_s))
    return response


def _refused(error: Exception) -> Refused:
    match error:
        case Refused():
            log.info("refused: %s", error.code)
            return error
        case HTTPException() if error.code in _OF_STATUS:
            return Refused(_OF_STATUS[error.code])
        case SQLAlchemyError() | VaultError():
            log.error("a request could not be stored: %s", type(error).__name__)
            return Refused("not_stored", retry_after_s=RETRY_AFTER_S)
        case _:
            log.error("unexpected failure", exc_info=error)
            return Refused("failed")
