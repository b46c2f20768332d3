"""Tickets: read, write, tags, comments, audits, incidents (platform notes 2.1 to 2.6, 2.10)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue

from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import Change, Origin, Ticket
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import bodies, trail, wire
from connectors.simulator.zendesk.errors import ApiError
from connectors.simulator.zendesk.limits import RateLimits
from connectors.simulator.zendesk.paging import base_url, page_of

T = TypeVar("T")
IDEMPOTENCY_SPAN_S = 2 * 3600
MOST_AT_ONCE = 100
SIDELOADS = ("users", "groups", "organizations")


def origin(metadata: Mapping[str, Any] | None = None) -> Origin:
    """This request as the origin of a write."""
    return Origin(actor_id=g.user.id, channel="api", request_id=g.request_id, metadata=metadata or {})


class Tickets:
    """What the ticket routes share, and the answers kept for idempotency keys."""

    def __init__(self, state: HelpdeskState, faults: FaultSource, limits: RateLimits) -> None:
        self.state = state
        self.faults = faults
        self.limits = limits
        self.kept: dict[str, tuple[float, str, dict[str, Any]]] = {}

    def show(self, ticket: Ticket) -> dict[str, Any]:
        return wire.ticket(self.state, ticket, base_url())

    def update(self, ticket_id: int, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One `PUT`: counted against the ticket's and the account's update limit."""
        ticket = self.state.ticket(ticket_id)
        self.limits.update(self.faults.knobs, ticket_id, g.user.id)
        change = bodies.read_change(asked, ticket, self.state)
        after, audit = self.state.update_ticket(ticket_id, change, origin(bodies.read_metadata(asked)))
        return {"ticket": self.show(after), "audit": trail.audit(self.state, audit)}

    def create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        draft = bodies.read_draft(asked, g.user.id, self.state)
        ticket, audit = self.state.create_ticket(draft, origin(bodies.read_metadata(asked)))
        return {"ticket": self.show(ticket), "audit": trail.audit(self.state, audit)}

    def create_once(self, asked: Mapping[str, Any], key: str, digest: str) -> tuple[dict[str, Any], str]:
        """`create`, or the first answer again when the key was used in the last 2 hours."""
        with self.state.lock:
            at, first_digest, answer = self.kept.get(key, (0.0, "", {}))
            if answer and time.monotonic() - at < IDEMPOTENCY_SPAN_S:
                if digest != first_digest:
                    text = "Idempotency key was used with different parameters"
                    raise ApiError(400, {"error": "IdempotentRequestError", "description": text})
                return answer, "hit"
            answer = self.create(asked)
            self.kept[key] = (time.monotonic(), digest, answer)
            return answer, "miss"


