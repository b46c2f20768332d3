"""Log in and out: argon2id, slowed down after failures, one answer for every kind of failure."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from flask import Request, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.admin.sessions import ConsoleSession, Sessions
from app.admin.throttle import wait
from app.admin.views_model import ConsoleDeps, UserRecord
from app.passwords import hash_password, is_password

MAX_EMAIL = 254
MAX_PASSWORD = 1024
_NOBODY = hash_password("no user has this password")
WRONG = "E-mail or password is not right. Check both and try again."


class Login:
    """The log-in's views and the check that a session still belongs to a user."""

    def __init__(self, deps: ConsoleDeps, sessions: Sessions, now: Callable[[], datetime]) -> None:
        self.deps = deps
        self.sessions = sessions
        self.now = now

    def user(self, request: Request) -> tuple[ConsoleSession, UserRecord] | None:
        """Who is logged in; None when nobody is, or the user was removed or their sessions ended."""
        session = self.sessions.read(request)
        if session is None or not session.email:
            return None
        user = self.deps.find_user(session.email)
        return (session, user) if user and user.session_version == session.version else None

    def form(self) -> AnyResponse:
        if self.user(request):
            return redirect(url_for("console.overview"), 303)
        return self._page(200)

    def log_in(self) -> AnyResponse:
        session = self.sessions.read(request)
        if session is None or not self.sessions.form_is_ours(request, session):
            return self._page(403, error="This form is too old. Try again.")
        email = request.form.get("email", "").strip().lower()[:MAX_EMAIL]
        ip = request.remote_addr or ""
        left = wait(self.deps.login_attempts(email, ip), now=self.now())
        if left:
            seconds = math.ceil(left.total_seconds())
            answer = self._page(429, error=f"{WRONG} {_pause(seconds)}", email=email)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        user = self.deps.find_user(email)
        right = _matches(user, request.form.get("password", ""))
        self.deps.record_attempt(email, ip, right)
        if user is None or not right:
            return self._page(401, error=WRONG, email=email)
        response = redirect(url_for("console.overview"), 303)
        self.sessions.start(_plain(response), email=user.email, version=user.session_version)
        return response

    def log_out(self, user: UserRecord) -> AnyResponse:
        self.deps.end_sessions(user.id)
        response = redirect(url_for("console.login"), 303)
        self.sessions.end(_plain(response))
        return response

    def _page(self, status: int, *, error: str = "", email: str = "") -> Response:
        session = self.sessions.read(request)
        known = session if session and not session.email else self.sessions.fresh()
        token = self.sessions.csrf_token(known)
        page = render_template("admin/login.html", error=error, email=email, csrf_token=token)
        response = make_response(page, status)
        self.sessions.write(response, known)
        return response


def _matches(user: UserRecord | None, password: str) -> bool:
    """Whether the password is the user's; takes as long for a user who does not exist."""
    right = is_password(user.password_hash if user else _NOBODY, password[:MAX_PASSWORD])
    return right and user is not None


def _pause(seconds: int) -> str:
    if seconds < 60:
        return f"The next try counts in {seconds} s."
    return f"The next try counts in {math.ceil(seconds / 60)} min."


def _plain(response: AnyResponse) -> Response:
    if not isinstance(response, Response):
        raise TypeError("Flask's redirect returns its own response class")
    return response
