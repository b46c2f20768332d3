"""The ticket and conversation endpoints, bulk updates and their jobs (platform notes 2.3 to 2.5)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid
from connectors.simulator.freshdesk import codes
from connectors.simulator.freshdesk.bodies import PEOPLE, TICKET_KEYS
from connectors.simulator.freshdesk.checks import check, missing, not_a_choice, read_body
from connectors.simulator.freshdesk.desk import Desk, origin
from connectors.simulator.freshdesk.errors import ApiError, FieldError, invalid, not_found, require_feature
from connectors.simulator.freshdesk.paging import MOST_TICKET_PAGES, base_url, optional_number, page_of
from connectors.simulator.freshdesk.wire import SUPPORT_ADDRESS, stamp
from connectors.simulator.records import Comment, Ticket

USUAL_WINDOW = timedelta(days=30)
FILTERS = ("new_and_my_open", "watching", "spam", "deleted")
ORDERS = ("created_at", "due_by", "updated_at", "status")
LIST_INCLUDES = ("requester", "stats", "company", "description")
VIEW_INCLUDES = ("conversations", "requester", "company", "stats", "sla_policy")
NOTE_KEYS = {"body": "text", "private": "flag", "incoming": "flag", "user_id": "number", "notify_emails": "texts"}
REPLY_KEYS = {"body": "text", "from_email": "text", "cc_emails": "texts", "bcc_emails": "texts", "user_id": "number"}
BULK_KEYS = {
    name: kind for name, kind in TICKET_KEYS.items() if name not in (*PEOPLE, "name", "subject", "description")
}
MOST_AT_ONCE = 500
STATEMENT = "It should be in the 'combined date and time ISO8601' format"


def read_moment(name: str) -> datetime | None:
    """A query parameter as an instant; raises the 400 answer."""
    text = request.args.get(name)
    if text is None:
        return None
    try:
        # A "+" that was not escaped arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise invalid(FieldError(name, STATEMENT)) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=g.now.tzinfo)


def includes(allowed: tuple[str, ...]) -> list[str]:
    asked = [part for part in request.args.get("include", "").split(",") if part]
    if strange := [part for part in asked if part not in allowed]:
        raise invalid(FieldError("include", f"It should be one of these values: '{','.join(allowed)}' not {strange}"))
    return asked


def created(shown: dict[str, Any], path: str) -> Response:
    answer = jsonify(shown)
    answer.status_code = 201
    answer.headers["Location"] = f"{base_url()}/api/v2/{path}"
    return answer


def register(api: Blueprint, desk: Desk) -> None:
    """Add the routes to the API."""
    state, wire = desk.state, desk.wire
    jobs: dict[str, dict[str, Any]] = {}

    @api.get("/tickets")
    def list_tickets() -> ResponseReturnValue:
        included = includes(LIST_INCLUDES)
        rows = _ordered(_filtered(list(state.tickets.values())), desk)
        return page_of(rows, lambda one: wire.with_includes(one, wire.row(one), included), most_pages=MOST_TICKET_PAGES)

    @api.post("/tickets")
    def create_ticket() -> ResponseReturnValue:
        asked = read_body(TICKET_KEYS, required=("subject", "description"))
        if not any(asked.get(name) for name in PEOPLE):
            raise invalid(missing("requester_id"))
        ticket = desk.create(asked)
        return created(wire.ticket(ticket), f"tickets/{ticket.id}")

    @api.post("/tickets/outbound_email")
    def outbound_email() -> ResponseReturnValue:
        keys = {name: kind for name, kind in TICKET_KEYS.items() if name not in ("requester_id", "responder_id")}
        asked = read_body(keys, required=("email", "subject", "description", "email_config_id"))
        sender = {"responder_id": g.user.id, "status": 5}
        ticket = desk.create({**sender, **asked}, channel="outbound_email")
        return created(wire.ticket(ticket), f"tickets/{ticket.id}")

    @api.get("/tickets/<int:ticket_id>")
    def view_ticket(ticket_id: int) -> ResponseReturnValue:
        included = includes(VIEW_INCLUDES)
        ticket = desk.found(ticket_id)
        return wire.with_includes(ticket, wire.ticket(ticket), included)

    @api.put("/tickets/<int:ticket_id>")
    def update_ticket(ticket_id: int) -> ResponseReturnValue:
        desk.writable(ticket_id, "PUT")
        return wire.ticket(desk.update(ticket_id, read_body(TICKET_KEYS)))

    @api.delete("/tickets/<int:ticket_id>")
    def delete_ticket(ticket_id: int) -> ResponseReturnValue:
        desk.writable(ticket_id, "DELETE")
        state.delete_ticket(ticket_id, origin())
        return "", 204

    @api.post("/tickets/bulk_update")
    def bulk_update() -> ResponseReturnValue:
        action = read_body({"bulk_action": "object"}, required=("bulk_action",))["bulk_action"]
        check(action, {"ids": "numbers", "properties": "object", "reply": "object"}, required=("ids",))
        properties, reply = action.get("properties") or {}, action.get("reply") or {}
        check(properties, {**BULK_KEYS, "skip_close_notification": "flag"})
        if len(action["ids"]) > MOST_AT_ONCE:
            raise invalid(FieldError("ids", f"Has more than {MOST_AT_ONCE} values"))
        return _job(jobs, [_bulk_item(desk, one, properties, reply) for one in dict.fromkeys(action["ids"])])

    @api.get("/jobs/<job_id>")
    def job(job_id: str) -> ResponseReturnValue:
        if job_id not in jobs:
            raise not_found()
        return jobs[job_id]

    @api.get("/tickets/<int:ticket_id>/associated_tickets")
    def associated_tickets(ticket_id: int) -> ResponseReturnValue:
        ticket = _linkable(desk, ticket_id)
        rows = wire.related(ticket.id)
        if not rows:
            raise not_found()
        return {"tickets": [wire.brief(desk.found(one)) for one in rows]}

    @api.get("/tickets/<int:ticket_id>/prime_association")
    def prime_association(ticket_id: int) -> ResponseReturnValue:
        ticket = _linkable(desk, ticket_id)
        if ticket.problem_id is None:
            raise not_found()
        return wire.brief(desk.found(ticket.problem_id))

    @api.get("/tickets/<int:ticket_id>/conversations")
    def conversations(ticket_id: int) -> ResponseReturnValue:
        desk.found(ticket_id)
        return page_of(wire.conversations(ticket_id), wire.conversation)

    @api.post("/tickets/<int:ticket_id>/notes")
    def add_note(ticket_id: int) -> ResponseReturnValue:
        desk.writable(ticket_id, "POST")
        asked = read_body(NOTE_KEYS, required=("body",))
        private = asked.get("private", True) is not False
        comment = desk.speak(ticket_id, asked["body"], public=not private, note=True, user_id=asked.get("user_id"))
        return created(_spoken(desk, comment, notified_to=asked.get("notify_emails") or []), "")

    @api.post("/tickets/<int:ticket_id>/reply")
    def reply(ticket_id: int) -> ResponseReturnValue:
        desk.writable(ticket_id, "POST")
        asked = read_body(REPLY_KEYS, required=("body",))
        comment = desk.speak(ticket_id, asked["body"], public=True, note=False, user_id=asked.get("user_id"))
        address = asked.get("from_email") or SUPPORT_ADDRESS
        to = [state.users[desk.found(ticket_id).requester_id].email]
        return created(_spoken(desk, comment, from_email=address, replied_to=to), "")


def _filtered(rows: list[Ticket]) -> list[Ticket]:
    """The list's own filters; without `updated_since` only what was created in the last 30 days."""
    chosen = request.args.get("filter")
    if chosen is not None and chosen not in FILTERS:
        raise invalid(not_a_choice("filter", FILTERS))
    since, window = read_moment("updated_since"), g.now - USUAL_WINDOW
    rows = [one for one in rows if one.deleted is (chosen == "deleted")]
    rows = [one for one in rows if (one.updated_at >= since if since else one.created_at >= window)]
    if chosen in ("watching", "spam"):
        return []
    if chosen == "new_and_my_open":
        rows = [one for one in rows if one.status in ("new", "open") and one.assignee_id in (None, g.user.id)]
    for parameter, attribute in (("requester_id", "requester_id"), ("company_id", "organization_id")):
        if (wanted := optional_number(parameter)) is not None:
            rows = [one for one in rows if getattr(one, attribute) == wanted]
    if email := request.args.get("email"):
        rows = [one for one in rows if g.state.users[one.requester_id].email.lower() == email.lower()]
    return rows


