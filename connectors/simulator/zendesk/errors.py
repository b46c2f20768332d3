"""Zendesk's three shapes of an error answer (platform notes 2.16)."""

from __future__ import annotations

import math
from typing import Any

from flask import Response, jsonify

from connectors.simulator.changes import Invalid


class ApiError(Exception):
    """Ends a request with a finished answer."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers or {}

    def response(self) -> Response:
        answer = jsonify(self.body)
        answer.status_code = self.status
        answer.headers.update(self.headers)
        return answer


def not_found(what: str = "Not found") -> ApiError:
    return ApiError(404, {"error": "RecordNotFound", "description": what})


def invalid(error: Invalid) -> ApiError:
    details = {name: [{"description": text, "error": "InvalidValue"}] for name, text in error.details.items()}
    body = {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    return ApiError(422, body)


def titled(status: int, title: str, message: str) -> ApiError:
    """401, 403 and 409 carry an object where the others carry a string."""
    return ApiError(status, {"error": {"title": title, "message": message}})


def coded(status: int, code: str, title: str, detail: str) -> ApiError:
    """The JSON:API style of newer endpoints."""
    return ApiError(status, {"errors": [{"code": code, "title": title, "detail": detail}]})


class TooMany(ApiError):
    """A 429; `family` is the kind of request that must wait."""

    def __init__(self, family: str, retry_after_s: float) -> None:
        body = {"error": "APIRateLimitExceeded", "description": "Number of allowed API requests per minute exceeded"}
        self.family = family
        self.retry_after_s = max(1, math.ceil(retry_after_s))
        super().__init__(429, body, {"Retry-After": str(self.retry_after_s)})