def register(api: Blueprint, tickets: Tickets) -> None:
    """Add the routes to the API."""
    state = tickets.state

    def listed(rows: list[Ticket]) -> dict[str, Any]:
        page = page_of("tickets", rows, tickets.show)
        sideloads: dict[str, tuple[Mapping[int, Any], Callable[[Any, str], dict[str, Any]], str]] = {
            "users": (state.users, wire.user, "requester_id"),
            "groups": (state.groups, wire.group, "group_id"),
            "organizations": (state.organizations, wire.organization, "organization_id"),
        }
        for name in set(request.args.get("include", "").split(",")) & set(sideloads):
            table, show, key = sideloads[name]
            ids = dict.fromkeys(ticket[key] for ticket in page["tickets"])
            page[name] = [show(table[one], base_url()) for one in ids if one in table]
        return page

    def users_of(shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The authors of a page of comments or audits."""
        ids = dict.fromkeys(row["author_id"] for row in shown)
        return [wire.user(state.users[one], base_url()) for one in ids if one in state.users]

    @api.get("/tickets")
    def list_tickets() -> ResponseReturnValue:
        external = request.args.get("external_id")
        return listed([row for row in state.live_tickets() if external is None or row.external_id == external])

    @api.post("/tickets")
    def create_ticket() -> ResponseReturnValue:
        asked = bodies.part(request.get_json(silent=True), "ticket")
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return tickets.create(asked), 201
        answer, lookup = tickets.create_once(asked, key, hashlib.sha256(request.get_data()).hexdigest())
        response = jsonify(answer)
        response.status_code = 201
        response.headers["x-idempotency-lookup"] = lookup
        return response

    @api.get("/tickets/<int:ticket_id>")
    def show_ticket(ticket_id: int) -> ResponseReturnValue:
        page = listed([state.ticket(ticket_id)])
        sideloads: dict[str, Any] = {name: rows for name, rows in page.items() if name in SIDELOADS}
        shown = page["tickets"][0]
        if "slas" in request.args.get("include", "").split(","):
            shown = {**shown, "slas": {"policy_metrics": trail.policy_metrics(state, state.ticket(ticket_id))}}
        return {"ticket": shown, **sideloads}

    @api.put("/tickets/<int:ticket_id>")
    def update_ticket(ticket_id: int) -> ResponseReturnValue:
        return tickets.update(ticket_id, bodies.part(request.get_json(silent=True), "ticket"))

    @api.delete("/tickets/<int:ticket_id>")
    def delete_ticket(ticket_id: int) -> ResponseReturnValue:
        state.delete_ticket(ticket_id, origin())
        return "", 204

    @api.get("/tickets/show_many")
    def many_tickets() -> ResponseReturnValue:
        wanted = [int(part) for part in request.args.get("ids", "").split(",") if part.isdigit()][:MOST_AT_ONCE]
        return listed([ticket for ticket in map(state.tickets.get, wanted) if ticket and not ticket.deleted])

    @api.get("/tickets/<int:ticket_id>/comments")
    def comments(ticket_id: int) -> ResponseReturnValue:
        state.ticket(ticket_id)
        page = page_of("comments", in_order(list(state.comments[ticket_id])), wire.comment)
        if "users" in request.args.get("include", ""):
            page["users"] = users_of(page["comments"])
        return page

    @api.get("/tickets/<int:ticket_id>/audits")
    def audits(ticket_id: int) -> ResponseReturnValue:
        state.ticket(ticket_id)
        rows = in_order(list(state.audits[ticket_id]))
        page = page_of("audits", rows, lambda row: trail.audit(state, row))
        if "users" in request.args.get("include", ""):
            page["users"] = users_of(page["audits"])
        return page

    @api.get("/tickets/<int:ticket_id>/tags")
    def tags(ticket_id: int) -> ResponseReturnValue:
        return {"tags": list(state.ticket(ticket_id).tags)}

    @api.route("/tickets/<int:ticket_id>/tags", methods=["PUT", "POST", "DELETE"])
    def change_tags(ticket_id: int) -> ResponseReturnValue:
        body = request.get_json(silent=True) or {}
        named = bodies.read_tags(body.get("tags") or ())
        tickets.limits.update(tickets.faults.knobs, ticket_id, g.user.id)
        change = Change(
            tags=named if request.method == "POST" else None,
            add_tags=named if request.method == "PUT" else (),
            remove_tags=named if request.method == "DELETE" else (),
            expected_updated_at=bodies.read_stamp(body),
        )
        after, _ = state.update_ticket(ticket_id, change, origin())
        return {"tags": list(after.tags)}, 201 if request.method == "POST" else 200

    @api.get("/tickets/<int:ticket_id>/incidents")
    def incidents(ticket_id: int) -> ResponseReturnValue:
        state.ticket(ticket_id)
        return listed([ticket for ticket in state.live_tickets() if ticket.problem_id == ticket_id])

    @api.get("/problems")
    def problems() -> ResponseReturnValue:
        rows = [ticket for ticket in state.live_tickets() if ticket.type == "problem"]
        return listed(sorted(rows, key=lambda ticket: ticket.updated_at, reverse=True))


def in_order(rows: list[T]) -> list[T]:
    """The rows in the order that was asked for, given oldest first."""
    if request.args.get("sort_order") == "desc" or request.args.get("sort") == "-created_at":
        rows.reverse()
    return rows
