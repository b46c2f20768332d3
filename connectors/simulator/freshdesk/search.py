"""`/search/*`: 30 per page, 10 pages, and an index that is behind (platform notes 2.3, 2.6, 2.9)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from connectors.simulator.freshdesk import codes, people
from connectors.simulator.freshdesk.errors import FieldError, invalid
from connectors.simulator.freshdesk.fields import company_custom_fields
from connectors.simulator.freshdesk.paging import whole_number
from connectors.simulator.freshdesk.query import BadQuery, Row, parse
from connectors.simulator.freshdesk.wire import Wire
from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import Event, Organization, Ticket, User
from connectors.simulator.state import HelpdeskState

T = TypeVar("T")
PAGE, MOST_PAGES = 30, 10
TICKET_FIELDS = {
    **dict.fromkeys(("agent_id", "group_id", "priority", "status"), "number"),
    **dict.fromkeys(("due_by", "fr_due_by", "created_at", "updated_at"), "date"),
    "type": "text",
    "tag": "tags",
}
CONTACT_FIELDS = {
    **dict.fromkeys(("email", "mobile", "phone", "language", "time_zone"), "text"),
    **dict.fromkeys(("created_at", "updated_at"), "date"),
    "active": "flag",
    "company_id": "number",
    "tag": "tags",
}
COMPANY_FIELDS = {"domain": "tags", "created_at": "date", "updated_at": "date"}
KINDS = {"integer": "number", "decimal": "number", "checkbox": "flag", "date": "date"}


class Index:
    """Tickets as they were `search_lag_s` ago."""

    def __init__(self, state: HelpdeskState, faults: FaultSource) -> None:
        self._state = state
        self._faults = faults
        self._lock = threading.Lock()
        self._known: dict[int, Ticket] = dict(state.tickets)
        self._coming: deque[tuple[datetime, Ticket]] = deque()
        state.subscribe(self.on_event)

    def on_event(self, event: Event) -> None:
        with self._lock:
            self._coming.append((self._state.now(), event.after))

    def tickets(self) -> list[Ticket]:
        until = self._state.now() - timedelta(seconds=self._faults.knobs.search_lag_s)
        with self._lock:
            while self._coming and self._coming[0][0] <= until:
                ticket = self._coming.popleft()[1]
                self._known[ticket.id] = ticket
            for ticket in self._state.live_tickets():
                # The made-up past came without events.
                if ticket.id in self._state.truth and ticket.touched_at <= until:
                    self._known.setdefault(ticket.id, ticket)
            return [ticket for ticket in self._known.values() if not ticket.deleted]


def results(rows: Sequence[T], row_of: Callable[[T], Row], show: Callable[[T], Any], fields: Mapping[str, str]) -> Any:
    """The page of those rows that the query finds, with their count; raises the 400 answer."""
    page = whole_number("page", 1, most=MOST_PAGES)
    try:
        holds = parse(request.args.get("query", ""), fields)
    except BadQuery as error:
        raise invalid(FieldError("query", str(error))) from None
    found = [row for row in rows if holds(row_of(row))]
    return {"total": len(found), "results": [show(row) for row in found[(page - 1) * PAGE : page * PAGE]]}


def register(api: Blueprint, state: HelpdeskState, faults: FaultSource, wire: Wire, index: Index) -> None:
    """Add the routes to the API."""

    def old_enough(moment: datetime) -> bool:
        return bool(moment <= g.now - timedelta(seconds=faults.knobs.search_lag_s))

    @api.get("/search/tickets")
    def search_tickets() -> ResponseReturnValue:
        custom = {codes.field_name(one): KINDS.get(one.type, "text") for one in state.ticket_fields.values()}
        rows = sorted(index.tickets(), key=lambda one: one.id, reverse=True)
        answer: ResponseReturnValue = results(
            rows, lambda one: _ticket_row(one, wire), lambda one: wire.row(one) | wire.description(one),
            TICKET_FIELDS | custom,
        )  # fmt: skip
        return answer

    @api.get("/search/contacts")
    def search_contacts() -> ResponseReturnValue:
        rows = [user for user in people.contacts(state) if old_enough(user.created_at)]
        answer: ResponseReturnValue = results(rows, _contact_row, people.contact, CONTACT_FIELDS)
        return answer

    @api.get("/search/companies")
    def search_companies() -> ResponseReturnValue:
        custom = {field.key: KINDS.get(field.type, "text") for field in company_custom_fields(state)}
        rows = [one for one in state.organizations.values() if old_enough(one.created_at)]
        answer: ResponseReturnValue = results(
            rows, _company_row, lambda one: people.company(state, one), COMPANY_FIELDS | custom
        )
        return answer


def _day(text: Any) -> str | None:
    return str(text)[:10] if text else None


def _ticket_row(ticket: Ticket, wire: Wire) -> Row:
    shown = wire.row(ticket)
    days = {name: _day(shown[name]) for name in ("due_by", "fr_due_by", "created_at", "updated_at")}
    plain = {name: shown[name] for name in ("group_id", "priority", "status", "type")}
    return {**shown["custom_fields"], **days, **plain, "agent_id": shown["responder_id"], "tag": shown["tags"]}


def _contact_row(user: User) -> Row:
    shown = people.contact(user)
    days = {name: _day(shown[name]) for name in ("created_at", "updated_at")}
    return {**shown, **days, "tag": shown["tags"]}


def _company_row(company: Organization) -> Row:
    days = {"created_at": _day(company.created_at.isoformat()), "updated_at": _day(company.updated_at.isoformat())}
    return {**company.fields, **days, "domain": list(company.domains)}
