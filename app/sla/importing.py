"""The helpdesk's own policies and schedules: taken over as our rules, and its due times compared with ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, TypeVar

from app.bootstrap import Deps
from app.configs import KINDS, body_of, live
from connectors.base import Connection, Feature, Helpdesk, read_or_none
from connectors.errors import ConnectorError, Forbidden, NotFound, Rejected, Unsupported
from connectors.store.config import SLA
from triage.hours import NeverOpen, TooFar
from triage.sla import sighting
from triage.sla.adopting import Adopted, adopted
from triage.sla.facts import ORGANIZATION, REQUESTER_ZONE, facts_of, organization_fields, still_known
from triage.sla.log import Event
from triage.sla.native import Compared, compared
from triage.sla.rules import SlaRules
from triage.tickets import Status, Ticket

T = TypeVar("T")
RECENT = (timedelta(days=1), timedelta(days=14))
"""How far back open tickets are looked for; further only where the first finds too few."""
MOST_PAGES = 30
WAITING = frozenset({Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD})


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """What is in use, and what it would be with the helpdesk's own policies and schedules in it."""

    before: Mapping[str, Any]
    after: Adopted


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The clocks of each ticket that was looked at. `skipped` were not readable; `stopped` says why it ends early."""

    tickets: Mapping[str, tuple[Compared, ...]]
    skipped: int = 0
    stopped: str = ""


def take_over(deps: Deps, tenant: str) -> TakenOver:
    """Reads the helpdesk; changes nothing. Raises what a read raises."""
    stored = live(deps.store, tenant, KINDS[SLA])
    before = body_of(KINDS[SLA], stored)
    helpdesk = deps.helpdesk(tenant, urgent=True)
    notes: list[str] = []
    made = adopted(
        before,
        _read(helpdesk.sla_policies, "Policies", notes),
        _read(helpdesk.schedules, "Schedules", notes),
        is_shipped=stored is None,
        tells_holidays=Feature.HOLIDAYS in helpdesk.features,
    )
    return TakenOver(before=before, after=Adopted(rules=made.rules, notes=(*notes, *made.notes)))


def compare(
    deps: Deps, tenant: str, rules: SlaRules, *, most: int, progress: Callable[[int, int], None] = lambda done, of: None
) -> Report:
    """Ours and the helpdesk's due times of the open tickets that changed last, at most so many.

    Two requests or more for each: it goes as far as the tenant's budget.
    """
    connection = deps.store.tenants.connection(tenant)
    helpdesk = deps.helpdesk(tenant)
    found: dict[str, tuple[Compared, ...]] = {}
    skipped = 0
    try:
        tickets = _open_tickets(helpdesk, deps, most)
        for number, ticket in enumerate(tickets):
            progress(number, len(tickets))
            try:
                native = helpdesk.native_due(ticket.ref)
                log = _log(deps, helpdesk, connection, ticket, rules)
                found[ticket.ref] = compared(
                    log, rules, deps.now(), native, tells_holidays=Feature.HOLIDAYS in helpdesk.features
                )
            except (NotFound, Forbidden, Rejected, NeverOpen, TooFar):
                skipped += 1
    except ConnectorError as error:
        return Report(tickets=found, skipped=skipped, stopped=str(error))
    return Report(tickets=found, skipped=skipped)


def _read(read: Callable[[], tuple[T, ...]], what: str, notes: list[str]) -> tuple[T, ...]:
    """None of them where the helpdesk has none, or they cannot be read as they are."""
    try:
        return read()
    except (Unsupported, Forbidden, Rejected) as error:
        notes.append(f"{what} cannot be taken over: {error}")
        return ()


def _open_tickets(helpdesk: Helpdesk, deps: Deps, most: int) -> list[Ticket]:
    """Of each ticket the last state that was told, the one changed last first."""
    waiting: list[Ticket] = []
    for span in RECENT:
        newest: dict[str, Ticket] = {}
        for page, _cursor in islice(helpdesk.tickets(cursor=None, updated_since=deps.now() - span), MOST_PAGES):
            newest.update((ticket.ref, ticket) for ticket in page)
        waiting = [each for each in newest.values() if each.status in WAITING]
        if len(waiting) >= most:
            break
    return sorted(waiting, key=lambda each: each.updated_at, reverse=True)[:most]


def _log(deps: Deps, helpdesk: Helpdesk, connection: Connection, ticket: Ticket, rules: SlaRules) -> tuple[Event, ...]:
    """What is stored of the ticket, with what the helpdesk tells now; nothing of it is kept."""
    known = deps.store.ticket_log.read(connection.tenant, ticket.ref)
    past = helpdesk.history(ticket.ref)
    kept = still_known(sighting.last_facts(known), ticket)
    looked_at = organization_fields(rules)
    organization = requester = None
    if not {ORGANIZATION, *looked_at} <= kept.keys():
        organization = read_or_none(helpdesk.organization, ticket.organization_id)
    if REQUESTER_ZONE not in kept:
        requester = read_or_none(helpdesk.requester, ticket.requester_id)
    facts = {**kept, **facts_of(ticket, requester, organization, connection.groups, looked_at)}
    return (*known, *past, *sighting.news([*known, *past], ticket, facts, settled=True))
