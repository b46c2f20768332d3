"""One Zendesk account as the tests of the client know it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import responses

from connectors.base import Connection
from connectors.limits import OPEN, Gate
from connectors.marks import marker_tag
from connectors.registry import vendor

BASE = "https://acme.zendesk.com"
API = f"{BASE}/api/v2"
TICKET = f"{API}/tickets/1042.json"
AUDITS = f"{API}/tickets/1042/audits.json"
KEY = "acme:triage:1042:v3"
MARKER = marker_tag(KEY)
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
STAMP = "2026-03-02T09:15:03Z"


def connection(**changes: Any) -> Connection:
    settings: dict[str, Any] = {
        "tenant": "acme",
        "vendor": "zendesk",
        "base_url": BASE,
        "token": "canary-token",
        "fields": {"category": "501", "product_area": "502"},
        "settings": {"app_id": 33},
    }
    return Connection(**(settings | changes))


def connect(gate: Gate = OPEN, **changes: Any) -> Any:
    return vendor("zendesk").connect(connection(**changes), now=lambda: NOW, gate=gate)


def ticket(**changes: Any) -> dict[str, Any]:
    found = {
        "id": 1042,
        "subject": "Exports time out",
        "description": "The nightly export stops at 40 %.",
        "status": "open",
        "priority": "normal",
        "type": None,
        "via": {"channel": "email", "source": {"from": {}, "to": {}, "rel": None}},
        "tags": ["exports", "tier_gold"],
        "requester_id": 9001,
        "organization_id": 77,
        "group_id": 31,
        "assignee_id": None,
        "created_at": "2026-03-02T09:02:11Z",
        "updated_at": STAMP,
        "custom_fields": [{"id": 501, "value": None}, {"id": 502, "value": None}, {"id": 9, "value": ["a"]}],
        "fields": [{"id": 501, "value": None}],
        "satisfaction_rating": {"score": "unoffered"},
    }
    return found | changes


def stored(zendesk: responses.RequestsMock, **changes: Any) -> None:
    zendesk.get(TICKET, json={"ticket": ticket(**changes)})


def accepts(zendesk: responses.RequestsMock) -> None:
    zendesk.put(TICKET, json={"ticket": ticket(), "audit": {"id": 777, "ticket_id": 1042, "events": []}})


def sent(zendesk: responses.RequestsMock) -> dict[str, Any]:
    """The body of the only PUT."""
    (put,) = [call.request for call in zendesk.calls if call.request.method == "PUT"]
    body = json.loads(put.body)
    assert set(body) == {"ticket"}
    return dict(body["ticket"])
