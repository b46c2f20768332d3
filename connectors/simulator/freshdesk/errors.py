"""Freshdesk's error answers (platform notes 2.1): a list of field errors, or one code and message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify


class ApiError(Exception):
    """Ends a request with a finished answer; a body of None is an empty one."""

    def __init__(self, status: int, body: dict[str, Any] | None, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers or {}

    def response(self) -> Response:
        answer = Response() if self.body is None else jsonify(self.body)
        answer.status_code = self.status
        answer.headers.update(self.headers)
        return answer


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    message: str
    code: str = "invalid_value"


def invalid(*errors: FieldError, status: int = 400) -> ApiError:
    listed = [{"field": one.field, "message": one.message, "code": one.code} for one in errors]
    return ApiError(status, {"description": "Validation failed", "errors": listed})


def coded(status: int, code: str, message: str) -> ApiError:
    return ApiError(status, {"code": code, "message": message})


def not_found() -> ApiError:
    return ApiError(404, None)


def not_allowed(method: str) -> ApiError:
    """A deleted ticket takes no write."""
    return ApiError(405, {"message": f"{method} method is not allowed. It should be one of these method(s): GET"})


def access_denied() -> ApiError:
    return coded(403, "access_denied", "You are not authorized to perform this action.")


def require_feature(feature: str) -> ApiError:
    return coded(403, "require_feature", f"The {feature} feature(s) is/are not supported in your plan.")


def too_many(retry_after_s: int) -> ApiError:
    body = {"message": "You have exceeded the limit of requests per minute"}
    return ApiError(429, body, {"Retry-After": str(max(1, retry_after_s))})
