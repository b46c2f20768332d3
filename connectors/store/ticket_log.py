"""What happened to tickets: the events that clocks and ladders are folded from. The log only grows."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from connectors.store.database import Database
from connectors.store.schema import EPOCH
from connectors.store.schema import ticket_event as table
from triage.sla.log import Acknowledged, Event, FactsSet, PrioritySet, Reply, StatusSet, Told
from triage.tickets import Priority, Status

log = logging.getLogger("deskhand.store")
T = TypeVar("T")
MOST_ROWS, MOST_REFS = 100, 500
"""Of one statement: SQLite takes a limited number of values."""


class TicketLog:
    def __init__(self, database: Database) -> None:
        self.database = database

    def append_in(
        self, connection: Connection, tenant: str, ticket_ref: str, events: Iterable[Event], *, now: datetime
    ) -> int:
        """Keep those events that are not there yet; returns how many were new."""
        return self.append_many_in(connection, tenant, {ticket_ref: tuple(events)}, now=now)

    def append_many_in(
        self, connection: Connection, tenant: str, events: Mapping[str, Collection[Event]], *, now: datetime
    ) -> int:
        """The same for many tickets."""
        rows = [
            {"tenant": tenant, "ticket_ref": ref, "at": event.at, "seen_at": now, **written(event)}
            for ref, theirs in events.items()
            for event in theirs
        ]
        new = 0
        for some in _some(rows, MOST_ROWS):
            statement = self.database.insert(table).values(some).on_conflict_do_nothing()
            new += connection.execute(statement).rowcount
        return new

    def read(self, tenant: str, ticket_ref: str) -> tuple[Event, ...]:
        """The ticket's events, in the order in which they were seen; none for a ticket that was never read."""
        with self.database.read() as connection:
            return self.read_in(connection, tenant, ticket_ref)

    def read_in(self, connection: Connection, tenant: str, ticket_ref: str) -> tuple[Event, ...]:
        return self.read_many_in(connection, tenant, [ticket_ref])[ticket_ref]

    def read_many(self, tenant: str, ticket_refs: Collection[str]) -> dict[str, tuple[Event, ...]]:
        """The same for many tickets in one look; each of them has an entry."""
        with self.database.read() as connection:
            return self.read_many_in(connection, tenant, ticket_refs)

    def read_many_in(
        self, connection: Connection, tenant: str, ticket_refs: Collection[str]
    ) -> dict[str, tuple[Event, ...]]:
        found: dict[str, list[Event]] = {ref: [] for ref in ticket_refs}
        skipped: set[str] = set()
        for refs in _some(list(found), MOST_REFS):
            rows = connection.execute(
                select(table.c.ticket_ref, table.c.at, table.c.kind, table.c.value)
                .where(table.c.tenant == tenant, table.c.ticket_ref.in_(refs))
                .order_by(table.c.id)
            )
            for ref, at, kind, value in rows:
                event = read(kind, at, value)
                if event is None:
                    skipped.add(kind)
                else:
                    found[ref].append(event)
        if skipped:
            log.warning("events of kinds that this version does not know were left out: %s", ", ".join(sorted(skipped)))
        return {ref: tuple(events) for ref, events in found.items()}

    def refs(self, tenant: str, *, since: datetime = EPOCH) -> list[str]:
        """Every ticket something was seen of since then."""
        query = select(table.c.ticket_ref).where(table.c.tenant == tenant, table.c.seen_at >= since).distinct()
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(table.c.ticket_ref)).scalars())


def written(event: Event) -> dict[str, Any]:
    """The columns that hold an event, but for its time."""
    value = _value(event)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return {
        "kind": type(event).__name__,
        "value": value,
        "digest": hashlib.sha256(text.encode()).hexdigest()[:16],
    }


def read(kind: str, at: datetime, value: Mapping[str, Any]) -> Event | None:
    """What `written` wrote; None for a kind of a version that is newer than this one."""
    match kind:
        case "StatusSet":
            return StatusSet(at=at, status=Status(value["status"]))
        case "Reply":
            return Reply(at=at, by_agent=value["by_agent"], public=value["public"])
        case "PrioritySet":
            priority = value["priority"]
            return PrioritySet(at=at, priority=None if priority is None else Priority(priority))
        case "FactsSet":
            return FactsSet(at=at, facts={name: tuple(values) for name, values in value["facts"].items()})
        case "Acknowledged":
            return Acknowledged(at=at, by=value["by"], way=value["way"])
        case "Told":
            return Told(at=at, key=value["key"], to=tuple(value["to"]), by=tuple(value["by"]))
    return None


def _value(event: Event) -> dict[str, Any]:
    match event:
        case StatusSet(status=status):
            return {"status": status.value}
        case Reply(by_agent=by_agent, public=public):
            return {"by_agent": by_agent, "public": public}
        case PrioritySet(priority=priority):
            return {"priority": None if priority is None else priority.value}
        case FactsSet(facts=facts):
            return {"facts": {name: list(values) for name, values in facts.items()}}
        case Acknowledged(by=by, way=way):
            return {"by": by, "way": way}
        case Told(key=key, to=to, by=by):
            return {"key": key, "to": list(to), "by": list(by)}


def _some(every: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """All of them, so many at a time."""
    return (every[start : start + most] for start in range(0, len(every), most))
