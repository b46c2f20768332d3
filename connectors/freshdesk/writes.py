"""Everything the client changes in Freshdesk, each visibly once.

Freshdesk knows no idempotency key. A write leaves its marker tag on the ticket, and a comment its mark in hidden HTML,
which is looked for when an earlier try's outcome is unknown. It has no version check either, so a ticket is written
right after it was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from connectors.base import Connection, Receipt
from connectors.errors import (
    AuthFailed,
    Conflict,
    ConnectorError,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
    Unsupported,
)
from connectors.freshdesk import mapping, wire
from connectors.freshdesk.answers import asking
from connectors.freshdesk.api import Api, known_id, number
from connectors.freshdesk.changes import plan, with_tag, without_marks
from connectors.freshdesk.fields import Fields
from connectors.freshdesk.texts import marked_html, to_html
from connectors.marks import marker_tag, tag_text
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket
from triage.tickets import Channel, Priority, Status

NEWEST = 30
TRACKER = 3
"""`association_type` of the ticket that others are related to; the API's name for an incident with links."""


class Writes:
    """The write verbs of `connectors.base.Helpdesk` for one tenant."""

    def __init__(self, api: Api, connection: Connection) -> None:
        self._api = api
        self._fields = Fields.of(connection)
        self._actor_id = connection.actor_id

    def update_ticket(self, change: UpdateTicket, *, key: str, verify: bool) -> Receipt:
        """The fields with the marker, then the note: after a failure in between, a marked ticket lacks its note."""
        ticket = self._writable(change.ticket_ref, "update_ticket")
        done, evidence = self._done_before(ticket, key), ""
        if done is None:
            body = plan(change, current=ticket, fields=self._fields, key=key)
            if body is None:
                return Receipt(applied=False, status=None, evidence="the ticket is already as asked for")
            evidence = f"ticket {ticket.id} updated at {self._put(ticket.id, body, 'update_ticket')}"
            if theirs := change.yielding(ticket.normalised(self._fields))[1]:
                evidence += f"; left to a person: {', '.join(theirs)}"
        if change.note:
            note = AddComment(ticket_ref=ticket.id, body=change.note)
            if not ((done or verify) and self._shown(note, key)):
                made = self._post(note, key, "update_ticket")
                return Receipt(
                    applied=True, status=201, evidence=f"{evidence or 'fields were set'}; conversation {made}"
                )
        return done or Receipt(applied=True, status=200, evidence=evidence)

    def add_comment(self, comment: AddComment, *, key: str, verify: bool) -> Receipt:
        before = self._writable(comment.ticket_ref, "add_comment")
        if (done := self._done_before(before, key)) is not None:
            return done
        if verify and (shown := self._shown(comment, key)) is not None:
            return Receipt(applied=False, status=None, evidence=f"conversation {shown} is on the ticket")
        made = self._post(comment, key, "add_comment")
        with _after_comment():
            try:
                self._put(comment.ticket_ref, with_tag(self.read(comment.ticket_ref), marker_tag(key)), "add_comment")
                left = ""
            except (Rejected, Forbidden, NotFound) as error:
                # The comment is there; that the ticket takes no tag is no reason to say otherwise.
                left = f"; without its marker: {error}"
        return Receipt(applied=True, status=201, evidence=f"conversation {made}{left}")

    def link_incident(self, link: LinkIncident, *, key: str, verify: bool) -> Receipt:
        """As a related ticket of the incident's tracker; where the account refuses that, by tag and private note.

        That a PUT adds to an existing tracker is not in the reference, so the link is looked at before it is believed.
        """
        incident = known_id(link.incident_ref)
        ticket = self._writable(link.ticket_ref, "link_incident")
        tag = tag_text(f"incident-{incident}")
        by_tag = UpdateTicket(ticket_ref=ticket.id, add_tags=(tag,), note=f"Linked to incident #{incident}.")
        if marker_tag(key) in ticket.tags:
            return self.update_ticket(by_tag, key=key, verify=verify)
        if tag in ticket.tags:
            return Receipt(applied=False, status=None, evidence=f"tag {tag} is on the ticket")
        try:
            related = self.associated(incident)
            if ticket.id in related:
                return Receipt(applied=False, status=None, evidence=f"ticket {incident} lists it")
            ids = [number(ref) for ref in sorted({*related, ticket.id}, key=int)]
            self._put(incident, {"association_type": TRACKER, "related_ticket_ids": ids}, "link_incident")
            listed = ticket.id in self.associated(incident)
        except (Rejected, Unsupported, Forbidden):
            listed = False
        if listed:
            return Receipt(applied=True, status=200, evidence=f"ticket {incident} lists it now")
        return self.update_ticket(by_tag, key=key, verify=verify)

    def create_ticket(self, draft: CreateTicket, *, key: str, verify: bool) -> Receipt:
        marker = marker_tag(key)
        if verify and (earlier := self._created(draft.requester_email, marker)) is not None:
            return Receipt(applied=False, status=None, evidence=f"ticket {earlier} has tag {marker}", ref=earlier)
        body: dict[str, Any] = {
            "email": draft.requester_email,
            "name": draft.requester_name or draft.requester_email,
            "subject": draft.subject,
            "description": to_html(draft.body),
            "status": mapping.STATUS_OUT[Status.OPEN],
            "priority": mapping.PRIORITY_OUT[draft.priority or Priority.P4],
            "source": mapping.CHANNEL_OUT[Channel.IN_APP],
            "tags": [*dict.fromkeys(map(tag_text, draft.tags)), marker],
        }
        if draft.group_id:
            body["group_id"] = number(draft.group_id)
        answer = self._api.post("create_ticket", "/tickets", body)
        with asking("create_ticket", write=True):
            ref = wire.AssociatedTicket.model_validate(answer).id
        return Receipt(applied=True, status=201, evidence=f"ticket {ref}", ref=ref)

    def unmark(self, ref: str, keys: Iterable[str]) -> None:
        """The tags without these keys' markers, right after they were read."""
        ticket = self._writable(ref, "unmark")
        body = without_marks(ticket, keys)
        if body is None:
            return
        if mapping.status(ticket.status) is Status.CLOSED:
            raise Rejected(f"ticket {ticket.id} is closed and is left alone", vendor="freshdesk", operation="unmark")
        self._put(ticket.id, body, "unmark")

    def associated(self, incident_ref: str) -> tuple[str, ...]:
        """The tickets linked to an incident, sorted; a ticket that is no tracker has none."""
        path = f"/tickets/{known_id(incident_ref)}"
        try:
            answer = self._api.get("linked_tickets", f"{path}/associated_tickets")
        except NotFound:
            self._api.get("linked_tickets", path)  # the incident itself may be what is missing
            return ()
        with asking("linked_tickets"):
            listed = {"tickets": answer} if isinstance(answer, list) else answer
            found = wire.AssociatedTickets.model_validate(listed)
        return tuple(sorted((ticket.id for ticket in found.tickets), key=int))

    def read(self, ref: str) -> wire.Ticket:
        answer = self._api.get("ticket", f"/tickets/{known_id(ref)}")
        with asking("ticket"):
            return wire.Ticket.model_validate(answer)

    def conversations(self, ref: str) -> tuple[wire.Conversation, ...]:
        rows = list(self._api.rows("comments", f"/tickets/{known_id(ref)}/conversations"))
        with asking("comments"):
            return tuple(wire.Conversation.model_validate(row) for row in rows)

    def _writable(self, ref: str, operation: str) -> wire.Ticket:
        ticket = self.read(ref)
        if ticket.is_gone:
            where = "spam" if ticket.spam else "deleted"
            raise Rejected(
                f"ticket {ticket.id} is {where} and takes no change",
                details={"status": where},
                vendor="freshdesk",
                operation=operation,
            )
        return ticket

    def _done_before(self, ticket: wire.Ticket, key: str) -> Receipt | None:
        marker = marker_tag(key)
        if marker not in ticket.tags:
            return None
        return Receipt(applied=False, status=None, evidence=f"tag {marker} is on the ticket")

    def _shown(self, comment: AddComment, key: str) -> str | None:
        """The id of the conversation that an earlier try of ours left."""
        marker = marker_tag(key)
        return next(
            (
                each.id
                for each in reversed(self.conversations(comment.ticket_ref))
                if each.private is not comment.public and each.shows(marker, comment.body, self._actor_id)
            ),
            None,
        )

    def _post(self, comment: AddComment, key: str, operation: str) -> str:
        """The new conversation's id. A reply is mailed to the requester at once."""
        path = f"/tickets/{known_id(comment.ticket_ref)}"
        body: dict[str, Any] = {"body": marked_html(comment.body, marker_tag(key))}
        if comment.public:
            answer = self._api.post(operation, f"{path}/reply", body)
        else:
            answer = self._api.post(operation, f"{path}/notes", body | {"private": True})
        with asking(operation, write=True):
            return wire.AssociatedTicket.model_validate(answer).id

    def _put(self, ref: str, body: Any, operation: str) -> str:
        """The new `updated_at`, as far as the answer says."""
        answer = self._api.put(operation, f"/tickets/{known_id(ref)}", body)
        if not isinstance(answer, dict) or str(answer.get("id")) != str(int(ref)):
            raise OutcomeUnknown(
                f"{operation}: Freshdesk answered 2xx without the ticket; the change may have been applied",
                vendor="freshdesk",
                operation=operation,
            )
        return str(answer.get("updated_at") or "an unknown time")

    def _created(self, email: str, marker: str) -> str | None:
        """The requester's newest ticket that carries the marker; somebody unknown has none."""
        try:
            rows = self._api.get(
                "create_ticket", "/tickets", email=email, order_by="created_at", order_type="desc", per_page=NEWEST
            )
        except (NotFound, Rejected):
            return None
        with asking("create_ticket"):
            found = [wire.Ticket.model_validate(row) for row in rows]
        return next((ticket.id for ticket in found if marker in ticket.tags), None)


@contextmanager
def _after_comment() -> Iterator[None]:
    """A failure after the comment went out must not look as if nothing had: the next try has to look for it."""
    try:
        yield
    except (AuthFailed, RateLimited, Unavailable, Conflict) as error:
        raise _half_done(error) from error


def _half_done(error: ConnectorError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"the comment is on the ticket, the rest is not: {error}",
        vendor="freshdesk",
        operation=error.operation,
        status=error.status,
        request_id=error.request_id,
        retry_after_s=error.retry_after_s,
    )
