"""`/_sim/*`: the puppeteer's strings, on loopback only and never with a browser's cross-site form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from connectors.simulator import history
from connectors.simulator.arrivals import Arrivals
from connectors.simulator.changes import Invalid, Missing, Stale
from connectors.simulator.face import Face
from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import STATUSES, Change, Draft, NewComment, Origin, Rating
from connectors.simulator.state import HelpdeskState

SCORES = ("good", "neutral", "bad")
SETTABLE = ("status", "priority", "type", "group_id", "assignee_id", "subject", "problem_id")


def create_blueprint(state: HelpdeskState, faults: FaultSource, face: Face, arrivals: Arrivals) -> Blueprint:
    """The control routes. A bad request answers 400 with `{"error": …}`."""
    control = Blueprint("control", __name__, url_prefix="/_sim")

    @control.before_request
    def only_here() -> None:
        if not request.remote_addr or not ip_address(request.remote_addr).is_loopback:
            abort(403)
        if request.method != "GET" and request.content_length and not request.is_json:
            abort(415)

    def asked() -> dict[str, Any]:
        body = request.get_json(silent=True) if request.content_length else {}
        if not isinstance(body, dict):
            raise ValueError("send a JSON object")
        return body

    @control.errorhandler(ValueError)
    def refused(error: ValueError) -> ResponseReturnValue:
        return {"error": str(error)}, 400

    @control.errorhandler(Missing)
    def missing(error: Missing) -> ResponseReturnValue:
        return {"error": f"no {error.args[0]}"}, 404

    @control.errorhandler(Stale)
    def stale(error: Stale) -> ResponseReturnValue:
        return {"error": str(error)}, 409

    @control.post("/connect")
    def connect() -> ResponseReturnValue:
        return face.connect(asked(), request.host_url.rstrip("/"))

    @control.get("/credentials")
    def credentials() -> ResponseReturnValue:
        return face.credentials(request.host_url.rstrip("/"))

    @control.post("/app_settings")
    def app_settings() -> ResponseReturnValue:
        """The installed app's settings, as an admin types them; no answer repeats them."""
        face.configure_app({str(name): str(value) for name, value in asked().items()})
        return "", 204

    @control.post("/revoke")
    def revoke() -> ResponseReturnValue:
        face.revoke()
        return "", 204

    @control.route("/knobs", methods=["GET", "POST"])
    def knobs() -> ResponseReturnValue:
        values = asked() if request.method == "POST" else {}
        answer = faults.set(values) if values else asdict(faults.knobs)
        released = face.release_webhooks() if values.get("webhook_hold") is False else 0
        return {**answer, "released": released}

    @control.get("/effects")
    def effects() -> ResponseReturnValue:
        since = request.args.get("since", 0, type=int)
        entries = state.effects.since(since)
        return {"effects": [effect.to_json() for effect in entries], "last_seq": since + len(entries)}

    @control.get("/state")
    def summary() -> ResponseReturnValue:
        tickets = state.live_tickets()
        counts = Counter(ticket.status for ticket in tickets)
        return {
            "account_id": str(state.account_id),
            "integration_user_id": str(state.integration_user_id),
            "tickets": len(tickets),
            "by_status": {status: counts[status] for status in STATUSES},
            "triaged": sum(bool(ticket.group_id) for ticket in tickets),
            "organizations": len(state.organizations),
            "users": len(state.users),
            "groups": {group.name: str(group.id) for group in state.groups.values()},
            "effects": len(state.effects),
            "arrived": arrivals.arrived,
            "idle": face.wait_idle(0),
            **face.summary(),
        }

    @control.post("/arrivals")
    def start_arrivals() -> ResponseReturnValue:
        body = asked()
        per_second = body.get("per_second")
        coming = arrivals.start(
            count=int(body["count"]) if "count" in body else None,
            per_second=float(per_second) if per_second else None,
            pace_s=float(body.get("pace_s", 4)),
        )
        return {"coming": coming}

    @control.route("/history", methods=["GET", "POST"])
    def past() -> ResponseReturnValue:
        """POST adds solved tickets; both answer the right category of each, for measuring only."""
        if request.method == "POST":
            body = asked()
            history.fill(
                state, count=int(body.get("count", 2000)), seed=int(body.get("seed", 1)),
                days=int(body.get("days", 180)),
            )  # fmt: skip
        return {"truth": {str(number): category for number, category in state.truth.items()}}

    @control.post("/tickets")
    def new_ticket() -> ResponseReturnValue:
        body = asked()
        user = state.user_by_email(str(body.get("requester", "")))
        if user is None:
            email = str(body.get("requester") or "someone@elsewhere.example")
            user = state.add_person(str(body.get("name") or email.partition("@")[0].title()), email)
        draft = Draft(
            requester_id=user.id,
            subject=str(body.get("subject") or "No subject"),
            body=str(body.get("body") or body.get("subject") or "No text"),
            tags=tuple(body.get("tags") or ()),
        )
        ticket, _ = state.create_ticket(draft, Origin(actor_id=user.id, channel=str(body.get("channel") or "mail")))
        return {"id": ticket.id, "requester_id": user.id, "organization_id": ticket.organization_id}, 201

    @control.post("/tickets/<int:ticket_id>")
    def meddle(ticket_id: int) -> ResponseReturnValue:
        """Change a ticket as some agent (or, with `as_requester`, as the one who asked)."""
        body = asked()
        ticket = state.ticket(ticket_id)
        actor_id = ticket.requester_id if body.get("as_requester") else first_agent(state)
        origin = Origin(actor_id=actor_id, channel="mail" if body.get("as_requester") else "web")
        if body.get("delete"):
            state.delete_ticket(ticket_id, origin)
            return {"id": ticket_id, "status": "deleted"}
        after, _ = state.update_ticket(ticket_id, read_change(body), origin)
        return {"id": ticket_id, "status": after.status, "tags": list(after.tags), "priority": after.priority}

    @control.delete("/tickets/<int:ticket_id>")
    def delete_ticket(ticket_id: int) -> ResponseReturnValue:
        state.delete_ticket(ticket_id, Origin(actor_id=first_agent(state), channel="web"))
        return "", 204

    @control.post("/ratings")
    def rate() -> ResponseReturnValue:
        """The requester rates a ticket: `{"ticket_id", "score": "good"|"neutral"|"bad", "comment"}`."""
        body = asked()
        ticket, score = state.ticket(int(body.get("ticket_id") or 0)), body.get("score")
        if score not in SCORES:
            raise ValueError(f"score must be one of {', '.join(SCORES)}")
        rating = Rating(
            id=state.next_id(), ticket_id=ticket.id, score=score, comment=str(body.get("comment") or ""),
            created_at=state.second(),
        )  # fmt: skip
        return {"id": state.put(state.ratings, rating).id}, 201

    @control.delete("/articles/<int:article_id>")
    def delete_article(article_id: int) -> ResponseReturnValue:
        state.delete_article(article_id)
        return "", 204

    @control.delete("/groups/<int:group_id>")
    def delete_group(group_id: int) -> ResponseReturnValue:
        state.delete_group(group_id)
        return "", 204

    return control


def first_agent(state: HelpdeskState) -> int:
    """Whoever would be at the desk: the first plain agent, else the first other member of staff."""
    staff = [user for user in state.users.values() if user.is_staff and user.id != state.integration_user_id]
    if not staff:
        return state.integration_user_id
    return next((user.id for user in staff if user.role == "agent"), staff[0].id)


def read_change(body: Mapping[str, Any]) -> Change:
    """A change in neutral words: `status priority … tags add_tags remove_tags custom_fields comment public`."""
    if unknown := set(body) - {
        *SETTABLE,
        *["tags", "add_tags", "remove_tags", "custom_fields", "comment", "public", "as_requester"],
    }:
        raise Invalid({"body": f"unknown: {', '.join(sorted(unknown))}"})
    comment = body.get("comment")
    return Change(
        attributes={name: body[name] for name in SETTABLE if name in body},
        custom_fields={int(key): value for key, value in (body.get("custom_fields") or {}).items()},
        tags=tuple(body["tags"]) if "tags" in body else None,
        add_tags=tuple(body.get("add_tags") or ()),
        remove_tags=tuple(body.get("remove_tags") or ()),
        comment=NewComment(body=str(comment), public=bool(body.get("public", True))) if comment else None,
    )
