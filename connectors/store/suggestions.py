"""What was found for each ticket: one row a ticket, the newest search only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, delete, select

from connectors.store.database import Database
from connectors.store.schema import suggestion as table
from triage.suggestions import Candidate

Vector = NDArray[np.float32]
AT_ONCE = 200
LONGEST_QUERY = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What was found for one ticket, best first. `vector` is the query's, made by `encoder`; `sure` is the best
    one's, 0 where nothing was found.
    """

    ticket_ref: str
    query: str
    vector: Vector
    encoder: str
    index_version: str
    ranker: str
    product_area: str | None
    sure: float
    found: tuple[Candidate, ...]
    made_at: datetime


class Suggestions:
    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, tenant: str, suggestion: Suggestion) -> None:
        with self.database.write() as connection:
            self.keep_in(connection, tenant, suggestion)

    def keep_in(self, connection: Connection, tenant: str, suggestion: Suggestion) -> None:
        """Keep it in place of what was found for that ticket before."""
        values = {
            "query": suggestion.query[:LONGEST_QUERY].encode("utf-8", "replace").decode(),
            "vector": np.asarray(suggestion.vector, np.dtype("<f4")).tobytes(),
            "encoder": suggestion.encoder,
            "index_version": suggestion.index_version,
            "ranker": suggestion.ranker,
            "product_area": suggestion.product_area,
            "sure": suggestion.sure,
            "found": [asdict(each) for each in suggestion.found],
            "made_at": suggestion.made_at,
        }
        connection.execute(
            self.database.insert(table)
            .values(tenant=tenant, ticket_ref=suggestion.ticket_ref, **values)
            .on_conflict_do_update(index_elements=["tenant", "ticket_ref"], set_=values)
        )

    def of(self, tenant: str, ticket_ref: str) -> Suggestion | None:
        """What was found for the ticket; None before it was searched for."""
        query = select(table).where(table.c.tenant == tenant, table.c.ticket_ref == ticket_ref)
        with self.database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _suggestion(row)

    def many(self, tenant: str, ticket_refs: Sequence[str]) -> dict[str, Suggestion]:
        """The same for many tickets; those never searched for are left out."""
        found: dict[str, Suggestion] = {}
        for start in range(0, len(ticket_refs), AT_ONCE):
            some = list(ticket_refs[start : start + AT_ONCE])
            query = select(table).where(table.c.tenant == tenant, table.c.ticket_ref.in_(some))
            with self.database.read() as connection:
                found |= {row.ticket_ref: _suggestion(row) for row in connection.execute(query)}
        return found

    def tidy(self, tenant: str, before: datetime) -> int:
        """Forget what was made before that; how many there were."""
        with self.database.write() as connection:
            old = delete(table).where(table.c.tenant == tenant, table.c.made_at < before)
            return connection.execute(old).rowcount


def _suggestion(row: Row[Any]) -> Suggestion:
    return Suggestion(
        ticket_ref=row.ticket_ref,
        query=row.query,
        vector=np.frombuffer(row.vector, np.dtype("<f4")).astype(np.float32),
        encoder=row.encoder,
        index_version=row.index_version,
        ranker=row.ranker,
        product_area=row.product_area,
        sure=row.sure,
        found=tuple(map(_candidate, row.found)),
        made_at=row.made_at,
    )


def _candidate(found: Mapping[str, Any]) -> Candidate:
    lists = {
        "headings": tuple(found["headings"]),
        "highlights": tuple((start, end) for start, end in found["highlights"]),
    }
    return Candidate(**{**found, **lists})
