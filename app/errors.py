"""Which failure gives which answer: one table for every page and endpoint."""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from app import intake_errors
from connectors.errors import AuthFailed, ConnectorError, NotFound, RateLimited, Rejected
from connectors.store.names import NoSuchDelivery

log = logging.getLogger("deskhand.web")
STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 404),
    (NoSuchDelivery, 404),
    (Rejected, 422),
    (AuthFailed, 502),
    (RateLimited, 503),
    (ConnectorError, 503),
    (SQLAlchemyError, 503),
)


def register(app: Flask) -> None:
    """Answer known failures in plain words; anything else is logged and says so without detail."""

    @app.errorhandler(Exception)
    def answer(error: Exception) -> Response | HTTPException:
        if request.path.startswith(intake_errors.PREFIX):
            return intake_errors.answer(error)
        if isinstance(error, HTTPException):
            return error
        for kind, status in STATUS:
            if isinstance(error, kind):
                text = "The database is busy. Try again." if kind is SQLAlchemyError else str(error)
                response = Response(text + "\n", status, mimetype="text/plain")
                if status == 503:
                    response.headers["Retry-After"] = "30"
                return response
        log.exception("unexpected failure")
        return Response("Something failed here. It is in the log; try again.\n", 500, mimetype="text/plain")
