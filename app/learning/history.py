"""A tenant's solved tickets, read through its connector into the table of examples; goes on where it stopped."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from app.bootstrap import Deps
from app.learning.progress import Progress, silent
from connectors import registry
from connectors.base import Connection, Helpdesk
from connectors.errors import NotFound, RateLimited
from connectors.store.examples import HISTORY, Example, Ours
from triage.metadata import clean
from triage.tickets import Status, Ticket

CATEGORY, PRODUCT_AREA, PRIORITY, GROUP = "category", "product_area", "priority", "group"
FIELD = "field:"
SOLVED = (Status.SOLVED, Status.CLOSED)
LOOK_BACK = timedelta(days=365)
A_LABEL = timedelta(days=7)
"""So long after our decision an agent's change of the category is taken for a correction, solved or not."""
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
GIVES_UP_S = 900.0
"""Waiting without a single page in between."""
CORRECTED_AT_ONCE = 200
"""Corrected tickets that are read one by one in a run; they are not solved yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many tickets were read, and how many of them are kept as examples."""

    read: int
    kept: int


def import_history(
    deps: Deps,
    tenant: str,
    *,
    target: str = CATEGORY,
    look_back: timedelta = LOOK_BACK,
    waits: bool = False,
    progress: Progress = silent,
    sleep: Callable[[float], None] = time.sleep,
) -> Imported:
    """Read what was solved since the last time; the first time, since `look_back` ago.

    A page and the cursor after it are one transaction. With `waits` a spent budget and a 429 are waited for; else
    `RateLimited` is raised, and the next call goes on at the page it came to.
    """
    store, stream = deps.store, _stream(target)
    connection = _reading(deps.store.tenants.connection(tenant), target)
    helpdesk = registry.vendor(connection.vendor).connect(connection, now=deps.now, gate=deps.gate(connection))
    read = kept = 0
    waited_s = 0.0
    while True:
        cursor = store.cursors.get(tenant, stream)
        try:
            for tickets, after in helpdesk.tickets(cursor=cursor, updated_since=deps.now() - look_back):
                found = examples_of(tickets, store.examples.ours(tenant, _unsolved(tickets)))
                with store.database.write() as transaction:
                    store.examples.keep_in(transaction, tenant, found)
                    store.cursors.set_in(transaction, tenant, stream, after, now=deps.now())
                read, kept, waited_s = read + len(tickets), kept + len(found), 0.0
                progress("Reading solved tickets", read, None)
            note_corrections(deps, tenant, helpdesk)
            return Imported(read=read, kept=kept)
        except RateLimited as error:
            wait_s = min(LONGEST_WAIT_S, max(error.retry_after_s or 0.0, SHORTEST_WAIT_S))
            waited_s += wait_s
            if not waits or waited_s > GIVES_UP_S:
                raise
            progress("Waiting for the helpdesk", read, None)
            sleep(wait_s)


def note_corrections(deps: Deps, tenant: str, helpdesk: Helpdesk) -> None:
    """Agents' corrections go to their tickets' examples; a corrected ticket that is not solved yet becomes one."""
    examples = deps.store.examples
    standing = examples.corrections(tenant)
    known = examples.known(tenant, standing)
    wanted = [ref for ref, (label, _) in standing.items() if label is not None and ref not in known]
    for ref in wanted[-CORRECTED_AT_ONCE:]:
        try:
            ticket = helpdesk.ticket(ref)
        except NotFound:
            continue
        with deps.store.database.write() as transaction:
            examples.keep_in(transaction, tenant, [replace(_example(ticket), labels={}, solved_at=standing[ref][1])])
    examples.correct(tenant, CATEGORY, {ref: label for ref, (label, _) in standing.items()})


def examples_of(tickets: Iterable[Ticket], ours: Mapping[str, Ours]) -> list[Example]:
    """What is worth keeping: solved tickets, and those whose category an agent changed soon after we wrote it.

    Of the latter only the category: the rest may still change.
    """
    found = []
    for ticket in tickets:
        if ticket.status in SOLVED:
            found.append(_example(ticket))
        elif (mine := ours.get(ticket.ref)) is not None and was_changed(ticket, mine):
            found.append(replace(_example(ticket), labels={CATEGORY: ticket.fields[CATEGORY]}))
    return found


def was_changed(ticket: Ticket, ours: Ours) -> bool:
    """Whether the category is another one than we wrote, changed within `A_LABEL`."""
    category = ticket.fields.get(CATEGORY)
    if ticket.status is Status.DELETED or category in (None, ours.category):
        return False
    return ticket.updated_at - ours.decided_at <= A_LABEL


def group_names(deps: Deps, tenant: str) -> dict[str, str]:
    """Group id -> name, as the helpdesk calls it."""
    return {group.id: group.name for group in deps.helpdesk(tenant).groups()}


def _field_of(target: str) -> str | None:
    return target.removeprefix(FIELD) if target.startswith(FIELD) and len(target) > len(FIELD) else None


def _reading(connection: Connection, target: str) -> Connection:
    """The connection with the drop-down that an admin named among its fields, under the target's own name."""
    field = _field_of(target)
    return connection if field is None else replace(connection, fields={**connection.fields, target: field})


def _stream(target: str) -> str:
    """The usual labels share one walk; a drop-down that is named later has one of its own."""
    field = _field_of(target)
    return HISTORY if field is None else f"{HISTORY}:{hashlib.sha256(field.encode()).hexdigest()[:12]}"


def _unsolved(tickets: Sequence[Ticket]) -> list[str]:
    return [ticket.ref for ticket in tickets if ticket.status not in SOLVED and CATEGORY in ticket.fields]


def _example(ticket: Ticket) -> Example:
    labels: dict[str, str | None] = {
        **{name: ticket.fields.get(name) for name in (CATEGORY, PRODUCT_AREA)},
        **{name: value for name, value in ticket.fields.items() if name.startswith(FIELD)},
        PRIORITY: ticket.priority.value if ticket.priority else None,
        GROUP: ticket.group_id,
    }
    return Example(
        ref=ticket.ref,
        text=clean(ticket.subject, ticket.description)[1],
        labels={name: value for name, value in labels.items() if value},
        created_at=ticket.created_at,
        solved_at=ticket.updated_at,
    )
