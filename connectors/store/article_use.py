"""What agents did with articles, counted for people: on how many tickets, in which week, and what they said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, distinct, func, select

from connectors.store.database import Database
from connectors.store.schema import article_event as table
from connectors.store.schema import suggestion
from triage.suggestions import INSERTS, Act

AT_ONCE = 500
SAID = (Act.NOT_HELPFUL, Act.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """On how many tickets each was done between `began` and the next span."""

    began: datetime
    shown: int
    inserted: int
    judged: int
    flagged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an agent said about an article on a ticket."""

    act: Act
    by_name: str
    note: str
    ticket_ref: str
    at: datetime


class ArticleUse:
    def __init__(self, database: Database) -> None:
        self.database = database

    def shown_on(self, tenant: str, article_ids: Collection[int], since: datetime) -> int:
        """The tickets on which any of these articles was shown since then, each once."""
        ids, tickets = list(article_ids), set[str]()
        mine = (table.c.tenant == tenant, table.c.kind == Act.SHOWN.value, table.c.at >= since)
        with self.database.read() as connection:
            if len(ids) <= AT_ONCE:
                query = select(func.count(distinct(table.c.ticket_ref))).where(*mine, table.c.article_id.in_(ids))
                return int(connection.execute(query).scalar_one())
            for start in range(0, len(ids), AT_ONCE):
                some = table.c.article_id.in_(ids[start : start + AT_ONCE])
                tickets.update(connection.execute(select(table.c.ticket_ref).distinct().where(*mine, some)).scalars())
        return len(tickets)

    def inserted(self, tenant: str, since: datetime) -> tuple[int, int]:
        """Of the tickets that were searched for since then: on how many an article was inserted, and how many."""
        made = (suggestion.c.tenant == tenant, suggestion.c.made_at >= since)
        used = (
            select(func.count(distinct(table.c.ticket_ref)))
            .join(
                suggestion,
                (suggestion.c.tenant == table.c.tenant) & (suggestion.c.ticket_ref == table.c.ticket_ref),
            )
            .where(*made, table.c.kind.in_([act.value for act in INSERTS]), table.c.at >= since)
        )
        with self.database.read() as connection:
            of = connection.execute(select(func.count()).select_from(suggestion).where(*made)).scalar_one()
            return int(connection.execute(used).scalar_one()), int(of)

    def by_span(self, tenant: str, article_id: int, began: Sequence[datetime], until: datetime) -> list[Span]:
        """What was done with one article in each span; `began` are their beginnings, oldest first."""
        if not began:
            return []
        ends = [*began[1:], until]
        columns = [
            func.count(distinct(case((_done(acts, start, end), table.c.ticket_ref)))).label(f"{name}_{number}")
            for number, (start, end) in enumerate(zip(began, ends, strict=True))
            for name, acts in _KINDS.items()
        ]
        mine = (table.c.tenant == tenant, table.c.article_id == article_id, table.c.at >= began[0])
        with self.database.read() as connection:
            row = connection.execute(select(*columns).where(*mine)).one()
        counts = row._mapping
        return [
            Span(began=start, **{name: int(counts[f"{name}_{number}"]) for name in _KINDS})
            for number, start in enumerate(began)
        ]

    def said(self, tenant: str, article_id: int, limit: int) -> list[Said]:
        """The newest judgements and flags of one article."""
        query = (
            select(table)
            .where(
                table.c.tenant == tenant,
                table.c.article_id == article_id,
                table.c.kind.in_([act.value for act in SAID]),
            )
            .order_by(table.c.at.desc(), table.c.id.desc())
            .limit(limit)
        )
        with self.database.read() as connection:
            return [
                Said(act=Act(row.kind), by_name=row.by_name, note=row.note, ticket_ref=row.ticket_ref, at=row.at)
                for row in connection.execute(query)
            ]


_KINDS: dict[str, Sequence[Act]] = {
    "shown": (Act.SHOWN,),
    "inserted": INSERTS,
    "judged": (Act.NOT_HELPFUL,),
    "flagged": (Act.FLAG,),
}


def _done(acts: Sequence[Act], start: datetime, end: datetime) -> ColumnElement[Any]:
    return table.c.kind.in_([act.value for act in acts]) & (table.c.at >= start) & (table.c.at < end)
