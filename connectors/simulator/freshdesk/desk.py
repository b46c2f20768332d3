"""What a write to a ticket does: create, update, speak, link (platform notes 2.3 to 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import g

from connectors.simulator.freshdesk import bodies, checks, codes
from connectors.simulator.freshdesk.due import DueTimes
from connectors.simulator.freshdesk.errors import FieldError, invalid, not_allowed, not_found, require_feature
from connectors.simulator.freshdesk.markup import text_of
from connectors.simulator.freshdesk.wire import NOTE, TRACKER, Wire
from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import Change, Comment, Draft, NewComment, Origin, Ticket
from connectors.simulator.state import HelpdeskState

MOST_RELATED = 300


def origin(channel: str = "api") -> Origin:
    """This request as the origin of a write."""
    return Origin(actor_id=g.user.id, channel=channel, request_id=g.request_id)


class Desk:
    """The ticket verbs; the routes only read requests and show results."""

    def __init__(self, state: HelpdeskState, faults: FaultSource, due: DueTimes) -> None:
        self.state = state
        self.faults = faults
        self.due = due
        self.wire = Wire(state, due)

    def found(self, ticket_id: int) -> Ticket:
        """The ticket, deleted ones too; raises the 404 answer."""
        ticket = self.state.tickets.get(ticket_id)
        if ticket is None:
            raise not_found()
        return ticket

    def writable(self, ticket_id: int, method: str) -> Ticket:
        ticket = self.found(ticket_id)
        if ticket.deleted:
            raise not_allowed(method)
        return ticket

    def create(self, asked: Mapping[str, Any], channel: str | None = None) -> Ticket:
        """A ticket from a checked body; raises the 400 answer before anything is written."""
        attributes = bodies.read_attributes(asked, self.state, None)
        values = bodies.read_custom_fields(asked, self.state)
        bodies.check_form(values, attributes.get("status", "open"), self.state)
        self._check_features(asked)
        due = bodies.read_due(asked)
        related = self._relatable(asked.get("related_ticket_ids") or [])
        requester_id = attributes.pop("requester_id", None) or self._requester(asked)
        markup = str(asked["description"])
        draft = Draft(
            requester_id=requester_id,
            subject=str(attributes.pop("subject")),
            body=text_of(markup),
            html=markup,
            attributes={"status": "open", "priority": "low", **attributes},
            tags=bodies.read_tags(asked) or (),
            custom_fields=values,
        )
        channel = channel or codes.CHANNELS[asked.get("source") or 2]
        ticket, _ = self.state.create_ticket(draft, origin(channel))
        if due is not None:
            self.due.fixed[ticket.id] = due
        self._link(ticket.id, related)
        return self.found(ticket.id)

    def update(self, ticket_id: int, asked: Mapping[str, Any]) -> Ticket:
        """Apply a checked body; the answer's due times are those from before for some seconds."""
        before = self.writable(ticket_id, "PUT")
        attributes = bodies.read_attributes(asked, self.state, before)
        values = bodies.read_custom_fields(asked, self.state)
        status = attributes.get("status", before.status)
        bodies.check_form({**before.custom_fields, **values}, status, self.state)
        self._check_features(asked)
        due = bodies.read_due(asked)
        related = self._relatable(asked.get("related_ticket_ids") or [], tracker=before)
        change = Change(attributes=attributes, custom_fields=values, tags=bodies.read_tags(asked))
        self.state.update_ticket(ticket_id, change, origin())
        if asked.get("description") is not None:
            self._describe(ticket_id, asked["description"])
        if due is not None:
            self.due.fixed[ticket_id] = due
        self._link(ticket_id, related)
        return self.found(ticket_id)

    def speak(self, ticket_id: int, markup: str, *, public: bool, note: bool, user_id: int | None) -> Comment:
        """Add a note or a reply; raises the 400 answer for an empty one or for a stranger's."""
        self.writable(ticket_id, "POST")
        if not text_of(markup):
            raise invalid(checks.missing("body"))
        if user_id is not None and user_id not in self.state.users:
            raise invalid(checks.no_such("user_id"))
        comment = NewComment(body=text_of(markup), html=markup, public=public, author_id=user_id)
        _, audit = self.state.update_ticket(ticket_id, Change(comment=comment), origin(NOTE if note else "api"))
        stored = audit.comment
        assert stored is not None  # noqa: S101 - a change with a comment stores it
        return stored

    def _requester(self, asked: Mapping[str, Any]) -> int:
        """Who asks, found by address or made a contact."""
        email = asked.get("email")
        if email:
            person = self.state.user_by_email(email)
            if person is None:
                name = asked.get("name") or email.partition("@")[0].replace(".", " ").title()
                person = self.state.add_person(name, email)
            return person.id
        if asked.get("phone") and not asked.get("name"):
            raise invalid(checks.missing("name"))
        name = next(str(asked[key]) for key in ("name", *bodies.PEOPLE[2:]) if asked.get(key))
        return self.state.add_person(name, f"{codes.slug(name)}@unknown.example").id

    def _check_features(self, asked: Mapping[str, Any]) -> None:
        """Parent and child tickets are off in this account; linked ones by the knob."""
        if asked.get("parent_id") is not None or asked.get("association_type") in (1, 2):
            raise require_feature("parent_child_tickets")
        wants_link = asked.get("related_ticket_ids") is not None or asked.get("association_type") is not None
        if wants_link and not self.faults.knobs.incident_links:
            raise require_feature("link_tickets")
        if asked.get("association_type") not in (None, TRACKER):
            raise invalid(checks.not_a_choice("association_type", [TRACKER]))

    def _relatable(self, ids: list[int], tracker: Ticket | None = None) -> list[int]:
        """Those that can hang on a tracker: live, not a tracker and not on another one."""
        if tracker is not None and ids and tracker.problem_id is not None:
            raise invalid(
                FieldError("related_ticket_ids", "A related ticket cannot be a tracker", "inconsistent_state")
            )
        own = tracker.id if tracker else None
        live = {ticket.id: ticket for ticket in self.state.live_tickets()}
        bad = [
            one
            for one in ids
            if one not in live or one == own or live[one].problem_id not in (None, own) or self.wire.related(one)
        ]
        if bad or len(ids) > MOST_RELATED:
            raise invalid(FieldError("related_ticket_ids", f"Cannot be linked: {','.join(map(str, bad))}"))
        return ids

    def _link(self, tracker_id: int, ids: list[int]) -> None:
        for one in ids:
            self.state.update_ticket(one, Change(attributes={"problem_id": tracker_id}), origin())

    def _describe(self, ticket_id: int, markup: str) -> None:
        with self.state.lock:
            text, comments = text_of(markup), self.state.comments[ticket_id]
            comments[0] = replace(comments[0], body=text, html=markup)
            self.state.tickets[ticket_id] = replace(self.state.tickets[ticket_id], description=text)
            self.state.revision += 1
