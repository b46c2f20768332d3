"""POST /api/tickets: check, store, answer. The helpdesk is not asked in the request: an outbox row is on its way to it.

From there on the ticket goes the way of all others: the helpdesk's own webhook tells of it, and triage reads it.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for

from app.bootstrap import Deps
from app.intake_auth import admitted
from app.intake_draft import drafted
from app.intake_errors import PREFIX, Refused
from app.intake_request import read
from connectors.crash import crash_point
from connectors.store.intake import KeyReused, SentIn

LARGEST_BODY = 1024 * 1024
IDEMPOTENCY_KEY, REPEATED = "Idempotency-Key", "Idempotent-Replayed"
_PRINTABLE = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?")
STATES = {"pending": "accepted", "inflight": "accepted", "unknown": "accepted", "done": "created"}
"""The effect's states as a sender sees them. Whatever else it is in, a person has to act: parked."""
PARKED_NOTE = "It is not in the helpdesk, and the support team has to look at it in Deskhand. Do not send it again."


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("intake", __name__, url_prefix=f"{PREFIX}tickets")

    @blueprint.post("")
    def send_in() -> Response:
        if request.mimetype != "application/json":
            raise Refused("wrong_type")
        request.max_content_length = LARGEST_BODY  # more is answered 413 before it is read
        body = request.get_data(cache=False)
        key = admitted(deps, body)
        idempotency_key = request.headers.get(IDEMPOTENCY_KEY, "")
        if _PRINTABLE.fullmatch(idempotency_key) is None:
            raise Refused("bad_idempotency_key")
        asked = read(body)
        made = drafted(asked)
        try:
            sent_in = deps.store.intake.accept(
                key.tenant,
                idempotency_key,
                made.action,
                summary=f"{made.action.summary}, sent in by {asked.channel}",
                now=deps.now(),
            )
        except KeyReused:
            raise Refused("other_ticket") from None
        crash_point("receive.committed")
        answer = _told(sent_in, made.notes)
        answer.status_code = 202
        answer.headers["Location"] = url_for("intake.look", ticket_id=sent_in.id)
        if not sent_in.fresh:
            answer.headers[REPEATED] = "true"
        return answer

    @blueprint.get("/<ticket_id>")
    def look(ticket_id: str) -> Response:
        key = admitted(deps, request.path.encode())
        found = deps.store.intake.find(key.tenant, ticket_id)
        if found is None:
            raise Refused("not_found")
        return _told(found, ())

    return blueprint


def _told(ticket: SentIn, notes: tuple[str, ...]) -> Response:
    state = STATES.get(ticket.state, "parked")
    helpdesk: dict[str, Any] | None = {"ref": ticket.ticket_ref} if ticket.ticket_ref else None
    if state == "parked":
        notes = (*notes, PARKED_NOTE)
    return jsonify(id=ticket.id, state=state, helpdesk=helpdesk, notes=list(notes))
