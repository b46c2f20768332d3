"""A helpdesk's page that frames the built package and plays the platform: its client, its proxy, its events.

The client here is the tests' own, as small as the platform's documentation allows; the simulator has another.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, abort, request
from werkzeug.serving import make_server

import sidebar_app
from tests.conftest import ROOT
from tests.sidebar_app.sidebar_fakes import FakeSidebar

MANIFEST = ROOT / "manifests" / "freshdesk"
PAGE = """<!doctype html><meta charset="utf-8"><title>host</title><style>body{margin:0}iframe{border:0}</style>
<iframe id="app" src="/app/index.html" width="%s" height="%s"></iframe>"""
CLIENT = """
const heard = new Map();
window.log = []; window.refuses = []; window.ticket = %s; window.agent = 7;
window.tell = (name) => (heard.get(name) || []).forEach((one) => one({}));
window.go = (id) => { window.ticket = id; tell("app.activated"); };
const client = {
  events: { on(name, one) {
    heard.set(name, [...(heard.get(name) || []), one]);
    if (name === "app.activated" && !%s) setTimeout(() => tell(name));
  } },
  data: { get: async (name) => ({ ticket: { ticket: { id: window.ticket } },
    loggedInUser: { loggedInUser: { id: window.agent } } })[name] },
  instance: { resize: async (size) => { window.log.push(["resize", size]); } },
  interface: { trigger: async (action, options) => {
    if (window.refuses.includes(options.id)) throw { message: "no such element" };
    window.log.push([action, options]);
  } },
  request: { async invokeTemplate(name, options) {
    window.log.push([name, options]);
    const done = await (await fetch("/invoke", { method: "POST", body: JSON.stringify([name, options]) })).json();
    if (done.status >= 400) throw done;
    return { response: done.response };
  } },
};
window.app = { initialized: async () => client };
"""


def page_files() -> dict[str, bytes]:
    """What the package has under `app/`, by its address there."""
    copied = json.loads((MANIFEST / "build.json").read_text(encoding="utf-8"))["copy"]
    files = {target: ROOT / source for target, source in copied.items()}
    files |= {path.relative_to(MANIFEST).as_posix(): path for path in (MANIFEST / "app").rglob("*") if path.is_file()}
    return {name.removeprefix("app/"): path.read_bytes() for name, path in files.items() if name.startswith("app/")}


@dataclass
class FreshdeskSite:
    """`answers` are played before the panel's own; `asked` is what reached the proxy."""

    deps: FakeSidebar
    origin: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    token: str = "panel-token"

    def address(self, *, width: int = 320, height: int = 700, ticket: str = "48213", closed: bool = False) -> str:
        return f"{self.origin}/?width={width}&height={height}&ticket={ticket}&closed={str(closed).lower()}"

    def carry(self, backend: Flask, name: str, options: dict[str, Any]) -> dict[str, Any]:
        """As the platform's proxy: fills the template, adds the panel token, returns status and text."""
        schema = json.loads((MANIFEST / "config" / "requests.json").read_text(encoding="utf-8"))[name]["schema"]
        values = {f"context.{key}": str(value) for key, value in options.get("context", {}).items()}
        values["iparam.panel_token"] = self.token

        def filled(text: str) -> str:
            for key, value in values.items():
                text = text.replace(f"<%= {key} %>", value)
            return text

        answer = backend.test_client().open(
            filled(schema["path"]),
            method=schema["method"],
            headers={key: filled(value) for key, value in schema["headers"].items()},
            data=options.get("body"),
        )
        return {"status": answer.status_code, "response": answer.text}


@contextmanager
def freshdesk_site() -> Iterator[FreshdeskSite]:
    """The host and the app's page on one port; the panel's backend is reached through the proxy alone."""
    made = FreshdeskSite(FakeSidebar())
    backend, host = Flask("backend", static_folder=None), Flask("freshdesk-host", static_folder=None)
    backend.register_blueprint(sidebar_app.create_blueprint(made.deps))
    files = page_files()
    asked_for = {"ticket": "48213", "closed": "false"}

    @host.get("/")
    def page() -> str:
        asked_for.update(request.args.to_dict())
        return PAGE % (request.args["width"], request.args["height"])

    @host.get("/client.js")
    def client() -> Response:
        return Response(CLIENT % (asked_for["ticket"], asked_for["closed"]), mimetype="text/javascript")

    @host.get("/app/<path:path>")
    def file(path: str) -> Response:
        if path not in files:
            abort(404)
        kinds = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
        text = files[path].replace(b"{{{appclient}}}", b"/client.js")
        answer = Response(text, mimetype=kinds[path.rpartition(".")[2]])
        answer.headers["Content-Security-Policy"] = "default-src 'none'; script-src 'self'; style-src 'self'"
        answer.headers["Content-Security-Policy"] += "; connect-src 'self'; img-src 'self' data:"
        return answer

    @host.post("/invoke")
    def invoke() -> dict[str, Any]:
        name, options = json.loads(request.get_data())
        made.asked.append((name, options))
        return made.answers.pop(0) if made.answers else made.carry(backend, name, options)

    server = make_server("127.0.0.1", 0, host, threaded=True)
    made.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
