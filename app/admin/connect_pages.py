"""Routes of the Connect pages: connect, check, mend, switch, disconnect. Secrets go in and never come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from flask import Blueprint, Response, abort, g, redirect, request, stream_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.admin.connect_model import ConnectDeps, Form
from app.admin.work import Work
from app.install.nouns import ConnectRequest, Progress, Step, StepState
from connectors.errors import ConnectorError
from connectors.installing import SignIn
from connectors.registry import UnknownVendor
from connectors.store.tenants import UnknownTenant

LONGEST_INPUT = 2000
MARKS = {StepState.RUNNING: "now", StepState.DONE: "ok", StepState.WARN: "look", StepState.FAILED: "ko"}


class Renderer(Protocol):
    """What the console's other pages share with these."""

    def page(self, name: str, *, status: int = 200, **values: object) -> Response:
        """A whole page."""

    def surroundings(self) -> dict[str, object]:
        """What every page's template needs."""


def add_rules(blueprint: Blueprint, deps: ConnectDeps, renderer: Renderer) -> None:
    pages = _ConnectPages(deps, renderer)
    rules: tuple[tuple[str, str, Callable[..., AnyResponse], str], ...] = (
        ("", "connect", pages.overview, "GET"),
        ("/<tenant>", "connect", pages.overview, "GET"),
        ("/new", "connect_add", pages.add, "GET"),
        ("/new/<vendor>", "connect_new", pages.form, "GET"),
        ("/new/<vendor>", "connect_begin", pages.begin, "POST"),
        ("/back", "connect_back", pages.back, "GET"),
        ("/<tenant>/check", "connect_check", pages.check, "POST"),
        ("/<tenant>/test", "connect_test", pages.test, "POST"),
        ("/<tenant>/mend", "connect_mend", pages.mend, "POST"),
        ("/<tenant>/mode", "connect_mode", pages.mode, "POST"),
        ("/<tenant>/values", "connect_values", pages.values, "POST"),
        ("/<tenant>/package", "connect_package", pages.package, "GET"),
        ("/<tenant>/disconnect", "connect_leave", pages.leave, "GET"),
        ("/<tenant>/disconnect", "connect_disconnect", pages.disconnect, "POST"),
    )
    for path, endpoint, view, method in rules:
        blueprint.add_url_rule(f"/connect{path}", endpoint, view, methods=[method])
    for unknown in (UnknownTenant, UnknownVendor):
        blueprint.register_error_handler(unknown, _missing)


def _missing(error: Exception) -> Response:
    return Response("There is no such helpdesk here. It may have been disconnected.\n", 404, mimetype="text/plain")


