"""One reading of a ticket: its log is brought up to date, and its timer and its tags follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection as Transaction

from app.sla.rules import rules_for
from connectors.base import Connection, Helpdesk, T, read_or_none
from connectors.crash import crash_point
from connectors.errors import ConnectorError, Forbidden, NotFound, Unsupported
from connectors.store.inbox import InboxRow
from connectors.store.sla_tags import given_in, is_settled_in
from jobs.marking import Marks, end_pages_in, mark_in
from jobs.runtime import Runtime, log
from triage.actions import UpdateTicket
from triage.escalation.outlook import outlook
from triage.loops import MOST_MARKS, SPAN
from triage.sla import sighting
from triage.sla.facts import (
    ORGANIZATION,
    REQUESTER_ZONE,
    facts_of,
    looks_at_requester,
    organization_fields,
    still_known,
)
from triage.sla.log import Event, StatusSet
from triage.sla.marks import cause, change, marks_of
from triage.sla.policies import Facts
from triage.sla.reading import SlaRulesError
from triage.sla.rules import SlaRules
from triage.tickets import Organization, Status, Ticket

GONE = "The ticket no longer exists."
UNREADABLE = (ValueError, OverflowError)
"""What rules and a ticket can come to that make no time at all: hours that never open, a date beyond all calendars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A ticket that was read, and what that adds to its log. `rules` are None where they cannot be read."""

    ticket: Ticket
    events: tuple[Event, ...]
    rules: SlaRules | None


def watch(run: Runtime, row: InboxRow, connection: Connection, why: str, *, may_mark: bool) -> None:
    """An event of a ticket that was decided about: look at it, for its clocks only."""
    read_at = run.now()
    try:
        ticket = run.helpdesk(row.tenant).ticket(str(row.ticket_ref))
    except NotFound:
        gone(run, row, GONE)
        return
    seen = look(run, connection, ticket)
    now = run.now()
    with run.store.database.write() as transaction:
        marks = keep_in(run, transaction, connection.tenant, seen, now=now)
        if may_mark:
            mark_in(run, transaction, connection.tenant, marks, now=now)
        run.store.inbox.coalesce_in(transaction, row, read_at=read_at, now=now)
        run.store.inbox.finish_in(transaction, row, "ignored", now=now, note=why)
        crash_point("watch.before_commit")


def gone(run: Runtime, row: InboxRow, why: str) -> None:
    """The ticket was deleted: nobody waits for anything any more. The sweep ends what was told about it."""
    ref, now = str(row.ticket_ref), run.now()
    known = run.store.ticket_log.read(row.tenant, ref)
    with run.store.database.write() as transaction:
        if known:
            ended = StatusSet(at=max(row.received_at, *(event.at for event in known)), status=Status.DELETED)
            run.store.ticket_log.append_in(transaction, row.tenant, ref, [ended], now=now)
        run.store.timers.set_in(transaction, row.tenant, ref, now if known else None)
        run.store.inbox.finish_in(transaction, row, "ignored", now=now, note=why)


def look(
    run: Runtime,
    connection: Connection,
    ticket: Ticket,
    *,
    creator_id: str | None = None,
    organization: Organization | None = None,
    action: UpdateTicket | None = None,
    insist: bool = True,
) -> Seen:
    """Ask for what is not known yet; all requests are made here.

    With an `action` that is about to be planned the ticket counts as changed by it. Without `insist` what cannot be
    had at once is left to the next look, for a decision waits for it.
    """
    known = run.store.ticket_log.read(connection.tenant, ticket.ref)
    rules = _rules(run, connection.tenant)
    if ticket.is_final and not known:
        return Seen(ticket=ticket, events=(), rules=rules)
    helpdesk = run.helpdesk(connection.tenant)
    if known or not sighting.is_untouched(ticket, creator_id, connection.actor_id):
        past: tuple[Event, ...] = _asked(helpdesk.history, ticket.ref, insist) or ()
    else:
        past = sighting.beginning(ticket)
    with run.store.database.read() as transaction:
        settled = is_settled_in(transaction, connection.tenant, ticket.ref)
    facts = _facts(
        helpdesk,
        sighting.changed_by(action, ticket) if action else ticket,
        connection,
        sighting.last_facts(known),
        organization,
        rules,
        insist=insist,
    )
    new = sighting.news([*known, *past], ticket, facts, settled=settled)
    ours = sighting.prioritised(ticket, action) if action else ()
    return Seen(ticket=ticket, events=(*past, *new, *ours), rules=rules)


def keep_in(run: Runtime, transaction: Transaction, tenant: str, seen: Seen, *, now: datetime) -> Marks | None:
    """Keep what was seen and set the ticket's timer; returns the change of its tags with its cause, None for none."""
    store, ref = run.store, seen.ticket.ref
    store.ticket_log.append_in(transaction, tenant, ref, seen.events, now=now)
    events = store.ticket_log.read_in(transaction, tenant, ref)
    if not events:
        return None
    if seen.rules is None:
        store.timers.set_in(transaction, tenant, ref, now)  # the sweep says what is wrong with the rules
        return None
    try:
        ahead = outlook(events, seen.rules, now, taken=False)
    except UNREADABLE as error:
        log.warning("the clocks of ticket %s cannot be read: %s", ref, type(error).__name__)
        return None
    store.timers.set_in(transaction, tenant, ref, ahead.next_at)
    end_pages_in(run, transaction, tenant, ref, ahead.standing, now=now)
    if ahead.marks is None:
        return None
    given = given_in(transaction, tenant, [ref], since=now - SPAN).get(ref)
    there = marks_of(seen.ticket.tags)
    changed = change(ref, ahead.marks, there if given is None else given.tags, there)
    if changed is None or (given is not None and given.recent >= MOST_MARKS):
        return None
    return changed, cause(ahead.marks, events, seen.rules.version)


def _rules(run: Runtime, tenant: str) -> SlaRules | None:
    try:
        return rules_for(run.store, tenant)
    except SlaRulesError:
        return None


def _asked(read: Callable[[str], T], about: str | None, insist: bool) -> T | None:
    """What `read` finds. None for what is gone or may not be seen, and without `insist` for what cannot be had now."""
    try:
        return read_or_none(read, about)
    except (Forbidden, Unsupported) as error:
        log.info("not read: %s", type(error).__name__)
    except ConnectorError as error:
        if insist:
            raise
        log.info("not read now: %s", type(error).__name__)
    return None


def _facts(
    helpdesk: Helpdesk,
    ticket: Ticket,
    connection: Connection,
    before: Facts,
    organization: Organization | None,
    rules: SlaRules | None,
    *,
    insist: bool,
) -> Facts:
    """What is known of requester and organization is not asked for again."""
    kept = still_known(before, ticket)
    looked_at = organization_fields(rules) if rules else frozenset()
    if organization is None and not ({ORGANIZATION, *looked_at} <= kept.keys()):
        organization = _asked(helpdesk.organization, ticket.organization_id, insist)
    requester = None
    if rules and looks_at_requester(rules) and REQUESTER_ZONE not in kept:
        requester = _asked(helpdesk.requester, ticket.requester_id, insist)
    return {**kept, **facts_of(ticket, requester, organization, connection.groups, looked_at)}
