"""POST /webhooks/<vendor>/<token>: verify, store, answer. Nothing else happens in the request."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError

from app.bootstrap import Deps
from app.logs import Sentence
from connectors import registry
from connectors.base import Connection, WebhookRequest
from connectors.crash import crash_point
from connectors.errors import BadSignature, MalformedPayload, UnknownEvent
from connectors.registry import UnknownVendor
from connectors.store.inbox import WEBHOOK
from connectors.store.tenants import Tenants, UnknownTenant
from connectors.store.vault import VaultError

log = logging.getLogger("deskhand.webhooks")
LARGEST_BODY = 256 * 1024
RETRY_AFTER_S = 30
"""Under the 60 s within which a helpdesk retries a 503."""
KEPT_FOR = timedelta(seconds=5)
"""So long a changed or rotated secret may still be unknown here; the previous one is valid for longer."""
KEPT_HEADERS = ("content-type", "user-agent")


class KnownTenants:
    """Tenants by their webhook address, remembered for `KEPT_FOR`: reading and opening secrets for each event would
    cost more than storing it. Unknown addresses are looked up every time.
    """

    def __init__(self, tenants: Tenants) -> None:
        self.tenants = tenants
        self.kept: dict[tuple[str, str], tuple[datetime, Connection]] = {}

    def get(self, vendor: str, token: str, now: datetime) -> Connection:
        """The tenant's connection; raises `UnknownTenant`."""
        until, connection = self.kept.get((vendor, token), (now, None))
        if connection is None or not now < until <= now + KEPT_FOR:
            self.kept.pop((vendor, token), None)
            connection = self.tenants.by_webhook_token(vendor, token)
            self.kept[(vendor, token)] = (now + KEPT_FOR, connection)
        return connection


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("webhooks", __name__)
    known = KnownTenants(deps.store.tenants)

    @blueprint.post("/webhooks/<vendor>/<token>")
    def receive(vendor: str, token: str) -> Response:
        request.max_content_length = LARGEST_BODY  # more is answered 413 before it is read
        body = request.get_data(cache=False)
        now = deps.now()
        delivery = WebhookRequest(
            headers={name.lower(): value for name, value in request.headers},
            body=body,
            received_at=now,
            query=request.args.to_dict(),
        )
        try:
            connector = registry.vendor(vendor)
            connection = known.get(vendor, token, now)
        except (UnknownVendor, UnknownTenant):
            return _answer(404, "There is no such webhook. Connect the helpdesk again to get its address.")
        except (SQLAlchemyError, VaultError) as error:
            return _busy(error)
        kept = {name: delivery.headers[name] for name in KEPT_HEADERS if name in delivery.headers}
        try:
            event = connector.parse_webhook(
                delivery, secrets=connection.webhook_secrets, account_id=connection.account_id
            )
            reason, state = "Ignored on purpose: this kind of event changes nothing here.", "ignored"
        except BadSignature as error:
            log.warning("refused a delivery for %s: %s", connection.tenant, Sentence(error))
            return _answer(401, str(error))
        except (MalformedPayload, UnknownEvent) as error:
            event, reason, state = None, str(error), "parked"
        try:
            if event is not None:
                deps.store.inbox.receive(connection.tenant, WEBHOOK, event, now=now, raw=body, headers=kept)
            else:
                digest = hashlib.sha256(body).hexdigest()[:32]
                deps.store.inbox.set_aside(
                    connection.tenant, WEBHOOK, digest, state=state, reason=reason, now=now, raw=body, headers=kept
                )
        except SQLAlchemyError as error:
            return _busy(error)
        crash_point("receive.committed")
        return _answer(200, "stored")

    return blueprint


def _busy(error: SQLAlchemyError | VaultError) -> Response:
    """Not stored, so not acknowledged: the helpdesk sends it again."""
    log.error("a delivery could not be stored: %s", type(error).__name__)
    answer = _answer(503, "Not stored just now. Send it again.")
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _answer(status: int, text: str) -> Response:
    return Response(text + "\n", status, mimetype="text/plain")
