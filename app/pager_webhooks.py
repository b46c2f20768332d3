"""POST /webhooks/pager/<token>: somebody took a page at the pager, so the ticket's ladder stops."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Blueprint, Response, request

from app.bootstrap import Deps
from app.logs import Sentence
from app.sla.acknowledging import acknowledge
from app.sla.links import PAGE as BY_PAGE
from app.sla.links import LinkForged, read_pager_hook
from connectors.errors import BadSignature, MalformedPayload
from connectors.pager_events import Taken, read
from connectors.store.outbox import PAGE
from connectors.store.tenants import PAGER_SECRET

log = logging.getLogger("deskhand.webhooks")
LARGEST_BODY = 256 * 1024
TOO_OLD = timedelta(days=1)
"""A pager repeats an event for some hours; what is older says nothing about today."""


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("pager_webhooks", __name__)

    @blueprint.post("/webhooks/pager/<token>")
    def receive(token: str) -> Response:
        request.max_content_length = LARGEST_BODY
        body = request.get_data(cache=False)
        try:
            tenant = read_pager_hook(deps, token)
            secret = deps.store.tenants.secret(tenant, PAGER_SECRET)
        except LinkForged:
            secret = None
        if not secret:
            return _answer(404, "There is no such webhook: `deskhand channels set pager-webhook` prints its address.")
        try:
            event = read({name.lower(): value for name, value in request.headers}, body, secret=secret)
        except BadSignature as error:
            log.warning("refused a pager's webhook for %s: %s", tenant, Sentence(error))
            return _answer(401, str(error))
        except MalformedPayload as error:
            return _answer(400, str(error))
        return _answer(200, _take(deps, tenant, event) if event else "ignored: nobody took a page by this")

    return blueprint


def _take(deps: Deps, tenant: str, event: Taken) -> str:
    """Acknowledge the tickets that the page was about. A repetition of the event changes nothing: it has its own time,
    and what began after that is not acknowledged by it.
    """
    now = deps.now()
    page = deps.store.outbox.by_key(tenant, event.incident)
    if page is None or page.kind != PAGE:
        return "ignored: no page of ours"
    if event.at is not None and now - event.at > TOO_OLD:
        return "ignored: too long ago"
    taken = [
        ref
        for ref in page.payload.get("tickets", ())
        if acknowledge(deps, tenant, ref, by=event.by, way=BY_PAGE, now=now, at=event.at)
    ]
    return f"acknowledged: {len(taken)}"


def _answer(status: int, text: str) -> Response:
    return Response(text + "\n", status, mimetype="text/plain")
