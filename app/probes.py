"""GET /healthz and /readyz, for whoever keeps the process alive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from app.bootstrap import Deps

log = logging.getLogger("deskhand.web")
READY_WITHIN_S = 3.0
T = TypeVar("T")


class Look(Generic[T]):
    """A look at something that may hang, in a thread of its own: whoever asks waits `within_s` and no longer.

    There is one at a time. Who asks while it is taken shares it, so that a database that hangs holds one thread.
    """

    def __init__(self, look: Callable[[], T], *, within_s: float) -> None:
        self.look = look
        self.within_s = within_s
        self._lock = threading.Lock()
        self._taken: Future[T] | None = None

    def __call__(self) -> T:
        """What was found; raises what the look raised, or `TimeoutError`."""
        with self._lock:
            if self._taken is None or self._taken.done():
                self._taken = Future()
                threading.Thread(target=self._run, args=(self._taken,), name="look", daemon=True).start()
            taken = self._taken
        return taken.result(self.within_s)

    def _run(self, taken: Future[T]) -> None:
        try:
            taken.set_result(self.look())
        except BaseException as error:
            taken.set_exception(error)


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("probes", __name__)
    writable = Look(lambda: deps.store.database.is_writable(), within_s=READY_WITHIN_S)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        """This process answers."""
        return Response("ok\n", mimetype="text/plain")

    @blueprint.get("/readyz")
    def readyz() -> Response:
        """Events can be stored."""
        try:
            writable()
        except TimeoutError:
            return _not_ready("it has not answered for 3 s")
        except SQLAlchemyError as error:
            return _not_ready(_cause(error))
        return Response("ready\n", mimetype="text/plain")

    return blueprint


def _not_ready(cause: str) -> Response:
    log.warning("not ready: the database is not writable (%s)", cause)
    return Response(f"The database is not writable: {cause}.\n", 503, mimetype="text/plain")


def _cause(error: SQLAlchemyError) -> str:
    """The engine's own name for it (SQLITE_FULL) or the error's class: its text would tell anybody our addresses."""
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlite_errorname", type(cause).__name__))
