"""Which service-level tags we last gave a ticket, by the effects that do it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from connectors.store.outbox import STATES, UPDATE_TICKET
from connectors.store.schema import outbox
from triage.sla.marks import marks_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """`recent` counts changes of these tags alone."""

    tags: tuple[str, ...]
    recent: int


def given_in(connection: Connection, tenant: str, ticket_refs: Collection[str], *, since: datetime) -> dict[str, Given]:
    """The last tags of each of these tickets that was ever given any, done or still to be; `recent` is counted from
    `since`.
    """
    found: dict[str, Given] = {}
    rows = connection.execute(
        select(outbox.c.ticket_ref, outbox.c.payload, outbox.c.inbox_id, outbox.c.created_at)
        .where(
            outbox.c.tenant == tenant,
            outbox.c.ticket_ref.in_(ticket_refs),
            outbox.c.kind == UPDATE_TICKET,
        )
        .order_by(outbox.c.id)
    )
    for ref, payload, inbox_id, created_at in rows:
        tags = marks_of(payload.get("add_tags", ()))
        if not tags and not marks_of(payload.get("remove_tags", ())):
            continue
        before = found[ref].recent if ref in found else 0
        recent = before + (inbox_id is None and created_at > since)
        found[ref] = Given(tags=tags, recent=recent)
    return found


def is_settled_in(connection: Connection, tenant: str, ticket_ref: str) -> bool:
    """Whether no effect of ours on the ticket is still to be carried out."""
    waiting = (outbox.c.tenant == tenant, outbox.c.ticket_ref == ticket_ref, outbox.c.state.in_(STATES.unfinished))
    return connection.execute(select(outbox.c.id).where(*waiting).limit(1)).first() is None
