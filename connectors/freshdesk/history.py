"""What happened to a ticket, as far as Freshdesk tells, and when its own SLA clocks are due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from connectors.base import Happening
from connectors.errors import NotFound
from connectors.freshdesk import mapping
from connectors.freshdesk.answers import asking
from connectors.freshdesk.api import Api, known_id
from connectors.freshdesk.wire import Flag, Id, Instant, OptionalId, Wire
from connectors.happenings import oldest_first
from triage.sla import Metric
from triage.sla.log import PrioritySet, Reply, StatusSet
from triage.tickets import Status

# https://developers.freshdesk.com/api/#view_a_ticket: a ticket brings no more of its conversations along.
INCLUDED = 10
MOST_PAGES = 10
"""So many pages of conversations are read: of a longer one the statistics tell the last reply of each side."""
OUTBOUND = 10
"""The source of a ticket that is a mail of ours: https://developers.freshdesk.com/api/#create_outbound_email"""
# https://developers.freshdesk.com/api/#conversations (source)
SURVEY, FORWARDED = 6, 8
STAMPS_APART = timedelta(minutes=1)
"""A reply's own stamp and the one that the statistics have for it differ by less."""
DUE = {"fr_due_by": Metric.FIRST_REPLY_TIME, "nr_due_by": Metric.NEXT_REPLY_TIME, "due_by": Metric.FULL_RESOLUTION_TIME}


class _Stats(Wire):
    """When each thing happened last; null for what never did, and for a status that was left again since."""

    agent_responded_at: Instant | None = None
    requester_responded_at: Instant | None = None
    first_responded_at: Instant | None = None
    status_updated_at: Instant | None = None
    reopened_at: Instant | None = None
    resolved_at: Instant | None = None
    closed_at: Instant | None = None
    pending_since: Instant | None = None


class _Conversation(Wire):
    id: Id
    created_at: Instant
    incoming: Flag = False
    private: Flag = False
    auto_response: Flag = False
    source: int | str | None = None
    user_id: OptionalId = None

    def reply(self) -> Reply | None:
        """None for what neither side wrote to the other: a survey's answer, an automatic reply."""
        if self.auto_response or self.source == SURVEY:
            return None
        public = not self.private and self.source != FORWARDED
        return Reply(at=self.created_at, by_agent=not self.incoming, public=public)


class _Ticket(Wire):
    id: Id
    created_at: Instant
    updated_at: Instant
    status: int | str | None = None
    priority: int | str | None = None
    source: int | str | None = None
    spam: Flag = False
    deleted: Flag = False
    conversations: tuple[_Conversation, ...] = ()
    stats: _Stats | None = None


class History:
    """`history` and `native_due` of `connectors.base.Helpdesk`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def history(self, ref: str) -> tuple[Happening, ...]:
        """1 request, which costs 3, for a ticket with fewer than ten messages; 1 more for each 100 of more.

        There is no trail of statuses and priorities: of those that came and went only what the ticket's statistics
        still say is known. Source: https://developers.freshdesk.com/api/#view_a_ticket (include)
        """
        answer = self._api.get("history", f"/tickets/{known_id(ref)}", include="conversations,stats")
        with asking("history"):
            ticket = _Ticket.model_validate(answer)
        _refuse_gone(ticket.id, ticket.spam or ticket.deleted, "history")
        conversations = ticket.conversations
        if len(conversations) >= INCLUDED:
            conversations = tuple(self._conversations(ref))
        return oldest_first(happenings(ticket, conversations))

    def native_due(self, ref: str) -> Mapping[Metric, datetime | None]:
        """1 request. None for some seconds after a ticket was created, and after its priority changed the old ones."""
        answer = self._api.get("native_due", f"/tickets/{known_id(ref)}")
        with asking("native_due"):
            ticket = _Ticket.model_validate(answer)
            due = {DUE[name]: answer[name] for name in DUE if name in answer}
            found = {metric: mapping.parse_instant(at) if at else None for metric, at in due.items()}
        _refuse_gone(ticket.id, ticket.spam or ticket.deleted, "native_due")
        return found

    def _conversations(self, ref: str) -> Iterator[_Conversation]:
        for number in range(1, MOST_PAGES + 1):
            rows, more = self._api.page("history", f"/tickets/{known_id(ref)}/conversations", number)
            with asking("history"):
                yield from [_Conversation.model_validate(row) for row in rows]
            if not more:
                return


def happenings(ticket: _Ticket, conversations: Iterable[_Conversation]) -> Iterator[Happening]:
    """What the ticket, its messages and its statistics tell.

    A status that was set together with the ticket is known while it is still the same; afterwards a ticket is taken to
    have begun open, or closed where it is a mail of ours. Its priority is known from the last change of the ticket on.
    """
    stats = ticket.stats or _Stats()
    now, is_ours = mapping.status(ticket.status), str(ticket.source) == str(OUTBOUND)
    changed_at = stats.status_updated_at or ticket.updated_at
    first = now if changed_at <= ticket.created_at else Status.CLOSED if is_ours else Status.OPEN
    yield StatusSet(at=ticket.created_at, status=first)
    yield PrioritySet(at=ticket.updated_at, priority=mapping.priority(ticket.priority))
    # The description is the first message.
    replies = [Reply(at=ticket.created_at, by_agent=is_ours)]
    replies += [reply for each in conversations if (reply := each.reply()) is not None]
    yield from replies
    yield from _untold(stats, replies)
    # Of several at one instant the later in this order holds: whoever closes a ticket resolves it by the way.
    statuses = (
        (stats.reopened_at, Status.OPEN),
        (stats.pending_since, Status.PENDING),
        (stats.resolved_at, Status.SOLVED),
        (stats.closed_at, Status.CLOSED),
    )
    for at, status in statuses:
        if at is not None and at <= changed_at:
            yield StatusSet(at=at, status=status)
    if changed_at > ticket.created_at:
        yield StatusSet(at=changed_at, status=now)


def _untold(stats: _Stats, replies: list[Reply]) -> Iterator[Reply]:
    """Replies that only the statistics know: their message was deleted, or is beyond the last page."""
    known = ((stats.first_responded_at, True), (stats.agent_responded_at, True), (stats.requester_responded_at, False))
    for at, by_agent in known:
        same = (each for each in replies if each.public and each.by_agent is by_agent)
        if at is not None and not any(abs(each.at - at) <= STAMPS_APART for each in same):
            yield Reply(at=at, by_agent=by_agent)


def _refuse_gone(ref: str, gone: bool, operation: str) -> None:
    """A deleted ticket and one in spam can still be read by id there; to us it is gone."""
    if gone:
        raise NotFound(f"ticket {ref} is deleted or in spam", vendor="freshdesk", operation=operation)
