"""How often search found the right article, by version of the index: one row for each time it was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from connectors.store.database import Database
from connectors.store.schema import search_test as table

INSERTS, FILE = "inserts", "file"
WORST_KEPT = timedelta(days=180)
"""Worst queries hold words of customers; figures stay."""
LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A query whose right article was not first. `right` and `first` are keys of articles (`StoredArticle.key`).

    `place` is where the first right one stood, 0 when it was not among the first ten; `ticket_ref` is empty where the
    query came from a file.
    """

    query: str
    ticket_ref: str
    right: tuple[str, ...]
    place: int
    first: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTest:
    """One measurement. `is_used` says whether the index was put, or stayed, in use afterwards; `why` says what for."""

    id: int
    index_version: str
    ranker: str
    source: str
    queries: int
    recall_at_1: float
    recall_at_3: float
    mrr_at_10: float
    worst: tuple[Missed, ...]
    is_used: bool
    why: str
    at: datetime


class SearchTests:
    def __init__(self, database: Database) -> None:
        self.database = database

    def add(
        self,
        tenant: str,
        *,
        index_version: str,
        ranker: str,
        source: str,
        queries: int,
        recall_at_1: float,
        recall_at_3: float,
        mrr_at_10: float,
        worst: Sequence[Missed],
        is_used: bool,
        why: str,
        now: datetime,
    ) -> int:
        """Keep one measurement; its number. Worst queries of long ago are forgotten."""
        values: dict[str, Any] = {
            "tenant": tenant,
            "index_version": index_version,
            "ranker": ranker,
            "source": source,
            "queries": queries,
            "recall_at_1": recall_at_1,
            "recall_at_3": recall_at_3,
            "mrr_at_10": mrr_at_10,
            "worst": [_kept(each) for each in worst],
            "is_used": is_used,
            "why": why,
            "at": now,
        }
        with self.database.write() as connection:
            old = (table.c.tenant == tenant, table.c.at < now - WORST_KEPT)
            connection.execute(update(table).where(*old).values(worst=[]))
            return int(connection.execute(table.insert().values(**values).returning(table.c.id)).scalar_one())

    def newest(self, tenant: str, source: str | None = None) -> SearchTest | None:
        """The last measurement of an index that was used; None before the first."""
        where = [table.c.tenant == tenant, table.c.is_used.is_(True)]
        if source is not None:
            where.append(table.c.source == source)
        return next(iter(self._some(*where, limit=1)), None)

    def history(self, tenant: str, *, limit: int = 50) -> list[SearchTest]:
        """The newest measurements, those of refused versions too, the newest first."""
        return self._some(table.c.tenant == tenant, limit=limit)

    def _some(self, *where: ColumnElement[bool], limit: int | None = None) -> list[SearchTest]:
        query = select(table).where(*where).order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
        with self.database.read() as connection:
            return [_stored(row) for row in connection.execute(query)]


def _kept(missed: Missed) -> dict[str, Any]:
    return {
        "query": missed.query[:LONGEST_QUERY],
        "ticket_ref": missed.ticket_ref,
        "right": list(missed.right),
        "place": missed.place,
        "first": missed.first,
    }


def _stored(row: Row[Any]) -> SearchTest:
    return SearchTest(
        id=row.id,
        index_version=row.index_version,
        ranker=row.ranker,
        source=row.source,
        queries=row.queries,
        recall_at_1=row.recall_at_1,
        recall_at_3=row.recall_at_3,
        mrr_at_10=row.mrr_at_10,
        worst=tuple(Missed(**{**each, "right": tuple(each["right"])}) for each in row.worst),
        is_used=row.is_used,
        why=row.why,
        at=row.at,
    )
