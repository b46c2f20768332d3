"""Who calls: OAuth access tokens with scopes and rotation, and the legacy API token (platform notes 2.15)."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.simulator.records import User
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk.errors import ApiError, titled

READ_WRITE = "read write"
UNAUTHORIZED = {"error": "Couldn't authenticate you"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token; `scope` empty means it may do nothing (an array was sent as scope)."""

    id: int
    access: str
    refresh: str | None
    user_id: int
    scope: str
    expires_at: datetime | None
    refresh_expires_at: datetime | None = None


class TokenStore:
    """One OAuth client of the account and every token it was given."""

    def __init__(self, state: HelpdeskState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self.client_id = "deskhand"
        self.client_secret = secrets.token_hex(32)
        self.api_token = secrets.token_hex(20)

    def issue(
        self, user_id: int, scope: str = READ_WRITE, *, life_s: int | None = None, refresh_life_s: int | None = None
    ) -> Token:
        """A new token; without `life_s` it lasts as long as the helpdesk runs."""
        now = self._state.now()
        token = Token(
            id=self._state.next_id(),
            access=secrets.token_hex(32),
            refresh=secrets.token_hex(32) if refresh_life_s else None,
            user_id=user_id,
            scope=scope,
            expires_at=now + timedelta(seconds=life_s) if life_s else None,
            refresh_expires_at=now + timedelta(seconds=refresh_life_s) if refresh_life_s else None,
        )
        with self._lock:
            self._tokens[token.access] = token
        return token

    def grant(self, body: dict[str, Any]) -> tuple[Token, int]:
        """Answer `POST /oauth/tokens`; a refresh deletes the old pair. Returns the token and its life."""
        if body.get("client_id") != self.client_id or body.get("client_secret") != self.client_secret:
            raise _oauth_error(401, "invalid_client", "Client authentication failed")
        scope = body.get("scope", READ_WRITE)
        scope = scope if isinstance(scope, str) else ""
        life_s = _span(body, "expires_in", low=300, high=172_800, default=7_200)
        refresh_life_s = _span(body, "refresh_token_expires_in", low=604_800, high=7_776_000, default=2_592_000)
        match body.get("grant_type"):
            case "client_credentials":
                user_id = self._state.integration_user_id
            case "refresh_token":
                old = self._spend(body.get("refresh_token"))
                user_id, scope = old.user_id, old.scope
            case _:
                raise _oauth_error(400, "unsupported_grant_type", "The grant type is not supported")
        return self.issue(user_id, scope, life_s=life_s, refresh_life_s=refresh_life_s), life_s

    def identify(self, header: str) -> tuple[User, Token | None]:
        """The user behind an Authorization header; raises the 401 answer."""
        kind, _, value = header.partition(" ")
        if kind == "Bearer":
            token = self._tokens.get(value.strip())
            if token and (token.expires_at is None or token.expires_at > self._state.now()):
                return self._state.users[token.user_id], token
            body = {"error": "invalid_token", "error_description": "The access token provided is expired, revoked, "
                    "malformed or invalid for other reasons."}  # fmt: skip
            raise ApiError(401, body)
        if kind == "Basic":
            name, _, password = _decode(value).partition(":")
            email, slash, word = name.rpartition("/")
            user = self._state.user_by_email(email)
            if slash and word == "token" and user and secrets.compare_digest(password, self.api_token):
                return user, None
        raise ApiError(401, dict(UNAUTHORIZED))

    def _spend(self, refresh: Any) -> Token:
        with self._lock:
            for access, token in list(self._tokens.items()):
                if token.refresh and token.refresh == refresh:
                    del self._tokens[access]
                    if token.refresh_expires_at and token.refresh_expires_at > self._state.now():
                        return token
        raise _oauth_error(400, "invalid_grant", "The refresh token is invalid, expired or was used before")


def check_scope(token: Token | None, resource: str, *, write: bool) -> None:
    """Raise the 403 answer unless a scope covers the resource; `resource:write` does not include reading."""
    if token is None:
        return
    word = "write" if write else "read"
    if not {word, f"{resource}:{word}"} & set(token.scope.split()):
        raise titled(403, "Forbidden", "You do not have access to this page. Please contact the account owner.")


def check_admin(user: User) -> None:
    if user.role != "admin":
        raise titled(403, "Forbidden", "You do not have access to this page. Please contact the account owner.")


def _span(body: dict[str, Any], name: str, *, low: int, high: int, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or not low < value < high:
        raise _oauth_error(400, "invalid_request", f"{name} must be between {low} and {high} seconds")
    return value


def _oauth_error(status: int, error: str, text: str) -> ApiError:
    return ApiError(status, {"error": error, "error_description": text})


def _decode(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
