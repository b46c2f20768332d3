"""Routes of the Triage page: read a model card, set the dial, promote, roll back, export."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.admin import triage_view, triage_words
from app.admin.connect_pages import Renderer
from app.admin.triage_model import DIAL, SHIPPED, TriageDeps, TriagePage
from app.admin.triage_png import png
from connectors.store.models import ModelProblem
from triage.model_card import ModelCard

LONGEST = 100
DONE = ("floor", "undone", "promoted", "back")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet read a cell as a formula."""


def add_rules(blueprint: Blueprint, deps: TriageDeps, renderer: Renderer) -> None:
    pages = _TriagePages(deps, renderer)
    rules: tuple[tuple[str, str, Callable[..., AnyResponse], str], ...] = (
        ("", "triage", pages.overview, "GET"),
        ("/<tenant>", "triage", pages.overview, "GET"),
        ("/<tenant>/labels.csv", "triage_csv", pages.table, "GET"),
        ("/<tenant>/card.json", "triage_json", pages.card, "GET"),
        ("/<tenant>/card.png", "triage_png", pages.picture, "GET"),
        ("/<tenant>/floor", "triage_floor", pages.use_floor, "POST"),
        ("/<tenant>/floor/undo", "triage_floor_undo", pages.undo_floor, "POST"),
        ("/<tenant>/promote", "triage_promote", pages.promote, "POST"),
        ("/<tenant>/roll-back", "triage_roll_back", pages.roll_back, "POST"),
    )
    for path, endpoint, view, method in rules:
        blueprint.add_url_rule(f"/triage{path}", endpoint, view, methods=[method])
    for filter_ in (
        triage_words.percent,
        triage_words.share,
        triage_words.counted,
        triage_words.between,
        triage_words.points,
        triage_words.days,
        triage_words.version,
    ):
        blueprint.add_app_template_filter(filter_, f"triage_{filter_.__name__}")


class _TriagePages:
    def __init__(self, deps: TriageDeps, renderer: Renderer) -> None:
        self.deps = deps
        self.renderer = renderer

    def overview(self, tenant: str | None = None) -> Response:
        return self._page(tenant)

    def use_floor(self, tenant: str) -> AnyResponse:
        """Only a setting of the curve that was shown, and only while its model is the one in use."""
        page, card = self._open(tenant)
        follow = request.form.get("follow") == "1"
        settings = {repr(point.confidence): point.confidence for point in card.risk}
        floor = None if follow else settings.get(_typed("confidence"))
        if page.target != DIAL or (floor is None and not follow):
            abort(400)
        if _typed("version") != card.version:
            return self._changed(tenant, "Another model came into use while you looked. These are its figures.")
        self.deps.use_floor(tenant, floor, by=g.user.name)
        return self._back(tenant, "floor")

    def undo_floor(self, tenant: str) -> AnyResponse:
        self._open(tenant)
        self.deps.undo_floor(tenant)
        return self._back(tenant, "undone")

    def promote(self, tenant: str) -> AnyResponse:
        version = _typed("version")
        try:
            self.deps.promote_model(tenant, _target() or DIAL, version, by=g.user.name)
        except ModelProblem as problem:
            return self._changed(tenant, str(problem))
        return self._back(tenant, "promoted")

    def roll_back(self, tenant: str) -> AnyResponse:
        version = _typed("version")
        try:
            self.deps.roll_back_model(tenant, _target() or DIAL, version, by=g.user.name)
        except ModelProblem as problem:
            return self._changed(tenant, str(problem))
        return self._back(tenant, "back", was=version)

    def table(self, tenant: str) -> Response:
        page, card = self._open(tenant)
        written = io.StringIO()
        rows = csv.writer(written, quoting=csv.QUOTE_ALL)
        rows.writerow([_cell(name) for name in triage_view.CSV_HEAD])
        for row in triage_view.csv_rows(card, page.names):
            rows.writerow([_cell(value) for value in row])
        return self._file(page, "labels.csv", written.getvalue().encode(), "text/csv; charset=utf-8")

    def card(self, tenant: str) -> Response:
        page, card = self._open(tenant)
        text = json.dumps(asdict(card), ensure_ascii=False, indent=1, default=_moment)
        return self._file(page, "model-card.json", text.encode(), "application/json")

    def picture(self, tenant: str) -> Response:
        page, card = self._open(tenant)
        return self._file(page, "model-card.png", png(page, card), "image/png")

    def _page(self, tenant: str | None, *, status: int = 200, problem: str = "") -> Response:
        page = self.deps.triage_page(tenant, _target())
        if page is None:
            return self.renderer.page("triage_empty", status=status, page=None, shipped=SHIPPED, problem=problem)
        done = request.args.get("did", "") if request.args.get("did", "") in DONE else ""
        shared: dict[str, Any] = {
            "page": page,
            "problem": problem,
            "did": done,
            "was": request.args.get("was", "")[:LONGEST],
            "shipped": SHIPPED,
            "challenger": triage_view.rival(page),
        }
        if page.model is None:
            return self.renderer.page("triage_empty", status=status, **shared)
        pair = (request.args.get("true", "")[:LONGEST], request.args.get("said", "")[:LONGEST])
        view = triage_view.view(page, page.model, at=request.args.get("at", "")[:LONGEST], pair=pair)
        return self.renderer.page("triage", status=status, view=view, card=page.model.card, **shared)

    def _changed(self, tenant: str, problem: str) -> Response:
        return self._page(tenant, status=409, problem=problem)

    def _open(self, tenant: str) -> tuple[TriagePage, ModelCard]:
        page = self.deps.triage_page(tenant, _target())
        if page is None or page.model is None:
            abort(404)
        return page, page.model.card

    def _back(self, tenant: str, did: str, **more: str) -> AnyResponse:
        values: dict[str, Any] = {**more, "tenant": tenant, "did": did, "target": _target()}
        return redirect(url_for("console.triage", **values), 303)

    def _file(self, page: TriagePage, name: str, content: bytes, mimetype: str) -> Response:
        response = Response(content, content_type=mimetype)
        response.headers["Content-Disposition"] = f'attachment; filename="{page.desk.id}-{name}"'
        return response


def _typed(name: str) -> str:
    return request.form.get(name, "")[:LONGEST]


def _target() -> str | None:
    return request.values.get("target", "")[:LONGEST] or None


def _cell(value: str) -> str:
    """A label that begins like a formula stays a text."""
    return f"'{value}" if value.startswith(RISKY) else value


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
