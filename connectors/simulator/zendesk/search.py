"""Search over tickets, people and companies, with a limit of its own (platform notes 2.9, 2.11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import Organization, Ticket, User
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire
from connectors.simulator.zendesk.errors import ApiError
from connectors.simulator.zendesk.limits import RateLimits
from connectors.simulator.zendesk.paging import base_url, page_of, whole_number

MOST_RESULTS = 1000
Row = Ticket | User | Organization


def register(api: Blueprint, state: HelpdeskState, faults: FaultSource, limits: RateLimits) -> None:
    """Add the routes to the API."""

    def show(row: Row) -> dict[str, Any]:
        if isinstance(row, Ticket):
            return {**wire.ticket(state, row, base_url()), "result_type": "ticket"}
        if isinstance(row, User):
            return {**wire.user(row, base_url()), "result_type": "user"}
        return {**wire.organization(row, base_url()), "result_type": "organization"}

    @api.get("/search")
    def search() -> ResponseReturnValue:
        """By offset only, and never beyond the first 1,000 results."""
        limits.take("search", faults.knobs.searches_per_minute, 60)
        if whole_number("page", 1) * whole_number("per_page", 100) > MOST_RESULTS:
            raise ApiError(422, {"error": "invalid", "description": "Invalid search: Requested response size was "
                                 f"greater than Search Response Limits of {MOST_RESULTS}"})  # fmt: skip
        return {**page_of("results", found(state, request.args.get("query", "")), show), "facets": None}

    @api.get("/search/count")
    def search_count() -> ResponseReturnValue:
        limits.take("search", faults.knobs.searches_per_minute, 60)
        return {"count": len(found(state, request.args.get("query", "")))}


def found(state: HelpdeskState, query: str) -> list[Row]:
    """What meets every term, newest first. A term is a word or `name:value`; a minus before it turns it round."""
    terms = query.lower().split()
    kinds = {term.partition(":")[2] for term in terms if term.startswith("type:")} or {"ticket"}
    rows: list[Row] = [ticket for ticket in state.live_tickets() if kinds - {"user", "organization"}]
    rows += [user for user in list(state.users.values()) if "user" in kinds]
    rows += [company for company in list(state.organizations.values()) if "organization" in kinds]
    hits = [row for row in rows if all(_meets(state, row, term) for term in terms)]
    return sorted(hits, key=lambda row: row.created_at, reverse=True)


def _meets(state: HelpdeskState, row: Row, term: str) -> bool:
    if term.startswith("-"):
        return not _meets(state, row, term[1:])
    name, colon, value = term.partition(":")
    if not colon:
        return term in _text(row)
    values = _ticket_values(state, row) if isinstance(row, Ticket) else _values(row)
    # Terms that are not spoken here (sorting, dates) leave every row in.
    return name not in values or values[name](value)


def _text(row: Row) -> str:
    if isinstance(row, Ticket):
        return f"{row.id} {row.subject} {row.description}".lower()
    return f"{row.id} {row.name} {getattr(row, 'email', '')}".lower()


def _ticket_values(state: HelpdeskState, ticket: Ticket) -> Mapping[str, Callable[[str], bool]]:
    requester = state.users[ticket.requester_id]
    return {
        "type": lambda value: value in ("ticket", ticket.type),
        "status": lambda value: value == wire.status(ticket.status),
        "priority": lambda value: value == (ticket.priority or "none"),
        "tags": lambda value: value in ticket.tags,
        "external_id": lambda value: value == (ticket.external_id or "").lower(),
        "requester": lambda value: value in (str(requester.id), requester.email.lower(), "me"),
        "group": lambda value: value == str(ticket.group_id),
        "assignee": lambda value: value == str(ticket.assignee_id or "none"),
        "organization": lambda value: value == str(ticket.organization_id),
        "subject": lambda value: value.strip('"') in ticket.subject.lower(),
    }


def _values(row: User | Organization) -> Mapping[str, Callable[[str], bool]]:
    if isinstance(row, User):
        return {
            "type": lambda value: value == "user",
            "email": lambda value: value == row.email.lower(),
            "role": lambda value: value == row.role,
            "organization": lambda value: value == str(row.organization_id),
        }
    return {
        "type": lambda value: value == "organization",
        "external_id": lambda value: value == (row.external_id or "").lower(),
        "name": lambda value: value.strip('"') in row.name.lower(),
        "tags": lambda value: value in row.tags,
    }
