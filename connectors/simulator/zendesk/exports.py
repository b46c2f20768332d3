"""Incremental export, search, SLA policies and schedules (platform notes 2.8, 2.11 to 2.13)."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import Ticket
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire
from connectors.simulator.zendesk.auth import check_admin
from connectors.simulator.zendesk.errors import ApiError
from connectors.simulator.zendesk.limits import RateLimits
from connectors.simulator.zendesk.paging import base_url, decode_cursor, encode_cursor, page_of, whole_number

LARGEST_EXPORT_PAGE = 1000
POLICY = {
    "id": 91,
    "title": "Standard",
    "description": "",
    "position": 1,
    "filter": {"all": [], "any": []},
    "policy_metrics": [
        {"priority": priority, "metric": metric, "target": target, "business_hours": True}
        for metric, targets in (
            ("first_reply_time", (60, 120, 480, 960)),
            ("total_resolution_time", (480, 960, 2400, 4800)),
        )
        for priority, target in zip(("urgent", "high", "normal", "low"), targets, strict=True)
    ],
}
# Minutes since Sunday 00:00: Monday 09:00 is 1980.
WEEK = [{"start_time": day * 1440 + 540, "end_time": day * 1440 + 1020} for day in range(1, 6)]
SCHEDULE = {"id": 92, "name": "Office hours", "time_zone": "Berlin", "intervals": WEEK}


def register(api: Blueprint, state: HelpdeskState, faults: FaultSource, limits: RateLimits) -> None:
    """Add the routes to the API."""

    def show(ticket: Ticket) -> dict[str, Any]:
        return wire.ticket(state, ticket, base_url())

    @api.get("/incremental/tickets/cursor")
    def incremental_tickets() -> ResponseReturnValue:
        """Changed tickets, oldest change first, deleted ones too; the last minute is left out."""
        check_admin(g.user)
        knobs = faults.knobs
        limits.take("export", knobs.exports_per_minute, 60)
        newest = math.floor(state.now().timestamp() - knobs.export_delay_s)
        cursor = request.args.get("cursor")
        if cursor:
            after = decode_cursor(cursor, 2)
        else:
            start = whole_number("start_time", 0)
            if start > newest:
                text = f"Too recent start_time. Use a start_time older than {knobs.export_delay_s:g} seconds"
                raise ApiError(400, {"error": "InvalidValue", "description": text})
            after = (start, 0)
        size = max(1, min(whole_number("per_page", LARGEST_EXPORT_PAGE), LARGEST_EXPORT_PAGE))
        keyed = []
        with state.lock:
            for ticket in state.tickets.values():
                key = (int(ticket.touched_at.timestamp()), ticket.id)
                # A second that is not over yet could still gain a ticket with a smaller id.
                if key > after and key[0] < newest:
                    keyed.append((key, ticket))
        keyed.sort(key=lambda pair: pair[0])
        page = keyed[:size]
        after_cursor = encode_cursor(*(page[-1][0] if page else after))
        return {
            "tickets": [show(ticket) for _, ticket in page],
            "after_cursor": after_cursor,
            "after_url": f"{base_url()}{request.path}?{urlencode({'cursor': after_cursor, 'per_page': size})}",
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": len(page) == len(keyed),
        }

    @api.get("/search")
    def search() -> ResponseReturnValue:
        limits.take("search", faults.knobs.searches_per_minute, 60)
        rows = _search(state, request.args.get("query", ""))
        return page_of("results", rows, lambda ticket: {**show(ticket), "result_type": "ticket"})

    @api.get("/search/count")
    def search_count() -> ResponseReturnValue:
        return {"count": len(_search(state, request.args.get("query", "")))}

    @api.get("/slas/policies")
    def policies() -> ResponseReturnValue:
        check_admin(g.user)
        return page_of(
            "sla_policies", [POLICY], lambda row: {**row, "url": f"{base_url()}/api/v2/slas/policies/91.json"}
        )

    @api.get("/business_hours/schedules")
    def schedules() -> ResponseReturnValue:
        return {"schedules": [SCHEDULE]}

    @api.get("/business_hours/schedules/<int:schedule_id>/holidays")
    def holidays(schedule_id: int) -> ResponseReturnValue:
        return {"holidays": []}


def _search(state: HelpdeskState, query: str) -> list[Ticket]:
    """Tickets that meet every term: `status: priority: tags: requester: group: organization:` or a word."""
    return [
        ticket for ticket in state.live_tickets() if all(_meets(state, ticket, term) for term in query.lower().split())
    ]


def _meets(state: HelpdeskState, ticket: Ticket, term: str) -> bool:
    name, colon, value = term.partition(":")
    requester = state.users[ticket.requester_id]
    match name if colon else "":
        case "type":
            return value in ("ticket", ticket.type)
        case "status":
            return value == wire.status(ticket.status)
        case "priority":
            return value == (ticket.priority or "none")
        case "tags":
            return value in ticket.tags
        case "requester":
            return value in (str(requester.id), requester.email.lower(), "me")
        case "group":
            return value == str(ticket.group_id)
        case "organization":
            return value == str(ticket.organization_id)
        case "":
            return term in f"{ticket.id} {ticket.subject} {ticket.description}".lower()
    return True
