"""The agent's workspace: ticket list, conversation, reply editor and the app's sidebar in an iframe.

It stands in for the vendor's own agent pages, in a look of its own.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid, Missing, Stale
from connectors.simulator.control import first_agent, read_change
from connectors.simulator.face import Face
from connectors.simulator.records import Comment, Origin, Ticket, TicketField, User
from connectors.simulator.state import HelpdeskState


def create_blueprint(state: HelpdeskState, face: Face, *, base_url: str, app_url: str, company: str) -> Blueprint:
    """The pages under `/agent` and the JSON they live on."""
    pages = Blueprint("workspace", __name__, template_folder="templates", static_folder="static", url_prefix="/agent")

    @pages.before_request
    def one_address() -> ResponseReturnValue | None:
        """Tokens name this helpdesk by its address: `localhost` and `127.0.0.1` must not be mixed."""
        if request.host_url.rstrip("/") != base_url and request.method == "GET":
            return redirect(base_url + request.full_path.rstrip("?"))
        if request.method == "POST" and not request.is_json:
            return {"error": "send JSON"}, 415
        return None

    @pages.after_request
    def guard(response: Response) -> Response:
        parts = urlsplit(app_url)
        app_origin = f"{parts.scheme}://{parts.netloc}"
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            f"frame-src 'self' {app_origin}; form-action 'self' {app_origin}; base-uri 'none'; frame-ancestors 'none'"
        )
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    @pages.errorhandler(Missing)
    def missing(error: Missing) -> ResponseReturnValue:
        return {"error": f"There is no {error.args[0]} (any more)."}, 404

    @pages.errorhandler(Invalid)
    @pages.errorhandler(Stale)
    def refused(error: Exception) -> ResponseReturnValue:
        return {"error": str(error)}, 422

    @pages.get("")
    @pages.get("/tickets/<int:ticket_id>", endpoint="ticket_page")
    def page(ticket_id: int | None = None) -> ResponseReturnValue:
        agent = state.users[first_agent(state)]
        return render_template(
            "agent.html", agent=agent, app_url=app_url, host_script=face.host_script, company=company,
            boot={"agent": show_person(agent), "ticket": ticket_id, "account": urlsplit(base_url).netloc},
        )  # fmt: skip

    @pages.get("/feed")
    def feed() -> ResponseReturnValue:
        """The ticket list, newest first; nothing but the revision when the page has it already."""
        revision = state.revision
        if request.args.get("revision", type=int) == revision:
            return {"revision": revision}
        newest = sorted(state.live_tickets(), key=lambda ticket: (ticket.created_at, ticket.id), reverse=True)
        return {
            "revision": revision,
            "tickets": [show_row(state, ticket) for ticket in newest[:200]],
            "total": len(newest),
        }

    @pages.get("/tickets/<int:ticket_id>/detail")
    def detail(ticket_id: int) -> ResponseReturnValue:
        return show_ticket(state, state.ticket(ticket_id))

    @pages.post("/tickets/<int:ticket_id>/change")
    def change(ticket_id: int) -> ResponseReturnValue:
        """A reply, a note or a property, as the agent."""
        body = request.get_json(silent=True) or {}
        after, _ = state.update_ticket(ticket_id, read_change(body), Origin(actor_id=first_agent(state), channel="web"))
        return show_ticket(state, after)

    @pages.post("/tickets/<int:ticket_id>/sidebar")
    def sidebar(ticket_id: int) -> ResponseReturnValue:
        """A freshly signed launch: each iframe gets its own token."""
        state.ticket(ticket_id)
        scheme = "dark" if (request.get_json(silent=True) or {}).get("theme") == "dark" else "light"
        return face.launch(agent_id=first_agent(state), base=base_url, color_scheme=scheme)

    @pages.post("/request")
    def proxy() -> ResponseReturnValue:
        """An app's HTTP request to the helpdesk's own API, made for the agent; no other address is called."""
        body = request.get_json(silent=True) or {}
        path = str(body.get("url", "")).removeprefix(base_url)
        if not path.startswith("/api/"):
            return {"error": "The simulated helpdesk sends app requests to its own API only."}, 400
        answer = current_app.test_client().open(
            path, method=str(body.get("method", "GET")).upper(), json=body.get("data"), base_url=base_url,
            headers={"Authorization": face.agent_token(first_agent(state))},
        )  # fmt: skip
        return Response(answer.get_data(), status=answer.status_code, mimetype=answer.mimetype)

    return pages


def show_row(state: HelpdeskState, ticket: Ticket) -> dict[str, Any]:
    requester = state.users[ticket.requester_id]
    organization = state.organizations.get(ticket.organization_id or 0)
    group = state.groups.get(ticket.group_id or 0)
    assignee = state.users.get(ticket.assignee_id or 0)
    return {
        "id": ticket.id,
        "subject": ticket.subject,
        "status": ticket.status,
        "priority": ticket.priority,
        "channel": ticket.channel,
        "tags": list(ticket.tags),
        "requester": {**show_person(requester), "timeZone": requester.time_zone},
        "organization": {"id": organization.id, "name": organization.name, **tier(organization.fields)}
        if organization
        else None,
        "group": {"id": group.id, "name": group.name} if group else None,
        "assignee": show_person(assignee) if assignee else None,
        "custom": [
            {"id": field.id, "title": field.title, "value": value, "shown": option_name(field, value)}
            for field in state.ticket_fields.values()
            for value in [ticket.custom_fields.get(field.id)]
        ],
        "createdAt": ticket.created_at.isoformat(),
        "updatedAt": ticket.updated_at.isoformat(),
    }


def option_name(field: TicketField, value: Any) -> Any:
    """What an agent reads in a drop-down: the option's name."""
    return next((option.name for option in field.options if option.value == value), value)


def show_ticket(state: HelpdeskState, ticket: Ticket) -> dict[str, Any]:
    return {
        **show_row(state, ticket),
        "type": ticket.type,
        "description": ticket.description,
        "comments": [show_comment(state, comment) for comment in state.comments[ticket.id]],
        "groups": [{"id": group.id, "name": group.name} for group in state.groups.values()],
    }


def show_comment(state: HelpdeskState, comment: Comment) -> dict[str, Any]:
    author = state.users.get(comment.author_id)
    return {
        "id": comment.id,
        "body": comment.body,
        "public": comment.public,
        "author": show_person(author) if author else None,
        "staff": bool(author and author.is_staff),
        "automatic": comment.author_id == state.integration_user_id,
        "channel": comment.channel,
        "createdAt": comment.created_at.isoformat(),
    }


def show_person(user: User) -> dict[str, Any]:
    return {"id": user.id, "name": user.name, "email": user.email, "role": user.role, "locale": user.locale}


def tier(fields: Any) -> dict[str, Any]:
    return {"tier": fields.get("tier")}
