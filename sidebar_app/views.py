"""Routes of the sidebar: check who asks, fetch the panel's view, render it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, render_template, request

from sidebar_app.deps import (
    ArticleRefused,
    CorrectionRefused,
    HelpdeskDown,
    OpenedSession,
    Refused,
    Session,
    SessionEnded,
    SessionRefused,
    SidebarDeps,
    TicketNotFound,
)
from sidebar_app.headers import policy, protect
from sidebar_app.hosts import Host, host, origin_of
from triage.context import PanelView
from triage.suggestions import Act
from triage.words import age

THEMES = ("light", "dark")
MAX_BODY = 64 * 1024
MAX_TICKET_REF = 64
STATIC_MAX_AGE_S = 300
LONGEST_NOTE, LONGEST_SEARCH = 1_000, 500
LARGEST_ID = 2**63 - 1
AGENT_HEADER = "X-Deskhand-Agent"
"""Sent by a helpdesk's proxy for an installed app: its bearer is the installation's panel token."""


def create_blueprint(deps: SidebarDeps, *, sdk_urls: Mapping[str, str] | None = None) -> Blueprint:
    """The sidebar under `/sidebar`. `sdk_urls` names another place for a vendor's SDK script."""
    views = _Views(deps, sdk_urls or {})
    blueprint = Blueprint(
        "sidebar",
        __name__,
        url_prefix="/sidebar",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    blueprint.before_request(_limit_body)
    blueprint.after_request(_protect)
    rule = blueprint.add_url_rule
    rule("/<vendor>", "outside", views.outside, methods=["GET"])
    rule("/<vendor>", "opened", views.opened, methods=["POST"])
    rule("/session", "session", views.renewed, methods=["POST"])
    rule("/panel/<ticket_ref>", "panel", views.panel, methods=["GET"])
    rule("/panel/<ticket_ref>/correction", "correction", views.corrected, methods=["POST"])
    rule("/panel/<ticket_ref>/undo", "undo", views.undone, methods=["POST"])
    rule("/panel/<ticket_ref>/acknowledge", "acknowledge", views.acknowledged, methods=["POST"])
    rule("/panel/<ticket_ref>/article", "article", views.article_used, methods=["POST"])
    rule("/panel/<ticket_ref>/search", "search", views.searched, methods=["POST"])
    return blueprint


def _limit_body() -> None:
    request.max_content_length = MAX_BODY


def _protect(response: Response) -> Response:
    if request.endpoint == "sidebar.static":
        response.headers["Cache-Control"] = f"public, max-age={STATIC_MAX_AGE_S}"
    return protect(response)


class _Views:
    def __init__(self, deps: SidebarDeps, sdk_urls: Mapping[str, str]) -> None:
        self.deps = deps
        self.sdk_urls = sdk_urls

    def outside(self, vendor: str) -> Response:
        return make_response(render_template("sidebar/outside.html", vendor=vendor, host=_known(vendor), theme="light"))

    def opened(self, vendor: str) -> Response:
        known = _known(vendor)
        if known.sdk_url is None:
            return self.outside(vendor)
        theme = _theme()
        try:
            opened = self.deps.open(vendor, origin=request.args.get("origin", ""), token=request.form.get("token", ""))
        except SessionRefused as refused:
            page = render_template(
                "sidebar/refused.html", vendor=vendor, host=known, theme=theme, reason=refused.reason
            )
            answer = make_response(page, 401)
            answer.headers["Content-Security-Policy"] = policy(ancestors=refused.host_origin)
            return answer
        return self._shell(opened, known, theme, self.sdk_urls.get(vendor, known.sdk_url))

    def _shell(self, opened: OpenedSession, known: Host, theme: str, sdk_url: str) -> Response:
        answer = make_response(
            render_template(
                "sidebar/shell.html",
                session=opened,
                host=known,
                vendor=opened.vendor,
                theme=theme,
                sdk_url=sdk_url,
                app_guid=request.args.get("app_guid", ""),
            )
        )
        answer.headers["Content-Security-Policy"] = policy(ancestors=opened.host_origin, sdk_origin=origin_of(sdk_url))
        return answer

    def renewed(self) -> Response:
        try:
            opened = self.deps.renew(_bearer())
        except SessionEnded:
            return _message("ended", 401)
        return jsonify(bearer=opened.bearer, expires_in_s=opened.expires_in_s)

    def panel(self, ticket_ref: str) -> Response:
        return self._answer(ticket_ref, lambda session: self.deps.panel(session, ticket_ref))

    def corrected(self, ticket_ref: str) -> Response:
        return self._answer(ticket_ref, lambda session: self._correct(session, ticket_ref))

    def _correct(self, session: Session, ticket_ref: str) -> PanelView:
        category = _category()
        if category not in {key for key, _ in self.deps.categories(session)}:
            raise CorrectionRefused("This category does not exist any more. Pick another one.")
        return self.deps.correct(session, ticket_ref, category)

    def undone(self, ticket_ref: str) -> Response:
        return self._answer(ticket_ref, lambda session: self.deps.undo(session, ticket_ref))

    def acknowledged(self, ticket_ref: str) -> Response:
        return self._answer(ticket_ref, lambda session: self.deps.acknowledge(session, ticket_ref))

    def article_used(self, ticket_ref: str) -> Response:
        return self._answer(ticket_ref, lambda session: self.deps.article(session, ticket_ref, *_article()))

    def searched(self, ticket_ref: str) -> Response:
        return self._answer(ticket_ref, lambda session: self.deps.search(session, ticket_ref, _words()))

    def _answer(self, ticket_ref: str, view_of: Callable[[Session], PanelView]) -> Response:
        try:
            session = self._session()
            if len(ticket_ref) > MAX_TICKET_REF:
                raise TicketNotFound
            view = view_of(session)
            return self._fragment(view, session)
        except SessionEnded:
            return _message("unknown" if AGENT_HEADER in request.headers else "ended", 401)
        except TicketNotFound:
            return _message("missing", 404, ticket_ref=ticket_ref)
        except Refused as refused:
            return _message("refused", 409, reason=refused.reason)
        except HelpdeskDown as down:
            old = age(down.age.total_seconds()) if down.age is not None else ""
            return _message("down", 503, last=down.last, age=old)

    def _session(self) -> Session:
        agent_id = request.headers.get(AGENT_HEADER)
        if agent_id is None:
            return self.deps.resume(_bearer())
        return self.deps.installed(_bearer(), agent_id)

    def _fragment(self, view: PanelView, session: Session) -> Response:
        categories = self.deps.categories(session) if view.can_correct else ()
        return make_response(render_template("sidebar/panel.html", view=view, categories=categories))


def _known(vendor: str) -> Host:
    known = host(vendor)
    if known is None:
        abort(404)
    return known


def _theme() -> str:
    wanted = request.args.get("colorScheme", "light")
    return wanted if wanted in THEMES else "light"


def _bearer() -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise SessionEnded
    return value.strip()


def _body() -> dict[str, Any]:
    body: Any = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _category() -> str:
    category = _body().get("category")
    if not isinstance(category, str) or not category:
        raise CorrectionRefused("No category was picked.")
    return category


def _article() -> tuple[int, Act, str]:
    body = _body()
    article_id, note = body.get("article"), body.get("note", "")
    try:
        act = Act(body.get("verb"))
    except ValueError:
        act = Act.SHOWN
    if act is Act.SHOWN:
        raise ArticleRefused("This button is not known here. Reload the app.")
    if type(article_id) is not int or not 0 < article_id <= LARGEST_ID:
        raise ArticleRefused("No article was picked.")
    if not isinstance(note, str):
        raise ArticleRefused("The note is not a text.")
    return article_id, act, note.strip()[:LONGEST_NOTE]


def _words() -> str:
    words = _body().get("words")
    if not isinstance(words, str) or not words.strip():
        raise ArticleRefused("Type what to search for.")
    return words.strip()[:LONGEST_SEARCH]


def _message(name: str, status: int, **values: object) -> Response:
    return make_response(render_template(f"sidebar/message_{name}.html", **values), status)
