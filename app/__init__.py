"""The web process: receives events, serves the sidebar and the console."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from app import logs
from app.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

    from app.bootstrap import Deps

LOCK_WAIT_S = 2.0
"""A helpdesk waits for its answer: better a 503 that it repeats than a time-out."""


def create_app(settings: Settings | None = None, deps: Deps | None = None) -> Flask:
    """The Flask application; settings come from the environment where none are given."""
    # Here, because workers and the clock use parts of this package too and serve no page: it is 0.7 s of their start.
    from flask import Flask

    from app import (
        acknowledge,
        articles_api,
        console,
        errors,
        intake,
        metrics,
        pager_webhooks,
        probes,
        release_webhooks,
        releases,
        sidebar,
        webhooks,
    )
    from app.bootstrap import build

    settings = settings or Settings.from_env(os.environ)
    logs.configure(settings.log_level)
    deps = deps or build(settings, busy_timeout_s=LOCK_WAIT_S)
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(probes.create_blueprint(deps))
    app.register_blueprint(metrics.create_blueprint(deps))
    app.register_blueprint(webhooks.create_blueprint(deps))
    app.register_blueprint(pager_webhooks.create_blueprint(deps))
    app.register_blueprint(acknowledge.create_blueprint(deps))
    app.register_blueprint(intake.create_blueprint(deps))
    app.register_blueprint(articles_api.create_blueprint(deps))
    app.register_blueprint(releases.create_blueprint(deps))
    app.register_blueprint(release_webhooks.create_blueprint(deps))
    app.register_blueprint(sidebar.create_blueprint(deps))
    app.register_blueprint(console.create_blueprint(deps))
    errors.register(app)
    return app
