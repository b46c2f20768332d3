"""A helpdesk in memory whose tokens end and whose refresh tokens are good for one exchange, as strict as real ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Connection
from connectors.errors import AuthFailed, Unavailable
from connectors.installing import Grant
from connectors.limits import OPEN, Gate

LIFE = timedelta(hours=1)


class RenewingVendor:
    """`exchanges` counts what reached it; `meanwhile` runs inside each exchange; `down` is how many fail first."""

    name = "renewing"

    def __init__(self) -> None:
        self.number = 1
        self.valid = {"access-1"}
        self.refresh: str | None = "refresh-1"
        self.exchanges = 0
        self.down = 0
        self.takes_s = 0.0
        self.meanwhile: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def first(self, now: datetime) -> Grant:
        return Grant(
            access_token="access-1", scheme="bearer", issued_at=now, expires_at=now + LIFE, refresh_token="refresh-1"
        )

    def revoke(self) -> None:
        """An admin takes everything back."""
        self.valid, self.refresh = set(), None

    def limits(self, plan: str | None) -> Mapping[str, float]:
        return {}

    def grant(self, base_url: str, kind: str, secrets: Mapping[str, str], *, now: datetime) -> Grant:
        assert kind == "oauth"
        assert secrets["client_secret"] == "ours"
        self.meanwhile()
        if self.down:
            self.down -= 1
            raise Unavailable("503")
        with self._lock:
            self.exchanges += 1
            if secrets.get("refresh_token") != self.refresh or self.refresh is None:
                self.revoke()
                raise AuthFailed("invalid_grant: the refresh token was used before")
            self.number += 1
            self.valid = {f"access-{self.number}"}
            self.refresh = f"refresh-{self.number}"
        time.sleep(self.takes_s)
        return Grant(
            access_token=f"access-{self.number}",
            scheme="bearer",
            issued_at=now,
            expires_at=now + LIFE,
            refresh_token=self.refresh,
        )

    def connect(self, connection: Connection, *, now: Callable[[], datetime], gate: Gate = OPEN) -> Any:
        return _Client(self, connection.token)


class _Client:
    def __init__(self, vendor: RenewingVendor, token: str) -> None:
        self._vendor = vendor
        self._token = token

    def tickets(self, *, cursor: str | None, updated_since: datetime) -> Any:
        if self._token not in self._vendor.valid:
            raise AuthFailed("401: invalid_token")
        yield (), "here"


VENDOR = RenewingVendor()
