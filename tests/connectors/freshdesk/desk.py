"""A Freshdesk at the socket edge, as small as the client's tests need it: tickets, conversations, faults on demand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import responses

BASE = "https://acme.freshdesk.com"
HEADERS = {"Content-Type": "application/json", "X-Ratelimit-Total": "400"}
Answer = tuple[int, dict[str, str], str]


def ticket(ref: int = 1042, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": ref,
        "status": 2,
        "priority": 2,
        "source": 1,
        "subject": "Exports time out",
        "description": "<div>The nightly export stops.</div>",
        "description_text": "The nightly export stops.",
        "tags": ["exports"],
        "custom_fields": {"cf_category": None, "cf_product_area": None},
        "requester_id": 9001,
        "company_id": 77,
        "group_id": 31,
        "responder_id": None,
        "created_at": "2026-03-02T09:02:11Z",
        "updated_at": "2026-03-02T09:15:03Z",
    }
    return found | changes


def answer(status: int, body: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, HEADERS | named, json.dumps(body)


def refusal(status: int, field_name: str = "", code: str = "invalid_value") -> Answer:
    error = {"field": field_name, "message": "It should be something else", "code": code}
    return answer(status, {"description": "Validation failed", "errors": [error]})


@dataclass
class Desk:
    """`calls` are (method, path); `before` runs ahead of an answer and may return one or raise instead of it.

    `drop_after` loses the answer to a write that was applied, once for each entry.
    """

    tickets: dict[int, dict[str, Any]] = field(default_factory=lambda: {1042: ticket()})
    conversations: list[dict[str, Any]] = field(default_factory=list)
    related: dict[int, list[int]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    before: Callable[[str, str, Desk], Answer | None] = lambda method, path, desk: None
    drop_after: list[tuple[str, str]] = field(default_factory=list)
    has_links: bool = True
    strips_comments: bool = False

    def install(self, mock: responses.RequestsMock) -> None:
        for method in ("GET", "POST", "PUT"):
            mock.add_callback(method, re.compile(f"{BASE}/api/v2/.*"), callback=self._answer)

    def count(self, method: str, path: str = "") -> int:
        return sum(call == (method, path) or (call[0] == method and not path) for call in self.calls)

    def _answer(self, request: requests.PreparedRequest) -> Answer:
        parts = urlsplit(str(request.url))
        method, path = str(request.method), parts.path.removeprefix("/api/v2")
        self.calls.append((method, path))
        self.queries.append({name: values[0] for name, values in parse_qs(parts.query).items()})
        instead = self.before(method, path, self)
        if instead is not None:
            return instead
        body = json.loads(request.body or "{}")
        if method != "GET":
            self.bodies.append(body)
        found = self._route(method, path, body)
        if (method, path) in self.drop_after:
            self.drop_after.remove((method, path))
            raise requests.exceptions.ConnectionError("Connection aborted.")
        return found

    def _route(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        if method == "POST" and path == "/tickets":
            made = ticket(2000 + len(self.tickets), **body)
            self.tickets[made["id"]] = made
            return answer(201, made)
        if method == "GET" and path == "/tickets":
            return answer(200, list(reversed(self.tickets.values())))
        found = re.fullmatch(r"/tickets/(\d+)(?:/(\w+))?", path)
        stored = self.tickets.get(int(found.group(1))) if found else None
        if found is None or stored is None:
            return answer(404, {"code": "not_found", "message": "There is nothing here"})
        if method == "GET":
            return self._read(stored, found.group(2))
        if method == "PUT":
            return self._put(stored, body)
        return self._comment(stored, found.group(2), body)

    def _read(self, stored: dict[str, Any], what: str | None) -> Answer:
        if what is None:
            return answer(200, stored)
        if what == "associated_tickets":
            if not self.has_links:
                return answer(403, {"code": "require_feature", "message": "The link_tickets feature is not supported"})
            return answer(200, {"tickets": [{"id": ref} for ref in self.related.get(stored["id"], [])]})
        return answer(200, self.conversations)

    def _put(self, stored: dict[str, Any], body: dict[str, Any]) -> Answer:
        if stored.get("deleted"):
            return answer(405, {"message": "PUT method is not allowed"})
        if "related_ticket_ids" in body:
            self.related[stored["id"]] = body["related_ticket_ids"]
        custom = stored["custom_fields"] | body.get("custom_fields", {})
        stored.update(body | {"custom_fields": custom, "updated_at": "2026-03-02T09:15:09Z"})
        return answer(200, stored)

    def _comment(self, stored: dict[str, Any], kind: str | None, body: dict[str, Any]) -> Answer:
        html = re.sub(r"<!--.*?-->", "", body["body"]) if self.strips_comments else body["body"]
        made = {
            "id": 500 + len(self.conversations),
            "body": html,
            "private": body.get("private", True) if kind == "notes" else False,
            "user_id": 48,
            "ticket_id": stored["id"],
            "created_at": "2026-03-02T09:15:08Z",
        }
        self.conversations.append(made)
        return answer(201, made)
