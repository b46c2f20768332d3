"""The web process: receives events, serves the sidebar and the console."""

from __future__ import annotations

import os

from flask import Flask

from app import console, errors, logs, metrics, probes, sidebar, webhooks
from app.bootstrap import Deps, build
from app.settings import Settings

LOCK_WAIT_S = 2.0
"""A helpdesk waits for its answer: better a 503 that it repeats than a time-out."""


def create_app(settings: Settings | None = None, deps: Deps | None = None) -> Flask:
    """The Flask application; settings come from the environment where none are given."""
    settings = settings or Settings.from_env(os.environ)
    logs.configure(settings.log_level)
    deps = deps or build(settings, busy_timeout_s=LOCK_WAIT_S)
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(probes.create_blueprint(deps))
    app.register_blueprint(metrics.create_blueprint(deps))
    app.register_blueprint(webhooks.create_blueprint(deps))
    app.register_blueprint(sidebar.create_blueprint(deps))
    app.register_blueprint(console.create_blueprint(deps))
    errors.register(app)
    return app
