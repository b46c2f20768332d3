"""The Freshdesk helpdesk: our own typed requests, our nouns in and out. Build one per job."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import ValidationError

from connectors.base import Account, Connection, Feature, Happening, ItemResult, Receipt
from connectors.errors import Forbidden, NotFound, Rejected, Unavailable, Unsupported
from connectors.freshdesk import FEATURES, mapping, wire, wire_setup
from connectors.freshdesk.answers import asking
from connectors.freshdesk.api import Api
from connectors.freshdesk.bulk import BulkWrites
from connectors.freshdesk.fields import Fields
from connectors.freshdesk.history import History
from connectors.freshdesk.knowledge import Knowledge
from connectors.freshdesk.people import People
from connectors.freshdesk.writes import Writes
from connectors.limits import Gate
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket
from triage.articles import Article
from triage.hours import Schedule
from triage.sla import Metric, Policy
from triage.tickets import Comment, Group, Organization, Rating, Requester, Ticket, TicketField

logger = logging.getLogger(__name__)

# Stamps have whole seconds and the list may lag, so each walk begins a little before the last one ended.
OVERLAP = timedelta(minutes=10)
ONE_SECOND = timedelta(seconds=1)
# Stands in a cursor between the stamp and the page of a walk that has not ended.
BETWEEN = "#"
# https://developers.freshdesk.com/api/#list_all_tickets: page 301 is refused.
LAST_TICKET_PAGE = 300


class FreshdeskHelpdesk:
    """A connected Freshdesk account; see `connectors.base.Helpdesk` for what each verb promises."""

    name: ClassVar[str] = "freshdesk"
    features: ClassVar[frozenset[Feature]] = FEATURES

    def __init__(self, connection: Connection, *, gate: Gate) -> None:
        self._fields = Fields.of(connection)
        self._api = Api(connection, gate)
        self._people = People(self._api)
        self._knowledge = Knowledge(self._api)
        self._history = History(self._api)
        self._writes = Writes(self._api, connection)
        self._bulk = BulkWrites(self._api, self._writes, self._fields)

    def account(self) -> Account:
        return self._people.account()

    def ticket(self, ref: str) -> Ticket:
        """A deleted ticket and one in spam can still be read by id there; to us it is gone."""
        found = self._writes.read(ref)
        if found.is_gone:
            raise NotFound(f"ticket {found.id} is deleted or in spam", vendor=self.name, operation="ticket")
        return found.normalised(self._fields)

    def comments(self, ref: str) -> tuple[Comment, ...]:
        """The description is no conversation in Freshdesk: it comes from the ticket, with the id `description`."""
        ticket = self._writes.read(ref)
        description = Comment(
            id="description",
            author_id=ticket.requester_id,
            body=ticket.text,
            public=True,
            created_at=ticket.created_at,
        )
        later = (each.normalised() for each in self._writes.conversations(ref))
        return (description, *sorted(later, key=lambda comment: (comment.created_at, int(comment.id))))

    def history(self, ref: str) -> tuple[Happening, ...]:
        return self._history.history(ref)

    def native_due(self, ref: str) -> Mapping[Metric, datetime | None]:
        return self._history.native_due(ref)

    def linked_tickets(self, incident_ref: str) -> tuple[str, ...]:
        """What the tracker lists. Tickets linked by tag only are not in it: the search that could find them lags."""
        try:
            return self._writes.associated(incident_ref)
        except (Unsupported, Forbidden, Rejected):
            return ()

    def requester(self, requester_id: str) -> Requester:
        return self._people.requester(requester_id)

    def organization(self, organization_id: str) -> Organization:
        return self._people.organization(organization_id)

    def agent(self, user_id: str) -> Requester:
        return self._people.agent(user_id)

    def groups(self) -> tuple[Group, ...]:
        rows = list(self._api.rows("groups", "/groups"))
        with asking("groups"):
            found = [wire_setup.Group.model_validate(row).normalised() for row in rows]
        return tuple(sorted(found, key=lambda group: (group.name.lower(), group.id)))

    def ticket_fields(self) -> tuple[TicketField, ...]:
        rows = self._api.get("ticket_fields", "/ticket_fields")
        with asking("ticket_fields"):
            return tuple(wire_setup.TicketField.model_validate(row).normalised(self._fields) for row in rows)

    def schedules(self) -> tuple[Schedule, ...]:
        rows = list(self._api.rows("schedules", "/business_hours"))
        with asking("schedules"):
            return tuple(wire_setup.BusinessHours.model_validate(row).normalised() for row in rows)

    def sla_policies(self) -> tuple[Policy, ...]:
        rows = list(self._api.rows("sla_policies", "/sla_policies"))
        with asking("sla_policies"):
            return wire_setup.in_winning_order([wire_setup.SlaPolicy.model_validate(row) for row in rows])

    def tickets(self, *, cursor: str | None, updated_since: datetime) -> Iterator[tuple[tuple[Ticket, ...], str]]:
        """Pages by `updated_at`; the cursor is the last one seen. Each walk overlaps the one before by 10 minutes.

        After each page the list is asked anew from its end: a ticket that changes moves to the list's end, and every
        later page would begin one ticket too late. The cursor between two pages is "stamp#page": a walk that was cut
        short goes on there, without the overlap, or a burst that one budget cannot list would begin again for ever.

        `include=description` costs 2 requests more for 100 tickets, where reading each would cost 100. Deleted and
        spam tickets are not listed: that a ticket is gone is told by its event or by `NotFound`.
        A ticket that cannot be read is logged and left out, so that it cannot hold up all others.
        """
        goes_on = cursor is not None and BETWEEN in cursor
        start, page = _place(cursor) if cursor else (updated_since, 1)
        start = start if goes_on else start - OVERLAP
        last, seen = start, set[tuple[str, datetime]]()
        while True:
            rows, more = self._listed(start, page)
            listed = list(self._readable(rows))
            # A ticket that changes during the walk comes again with a new stamp, and counts as new.
            found = [each for each in listed if (each.id, each.updated_at) not in seen]
            seen.update((each.id, each.updated_at) for each in found)
            last = max([last, *(each.updated_at for each in listed)])
            news = tuple(each.normalised(self._fields) for each in found)
            if not more:
                if news or goes_on:
                    yield news, mapping.stamp(last)
                return
            # One second back, should `updated_since` leave out what bears its very stamp.
            start, page = (last - ONE_SECOND, 1) if last - ONE_SECOND > start else (start, page + 1)
            if page > LAST_TICKET_PAGE:
                raise Unavailable("more tickets bear one stamp than Freshdesk lists", vendor=self.name)
            goes_on = True
            yield news, f"{mapping.stamp(start)}{BETWEEN}{page}"

    def articles(self, *, updated_since: datetime | None = None) -> Iterator[tuple[Article, ...]]:
        return self._knowledge.articles(updated_since=updated_since)

    def article_pages(
        self, *, cursor: str | None, updated_since: datetime | None = None
    ) -> Iterator[tuple[tuple[Article, ...], str]]:
        return self._knowledge.article_pages(cursor=cursor, updated_since=updated_since)

    def ratings(self, *, since: datetime) -> Iterator[tuple[Rating, ...]]:
        """Pages of ratings given since; one on a scale we do not know is logged and left out."""
        path = "/surveys/satisfaction_ratings"
        for rows, _ in self._api.pages("ratings", path, created_since=mapping.stamp(since)):
            found = []
            for row in rows:
                try:
                    found.append(wire_setup.Rating.model_validate(row).normalised())
                except ValueError as error:
                    logger.warning("a rating cannot be read: %s", type(error).__name__)
            if found:
                yield tuple(found)

    def update_ticket(self, change: UpdateTicket, *, key: str, verify: bool = False) -> Receipt:
        return self._writes.update_ticket(change, key=key, verify=verify)

    def add_comment(self, comment: AddComment, *, key: str, verify: bool = False) -> Receipt:
        return self._writes.add_comment(comment, key=key, verify=verify)

    def link_incident(self, link: LinkIncident, *, key: str, verify: bool = False) -> Receipt:
        return self._writes.link_incident(link, key=key, verify=verify)

    def create_ticket(self, draft: CreateTicket, *, key: str, verify: bool = False) -> Receipt:
        return self._writes.create_ticket(draft, key=key, verify=verify)

    def update_tickets(self, changes: Sequence[UpdateTicket], *, key: str) -> tuple[ItemResult, ...]:
        return self._bulk.update_tickets(changes, key=key)

    def unmark(self, marks: Mapping[str, Sequence[str]]) -> tuple[ItemResult, ...]:
        return self._bulk.unmark(marks)

    def _listed(self, start: datetime, page: int) -> tuple[list[Any], bool]:
        """One page of what changed since, with whether there is another."""
        query = {"updated_since": mapping.stamp(start), "order_by": "updated_at", "order_type": "asc"}
        return self._api.page("tickets", "/tickets", page, **query, include="description")

    def _readable(self, rows: list[Any]) -> Iterator[wire.Ticket]:
        for row in rows:
            try:
                yield wire.Ticket.model_validate(row)
            except ValidationError as error:
                fields = sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]})
                ref = row.get("id") if isinstance(row, dict) else None
                logger.warning("ticket %s of the list cannot be read: %s", str(ref)[:40], ",".join(fields))


def _place(cursor: str) -> tuple[datetime, int]:
    """Since when to list, and from which page."""
    stamp, _, page = cursor.partition(BETWEEN)
    try:
        return mapping.parse_instant(stamp), int(page or 1)
    except ValueError as error:
        raise Rejected(f"{cursor[:40]!r} is not a cursor of ours", vendor="freshdesk", operation="tickets") from error
