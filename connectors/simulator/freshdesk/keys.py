"""API keys: each belongs to an agent, and its calls have that agent's rights (platform notes 2.1)."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading

from connectors.simulator.freshdesk.errors import coded
from connectors.simulator.records import User
from connectors.simulator.state import HelpdeskState


class KeyStore:
    """One key per agent, made when it is first asked for."""

    def __init__(self, state: HelpdeskState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._users: dict[str, int] = {}

    def key_of(self, user_id: int) -> str:
        with self._lock:
            for key, owner in self._users.items():
                if owner == user_id:
                    return key
            key = secrets.token_urlsafe(15)
            self._users[key] = user_id
            return key

    def revoke(self, user_id: int) -> None:
        """The agent's key stops working; the next one asked for is new."""
        with self._lock:
            self._users = {key: owner for key, owner in self._users.items() if owner != user_id}

    def header(self, user_id: int) -> str:
        return "Basic " + base64.b64encode(f"{self.key_of(user_id)}:X".encode()).decode()

    def identify(self, header: str) -> User:
        """The agent behind an Authorization header, whatever the password; raises the 401 answer."""
        kind, _, value = header.partition(" ")
        if kind == "Basic":
            user = self._state.users.get(self._users.get(_decode(value).partition(":")[0], 0))
            if user is not None and user.is_staff:
                return user
        raise coded(401, "invalid_credentials", "You have to be logged in to perform this action.")


def _decode(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
