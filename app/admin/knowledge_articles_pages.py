"""Routes of the list of articles and of one article: what it says, what is known of it, what was done with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.admin import knowledge_view
from app.admin.connect_pages import Renderer
from app.admin.knowledge_articles_model import ROLES, Refused, Search
from app.admin.knowledge_model import REASONS, KnowledgeDeps
from triage.articles import Facts

LONGEST, MOST_PAGES = 100, 10_000
LONGEST_RELEASE, LONGEST_OWNER, MOST_AREAS = 60, 200, 50
DONE = ("right", "outdated", "owner", "facts")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet read a cell as a formula."""


def add_rules(blueprint: Blueprint, deps: KnowledgeDeps, renderer: Renderer) -> None:
    pages = _ArticlesPages(deps, renderer)
    rules: tuple[tuple[str, str, Callable[..., AnyResponse], str], ...] = (
        ("", "knowledge_articles", pages.listed, "GET"),
        (".csv", "knowledge_articles_csv", pages.table, "GET"),
        ("/<int:article>", "knowledge_article", pages.one, "GET"),
        ("/<int:article>/facts", "knowledge_facts", pages.set_facts, "POST"),
    )
    for path, endpoint, view, method in rules:
        blueprint.add_url_rule(f"/knowledge/<tenant>/articles{path}", endpoint, view, methods=[method])


class _ArticlesPages:
    def __init__(self, deps: KnowledgeDeps, renderer: Renderer) -> None:
        self.deps = deps
        self.renderer = renderer

    def listed(self, tenant: str) -> Response:
        search, number = _search(), min(_number("page"), MOST_PAGES)
        page = self.deps.articles_page(tenant, search, number)
        return self.renderer.page(
            "knowledge_articles", page=page, search=search, number=number, states=list(knowledge_view.WORDS)
        )

    def table(self, tenant: str) -> Response:
        written = io.StringIO()
        rows = csv.writer(written, quoting=csv.QUOTE_ALL)
        rows.writerow(knowledge_view.CSV_HEAD)
        for row in knowledge_view.csv_rows(self.deps.articles_export(tenant, _search())):
            rows.writerow([_cell(value) for value in row])
        response = Response(written.getvalue().encode(), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="articles.csv"'
        return response

    def one(self, tenant: str, article: int) -> Response:
        return self._one(tenant, article)

    def set_facts(self, tenant: str, article: int) -> AnyResponse:
        form = request.form
        facts = Facts(
            owner=_typed("owner", LONGEST_OWNER),
            product_areas=tuple(dict.fromkeys(form.getlist("area")))[:MOST_AREAS],
            roles=tuple(dict.fromkeys(form.getlist("role")))[:MOST_AREAS],
            applies_from=_typed("applies_from", LONGEST_RELEASE),
            applies_to=_typed("applies_to", LONGEST_RELEASE),
        )
        try:
            self.deps.set_facts(tenant, article, facts)
        except Refused as error:
            return self._one(tenant, article, status=422, typed=facts, problem=str(error))
        return redirect(url_for("console.knowledge_article", tenant=tenant, article=article, did="facts"), 303)

    def _one(
        self, tenant: str, article: int, *, status: int = 200, typed: Facts | None = None, problem: str = ""
    ) -> Response:
        page = self.deps.article_page(tenant, article)
        values: dict[str, Any] = {
            "page": page,
            "view": knowledge_view.article(page, _number("change", missing=0)),
            "facts": typed or page.facts,
            "roles": ROLES | {each: each for each in page.facts.roles if each not in ROLES},
            "reasons": REASONS,
            "outcomes": knowledge_view.OUTCOMES,
            "did": request.args.get("did", "") if request.args.get("did", "") in DONE else "",
            "problem": problem,
        }
        return self.renderer.page("knowledge_article", status=status, **values)


def _search() -> Search:
    return Search(**{each.name: request.args.get(each.name, "").strip()[:LONGEST] for each in fields(Search)})


def _number(name: str, *, missing: int = 1) -> int:
    text = request.args.get(name, "")
    return max(int(text), missing) if text.isascii() and text.isdecimal() and len(text) < 8 else missing


def _typed(name: str, longest: int) -> str | None:
    return " ".join(request.form.get(name, "").split())[:longest] or None


def _cell(value: str) -> str:
    """A title that begins like a formula stays a text."""
    return f"'{value}" if value.startswith(RISKY) else value
