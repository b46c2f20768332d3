"""The console's session: a signed cookie, its CSRF token, and the check of where a form came from."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Request, Response
from itsdangerous import BadSignature, URLSafeSerializer

LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSession:
    """One browser's session; `email` is empty before the log-in."""

    id: str
    email: str
    version: int
    started_at: datetime


class Sessions:
    """Reads and writes the cookie. `secure` is False only for plain http on loopback."""

    def __init__(self, secret: str, *, secure: bool, public_origin: str, now: Callable[[], datetime]) -> None:
        self.cookie = "__Host-deskhand" if secure else "deskhand"
        self._secure = secure
        self._origin = public_origin.rstrip("/")
        self._now = now
        self._key = hashlib.sha256(f"deskhand console csrf {secret}".encode()).digest()
        self._signer = URLSafeSerializer(secret, salt="deskhand-console-session")

    def read(self, request: Request) -> ConsoleSession | None:
        """The browser's session; None when there is none, it is older than 12 h, or it was tampered with."""
        try:
            raw = self._signer.loads(request.cookies.get(self.cookie, ""))
            session = ConsoleSession(
                id=str(raw["id"]),
                email=str(raw["email"]),
                version=int(raw["version"]),
                started_at=datetime.fromisoformat(raw["started_at"]),
            )
        except (BadSignature, KeyError, TypeError, ValueError):
            return None
        return session if self._now() - session.started_at < LIFETIME else None

    def start(self, response: Response, *, email: str = "", version: int = 0) -> ConsoleSession:
        """Give the browser a fresh session with a new id."""
        session = ConsoleSession(id=secrets.token_urlsafe(18), email=email, version=version, started_at=self._now())
        self.write(response, session)
        return session

    def fresh(self) -> ConsoleSession:
        """A session nobody has logged in to yet; `write` gives it to the browser."""
        return ConsoleSession(id=secrets.token_urlsafe(18), email="", version=0, started_at=self._now())

    def write(self, response: Response, session: ConsoleSession) -> None:
        value = self._signer.dumps(
            {
                "id": session.id,
                "email": session.email,
                "version": session.version,
                "started_at": session.started_at.isoformat(),
            }
        )
        response.set_cookie(
            self.cookie,
            value if isinstance(value, str) else value.decode(),
            max_age=int(LIFETIME.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )

    def end(self, response: Response) -> None:
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="Lax")

    def csrf_token(self, session: ConsoleSession) -> str:
        """The token every form of this session carries."""
        return hmac.new(self._key, session.id.encode(), hashlib.sha256).hexdigest()

    def form_is_ours(self, request: Request, session: ConsoleSession) -> bool:
        """Whether a POST came from a page of ours in this session: right origin and right token."""
        origin = request.headers.get("Origin") or _origin_of(request.headers.get("Referer", ""))
        token = request.form.get("csrf_token", "")
        return origin == self._origin and hmac.compare_digest(token.encode(), self.csrf_token(session).encode())


def _origin_of(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}://{rest.split('/', 1)[0]}" if separator else ""
