"""Routes of the console. Every page but the log-in needs a session; every POST needs origin and token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.admin import charts, connect_pages, deliveries_pages, knowledge_pages, sla_pages, triage_pages, words
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
    triage_pages.add_rules(blueprint, deps, pages)
    sla_pages.add_rules(blueprint, deps, pages)
    knowledge_pages.add_rules(blueprint, deps, pages)
    deliveries_pages.add_rules(blueprint, deps, pages)
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
