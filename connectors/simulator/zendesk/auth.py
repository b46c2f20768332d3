"""Who calls: OAuth access tokens with scopes and rotation, and the legacy API token (platform notes 2.15)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.simulator.records import User
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk.errors import ApiError, titled

READ_WRITE = "read write"
CODE_LIFE_S = 120
UNAUTHORIZED = {"error": "Couldn't authenticate you"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token; `scope` empty means it may do nothing (an array was sent as scope)."""

    id: int
    access: str
    refresh: str | None
    user_id: int
    scope: str
    created_at: datetime
    expires_at: datetime | None
    refresh_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What an admin's click on Allow left behind, to be exchanged once."""

    user_id: int
    scope: str
    redirect_uri: str
    challenge: str
    expires_at: datetime


class TokenStore:
    """One OAuth client of the account and every token it was given."""

    def __init__(self, state: HelpdeskState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self._codes: dict[str, Code] = {}
        self.client_number = state.next_id()
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
            created_at=now,
            expires_at=now + timedelta(seconds=life_s) if life_s else None,
            refresh_expires_at=now + timedelta(seconds=refresh_life_s) if refresh_life_s else None,
        )
        with self._lock:
            self._tokens[token.access] = token
        return token

    def allow(self, *, user_id: int, scope: str, redirect_uri: str, challenge: str = "") -> str:
        """The code for an admin who allowed access; `challenge` is PKCE's, method S256."""
        code = secrets.token_urlsafe(24)
        expires_at = self._state.now() + timedelta(seconds=CODE_LIFE_S)
        with self._lock:
            self._codes[code] = Code(
                user_id=user_id, scope=scope, redirect_uri=redirect_uri, challenge=challenge, expires_at=expires_at
            )
        return code

    def grant(self, body: dict[str, Any]) -> tuple[Token, int, int]:
        """Answer `POST /oauth/tokens`; a refresh deletes the old pair. Returns the token, its life and its refresh's.

        Raises the 400 or 401 answer.
        """
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
            case "authorization_code":
                code = self._exchange(body)
                user_id, scope = code.user_id, code.scope
            case _:
                raise _oauth_error(400, "unsupported_grant_type", "The grant type is not supported")
        return self.issue(user_id, scope, life_s=life_s, refresh_life_s=refresh_life_s), life_s, refresh_life_s

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

    def of_user(self, user_id: int) -> list[Token]:
        return [token for token in list(self._tokens.values()) if token.user_id == user_id]

    def revoke(self, token: Token) -> None:
        """The access token and its refresh token stop working."""
        with self._lock:
            self._tokens.pop(token.access, None)

    def revoke_all(self, user_id: int) -> None:
        """Every token of the user and the account's API token stop working; the client's secret stays good."""
        with self._lock:
            self._tokens = {access: token for access, token in self._tokens.items() if token.user_id != user_id}
            self._codes.clear()
            self.api_token = secrets.token_hex(20)

    def _spend(self, refresh: Any) -> Token:
        with self._lock:
            for access, token in list(self._tokens.items()):
                if token.refresh and token.refresh == refresh:
                    del self._tokens[access]
                    if token.refresh_expires_at and token.refresh_expires_at > self._state.now():
                        return token
        raise _oauth_error(400, "invalid_grant", "The refresh token is invalid, expired or was used before")

    def _exchange(self, body: dict[str, Any]) -> Code:
        with self._lock:
            code = self._codes.pop(str(body.get("code")), None)
        if code is None or code.expires_at <= self._state.now() or code.redirect_uri != body.get("redirect_uri"):
            raise _oauth_error(400, "invalid_grant", "The code is invalid, expired, used, or for another redirect_uri")
        if code.challenge and code.challenge != _challenge(str(body.get("code_verifier") or "")):
            raise _oauth_error(400, "invalid_grant", "The code_verifier does not fit the code_challenge")
        return code


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


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _span(body: dict[str, Any], name: str, *, low: int, high: int, default: int) -> int:
    value = body.get(name, default)
    value = int(value) if isinstance(value, str) and value.isdigit() else value
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
