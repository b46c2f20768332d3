"""What we ask a helpdesk to do, as data: it can be printed, stored, replayed and dry-run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from triage.tickets import Priority, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTicket:
    """One change to one ticket, sent as one request.

    `None` leaves a field as it is. `clear` names fields to empty. `note` is an internal comment.
    `group` is the helpdesk's group id as text; `category` and `product_area` are taxonomy keys. `was` is what the
    decision saw in fields it sets, by their names here; what people ask for has none, and is written whatever is there.
    """

    ticket_ref: str
    category: str | None = None
    product_area: str | None = None
    priority: Priority | None = None
    group_id: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()
    note: str | None = None
    was: Mapping[str, str | None] = field(default_factory=dict)

    def yielding(self, ticket: Ticket) -> tuple[UpdateTicket, tuple[str, ...]]:
        """The change without the fields that hold something new since it was decided: a person's word stays.

        Returns it with the names of those fields; `ticket` is how the ticket stands now.
        """
        theirs = tuple(
            name
            for name, before in self.was.items()
            if (now := seen(ticket, name)) != before and now != plain(getattr(self, name))
        )
        without: dict[str, Any] = dict.fromkeys(theirs)
        return replace(self, **without), theirs

    @property
    def summary(self) -> str:
        """What changes, in a few words for a list: "Category, priority, group, note"."""
        parts = (
            ("category", self.category or "category" in self.clear),
            ("product area", self.product_area or "product_area" in self.clear),
            ("priority", self.priority),
            ("group", self.group_id),
            ("note", self.note),
        )
        named = [name for name, present in parts if present] or ["tags"]
        return ", ".join(named).capitalize()

    def to_payload(self) -> dict[str, Any]:
        """JSON-ready dict for the outbox; `from_payload` reads it back."""
        return {
            "ticket_ref": self.ticket_ref,
            "category": self.category,
            "product_area": self.product_area,
            "priority": self.priority.value if self.priority else None,
            "group_id": self.group_id,
            "add_tags": list(self.add_tags),
            "remove_tags": list(self.remove_tags),
            "clear": list(self.clear),
            "note": self.note,
            "was": dict(self.was),
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> UpdateTicket:
        return cls(
            ticket_ref=payload["ticket_ref"],
            category=payload["category"],
            product_area=payload["product_area"],
            priority=Priority(payload["priority"]) if payload["priority"] else None,
            group_id=payload["group_id"],
            add_tags=tuple(payload["add_tags"]),
            remove_tags=tuple(payload["remove_tags"]),
            clear=tuple(payload["clear"]),
            note=payload["note"],
            was=payload.get("was") or {},
        )


def seen(ticket: Ticket, name: str) -> str | None:
    """What a ticket holds in a field that `UpdateTicket` can set, as `was` keeps it."""
    return plain(getattr(ticket, name)) if name in ("priority", "group_id") else ticket.fields.get(name)


def plain(value: Priority | str | None) -> str | None:
    """A value that `UpdateTicket` sets, as text."""
    return value.value if isinstance(value, Priority) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class AddComment:
    """One comment on one ticket, in plain text. A public one is mailed to the requester by the helpdesk."""

    ticket_ref: str
    body: str
    public: bool = False

    @property
    def summary(self) -> str:
        return "Public reply" if self.public else "Internal note"

    def to_payload(self) -> dict[str, Any]:
        return {"ticket_ref": self.ticket_ref, "body": self.body, "public": self.public}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> AddComment:
        return cls(**payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkIncident:
    """Link a ticket to the open incident it belongs to, itself a ticket."""

    ticket_ref: str
    incident_ref: str

    @property
    def summary(self) -> str:
        return f"Link to incident #{self.incident_ref}"

    def to_payload(self) -> dict[str, Any]:
        return {"ticket_ref": self.ticket_ref, "incident_ref": self.incident_ref}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> LinkIncident:
        return cls(**payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTicket:
    """A new ticket in the requester's name; `body` is plain text and the first public comment."""

    requester_email: str
    requester_name: str
    subject: str
    body: str
    priority: Priority | None = None
    group_id: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        return "New ticket"

    def to_payload(self) -> dict[str, Any]:
        return {
            "requester_email": self.requester_email,
            "requester_name": self.requester_name,
            "subject": self.subject,
            "body": self.body,
            "priority": self.priority.value if self.priority else None,
            "group_id": self.group_id,
            "tags": list(self.tags),
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> CreateTicket:
        priority = Priority(payload["priority"]) if payload["priority"] else None
        return cls(**(payload | {"priority": priority, "tags": tuple(payload["tags"])}))
