"""Tickets and conversations in Freshdesk's shapes (API reference samples; platform notes 2.3 to 2.5)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from connectors.simulator.freshdesk import codes
from connectors.simulator.freshdesk.due import DueTimes
from connectors.simulator.freshdesk.markup import markup_of
from connectors.simulator.records import Comment, Ticket, TicketField
from connectors.simulator.state import HelpdeskState

SUPPORT_ADDRESS = "support@helpdesk.example"
TRACKER, RELATED = 3, 4
NOTE = "note"
"""The channel that tells a note from a reply, which a comment's being public does not."""
FIRST_CONVERSATIONS = 10
WAITING, OVER = ("new", "open", "pending", "on_hold"), ("solved", "closed")


def stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def structured(name: str, text: str) -> dict[str, Any]:
    return {f"{name}_contents": [{"type": "text", "data": {"content": text}}]}


class Wire:
    """Shows records as the API does."""

    def __init__(self, state: HelpdeskState, due: DueTimes) -> None:
        self.state = state
        self.due = due
        self._links: tuple[int, dict[int, list[int]]] = (-1, {})

    def row(self, ticket: Ticket) -> dict[str, Any]:
        """A ticket as a list shows it: without its description."""
        first_reply, resolution = self.due.shown(ticket)
        now, waiting = self.state.now(), ticket.status not in ("solved", "closed")
        late_reply = first_reply is not None and now > first_reply and self.first_responded_at(ticket) is None
        return {
            "cc_emails": [],
            "fwd_emails": [],
            "reply_cc_emails": [],
            "ticket_cc_emails": [],
            "fr_escalated": waiting and late_reply,
            "spam": False,
            "email_config_id": None,
            "group_id": ticket.group_id,
            "priority": codes.priority_code(ticket),
            "requester_id": ticket.requester_id,
            "responder_id": ticket.assignee_id,
            "source": codes.source_code(ticket),
            "company_id": ticket.organization_id,
            "status": codes.status_code(ticket),
            "subject": ticket.subject,
            "association_type": self.association_type(ticket),
            "to_emails": None,
            "product_id": None,
            "id": ticket.id,
            "type": codes.type_label(ticket),
            "due_by": stamp(resolution),
            "fr_due_by": stamp(first_reply),
            "is_escalated": bool(waiting and resolution is not None and now > resolution),
            "custom_fields": self.custom_fields(ticket),
            "created_at": stamp(ticket.created_at),
            "updated_at": stamp(ticket.updated_at),
            "tags": list(ticket.tags),
            **({"deleted": True} if ticket.deleted else {}),
        }

    def ticket(self, ticket: Ticket) -> dict[str, Any]:
        return {
            **self.row(ticket),
            **self.description(ticket),
            "attachments": [],
            "associated_tickets_list": self.associated(ticket),
            "internal_agent_id": None,
            "internal_group_id": None,
        }

    def description(self, ticket: Ticket) -> dict[str, Any]:
        comments = self.state.comments.get(ticket.id) or []
        return {
            "description": markup_of(ticket.description, comments[0].html if comments else None),
            "description_text": ticket.description,
            "structured_description": structured("description", ticket.description),
        }

    def brief(self, ticket: Ticket) -> dict[str, Any]:
        """A ticket as its tracker or its related tickets list it."""
        row = self.row(ticket)
        names = (
            *("id", "group_id", "priority", "requester_id", "responder_id", "source", "company_id", "status"),
            *("subject", "product_id", "type", "due_by", "fr_due_by", "is_escalated", "created_at", "updated_at"),
        )
        return {name: row[name] for name in names}

    def custom_fields(self, ticket: Ticket) -> dict[str, Any]:
        return {codes.field_name(field): self.custom_value(ticket, field) for field in self._fields()}

    def custom_value(self, ticket: Ticket, field: TicketField) -> Any:
        value = ticket.custom_fields.get(field.id)
        return bool(value) if field.type == "checkbox" else value

    def association_type(self, ticket: Ticket) -> int | None:
        if ticket.problem_id is not None:
            return RELATED
        return TRACKER if self.related(ticket.id) else None

    def associated(self, ticket: Ticket) -> list[int]:
        if ticket.problem_id is not None:
            return [ticket.problem_id]
        return self.related(ticket.id)

    def related(self, tracker_id: int) -> list[int]:
        """The tickets that hang on a tracker; gathered once for all of them after each write."""
        revision, found = self.state.revision, self._links[1]
        if self._links[0] != revision:
            found = {}
            for one in self.state.live_tickets():
                if one.problem_id is not None:
                    found.setdefault(one.problem_id, []).append(one.id)
            self._links = revision, found
        return found.get(tracker_id, [])

    def stats(self, ticket: Ticket) -> dict[str, Any]:
        """Of what happened several times the last, and null for a status that was left again since."""
        by_agent, by_customer = self._spoke(ticket, staff=True), self._spoke(ticket, staff=False)
        born = ticket.created_at
        resolved_at = self._set_to(ticket, OVER, left=WAITING) or born
        return {
            "agent_responded_at": stamp(by_agent[-1] if by_agent else None),
            "requester_responded_at": stamp(by_customer[-1] if by_customer else None),
            "first_responded_at": stamp(self.first_responded_at(ticket)),
            "status_updated_at": stamp(self._set_to(ticket, (*WAITING, *OVER)) or born),
            "reopened_at": stamp(self._set_to(ticket, WAITING, left=OVER)),
            "resolved_at": stamp(resolved_at if ticket.status in OVER else None),
            "closed_at": stamp((self._set_to(ticket, ("closed",)) or born) if ticket.status == "closed" else None),
            "pending_since": stamp(
                (self._set_to(ticket, ("pending",)) or born) if ticket.status == "pending" else None
            ),
        }

    def requester(self, ticket: Ticket) -> dict[str, Any]:
        user = self.state.users[ticket.requester_id]
        return {"id": user.id, "name": user.name, "email": user.email, "mobile": None, "phone": None}

    def company(self, ticket: Ticket) -> dict[str, Any]:
        company = self.state.organizations.get(ticket.organization_id or 0)
        return {"id": company.id, "name": company.name} if company else {}

    def with_includes(self, ticket: Ticket, shown: dict[str, Any], include: Collection[str]) -> dict[str, Any]:
        parts = {"stats": self.stats, "requester": self.requester, "company": self.company}
        added: dict[str, Any] = {name: parts[name](ticket) for name in parts if name in include}
        if "description" in include:
            shown = {**shown, **self.description(ticket)}
        if "conversations" in include:
            added["conversations"] = [
                self.conversation(comment) for comment in self.conversations(ticket.id)[:FIRST_CONVERSATIONS]
            ]
        return {**shown, **added}

    def conversations(self, ticket_id: int) -> list[Comment]:
        """Oldest first; the description is the ticket's own."""
        return self.state.comments.get(ticket_id, [])[1:]

    def conversation(self, comment: Comment) -> dict[str, Any]:
        author = self.state.users.get(comment.author_id)
        incoming = author is not None and not author.is_staff
        note = not comment.public or comment.channel == NOTE
        from_email = author.email if author else None
        ticket = self.state.tickets[comment.ticket_id]
        reached = [self.state.users[ticket.requester_id].email] if comment.public and not incoming else []
        return {
            "body": markup_of(comment.body, comment.html),
            "body_text": comment.body,
            "structured_body": structured("body", comment.body),
            "id": comment.id,
            "incoming": incoming,
            "private": not comment.public,
            "user_id": comment.author_id,
            "support_email": None if note else SUPPORT_ADDRESS,
            "source": 2 if note else 0,
            "category": 2 if not comment.public else (1 if incoming else 3),
            "to_emails": reached,
            "from_email": None if note else from_email,
            "cc_emails": [],
            "bcc_emails": [],
            "email_failure_count": None,
            "outgoing_failures": None,
            "thread_id": None,
            "thread_message_id": None,
            "created_at": stamp(comment.created_at),
            "updated_at": stamp(comment.created_at),
            "last_edited_at": None,
            "last_edited_user_id": None,
            "attachments": [],
            "automation_id": None,
            "automation_type_id": None,
            "auto_response": False,
            "ticket_id": comment.ticket_id,
            "source_additional_info": None,
        }

    def first_responded_at(self, ticket: Ticket) -> datetime | None:
        return next(iter(self._spoke(ticket, staff=True)), None)

    def _spoke(self, ticket: Ticket, *, staff: bool) -> list[datetime]:
        """When one side wrote to the other, after the description."""
        users = self.state.users
        return [
            comment.created_at
            for comment in self.conversations(ticket.id)
            if comment.public and comment.author_id in users and users[comment.author_id].is_staff is staff
        ]

    def _set_to(self, ticket: Ticket, words: Collection[str], left: Collection[str] = ()) -> datetime | None:
        """When the ticket last came into one of these statuses, and out of one that it `left` where that is named."""
        for audit in reversed(self.state.audits.get(ticket.id) or []):
            for change in audit.changes:
                if change.field == "status" and change.after in words and (not left or change.before in left):
                    return audit.created_at
        return None

    def _fields(self) -> list[TicketField]:
        return list(self.state.ticket_fields.values())
