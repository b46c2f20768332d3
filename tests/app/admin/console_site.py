"""The console with its fakes, as a Flask app and as a server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Blueprint, Flask
from werkzeug.serving import make_server

from app.admin.pages import create_blueprint
from tests.app.admin.console_fakes import FakeConsole

ORIGIN = "https://deskhand.example"
DESIGN = Path(__file__).parents[3] / "sidebar_app" / "static"


def build(deps: FakeConsole, *, origin: str = ORIGIN, secure: bool = True) -> Flask:
    app = Flask("console-under-test", static_folder=None)
    app.register_blueprint(
        create_blueprint(deps, secret="s" * 32, public_origin=origin, secure_cookies=secure, now=lambda: deps.now)
    )
    app.register_blueprint(Blueprint("design", __name__, static_folder=str(DESIGN), static_url_path="/sidebar/static"))
    return app


@contextmanager
def served(deps: FakeConsole) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, Flask("placeholder"), threaded=True)
    origin = f"http://127.0.0.1:{server.server_port}"
    server.app = build(deps, origin=origin, secure=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
