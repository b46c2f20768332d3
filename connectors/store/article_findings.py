"""Articles to look at, as of the last night: one row for each article and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from connectors.store.database import Database
from connectors.store.schema import article
from connectors.store.schema import article_finding as table
from triage.article_findings import ArticleFinding, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticleFinding:
    """`made_at` is the night that found it first; titles and languages are the articles' as they are now."""

    id: int
    finding: ArticleFinding
    title: str
    locale: str
    other_title: str | None
    made_at: datetime


class ArticleFindings:
    def __init__(self, database: Database) -> None:
        self.database = database

    def replace_in(self, connection: Connection, tenant: str, found: Sequence[ArticleFinding], *, now: datetime) -> int:
        """Keep these and no others; returns how many are new. One that was there keeps its id and its day."""
        rows = connection.execute(select(table).where(table.c.tenant == tenant)).all()
        wanted = {(each.kind.value, each.article_id, each.other_id): each for each in found}
        known = {(row.kind, row.article_id, row.other_id): row for row in rows}
        for key, row in known.items():
            each = wanted.get(key)
            mine = (table.c.tenant == tenant, table.c.id == row.id)
            if each is None:
                connection.execute(delete(table).where(*mine))
            elif each.why != row.why:
                connection.execute(table.update().where(*mine).values(why=each.why))
        new = [
            {
                "tenant": tenant,
                "kind": each.kind.value,
                "article_id": each.article_id,
                "other_id": each.other_id,
                "why": each.why,
                "made_at": now,
            }
            for key, each in wanted.items()
            if key not in known
        ]
        if new:
            connection.execute(insert(table), new)
        return len(new)

    def find(self, tenant: str, kind: Kind | None = None) -> list[StoredArticleFinding]:
        """All, or those of one kind, by kind and title; none of an article that was deleted since."""
        other = article.alias("other")
        query = (
            select(table, article.c.title, article.c.locale, other.c.title.label("other_title"))
            .join(article, article.c.id == table.c.article_id)
            .outerjoin(other, other.c.id == table.c.other_id)
            .where(table.c.tenant == tenant, article.c.deleted_at.is_(None), other.c.deleted_at.is_(None))
            .order_by(table.c.kind, func.lower(article.c.title), table.c.id)
        )
        if kind is not None:
            query = query.where(table.c.kind == kind.value)
        with self.database.read() as connection:
            return [
                StoredArticleFinding(
                    id=row.id,
                    finding=ArticleFinding(
                        kind=Kind(row.kind), article_id=row.article_id, why=row.why, other_id=row.other_id
                    ),
                    title=row.title,
                    locale=row.locale,
                    other_title=row.other_title,
                    made_at=row.made_at,
                )
                for row in connection.execute(query)
            ]

    def counts(self, tenant: str) -> dict[Kind, int]:
        """How many there are of each kind."""
        found = Counter(each.finding.kind for each in self.find(tenant))
        return {kind: found[kind] for kind in Kind}
