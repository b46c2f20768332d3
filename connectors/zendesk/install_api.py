"""Zendesk's API as the installer speaks it: JSON rows in and out, through the client's own session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import requests

from connectors.errors import Unavailable
from connectors.zendesk.answers import asking

PAGE = 100
MOST_PAGES = 50
# Numbers, for webhooks ULIDs, for their invocations UUIDs.
ID = re.compile(r"[A-Za-z0-9_-]{1,60}")
Row = dict[str, Any]


class Api:
    """Paths are given without `/api/v2/`; every refusal is one of `connectors.errors`."""

    def __init__(self, session: requests.Session, base_url: str) -> None:
        self._session = session
        self._root = f"{base_url.rstrip('/')}/api/v2"

    def rows(self, path: str) -> list[Row]:
        """The whole list at `path`, which is also the name it answers under; links in answers are never followed."""
        found: list[Row] = []
        after: str | None = None
        for _ in range(MOST_PAGES):
            params = {"page[size]": str(PAGE)} | ({"page[after]": after} if after else {})
            answer = self._ask("GET", path, params=params)
            listed = answer.get(path.rpartition("/")[2])
            if not isinstance(listed, list):
                # Taken for an empty list, all of ours would be made again, or left behind.
                raise Unavailable(f"{path}: Zendesk's answer holds no list", vendor="zendesk", operation=f"GET {path}")
            found += [_named(row, path) for row in listed if isinstance(row, dict)]
            meta = answer.get("meta")
            after = meta.get("after_cursor") if isinstance(meta, dict) and meta.get("has_more") else None
            if not after:
                return found
        raise Unavailable(f"{path}: Zendesk's list does not end", vendor="zendesk", operation=f"GET {path}")

    def read(self, path: str, name: str) -> Row:
        """The object under `name` in the answer."""
        return self._part(self._ask("GET", path), path, name)

    def write(self, method: str, path: str, name: str, value: Mapping[str, Any]) -> Row:
        """Create or change the object; a change is empty where Zendesk answers without it."""
        answer = self._ask(method, path, body={name: value})
        if method == "POST":
            return _named(self._part(answer, path, name), path)
        return self._part(answer, path, name) if answer else {}

    def post(self, path: str, body: Mapping[str, Any], **params: str) -> Row:
        return self._ask("POST", path, body=body, params=params)

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def _ask(self, method: str, path: str, *, body: object = None, params: Mapping[str, str] | None = None) -> Row:
        with asking(f"{method} {path}", write=method != "GET"):
            answer = self._session.request(method, f"{self._root}/{path}", json=body, params=params)
            found = answer.json() if answer.content else {}
        return found if isinstance(found, dict) else {}

    @staticmethod
    def _part(answer: Row, path: str, name: str) -> Row:
        found = answer.get(name)
        if not isinstance(found, dict):
            raise Unavailable(f"{path}: Zendesk's answer has no {name}", vendor="zendesk", operation=path)
        return found


def _named(row: Row, path: str) -> Row:
    """The row, whose id can stand in a path."""
    if not ID.fullmatch(str(row.get("id") or "")):
        raise Unavailable(f"{path}: Zendesk's answer has no usable id", vendor="zendesk", operation=path)
    return row
