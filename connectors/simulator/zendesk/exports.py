"""Incremental export of tickets (platform notes 2.8)."""

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
from connectors.simulator.zendesk.paging import asked_path, base_url, decode_cursor, encode_cursor, whole_number

LARGEST_EXPORT_PAGE = 1000


def register(api: Blueprint, state: HelpdeskState, faults: FaultSource, limits: RateLimits) -> None:
    """Add the routes to the API."""

    def show(ticket: Ticket) -> dict[str, Any]:
        return wire.ticket(state, ticket, base_url())

    @api.get("/incremental/tickets/cursor")
    def incremental_tickets() -> ResponseReturnValue:
        """Changed tickets, oldest change first, deleted ones too; the last minute is left out."""
        check_admin(g.user)
        knobs = faults.knobs
        limits.take("exports", knobs.exports_per_minute, 60)
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
            "after_url": f"{base_url()}{asked_path()}?{urlencode({'cursor': after_cursor, 'per_page': size})}",
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": len(page) == len(keyed),
        }
