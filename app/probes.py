"""GET /healthz and /readyz, for whoever keeps the process alive."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from app.bootstrap import Deps


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("probes", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        """This process answers."""
        return Response("ok\n", mimetype="text/plain")

    @blueprint.get("/readyz")
    def readyz() -> Response:
        """Events can be stored."""
        try:
            deps.store.database.is_writable()
        except SQLAlchemyError:
            return Response("The database is not writable.\n", 503, mimetype="text/plain")
        return Response("ready\n", mimetype="text/plain")

    return blueprint
