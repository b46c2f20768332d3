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


class Care(Enum):
    """What an event asks for."""

    NOTHING = "nothing"
    DECIDE = "decide"
    WATCH = "watch"
    """The ticket was decided about; only its clocks are to be kept."""
    GONE = "gone"


def care_for(
    kind: EventKind, *, actor_id: str | None, own_actor_id: str | None, decided_before: bool
) -> tuple[Care, str]:
    """What to do about an event, with why where that is not to decide.

    Our own writes come back as events: without this, each would be read again. A ticket that we created for a customer
    is new like any other.
    """
    if kind is EventKind.TEST:
        return Care.NOTHING, "A test event: the way in works."
    if kind is EventKind.TICKET_DELETED:
        return Care.GONE, "The ticket was deleted."
    if actor_id is not None and actor_id == own_actor_id and kind is not EventKind.TICKET_CREATED:
        return Care.NOTHING, "Our own change coming back."
    if decided_before:
        return Care.WATCH, "Triaged before."
    return Care.DECIDE, ""
