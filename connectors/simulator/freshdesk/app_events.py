"""Product events as our own app forwards them: ids and changes, signed (platform notes 1.6)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt

from connectors.simulator.freshdesk.happenings import changes, spoken
from connectors.simulator.records import Event, User
from connectors.simulator.state import HelpdeskState

LIFE_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The app's two settings: where it forwards to and the secret it signs with."""

    url: str
    secret: str


def bodies(event: Event, state: HelpdeskState) -> Iterator[bytes]:
    """What the app sends for one write, one body for each thing that happened."""
    timestamp = state.now().timestamp()
    ticket_id = event.after.id
    actor = _actor(state.users.get(event.audit.author_id))
    if event.before is None:
        yield _body("onTicketCreate", ticket_id, timestamp, timestamp, actor, {})
        return
    # Custom fields carry the account's id here, unlike in the API.
    changed = {
        f"{name}_{state.account_id}" if name.startswith("cf_") else name: list(pair)
        for name, pair in changes(event, state).items()
    }
    if changed:
        yield _body("onTicketUpdate", ticket_id, timestamp, timestamp, actor, changed)
    if spoken(event) and event.audit.comment is not None:
        yield _body("onConversationCreate", ticket_id, timestamp, event.audit.comment.id, actor, {})


def headers(installation: Installation, body: bytes, state: HelpdeskState) -> dict[str, str]:
    now = int(state.now().timestamp())
    claims = {"iat": now, "exp": now + LIFE_S, "body": hashlib.sha256(body).hexdigest()}
    token = jwt.encode(claims, installation.secret, algorithm="HS256")
    return {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}


def _body(
    name: str, ticket_id: int, timestamp: float, told_apart_by: float, actor: dict[str, Any], changed: dict[str, Any]
) -> bytes:
    return json.dumps(
        {
            "v": 1,
            "source": "app",
            "event": name,
            "event_id": f"{name}:{ticket_id}:{told_apart_by}",
            "timestamp": timestamp,
            "ticket_id": str(ticket_id),
            "actor": actor,
            "changes": changed,
        }
    ).encode()


def _actor(user: User | None) -> dict[str, Any]:
    if user is None:
        return {"id": 0, "type": "system"}
    return {"id": user.id, "type": "agent" if user.is_staff else "contact"}
