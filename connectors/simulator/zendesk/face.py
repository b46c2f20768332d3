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

from connectors.simulator.changes import Invalid, Missing, Stale
from connectors.simulator.faults import apply_before, apply_to_answer
from connectors.simulator.knobs import FaultSource
from connectors.simulator.state import HelpdeskState
from connectors.simulator.traffic import Traffic
from connectors.simulator.zendesk import (
    directory,
    exports,
    fields,
    help_center,
    help_shelves,
    job_statuses,
    oauth,
    planning,
    ratings,
    search,
    tickets,
    trigger_api,
    webhook_api,
)
from connectors.simulator.zendesk.auth import TokenStore, check_scope
from connectors.simulator.zendesk.connect import connect
from connectors.simulator.zendesk.errors import ApiError, TooMany, invalid, not_found, titled
from connectors.simulator.zendesk.help_wire import HelpNames
from connectors.simulator.zendesk.hooks import Hooks
from connectors.simulator.zendesk.job_statuses import Jobs
from connectors.simulator.zendesk.limits import RateLimits, families
from connectors.simulator.zendesk.paging import HAD_SUFFIX, SUFFIX
from connectors.simulator.zendesk.sidebar import SidebarApp
from connectors.simulator.zendesk.tickets import Tickets

# Which scope covers a path, where it is not the path's first part.
SCOPE_OF = {
    "users": "users",
    "organizations": "organizations",
    "organization_fields": "organizations",
    "help_center": "hc",
}


