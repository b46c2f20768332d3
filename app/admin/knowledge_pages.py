"""Routes of the review queue: what may be wrong, what is missing, and what search finds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, Response, abort, g, redirect, request, stream_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.admin import knowledge_articles_pages, knowledge_releases_pages, knowledge_view
from app.admin.connect_pages import Renderer
from app.admin.knowledge_articles_model import NotHere, Refused
from app.admin.knowledge_model import FINDINGS, REASONS, KnowledgeDeps
from triage.words import sentence

log = logging.getLogger("deskhand.web")

LONGEST = 200
DONE = ("right", "outdated", "owner", "sync", "syncing", "dismissed", "reopened")


def add_rules(blueprint: Blueprint, deps: KnowledgeDeps, renderer: Renderer) -> None:
    pages = _KnowledgePages(deps, renderer)
    rules: tuple[tuple[str, str, Callable[..., AnyResponse], str], ...] = (
        ("", "knowledge", pages.queue, "GET"),
        ("/<tenant>", "knowledge", pages.queue, "GET"),
        ("/<tenant>/sync", "knowledge_sync", pages.sync, "POST"),
        ("/<tenant>/articles/<int:article>/right", "knowledge_right", pages.still_right, "POST"),
        ("/<tenant>/articles/<int:article>/outdated", "knowledge_outdated", pages.outdated, "POST"),
        ("/<tenant>/articles/<int:article>/owner", "knowledge_owner", pages.assign, "POST"),
        ("/<tenant>/gaps/<int:gap>", "knowledge_gap", pages.gap, "GET"),
        ("/<tenant>/gaps/<int:gap>/draft.md", "knowledge_gap_file", pages.gap_file, "GET"),
        ("/<tenant>/gaps/<int:gap>/draft", "knowledge_gap_draft", pages.draft, "POST"),
        ("/<tenant>/gaps/<int:gap>/dismiss", "knowledge_gap_dismiss", pages.dismiss, "POST"),
        ("/<tenant>/gaps/<int:gap>/reopen", "knowledge_gap_reopen", pages.reopen, "POST"),
    )
    for path, endpoint, view, method in rules:
        blueprint.add_url_rule(f"/knowledge{path}", endpoint, view, methods=[method])
    knowledge_articles_pages.add_rules(blueprint, deps, renderer)
    knowledge_releases_pages.add_rules(blueprint, deps, renderer)
    blueprint.register_error_handler(NotHere, _missing)
    for filter_ in (knowledge_view.waits, knowledge_view.late, knowledge_view.state_word, sentence):
        blueprint.add_app_template_filter(filter_, f"knowledge_{filter_.__name__}")


def _missing(error: Exception) -> Response:
    return Response(f"{error}\n", 404, mimetype="text/plain")


class _KnowledgePages:
    def __init__(self, deps: KnowledgeDeps, renderer: Renderer) -> None:
        self.deps = deps
        self.renderer = renderer

    def queue(self, tenant: str | None = None) -> Response:
        return self._queue(tenant)

    def sync(self, tenant: str) -> AnyResponse:
        return self._back(tenant, "sync" if self.deps.sync_articles(tenant) else "syncing")

    def still_right(self, tenant: str, article: int) -> AnyResponse:
        self.deps.still_right(tenant, article, by=g.user.name)
        return self._back(tenant, "right", article)

    def outdated(self, tenant: str, article: int) -> AnyResponse:
        self.deps.outdate(tenant, article, by=g.user.name)
        return self._back(tenant, "outdated", article)

    def assign(self, tenant: str, article: int) -> AnyResponse:
        owner = request.form.get("owner", "").strip()[:LONGEST]
        try:
            self.deps.assign(tenant, article, owner)
        except Refused as error:
            return self._queue(tenant, status=422, refused=str(error))
        return self._back(tenant, "owner", article)

    def gap(self, tenant: str, gap: int) -> Response:
        return self.renderer.page("knowledge_gap", page=self.deps.gap_page(tenant, gap))

    def gap_file(self, tenant: str, gap: int) -> Response:
        page = self.deps.gap_page(tenant, gap)
        if page.draft is None:
            abort(404)
        response = Response(page.draft, content_type="text/markdown; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{knowledge_view.file_name(page)}"'
        return response

    def draft(self, tenant: str, gap: int) -> Response:
        """A page that is sent while the helpdesk is read: its head at once, how it went when it is over."""
        page, by = self.deps.gap_page(tenant, gap), g.user.name
        again = request.form.get("again") == "1"
        work = _Draft(lambda: self.deps.draft_gap(tenant, gap, by=by, again=again))
        values = self.renderer.surroundings() | {"page": page, "ends": work}
        response = Response(stream_template("admin/knowledge_drafting.html", **values), mimetype="text/html")
        # A proxy that collects the answer would show nothing until the end.
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def dismiss(self, tenant: str, gap: int) -> AnyResponse:
        self.deps.dismiss_gap(tenant, gap, by=g.user.name)
        return self._back(tenant, "dismissed", gap=gap)

    def reopen(self, tenant: str, gap: int) -> AnyResponse:
        self.deps.reopen_gap(tenant, gap, by=g.user.name)
        return self._back(tenant, "reopened")

    def _queue(self, tenant: str | None, *, status: int = 200, refused: str = "") -> Response:
        values = request.values
        reason = values.get("reason", "") if values.get("reason", "") in REASONS else ""
        area = values.get("area", "")[:LONGEST]
        page = self.deps.knowledge_page(tenant, area, reason)
        did = request.args.get("did", "") if request.args.get("did", "") in DONE else ""
        return self.renderer.page(
            "knowledge",
            status=status,
            page=page,
            area=area,
            reason=reason,
            reasons=REASONS,
            findings=FINDINGS,
            did=did,
            about=_number("article"),
            gap=_number("gap"),
            refused=refused,
        )

    def _back(self, tenant: str, did: str, article: int | None = None, *, gap: int | None = None) -> AnyResponse:
        """To the page where the button was, with the filter it had."""
        if article is not None and request.form.get("back") == "article":
            return redirect(url_for("console.knowledge_article", tenant=tenant, article=article, did=did), 303)
        kept = {name: request.form.get(name, "")[:LONGEST] or None for name in ("area", "reason")}
        values: dict[str, Any] = {"tenant": tenant, "did": did, "article": article, "gap": gap, **kept}
        return redirect(url_for("console.knowledge", **values), 303)


class _Draft:
    """Iterate once, after what is on the page before it was sent: makes the draft, and says why there is none."""

    def __init__(self, make: Callable[[], None]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[str]:
        try:
            self._make()
        except (Refused, LookupError) as error:
            yield str(error)
        except Exception:
            # The head is sent: whatever went wrong can only be told in the page.
            log.exception("a draft could not be made")
            yield "Something failed here. It is in the log."
        else:
            yield ""


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None
