"""What a helpdesk tells us happened. An event is a hint: decisions re-read the ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class EventKind(Enum):
    TICKET_CREATED = "ticket_created"
    TICKET_UPDATED = "ticket_updated"
    COMMENT_ADDED = "comment_added"
    TICKET_DELETED = "ticket_deleted"
    TEST = "test"
    """Sent by our own installer to see that events arrive; it names no ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEvent:
    """One delivery, normalised.

    `dedup_key` is equal for re-deliveries of the same event. `stale` marks a correctly signed
    delivery older than the usual window. `actor_id` is who caused it, where the vendor says.
    """

    kind: EventKind
    ticket_ref: str
    dedup_key: str
    occurred_at: datetime | None = None
    actor_id: str | None = None
    stale: bool = False


def why_ignored(kind: EventKind, *, actor_id: str | None, own_actor_id: str | None, decided_before: bool) -> str | None:
    """Why an event needs no look at its ticket; None when it does.

    Our own writes come back as events: without this, each would be read again. A ticket that we created for a customer
    is new like any other.
    """
    if kind is EventKind.TEST:
        return "A test event: the way in works."
    if kind is EventKind.TICKET_DELETED:
        return "The ticket was deleted."
    if actor_id is not None and actor_id == own_actor_id and kind is not EventKind.TICKET_CREATED:
        return "Our own change coming back."
    if decided_before:
        return "Triaged before."
    return None
