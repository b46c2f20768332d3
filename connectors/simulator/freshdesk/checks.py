"""What every write is held to: JSON only, documented keys only, the right type of value (platform notes 2.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from flask import request

from connectors.simulator.freshdesk.errors import ApiError, FieldError, access_denied, coded, invalid
from connectors.simulator.records import User

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _list_of(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "number": ("Integer", is_number),
    "decimal": ("Number", lambda value: is_number(value) or isinstance(value, float)),
    "text": ("String", lambda value: isinstance(value, str)),
    "flag": ("Boolean", lambda value: isinstance(value, bool)),
    "date": ("Date", lambda value: isinstance(value, str) and DAY.fullmatch(value) is not None),
    "object": ("key/value pair", lambda value: isinstance(value, dict)),
    "objects": ("Array", _list_of(lambda value: isinstance(value, dict))),
    "numbers": ("Array", _list_of(is_number)),
    "texts": ("Array", _list_of(lambda value: isinstance(value, str))),
    "any": ("value", lambda _: True),
}


def mismatch(name: str, value: Any, kind: str) -> FieldError | None:
    """The error for a value of the wrong type; null always passes."""
    title, fits = KINDS[kind]
    if value is None or fits(value):
        return None
    message = f"Value set is of type {_type_of(value)}. It should be a/an {title}"
    return FieldError(name, message, "datatype_mismatch")


def read_body(kinds: Mapping[str, str], *, required: Collection[str] = ()) -> dict[str, Any]:
    """The request's JSON object, every key known and of its kind; raises the 400 answer with all errors."""
    body = request.get_json(silent=True) if request.content_length else {}
    if not isinstance(body, dict):
        raise coded(400, "invalid_json", "Request body has invalid json format")
    check(body, kinds, required=required)
    return body


def check(body: Mapping[str, Any], kinds: Mapping[str, str], *, required: Collection[str] = ()) -> None:
    errors = [unknown_field(name) for name in body if name not in kinds]
    errors += [found for name, kind in kinds.items() if (found := mismatch(name, body.get(name), kind))]
    errors += [missing(name) for name in required if body.get(name) in (None, "", [])]
    if errors:
        raise invalid(*errors)


def unknown_field(name: str) -> FieldError:
    return FieldError(name, "Unexpected/invalid field in request", "invalid_field")


def missing(name: str) -> FieldError:
    return FieldError(name, "It should not be blank as this is a mandatory field", "missing_field")


def not_a_choice(name: str, choices: Collection[Any]) -> FieldError:
    return FieldError(name, f"It should be one of these values: '{','.join(str(one) for one in choices)}'")


def no_such(name: str) -> FieldError:
    kind = name.removesuffix("_id")
    return FieldError(name, f"There is no {kind} matching the given {name}")


def check_headers() -> None:
    """415 for a body that is not JSON, 406 for a caller that does not take JSON."""
    if request.content_length and not request.is_json:
        kind = request.mimetype or "none"
        raise ApiError(415, {"message": f"Content-Type header is set to {kind}. It should be set to application/json"})
    if "Accept" in request.headers and not request.accept_mimetypes.accept_json:
        raise ApiError(406, None)


def only_admins(user: User) -> None:
    if user.role != "admin":
        raise access_denied()


def _type_of(value: Any) -> str:
    names = {bool: "Boolean", int: "Integer", float: "Number", str: "String", list: "Array", dict: "key/value pair"}
    return names.get(type(value), "null")
