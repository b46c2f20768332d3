"""The Freshdesk API as requests and JSON: addresses, sign-in, paging."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import requests

from connectors.base import Connection
from connectors.errors import NotFound, Unavailable
from connectors.freshdesk.answers import asking, raise_for_refusal
from connectors.freshdesk.limits import PREFIX, families, limits_in
from connectors.http import Session, basic, bearer, build_session
from connectors.limits import Gate

TIMEOUT_S = (3.05, 20.0)
KEPT_SESSIONS = 16
# https://developers.freshdesk.com/api/#pagination: more is an error.
PAGE = 100
LAST_PAGE = 500


class Api:
    """One tenant's API. Every verb names the operation that it serves, for the error's sake."""

    def __init__(self, connection: Connection, gate: Gate) -> None:
        self.base_url = connection.base_url.rstrip("/")
        self._session = _session(connection, gate)

    def get(self, operation: str, path: str, **query: str | int) -> Any:
        """The answer's JSON."""
        return self.answer(operation, path, **query)[0]

    def answer(self, operation: str, path: str, **query: str | int) -> tuple[Any, requests.Response]:
        """The answer's JSON and the answer itself, for its headers."""
        with asking(operation):
            response = self._session.get(self._url(path), params=query)
            return json.loads(response.content), response

    def page(self, operation: str, path: str, number: int, /, **query: str | int) -> tuple[list[Any], bool]:
        """One page of rows, with whether there is another."""
        rows, response = self.answer(operation, path, **query, per_page=PAGE, page=number)
        if not isinstance(rows, list):
            raise Unavailable(f"{operation}: Freshdesk sent no list", vendor="freshdesk", operation=operation)
        return rows, len(rows) >= PAGE or (bool(rows) and "next" in response.links)

    def pages(self, operation: str, path: str, **query: str | int) -> Iterator[tuple[list[Any], bool]]:
        """Pages of rows, each with whether there is another; the next page's address is never taken from the answer."""
        for number in range(1, LAST_PAGE + 1):
            rows, more = self.page(operation, path, number, **query)
            yield rows, more
            if not more:
                return

    def rows(self, operation: str, path: str, **query: str | int) -> Iterator[Any]:
        """Every row of every page."""
        for rows, _ in self.pages(operation, path, **query):
            yield from rows

    def post(self, operation: str, path: str, body: Mapping[str, Any]) -> Any:
        return self._write(operation, "POST", path, body)

    def put(self, operation: str, path: str, body: Mapping[str, Any]) -> Any:
        return self._write(operation, "PUT", path, body)

    def delete(self, operation: str, path: str) -> None:
        """Gone afterwards, and no answer to read."""
        with asking(operation, write=True):
            self._session.delete(self._url(path))

    def _write(self, operation: str, method: str, path: str, body: Mapping[str, Any]) -> Any:
        with asking(operation, write=True):
            response = self._session.request(method, self._url(path), json=body)
            return json.loads(response.content)

    def _url(self, path: str) -> str:
        return f"{self.base_url}{PREFIX}{path}"


def known_id(ref: str) -> str:
    """`ref` when it can be a Freshdesk id; keeps anything else out of the path."""
    if not (ref.isascii() and ref.isdecimal() and len(ref) <= 20 and int(ref) > 0):
        raise NotFound(f"{ref[:40]!r} is not a Freshdesk id", vendor="freshdesk")
    return ref


def number(identifier: str) -> int | str:
    """Ids are numbers on Freshdesk's side; anything else is passed on for Freshdesk to refuse."""
    return int(identifier) if identifier.isdecimal() else identifier


def authorization(connection: Connection) -> str:
    return basic(connection.token) if connection.scheme == "basic" else bearer(connection.token)


_kept = threading.local()


def _session(connection: Connection, gate: Gate) -> Session:
    """This thread's session for the tenant; a new key gets a new one, the longest unused is closed."""
    sessions: OrderedDict[tuple[str, ...], Session] = _kept.__dict__.setdefault("sessions", OrderedDict())
    place = (connection.tenant, connection.base_url, connection.scheme, connection.token)
    session = sessions.pop(place, None)
    if session is None:
        session = build_session(
            authorization=lambda: authorization(connection),
            timeout_s=TIMEOUT_S,
            origin=connection.base_url,
            families=families,
            limits_in=limits_in,
        )
        session.headers["Accept"] = "application/json"
        session.hooks["response"].append(raise_for_refusal)
    session.gate = gate
    sessions[place] = session
    while len(sessions) > KEPT_SESSIONS:
        sessions.popitem(last=False)[1].close()
    return session
