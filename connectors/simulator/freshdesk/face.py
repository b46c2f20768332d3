"""One object for the vendor's side of the helpdesk, and the API blueprint that every request passes through.

Tested against nothing but the platform notes: we had no live account.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid, Missing, Ways
from connectors.simulator.faults import apply_before, apply_to_answer
from connectors.simulator.freshdesk import (
    automations,
    checks,
    directory,
    fields,
    policies,
    ratings,
    search,
    solutions,
    tickets,
)
from connectors.simulator.freshdesk.automations import Automations
from connectors.simulator.freshdesk.connect import connect, make_template
from connectors.simulator.freshdesk.desk import Desk
from connectors.simulator.freshdesk.due import DueTimes
from connectors.simulator.freshdesk.errors import ApiError, FieldError, invalid, not_found
from connectors.simulator.freshdesk.hooks import Hooks
from connectors.simulator.freshdesk.keys import KeyStore
from connectors.simulator.freshdesk.limits import LimitReached, RateLimits, cost, family, limits
from connectors.simulator.freshdesk.paging import base_url
from connectors.simulator.freshdesk.search import Index
from connectors.simulator.freshdesk.sidebar import SidebarApp
from connectors.simulator.knobs import FaultSource
from connectors.simulator.state import HelpdeskState
from connectors.simulator.traffic import ACCOUNT, Traffic

API_VERSION = "latest=v2; requested=v2"


class FreshdeskFace:
    """Speaks Freshdesk's wire format over one `HelpdeskState`."""

    host_script = "freshdesk_host.js"
    sidebar_path = "/sidebar/freshdesk"

    def __init__(
        self,
        state: HelpdeskState,
        faults: FaultSource,
        *,
        sidebar_url: str,
        webhook_timeout_s: float = 12.0,
        webhook_retry_delay_s: float = 1.0,
    ) -> None:
        """`webhook_retry_delay_s` is the app platform's pause; a rule's webhook waits by the `minute_s` knob."""
        state.ways = Ways(
            fields_are_tags=False,
            closed_is_final=False,
            problems_are_typed=False,
            first_status="open",
            first_priority="low",
        )
        self.state = state
        self.faults = faults
        self.limits = RateLimits()
        self.traffic = Traffic()
        self.keys = KeyStore(state)
        self.automations = Automations(state)
        make_template(self.automations, state.integration_user_id)
        self.desk = Desk(state, faults, DueTimes(state, faults))
        self.index = Index(state, faults)
        self.hooks = Hooks(
            state, faults, self.automations, self.limits,
            timeout_s=webhook_timeout_s, app_retry_delay_s=webhook_retry_delay_s,
        )  # fmt: skip
        self.app = SidebarApp(state, sidebar_url.removesuffix(self.sidebar_path))

    def install(self, app: Flask) -> None:
        """Mount the API and the installed app's pages."""
        app.register_blueprint(self._api())
        self.app.install(app)

    def connect(self, asked: Mapping[str, Any], base: str) -> dict[str, Any]:
        return connect(asked, self.state, self.automations, self.hooks, self.keys, base)

    def credentials(self, base: str) -> dict[str, Any]:
        key = self.keys.key_of(self.state.integration_user_id)
        stated = limits(self.faults.knobs)
        return {"address": base, "sign_in": "api_key", "secrets": {"api_key": key}, "limits": stated}

    def revoke(self) -> None:
        self.keys.revoke(self.state.integration_user_id)

    def configure_app(self, settings: Mapping[str, str]) -> None:
        self.app.configure(settings)

    def launch(self, *, agent_id: int, base: str, color_scheme: str) -> dict[str, Any]:
        """The page is the same for every agent and theme: it asks its host for both."""
        return self.app.launch(base=base)

    def agent_token(self, agent_id: int) -> str:
        """An Authorization header for requests that the workspace makes for the agent in front of it."""
        return self.keys.header(agent_id)

    def release_webhooks(self) -> int:
        return self.hooks.release()

    def wait_idle(self, timeout_s: float) -> bool:
        """True once every webhook is delivered or given up."""
        return self.hooks.pool.wait_idle(timeout_s)

    def summary(self) -> dict[str, Any]:
        return {
            "webhooks": len(self.automations.webhooks()) + (self.hooks.app is not None),
            "triggers": len(self.automations.rules),
            "invocations": Counter(list(self.hooks.outcomes.values())),
            "acknowledged": len(self.hooks.pool.acknowledged),
            **self.traffic.summary(),
        }

    def stop(self) -> None:
        self.hooks.pool.stop()

    def _api(self) -> Blueprint:
        api = Blueprint("freshdesk_api", __name__, url_prefix="/api/v2")
        api.before_request(self._before)
        api.after_request(_after)
        api.register_error_handler(ApiError, lambda error: error.response())
        api.register_error_handler(LimitReached, self._limited)
        api.register_error_handler(Missing, lambda _: not_found().response())
        api.register_error_handler(Invalid, _invalid)
        tickets.register(api, self.desk)
        directory.register(api, self.state)
        fields.register(api, self.state)
        policies.register(api, self.state)
        ratings.register(api, self.desk)
        search.register(api, self.state, self.faults, self.desk.wire, self.index)
        solutions.register(api, self.state)
        automations.register(api, self.automations)

        @api.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        def unknown(rest: str) -> ResponseReturnValue:
            raise not_found()

        return api

    def _before(self) -> None:
        """Limits count every call, failed ones too; a refused or faulty one must not have been applied."""
        g.request_id = secrets.token_hex(8)
        g.now, g.state = self.state.now(), self.state
        self.hooks.base = self.hooks.base or base_url()
        knobs, path = self.faults.knobs, request.path
        own = family(request.method, path)
        include = request.args.get("include", "")
        try:
            g.user = self.keys.identify(request.headers.get("Authorization", ""))
        except ApiError:
            g.standing = self.limits.take("requests", knobs.requests_per_minute)
            raise
        self.traffic.seen(_caller(), *((own,) if own else ()))
        fault = g.fault = self.faults.draw(write=request.method not in ("GET", "HEAD"))
        if fault.status == 429:
            raise LimitReached("requests", knobs.retry_after_s)
        g.standing = self.limits.take(
            "requests", knobs.requests_per_minute, min(cost(request.method, path, include), knobs.requests_per_minute)
        )
        if own:
            self.limits.take(own, limits(knobs)[own])
        if fault.status is not None:
            raise ApiError(fault.status, {"code": "internal_error", "message": "Internal error (simulated)"})
        checks.check_headers()
        self.faults.wait(fault.delay_s)
        apply_before(fault)

    def _limited(self, error: LimitReached) -> Response:
        if "user" in g:
            closed = ACCOUNT if error.family == "requests" else error.family
            self.traffic.refused(closed, error.retry_after_s, caller=_caller())
        return error.answer.response()


def _caller() -> str:
    return str(g.user.id)


def _invalid(error: Invalid) -> Response:
    return invalid(*(FieldError(name, text) for name, text in error.details.items())).response()


def _after(response: Response) -> Response:
    response.headers["x-request-id"] = g.get("request_id", "")
    response.headers["X-Freshdesk-Api-Version"] = API_VERSION
    standing = g.get("standing")
    if standing is not None:
        response.headers.update(standing.headers())
    fault = g.get("fault")
    return response if fault is None or fault.status else apply_to_answer(fault, response)
