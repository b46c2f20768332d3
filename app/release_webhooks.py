"""POST /webhooks/releases/<github or gitlab>/<token>: the code host published a release of the tenant's product."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request

from app.bootstrap import Deps
from app.logs import Sentence
from app.sla.links import LinkForged, read_release_hook
from connectors.errors import BadSignature, MalformedPayload
from connectors.release_events import Ignored, read
from connectors.store.tenants import RELEASE_SECRETS

log = logging.getLogger("deskhand.webhooks")
LARGEST_BODY = 5 * 1024 * 1024


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("release_webhooks", __name__)

    @blueprint.post("/webhooks/releases/<any(github, gitlab):source>/<token>")
    def receive(source: str, token: str) -> Response:
        request.max_content_length = LARGEST_BODY
        body = request.get_data(cache=False)
        try:
            tenant = read_release_hook(deps, source, token)
            secret = deps.store.tenants.secret(tenant, RELEASE_SECRETS[source])
        except LinkForged:
            secret = None
        if not secret:
            return _answer(404, f"There is no such webhook: `deskhand kb release webhook {source}` makes it.")
        try:
            found = read(source, {name.lower(): value for name, value in request.headers}, body, secret=secret)
        except BadSignature as error:
            log.warning("refused a release's webhook for %s: %s", tenant, Sentence(error))
            return _answer(401, str(error))
        except MalformedPayload as error:
            return _answer(400, str(error))
        if isinstance(found, Ignored):
            return _answer(200, found.why)
        kept = deps.store.releases.add(
            tenant,
            found.version,
            notes=found.notes,
            source=source,
            title=found.title,
            url=found.url,
            released_at=found.at,
            now=deps.now(),
        )
        return _answer(200, f"release {kept.id} is kept")

    return blueprint


def _answer(status: int, text: str) -> Response:
    return Response(text + "\n", status, mimetype="text/plain")
