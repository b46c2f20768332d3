"""Routes of the releases: what each opened, and a form for one that nothing sent."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.admin.connect_pages import Renderer
from app.admin.knowledge_articles_model import Refused
from app.admin.knowledge_model import KnowledgeDeps
from app.admin.knowledge_releases_model import Preview, ReleaseDraft

LONGEST_VERSION, LONGEST_TITLE, LONGEST_NOTES, MOST_AREAS = 60, 200, 15_000, 50
EMPTY = ReleaseDraft()


def add_rules(blueprint: Blueprint, deps: KnowledgeDeps, renderer: Renderer) -> None:
    pages = _ReleasesPages(deps, renderer)
    rules: tuple[tuple[str, str, Callable[..., AnyResponse], str], ...] = (
        ("", "knowledge_releases", pages.listed, "GET"),
        ("/<int:release>", "knowledge_releases", pages.listed, "GET"),
        ("", "knowledge_release_add", pages.add, "POST"),
        ("/preview", "knowledge_release_preview", pages.preview, "POST"),
    )
    for path, endpoint, view, method in rules:
        blueprint.add_url_rule(f"/knowledge/<tenant>/releases{path}", endpoint, view, methods=[method])


class _ReleasesPages:
    def __init__(self, deps: KnowledgeDeps, renderer: Renderer) -> None:
        self.deps = deps
        self.renderer = renderer

    def listed(self, tenant: str, release: int | None = None) -> Response:
        return self._page(tenant, release)

    def preview(self, tenant: str) -> Response:
        draft = _draft()
        try:
            found = self.deps.preview_release(tenant, draft)
        except Refused as error:
            return self._page(tenant, None, status=422, draft=draft, problem=str(error))
        return self._page(tenant, None, draft=draft, preview=found)

    def add(self, tenant: str) -> AnyResponse:
        draft = _draft()
        try:
            self.deps.add_release(tenant, draft)
        except Refused as error:
            return self._page(tenant, None, status=422, draft=draft, problem=str(error))
        return redirect(url_for("console.knowledge_releases", tenant=tenant, did="added"), 303)

    def _page(
        self,
        tenant: str,
        release: int | None,
        *,
        status: int = 200,
        draft: ReleaseDraft = EMPTY,
        preview: Preview | None = None,
        problem: str = "",
    ) -> Response:
        page = self.deps.releases_page(tenant, release)
        did = request.args.get("did") == "added"
        return self.renderer.page(
            "knowledge_releases", status=status, page=page, draft=draft, preview=preview, problem=problem, did=did
        )


def _draft() -> ReleaseDraft:
    form = request.form
    return ReleaseDraft(
        version=" ".join(form.get("version", "").split())[:LONGEST_VERSION],
        title=" ".join(form.get("title", "").split())[:LONGEST_TITLE],
        areas=tuple(dict.fromkeys(form.getlist("area")))[:MOST_AREAS],
        notes=form.get("notes", "").strip()[:LONGEST_NOTES],
    )
