"""Routes of the console. Every page but the log-in needs a session; every POST needs origin and token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.admin import charts, connect_pages, words
from app.admin.login import Login
from app.admin.sessions import Sessions
from app.admin.views_model import ConsoleDeps

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
OPEN_TO_ALL = ("console.login", "console.log_in", "console.static")
MAX_QUERY = 100
MAX_IDS = 200
MAX_BODY = 64 * 1024


def create_blueprint(
    deps: ConsoleDeps,
    *,
    secret: str,
    public_origin: str,
    secure_cookies: bool = True,
    design_url: str = "/sidebar/static",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Blueprint:
    """The console under `/console`. `public_origin` is where browsers reach it; `design_url` has the shared styles."""
    sessions = Sessions(secret, secure=secure_cookies, public_origin=public_origin, now=now)
    login = Login(deps, sessions, now)
    pages = _Pages(deps, login)
    blueprint = Blueprint(
        "console",
        __name__,
        url_prefix="/console",
        template_folder="templates",
        static_folder="../static",
        static_url_path="/static",
    )
    blueprint.before_request(pages.guard)
    blueprint.after_request(_protect)
    for filter_ in (words.count, words.span, words.city, words.things, words.code):
        blueprint.add_app_template_filter(filter_, f"console_{filter_.__name__}")
    blueprint.add_app_template_global(charts.spark, "console_spark")
    blueprint.context_processor(lambda: {"design_url": design_url})
    rule = blueprint.add_url_rule
    rule("/login", "login", login.form, methods=["GET"])
    rule("/login", "log_in", login.log_in, methods=["POST"])
    rule("/logout", "log_out", pages.log_out, methods=["POST"])
    rule("/", "overview", pages.overview, methods=["GET"])
    rule("/deliveries", "deliveries", pages.deliveries, methods=["GET"])
    rule("/deliveries/live", "deliveries_live", pages.deliveries_live, methods=["GET"])
    rule("/deliveries/replay", "replay", pages.replay, methods=["POST"])
    rule("/deliveries/replay-all", "replay_all", pages.replay_all, methods=["POST"])
    rule("/deliveries/drop", "drop", pages.drop, methods=["POST"])
    connect_pages.add_rules(blueprint, deps, pages)
    return blueprint


def _protect(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = POLICY
    headers["Referrer-Policy"] = "same-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cache-Control"] = "public, max-age=300" if request.endpoint == "console.static" else "no-store"
    return response


class _Pages:
    def __init__(self, deps: ConsoleDeps, login: Login) -> None:
        self.deps = deps
        self.login = login

    def guard(self) -> AnyResponse | None:
        """Stops whoever is not logged in, and every POST that no form of ours sent."""
        request.max_content_length = MAX_BODY
        if request.endpoint in OPEN_TO_ALL:
            return None
        known = self.login.user(request)
        if known is None:
            if request.method == "POST" or request.endpoint == "console.deliveries_live":
                abort(401)
            return redirect(url_for("console.login"), 303)
        g.session, g.user = known
        if request.method == "POST" and not self.login.sessions.form_is_ours(request, g.session):
            abort(403)
        return None

    def log_out(self) -> AnyResponse:
        return self.login.log_out(g.user)

    def overview(self) -> Response:
        overview = self.deps.overview()
        chart = charts.events(overview.events_today, overview.usual)
        return self.page("overview", overview=overview, chart=chart)

    def deliveries(self) -> Response:
        return self.page("deliveries", **self._listed(), did=_done())

    def deliveries_live(self) -> Response:
        return self.page("deliveries_live", **self._listed())

    def replay(self) -> AnyResponse:
        return self._back("replayed", self.deps.replay(_ids()))

    def replay_all(self) -> AnyResponse:
        return self._back("replayed", self.deps.replay_all_parked())

    def drop(self) -> AnyResponse:
        return self._back("dropped", self.deps.drop(_ids()))

    def _listed(self) -> dict[str, Any]:
        query = request.args.get("q", "").strip().lstrip("#")[:MAX_QUERY]
        kind = request.args.get("kind", "")[:MAX_QUERY]
        found = self.deps.deliveries(query=query or None, kind=kind or None)
        return {"deliveries": found, "query": query, "kind": kind}

    def _back(self, did: str, number: int) -> AnyResponse:
        query, kind = request.form.get("q") or None, request.form.get("kind") or None
        return redirect(url_for("console.deliveries", did=did, n=number, q=query, kind=kind), 303)

    def page(self, name: str, *, status: int = 200, **values: object) -> Response:
        """See `connect_pages.Renderer`."""
        return make_response(render_template(f"admin/{name}.html", **(values | self.surroundings())), status)

    def surroundings(self) -> dict[str, object]:
        """See `connect_pages.Renderer`."""
        shell = self.deps.shell()
        now = self.login.now()
        zone = shell.zone
        return {
            "shell": shell,
            "user": g.user,
            "csrf_token": self.login.sessions.csrf_token(g.session),
            "at": lambda moment, seconds=False: words.at(moment, zone, now, seconds),
            "on": lambda day: words.on(day, now.astimezone(ZoneInfo(zone)).date()),
        }


def _ids() -> list[str]:
    ids = request.form.getlist("id")[:MAX_IDS]
    if not ids:
        abort(400)
    return ids


def _done() -> tuple[str, int] | None:
    did, number = request.args.get("did", ""), request.args.get("n", "")
    if did not in ("replayed", "dropped") or not number.isdecimal() or len(number) > 6:
        return None
    return did, int(number)
