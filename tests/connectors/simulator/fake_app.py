"""A page that speaks the sidebar's message protocol as an app does; it keeps what it saw in `window.seen`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

CLIENT = """
const query = new URLSearchParams(location.search);
const origin = query.get("origin"), appGuid = query.get("app_guid");
const pending = new Map(); let next = 0, ready = false; const queue = [];
window.seen = { events: [], registered: null, refuse: null };
const post = (message) => parent.postMessage(JSON.stringify({ appGuid, instanceGuid: appGuid, ...message }), origin);
const later = (message) => (ready ? post(message) : queue.push(message));
addEventListener("message", (event) => {
  if (event.origin !== origin || event.source !== parent) return;
  const data = typeof event.data === "string" ? JSON.parse(event.data) : event.data;
  if (data.id && pending.has(data.id)) { pending.get(data.id)(data); pending.delete(data.id); return; }
  if (data.needsReply) {
    parent.postMessage({ key: "iframe.reply:" + data.key.slice(4), appGuid,
      ...(window.seen.refuse ? { error: { msg: window.seen.refuse } } : {}) }, origin);
    return;
  }
  if (data.key === "zaf.app.registered") {
    ready = true; window.seen.registered = data.message; queue.splice(0).forEach(post);
    document.body.append("Sidebar for ticket " + data.message.context.ticketId);
  } else window.seen.events.push([data.key.slice(4), data.message]);
});
const ask = (request, params) => new Promise((done) => {
  const id = ++next; pending.set(id, done); later({ id, request, params });
});
window.zaf = {
  get: (...paths) => ask("get", paths), set: (values) => ask("set", values),
  invoke: (action, ...values) => ask("invoke", { [action]: values }),
  on: (name) => later({ key: "iframe.on:" + name, message: { subscriberCount: 1 } }),
  request: (key, options) => later({ key: "request:" + key, message: options }),
};
post({ key: "iframe.handshake", message: { version: "test" } });
"""


@contextmanager
def served(script: str = CLIENT) -> Iterator[tuple[str, list[str]]]:
    """The app's address and the tokens that were posted to it."""
    tokens: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            tokens.extend(form.get("token", []))
            page = f"<!doctype html><title>app</title><body><script>{script}</script>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", tokens
    finally:
        server.shutdown()
        server.server_close()