def _ordered(rows: list[Ticket], desk: Desk) -> list[Ticket]:
    order, direction = request.args.get("order_by", "created_at"), request.args.get("order_type", "desc")
    if order not in ORDERS:
        raise invalid(not_a_choice("order_by", ORDERS))
    if direction not in ("asc", "desc"):
        raise invalid(not_a_choice("order_type", ("asc", "desc")))

    def key(ticket: Ticket) -> Any:
        if order == "status":
            return codes.status_code(ticket), ticket.id
        if order == "due_by":
            return stamp(desk.due.shown(ticket)[1]) or "", ticket.id
        return getattr(ticket, order), ticket.id

    return sorted(rows, key=key, reverse=direction == "desc")


def _linkable(desk: Desk, ticket_id: int) -> Ticket:
    if not desk.faults.knobs.incident_links:
        raise require_feature("link_tickets")
    return desk.found(ticket_id)


def _spoken(desk: Desk, comment: Comment, **more: Any) -> dict[str, Any]:
    """A new note or reply: fewer keys than in the list."""
    shown = desk.wire.conversation(comment)
    names = (
        *("body_text", "body", "structured_body", "id", "incoming", "private", "user_id", "support_email"),
        *("cc_emails", "bcc_emails", "ticket_id", "attachments", "created_at", "updated_at"),
    )
    return {name: shown[name] for name in names} | more


def _bulk_item(desk: Desk, ticket_id: int, properties: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
    properties = {name: value for name, value in properties.items() if name != "skip_close_notification"}
    try:
        desk.update(ticket_id, properties)
        if reply.get("body"):
            desk.speak(ticket_id, str(reply["body"]), public=True, note=False, user_id=None)
    except ApiError as error:
        told = error.body or {"code": str(error.status), "message": "Not found"}
        return {"id": ticket_id, "success": False, "errors": told.get("errors") or [told]}
    except Invalid as error:
        listed = [{"field": name, "message": text, "code": "invalid_value"} for name, text in error.details.items()]
        return {"id": ticket_id, "success": False, "errors": listed}
    return {"id": ticket_id, "success": True}


def _job(jobs: dict[str, dict[str, Any]], results: list[dict[str, Any]]) -> ResponseReturnValue:
    """A job that is done already: the answer only says where to look."""
    job_id = uuid.uuid4().hex
    at = stamp(g.now)
    jobs[job_id] = {
        "id": job_id,
        "name": "TICKETS::BULK_UPDATE",
        "status": "COMPLETED",
        "created_at": at,
        "updated_at": at,
        "status_updated_at": at,
        "progress": 100,
        "data": results,
    }
    return {"job_id": job_id, "href": f"{base_url()}/api/v2/jobs/{job_id}"}, 202
