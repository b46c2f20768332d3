"""What we ask a helpdesk to do, as data: it can be printed, stored, replayed and dry-run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from triage.tickets import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTicket:
    """One change to one ticket, sent as one request.

    `None` leaves a field as it is. `clear` names fields to empty. `note` is an internal comment.
    `group` is the helpdesk's group id as text; `category` and `product_area` are taxonomy keys.
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
        )
