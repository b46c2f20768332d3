"""A helpdesk's page on loopback that frames the panel and speaks the host's side of its message protocol."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask, Response, request
from werkzeug.serving import make_server

import sidebar_app
from tests.sidebar_app.sidebar_fakes import FakeSidebar

HOST_HTML = """<!doctype html><html><head><meta charset="utf-8"><title>host</title></head>
<body><input id="reply"><form id="f" method="post" target="app" action="{action}">
<input type="hidden" name="token" value="{token}"></form><iframe name="app" id="app"></iframe>
<script>
const context = {{ticketId: {ticket}, location: "ticket_sidebar", product: "support", instanceGuid: "g1"}};
window.log = []; window.refuses = []; window.scheme = "{scheme}"; const frame = document.getElementById("app");
frame.style.width = "{width}px"; frame.style.height = "{height}px"; frame.style.border = "0";
document.body.style.margin = "0";
document.getElementById("reply").style.display = "{reply}";
window.tell = (m) => frame.contentWindow.postMessage(JSON.stringify(m), "{panel_origin}");
addEventListener("message", (e) => {{
  if (e.source !== frame.contentWindow || e.origin !== "{panel_origin}") return;
  const m = JSON.parse(e.data); window.log.push(m);
  if (m.key === "iframe.handshake" && {answers})
    tell({{key: "zaf.app.registered", message: {{metadata: {{}}, context}}}});
  if (m.request === "get") {{ const all = {{"ticket.id": context.ticketId, "colorScheme": window.scheme}};
    tell({{id: m.id, result: Object.fromEntries(m.params.map((p) => [p, all[p]]))}}); }}
  if (m.request === "invoke") {{ const errors = Object.fromEntries(Object.keys(m.params)
    .filter((p) => window.refuses.includes(p)).map((p) => [p, {{name: "Error", message: "no editor"}}]));
    tell({{id: m.id, result: {{errors}}}}); }}
}});
window.go = (id) => {{ context.ticketId = id; tell({{key: "zaf.context.updated", message: {{ticketId: id}}}}); }};
document.getElementById("f").submit();
</script></body></html>"""


SDK = """
window.ZAFClient = {init() {
  window.usedSdk = true;
  return {
    on(event, heard) { if (event === "app.registered") setTimeout(() => heard({context: {ticketId: 48213}}), 10); },
    context: () => Promise.resolve({ticketId: 48213}),
    get: () => Promise.resolve({}), invoke: () => Promise.resolve({}),
  };
}};
"""


@dataclass
class Site:
    deps: FakeSidebar
    panel_origin: str
    host_origin: str
    cookies_set: list[str] = field(default_factory=list)

    def address(self, *, width: int = 320, height: int = 900, ticket: str = "48213", **more: str) -> str:
        return f"{self.host_origin}/?width={width}&height={height}&ticket={ticket}" + "".join(
            f"&{key}={value}" for key, value in more.items()
        )


@contextmanager
def site(*, sdk_path: str | None = None) -> Iterator[Site]:
    """The panel on one port, the host on another, so that origins differ as in life."""
    deps = FakeSidebar()
    panel_app = Flask("panel", static_folder=None)
    host_app = Flask("host", static_folder=None)
    panel_server = make_server("127.0.0.1", 0, panel_app, threaded=True)
    host_server = make_server("127.0.0.1", 0, host_app, threaded=True)
    sdk_urls = {"zendesk": f"http://127.0.0.1:{host_server.server_port}{sdk_path}"} if sdk_path else None
    panel_app.register_blueprint(sidebar_app.create_blueprint(deps, sdk_urls=sdk_urls))
    made = Site(
        deps=deps,
        panel_origin=f"http://127.0.0.1:{panel_server.server_port}",
        host_origin=f"http://127.0.0.1:{host_server.server_port}",
    )
    deps.host_origin = made.host_origin

    @panel_app.after_request
    def note_cookies(response: Response) -> Response:
        made.cookies_set.extend(response.headers.getlist("Set-Cookie"))
        return response

    @host_app.get("/")
    def host() -> str:
        scheme = request.args.get("scheme", "light")
        vendor = request.args.get("vendor", "zendesk")
        query = f"origin={made.host_origin}&app_guid=g1&colorScheme={scheme}"
        return HOST_HTML.format(
            action=f"{made.panel_origin}/sidebar/{vendor}?{query}",
            token=request.args.get("token", "good"),
            ticket=request.args.get("ticket", "null"),
            width=request.args.get("width", "320"),
            height=request.args.get("height", "900"),
            answers=request.args.get("answers", "true"),
            reply=request.args.get("reply", "none"),
            scheme=scheme,
            panel_origin=made.panel_origin,
        )

    @host_app.get("/<name>.js")
    def script(name: str) -> Response:
        found = {"empty": "", "sdk": SDK}.get(name)
        return Response(found, mimetype="text/javascript") if found is not None else Response(status=404)

    threads = [threading.Thread(target=s.serve_forever, daemon=True) for s in (panel_server, host_server)]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        for server in (panel_server, host_server):
            server.shutdown()
