"""Routes of the Deliveries pages: find, look at one, replay, drop, park, dry run. The filter is in the address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, g, redirect, request, stream_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.admin.connect_pages import Renderer
from app.admin.deliveries_model import AGES, DeliveriesDeps, Search
from connectors.store.names import NoSuchDelivery, table_of
from connectors.store.replays import DROP, PARK, REPLAY
from triage.dry_run import Preview

MAX_QUERY = 100
MAX_IDS = 200
ACTIONS = (REPLAY, DROP, PARK)
LONGEST_COUNT = 7


def add_rules(blueprint: Blueprint, deps: DeliveriesDeps, renderer: Renderer) -> None:
    pages = _DeliveriesPages(deps, renderer)
    rules: tuple[tuple[str, str, Callable[..., AnyResponse], str], ...] = (
        ("", "deliveries", pages.overview, "GET"),
        ("/live", "deliveries_live", pages.live, "GET"),
        ("/confirm", "deliveries_confirm", pages.confirm, "GET"),
        *((f"/{action}", f"deliveries_{action}", pages.mover(action), "POST") for action in ACTIONS),
        ("/<name>", "deliveries_one", pages.one, "GET"),
        ("/<name>/dry-run", "deliveries_ask", pages.ask, "POST"),
        ("/<name>/dry-run/<int:number>", "deliveries_dry_run", pages.dry_run, "GET"),
    )
    for path, endpoint, view, method in rules:
        blueprint.add_url_rule(f"/deliveries{path}", endpoint, view, methods=[method])
    blueprint.register_error_handler(NoSuchDelivery, _missing)


def _missing(error: Exception) -> Response:
    return Response(f"{error}\n", 404, mimetype="text/plain")


class _DeliveriesPages:
    def __init__(self, deps: DeliveriesDeps, renderer: Renderer) -> None:
        self.deps = deps
        self.renderer = renderer

    def overview(self) -> Response:
        return self.renderer.page("deliveries", **self._listed(), did=_done())

    def live(self) -> Response:
        return self.renderer.page("deliveries_live", **self._listed())

    def confirm(self) -> Response:
        """What is about to happen, and to how many: before anything that moves more than one row."""
        action, search, ids = request.args.get("do", ""), _search(request.args), request.args.getlist("id")[:MAX_IDS]
        if action not in ACTIONS:
            abort(400)
        by_filter = not ids and bool(search.args)
        chosen = self.deps.chosen(action, ids, search) if ids or by_filter else None
        return self.renderer.page(
            "deliveries_confirm", action=action, search=search, chosen=chosen, by_filter=by_filter
        )

    def mover(self, action: str) -> Callable[[], AnyResponse]:
        def move() -> AnyResponse:
            search, back = _search(request.form), request.form.get("back", "")
            ids = request.form.getlist("id")[:MAX_IDS] or self._by_filter(action, search)
            moved = self.deps.move(action, ids, by=g.user.name)
            told: dict[str, Any] = {"did": action, "n": moved, "of": len(ids)}
            if back:
                return redirect(url_for("console.deliveries_one", name=_name(back), **told), 303)
            return redirect(url_for("console.deliveries", **(told | search.args)), 303)

        return move

    def one(self, name: str) -> Response:
        texts = request.args.get("texts") == "1"
        one = self.deps.delivery(name, texts=texts)
        return self.renderer.page("deliveries_one", one=one, texts=texts, did=_done())

    def ask(self, name: str) -> AnyResponse:
        number = self.deps.ask_dry_run(name, by=g.user.name)
        return redirect(url_for("console.deliveries_dry_run", name=name, number=number), 303)

    def dry_run(self, name: str, number: int) -> Response:
        """A page that is sent while the worker thinks: its head at once, the plan when it is there."""
        one = self.deps.delivery(name, texts=False)
        values: dict[str, Any] = {"one": one, "plans": _Plan(lambda: self.deps.dry_run(name, number))}
        response = Response(
            stream_template("admin/deliveries_dry_run.html", **(values | self.renderer.surroundings())),
            mimetype="text/html",
        )
        # A proxy that collects the answer would show nothing until the end.
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _listed(self) -> dict[str, Any]:
        search = _search(request.args)
        before = request.args.get("before", "")[:MAX_QUERY]
        try:
            found = self.deps.deliveries(search, before=before or None)
        except (ValueError, NoSuchDelivery):
            abort(400)
        return {"deliveries": found, "search": search, "before": before, "ages": AGES}

    def _by_filter(self, action: str, search: Search) -> list[str]:
        """All that matched when the confirming page was made, and nothing that came since."""
        if not search.args:
            abort(400)
        try:
            seen_at = datetime.fromisoformat(request.form.get("seen_at", ""))
        except ValueError:
            abort(400)
        if seen_at.tzinfo is None:
            abort(400)
        return list(self.deps.matching(action, search, seen_at=seen_at))


class _Plan:
    """Iterate once, after what is on the page before it was sent: waits for the worker."""

    def __init__(self, wait: Callable[[], Preview | None]) -> None:
        self._wait = wait

    def __iter__(self) -> Iterator[Preview | None]:
        yield self._wait()


def _search(values: Any) -> Search:
    asked = {each.name: values.get(each.name, "").strip()[:MAX_QUERY] for each in fields(Search)}
    return Search(**asked | {"q": asked["q"].lstrip("#")})


def _name(text: str) -> str:
    table_of(text)
    return text


def _done() -> tuple[str, int, int] | None:
    """What was just done, how many were moved and how many were asked for."""
    did = request.args.get("did", "")
    counts = [request.args.get(name, "") for name in ("n", "of")]
    if did not in ACTIONS or not all(each.isdecimal() and len(each) <= LONGEST_COUNT for each in counts):
        return None
    return did, int(counts[0]), int(counts[1])