class ZendeskFace:
    """Speaks Zendesk's wire format over one `HelpdeskState`."""

    host_script = "zendesk_host.js"
    sidebar_path = "/sidebar/zendesk"

    def __init__(
        self,
        state: HelpdeskState,
        faults: FaultSource,
        *,
        sidebar_url: str,
        webhook_timeout_s: float = 12.0,
        webhook_retry_delay_s: float = 1.0,
    ) -> None:
        self.state = state
        self.faults = faults
        self.limits = RateLimits()
        self.traffic = Traffic()
        self.tokens = TokenStore(state)
        self.hooks = Hooks(state, faults, timeout_s=webhook_timeout_s, retry_delay_s=webhook_retry_delay_s)
        self.app = SidebarApp(state, sidebar_url)

    def install(self, app: Flask) -> None:
        """Mount the API on `app`; paths work with and without `.json`."""
        app.wsgi_app = _WithoutSuffix(app.wsgi_app)  # type: ignore[method-assign]
        app.register_blueprint(self._api())
        app.register_blueprint(oauth.create_blueprint(self.state, self.tokens))

    def connect(self, asked: Mapping[str, Any], base: str) -> dict[str, Any]:
        return connect(asked, self.state, self.hooks, self.tokens, self.app, base)

    def credentials(self, base: str) -> dict[str, Any]:
        """Besides what the protocol names: the sidebar `app`'s ids, and `legacy`, the API token's e-mail and text."""
        knobs = self.faults.knobs
        user = self.state.users[self.state.integration_user_id]
        return {
            "address": base,
            "sign_in": "oauth_client",
            "secrets": {"client_id": self.tokens.client_id, "client_secret": self.tokens.client_secret},
            "limits": {
                "requests": knobs.requests_per_minute,
                "updates": knobs.updates_per_minute,
                "exports": knobs.exports_per_minute,
                "search": knobs.searches_per_minute,
                "help_center": knobs.help_center_per_minute,
            },
            "app": {"app_id": str(self.app.app_id), "installation_id": str(self.app.installation_id)},
            "legacy": {"email": user.email, "api_token": self.tokens.api_token},
        }

    def revoke(self) -> None:
        self.tokens.revoke_all(self.state.integration_user_id)

    def configure_app(self, settings: Mapping[str, str]) -> None:
        self.app.settings |= settings

    def launch(self, *, agent_id: int, base: str, color_scheme: str) -> dict[str, Any]:
        return self.app.launch(agent_id=agent_id, base=base, color_scheme=color_scheme).to_json()

    def agent_token(self, agent_id: int) -> str:
        """A token for requests that the workspace makes for the agent in front of it."""
        return f"Bearer {self.tokens.issue(agent_id).access}"

    def release_webhooks(self) -> int:
        return self.hooks.release()

    def wait_idle(self, timeout_s: float) -> bool:
        """True once every webhook is delivered or given up."""
        return self.hooks.pool.wait_idle(timeout_s)

    def summary(self) -> dict[str, Any]:
        counts = Counter(one.status for one in list(self.hooks.invocations.values()))
        return {
            "webhooks": len(self.hooks.webhooks),
            "triggers": len(self.hooks.triggers),
            "invocations": counts,
            "acknowledged": len(self.hooks.pool.acknowledged),
            **self.traffic.summary(),
        }

    def stop(self) -> None:
        self.hooks.pool.stop()

    def _api(self) -> Blueprint:
        api = Blueprint("zendesk_api", __name__, url_prefix="/api/v2")
        api.before_request(self._before)
        api.after_request(_after)
        api.register_error_handler(ApiError, self._refused)
        api.register_error_handler(Missing, lambda error: not_found(str(error)).response())
        api.register_error_handler(Invalid, lambda error: invalid(error).response())
        api.register_error_handler(Stale, lambda error: titled(409, "Conflict", str(error)).response())
        shared = Tickets(self.state, self.faults, self.limits)
        names = HelpNames(self.state)
        tickets.register(api, shared)
        job_statuses.register(api, Jobs(shared))
        directory.register(api, self.state)
        fields.register(api, self.state)
        exports.register(api, self.state, self.faults, self.limits)
        search.register(api, self.state, self.faults, self.limits)
        ratings.register(api, self.state)
        planning.register(api, self.state)
        webhook_api.register(api, self.hooks)
        trigger_api.register(api, self.hooks, self.state)
        help_center.register(api, self.state, names)
        help_shelves.register(api, self.state, names)
        oauth.register(api, self.tokens)
        self._add_apps(api)

        @api.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        def unknown(rest: str) -> ResponseReturnValue:
            raise ApiError(404, {"error": "InvalidEndpoint", "description": "Not found"})

        return api

    def _add_apps(self, api: Blueprint) -> None:
        @api.get("/apps/installations")
        def installations() -> ResponseReturnValue:
            return {"installations": [self.app.installation()]}

        @api.get("/apps/installations/<int:installation_id>")
        def installation(installation_id: int) -> ResponseReturnValue:
            if installation_id != self.app.installation_id:
                raise not_found()
            return self.app.installation()

        @api.get("/apps/<int:app_id>/public_key.pem")
        def public_key(app_id: int) -> ResponseReturnValue:
            if app_id != self.app.app_id:
                raise not_found()
            return Response(self.app.public_key(), mimetype="application/x-pem-file")

        @api.get("/account/settings")
        def account_settings() -> ResponseReturnValue:
            features = {"business_hours": bool(self.state.schedules), "customer_satisfaction": True}
            return {"settings": {"active_features": features, "api": {"api_token_access": "true"}}}

    def _refused(self, error: ApiError) -> Response:
        if isinstance(error, TooMany):
            self.traffic.refused(error.family, error.retry_after_s, caller=caller())
        return error.response()

    def _before(self) -> None:
        """Who, then faults, then limits: a refused request must not have been applied."""
        g.request_id = secrets.token_hex(8)
        g.user, g.token = self.tokens.identify(request.headers.get("Authorization", ""))
        write = request.method not in ("GET", "HEAD")
        path = request.path.removeprefix("/api/v2/")
        first = path.partition("/")[0]
        self.traffic.seen(caller(), *families(request.method, path))
        if not path.startswith("oauth/tokens/"):
            check_scope(g.token, SCOPE_OF.get(first, first), write=write)
        # Seen on live accounts: Help Center takes no path without it, Support takes both.
        if first == "help_center" and not request.environ.get(HAD_SUFFIX):
            raise ApiError(415, {"error": "UnsupportedMediaType", "description": "Ask for .json"})
        g.fault = self.faults.draw(write=write)
        if g.fault.status == 429:
            raise self.limits.refuse(self.faults.knobs)
        if g.fault.status is not None:
            raise ApiError(g.fault.status, {"error": "ServerError", "description": "Internal error (simulated)"})
        g.standing = self.limits.account(self.faults.knobs, help_center=first == "help_center")
        self.faults.wait(g.fault.delay_s)
        apply_before(g.fault)


def caller() -> str:
    """One name for all requests of a token."""
    return f"token {g.token.id}" if g.token else f"user {g.user.id}"


def _after(response: Response) -> Response:
    response.headers["x-request-id"] = g.get("request_id", "")
    standing = g.get("standing")
    if standing is not None:
        response.headers.update(standing.headers())
        if request.path == "/api/v2/tickets" and request.method == "GET":
            total, left, resets = standing.limit, standing.remaining, standing.reset_s
            response.headers["zendesk-ratelimit-tickets-index"] = f"total={total}; remaining={left}; resets={resets}"
    fault = g.get("fault")
    return response if fault is None or fault.status else apply_to_answer(fault, response)


class _WithoutSuffix:
    """Zendesk takes every path with or without `.json`."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if path.startswith(("/api/v2/", "/oauth/")):
            environ["PATH_INFO"] = path.removesuffix(SUFFIX)
            environ[HAD_SUFFIX] = path.endswith(SUFFIX)
        return self._app(environ, start_response)
