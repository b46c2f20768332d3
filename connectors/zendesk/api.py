"""One account's API: zenpy for what it covers, plain requests on the same session for the rest.

zenpy keeps the object it is writing on a shared attribute, so nothing here is safe between threads.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import requests
from zenpy.lib.api import BaseApi, GroupApi, OrganizationApi, TicketApi, TicketFieldApi, UserApi
from zenpy.lib.cache import ZenpyCacheManager

from connectors.base import Connection
from connectors.errors import NotFound, Unavailable
from connectors.zendesk.answers import asking
from connectors.zendesk.session import TIMEOUT_S

# At debug level zenpy logs whole bodies, customers' text included.
logging.getLogger("zenpy").setLevel(logging.INFO)

PAGE = 100


class Api:
    """What every part of the client shares. `pause` waits between two looks at a job."""

    name: ClassVar[str] = "zendesk"

    def __init__(
        self,
        connection: Connection,
        *,
        now: Callable[[], datetime],
        session: requests.Session,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._field_ids = connection.fields
        self._now = now
        self._pause = pause
        self._session = session
        self._root = f"{connection.base_url.rstrip('/')}/api/v2"
        config = _zenpy_config(session)
        self._tickets = _at(_Tickets(config), connection.base_url)
        self._users = _at(_Users(config), connection.base_url)
        self._organizations = _at(_Organizations(config), connection.base_url)
        self._groups = _at(_Groups(config), connection.base_url)
        self._fields = _at(_TicketFields(config), connection.base_url)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[dict[str, Any], requests.Response]:
        """A JSON object and the answer it came in; raises ValueError for any other answer, for `asking` to name."""
        answer = self._session.request(method, f"{self._root}/{path}", params=query, json=body, headers=headers)
        found = answer.json()
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")
        return found, answer

    def _pages(
        self, operation: str, path: str, name: str, query: Mapping[str, str], *, endless: bool = False
    ) -> Iterator[tuple[dict[str, Any], ...]]:
        """Pages of the list `name`. Of a link to the next page only the query is used, so none leads elsewhere.

        An `endless` list has a next page after its last one too: there the same page again is the end.
        """
        return (rows for rows, _ in self._pages_on(operation, path, name, query, endless=endless))

    def _pages_on(
        self,
        operation: str,
        path: str,
        name: str,
        query: Mapping[str, str],
        *,
        endless: bool = False,
        at: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[tuple[dict[str, Any], ...], Mapping[str, str] | None]]:
        """As `_pages`, each page with the query of the next one, None after the last; begins `at` such a query."""
        asked: list[Mapping[str, str]] = []
        following: Mapping[str, str] | None = query if at is None else at
        while following is not None:
            if following in asked:
                if endless:
                    return
                raise Unavailable("Zendesk sends the same page again and again", vendor=self.name, operation=operation)
            asked.append(following)
            with asking(operation):
                body, _ = self._call("GET", path, query=following)
                rows = tuple(row for row in body[name] if isinstance(row, dict))
                following = next_query(body, query)
            yield rows, following

    def _all(
        self, operation: str, path: str, name: str, query: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Every row of a list that is short by nature; without `query` for endpoints that know no paging."""
        return [row for page in self._pages(operation, path, name, query or {}) for row in page]


def known_id(ref: str) -> str:
    """`ref` when it can be a Zendesk id; keeps anything else out of the path."""
    if not (ref.isascii() and ref.isdecimal() and int(ref) > 0):
        raise NotFound(f"{ref[:40]!r} is not a Zendesk id", vendor="zendesk")
    return ref


def next_query(body: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, str] | None:
    """https://developer.zendesk.com/api-reference/introduction/pagination/"""
    meta, link = body.get("meta"), body.get("next_page")
    if isinstance(meta, Mapping) and meta.get("has_more") and meta.get("after_cursor"):
        return {**query, "page[after]": str(meta["after_cursor"])}
    return {**query, **dict(parse_qsl(urlsplit(link).query))} if isinstance(link, str) and link else None


class _OwnAddress:
    """zenpy builds `https://{subdomain}.{domain}`; this lets a tenant live at any address, loopback included."""

    netloc = ""

    @property
    def base_url(self) -> str:
        return self.netloc


class _Tickets(_OwnAddress, TicketApi):  # type: ignore[misc]
    pass


class _Users(_OwnAddress, UserApi):  # type: ignore[misc]
    pass


class _Organizations(_OwnAddress, OrganizationApi):  # type: ignore[misc]
    pass


class _Groups(_OwnAddress, GroupApi):  # type: ignore[misc]
    pass


class _TicketFields(_OwnAddress, TicketFieldApi):  # type: ignore[misc]
    pass


def _zenpy_config(session: requests.Session) -> dict[str, Any]:
    """What `zenpy.Zenpy` hands to each of its APIs; building only those in use takes a fraction of its 0.6 ms."""
    return {
        "domain": "zendesk.com",
        "subdomain": "unused",
        "session": session,
        "timeout": TIMEOUT_S,
        "ratelimit": None,
        "ratelimit_budget": None,
        "ratelimit_request_interval": 10,
        "cache": ZenpyCacheManager(disabled=True),
    }


def _at(api: BaseApi, base_url: str) -> Any:
    parts = urlsplit(base_url)
    api.netloc = parts.netloc
    api.protocol = parts.scheme
    api.api_prefix = f"{parts.path.strip('/')}/{api.api_prefix}".lstrip("/")
    return api