class _ConnectPages:
    def __init__(self, deps: ConnectDeps, renderer: Renderer) -> None:
        self.deps = deps
        self.renderer = renderer

    def overview(self, tenant: str | None = None) -> Response:
        return self._overview(tenant)

    def add(self) -> Response:
        return self.renderer.page("connect_add", connect=self.deps.connect_page(None))

    def form(self, vendor: str) -> Response:
        form = self.deps.connect_form(vendor, request.args.get("tenant") or None)
        return self.renderer.page("connect_new", form=form)

    def begin(self, vendor: str) -> AnyResponse:
        """Wrong input comes back with the form; else the work begins, here or in the admin's browser."""
        tenant = request.form.get("tenant") or None
        form, way = self._typed(self.deps.connect_form(vendor, tenant))
        if form.errors or way is None:
            return self.renderer.page("connect_new", status=422, form=form, tenant=tenant)
        asked = ConnectRequest(
            vendor=vendor,
            address=form.address,
            sign_in=way.kind,
            secrets={ask.name: _input(way, ask.name) for ask in way.asks},
            make_groups=form.make_groups,
        )
        if way.redirect:
            # Not a redirect: `form-action` would stop a form that ends on another site.
            url = self.deps.begin_sign_in(asked, g.session.id)
            return self.renderer.page("connect_away", form=form, url=url)
        return self._work(f"Connecting {form.title}", lambda tell: self.deps.connect(asked, tell), form=form)

    def back(self) -> Response:
        state, code = request.args.get("state", ""), request.args.get("code", "")
        browser = g.session.id
        if not code:
            said = request.args.get("error", "")[:80] or "no code came back"
            step = Step(
                key="permission",
                state=StepState.FAILED,
                detail=f"The helpdesk did not let us in: {said}.",
                fix="Sign in again and allow access.",
            )
            return self.renderer.page("connect_refused", step=step)
        return self._work("Connecting", lambda tell: self.deps.finish_sign_in(state, code, browser, tell))

    def check(self, tenant: str) -> AnyResponse:
        self.deps.check(tenant)
        return redirect(url_for("console.connect", tenant=tenant), 303)

    def test(self, tenant: str) -> Response:
        self.deps.leaving(tenant)  # one that is not there is a 404, before anything is sent
        return self._work("Test event", lambda tell: self.deps.test_event(tenant, tell))

    def mend(self, tenant: str) -> Response:
        try:
            done = self.deps.mend(tenant, make_groups=request.form.get("make_groups") == "1")
        except ConnectorError as error:
            return self._overview(tenant, problem=f"It could not be mended: {error}")
        return self._overview(tenant, done=done or ("We found nothing that we can mend without you.",))

    def mode(self, tenant: str) -> AnyResponse:
        try:
            self.deps.switch_mode(tenant, request.form.get("mode", ""))
        except ValueError:
            abort(400)
        return redirect(url_for("console.connect", tenant=tenant), 303)

    def values(self, tenant: str) -> Response:
        return self.renderer.page("connect_values", tenant=tenant, app_values=self.deps.app_values(tenant))

    def package(self, tenant: str) -> Response:
        made = self.deps.app_package(tenant)
        if made.content is None:
            return self.renderer.page("connect_package", status=409, tenant=tenant, package=made)
        response = Response(made.content, mimetype="application/zip")
        response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
        return response

    def leave(self, tenant: str) -> Response:
        return self.renderer.page("connect_leave", leaving=self.deps.leaving(tenant))

    def disconnect(self, tenant: str) -> Response:
        leaving = self.deps.leaving(tenant)
        try:
            gone = self.deps.disconnect(tenant)
        except ConnectorError as error:
            return self.renderer.page("connect_leave", leaving=leaving, problem=str(error))
        return self.renderer.page("connect_gone", leaving=leaving, gone=gone)

    def _overview(self, tenant: str | None, *, done: tuple[str, ...] = (), problem: str = "") -> Response:
        found = self.deps.connect_page(tenant)
        name = "connect" if found.open else "connect_add"
        return self.renderer.page(name, connect=found, done=done, problem=problem)

    def _typed(self, form: Form) -> tuple[Form, SignIn | None]:
        """The form as it was filled in, without its secrets, and what is wrong with it."""
        way = next((each for each in form.ways if each.kind == request.form.get("sign_in")), None)
        address = request.form.get("address", "").strip()[:LONGEST_INPUT]
        errors: dict[str, str] = {}
        if problem := self.deps.address_problem(form.vendor, address):
            errors["address"] = problem
        if way is None:
            errors[""] = "Choose how Deskhand signs in."
        else:
            errors |= _missing_inputs(way)
        plain = {
            f"{each.kind}.{ask.name}": _input(each, ask.name)[:LONGEST_INPUT]
            for each in form.ways
            for ask in each.asks
            if not ask.secret
        }
        filled = replace(
            form,
            address=address,
            chosen=way.kind if way else form.chosen,
            make_groups=request.form.get("make_groups") == "1",
            typed=plain,
            errors=errors,
        )
        return filled, way

    def _work(self, title: str, run: Callable[[Progress], str], form: Form | None = None) -> Response:
        """A page that grows while the work goes on; when it fails, it ends with the form again."""
        values = self.renderer.surroundings() | {"title": title, "work": Work(run), "form": form, "marks": MARKS}
        response = Response(stream_template("admin/connect_work.html", **values), mimetype="text/html")
        # A proxy that collects the answer would show nothing until the end.
        response.headers["X-Accel-Buffering"] = "no"
        return response


def _input(way: SignIn, name: str) -> str:
    return request.form.get(f"{way.kind}.{name}", "").strip()


def _missing_inputs(way: SignIn) -> dict[str, str]:
    problems = {}
    for ask in way.asks:
        length = len(_input(way, ask.name))
        if not 0 < length <= LONGEST_INPUT:
            problems[f"{way.kind}.{ask.name}"] = f"{ask.label} is {'too long' if length else 'missing'}."
    return problems
