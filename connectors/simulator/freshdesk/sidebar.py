"""The installed Freshworks app (platform notes 3): its package, its settings, and the proxy its requests go through.

The package is what an admin would upload, made from `manifests/freshdesk` for the app that this helpdesk hosts.
"""

from __future__ import annotations

import json
import mimetypes
import re
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from flask import Blueprint, Flask, Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from connectors import packaging
from connectors.simulator.state import HelpdeskState

CLIENT = b"{{{appclient}}}"
PLACEHOLDER = re.compile(r"<%=\s*(iparam|context)\.([A-Za-z0-9_-]+)\s*%>")
TIMEOUT_S = 15
REQUESTS_PER_MINUTE = 50
LARGEST_BODY = 100 * 1024


class InvokeRefused(Exception):
    """The proxy does not send this request; `status` is what the app is told."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class SidebarApp:
    """One installed app. `settings` are its installation parameters, the secure ones among them."""

    def __init__(self, state: HelpdeskState, app_url: str) -> None:
        self._state = state
        self.app_url = app_url.rstrip("/")
        self.settings: dict[str, str] = {}
        self._sent: deque[datetime] = deque()

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The package by path, made when it is first opened; raises `packaging.PackagingError`."""
        return packaging.source("freshdesk", values=packaging.address_values(self.app_url))

    def configure(self, settings: Mapping[str, str]) -> None:
        """What an admin types into the settings page; those that are not named stay."""
        known = json.loads(self.files["config/iparams.json"])
        if unknown := set(settings) - set(known):
            raise ValueError(f"the app has no setting {', '.join(sorted(unknown))}")
        self.settings |= {name: str(value) for name, value in settings.items()}

    def launch(self, *, base: str) -> dict[str, Any]:
        """How the workspace opens the app: with no token, for the package's page carries none."""
        guid = str(uuid.uuid4())
        return {
            "action": f"{base}/agent/app/index.html",
            "method": "get",
            "fields": {},
            "appGuid": guid,
            "instanceGuid": guid,
            "metadata": {},
        }

    def install(self, app: Flask) -> None:
        """Mount the package's pages and the proxy under the workspace."""
        app.register_blueprint(self._pages())

    def invoke(self, name: str, context: Mapping[str, Any], body: str | None) -> tuple[int, str]:
        """Send the request template `name` as the platform's proxy does: the answer's status and text.

        Raises `InvokeRefused` for what the platform would not send.
        """
        template = json.loads(self.files["config/requests.json"]).get(name)
        if template is None:
            raise InvokeRefused(400, f"there is no request template {name}")
        schema = template["schema"]
        if body is not None and len(body.encode()) > LARGEST_BODY:
            raise InvokeRefused(413, "the body is over 100 KB")
        host = self._fill(schema["host"], context, for_path=True)
        if host != urlsplit(self.app_url).netloc:
            raise InvokeRefused(403, f"the app may not ask {host}")
        path = self._fill(schema.get("path", "/"), context, for_path=True)
        headers = {key: self._fill(value, context, for_path=False) for key, value in schema.get("headers", {}).items()}
        self._count()
        scheme = urlsplit(self.app_url).scheme
        try:
            answer = requests.request(
                schema["method"], f"{scheme}://{host}{path}", headers=headers, data=body and body.encode(),
                timeout=TIMEOUT_S, allow_redirects=False,
            )  # fmt: skip
        except requests.Timeout as error:
            raise InvokeRefused(504, "the app did not answer in time") from error
        except requests.RequestException as error:
            raise InvokeRefused(502, "the app does not answer") from error
        return answer.status_code, answer.text

    def _fill(self, text: str, context: Mapping[str, Any], *, for_path: bool) -> str:
        """Secure parameters go into headers alone, and no value may end a header's line or leave its path segment."""
        parameters = json.loads(self.files["config/iparams.json"])

        def value(found: re.Match[str]) -> str:
            source, name = found[1], found[2]
            if source == "iparam" and for_path and parameters.get(name, {}).get("secure"):
                raise InvokeRefused(400, f"the secure setting {name} may stand in a header only")
            given = (self.settings if source == "iparam" else context).get(name)
            if not isinstance(given, (str, int)) or isinstance(given, bool):
                raise InvokeRefused(400, f"{source}.{name} has no value")
            if not str(given).isprintable():
                raise InvokeRefused(400, f"{source}.{name} has a control character")
            return quote(str(given), safe="") if for_path else str(given)

        return PLACEHOLDER.sub(value, text)

    def _count(self) -> None:
        """At most 50 requests a minute for the account, all its agents together."""
        now = self._state.now()
        with self._state.lock:
            while self._sent and self._sent[0] <= now - timedelta(minutes=1):
                self._sent.popleft()
            if len(self._sent) >= REQUESTS_PER_MINUTE:
                raise InvokeRefused(429, "over 50 requests a minute")
            self._sent.append(now)

    def _pages(self) -> Blueprint:
        pages = Blueprint("app_package", __name__, url_prefix="/agent")

        @pages.after_request
        def guard(response: Response) -> Response:
            """The page may load its own files and ask nobody: its requests go through the host."""
            response.headers["Content-Security-Policy"] = (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
                "form-action 'none'; frame-ancestors 'self'"
            )
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Cache-Control"] = "no-store"
            return response

        @pages.get("/app/<path:path>")
        def file(path: str) -> ResponseReturnValue:
            found = self.files.get(f"app/{path}")
            if found is None:
                abort(404)
            client = url_for("workspace.static", filename="freshworks_client.js").encode()
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            return Response(found.replace(CLIENT, client) if path.endswith(".html") else found, mimetype=kind)

        @pages.post("/freshworks/invoke")
        def invoke() -> ResponseReturnValue:
            asked = request.get_json(silent=True)
            if not request.is_json or not isinstance(asked, dict):
                return {"error": "send a JSON object"}, 415
            context, body = asked.get("context"), asked.get("body")
            try:
                status, text = self.invoke(
                    str(asked.get("template")),
                    context if isinstance(context, dict) else {},
                    body if isinstance(body, str) else None,
                )
            except InvokeRefused as refused:
                return {"status": refused.status, "response": str(refused)}
            return {"status": status, "response": text}

        return pages
