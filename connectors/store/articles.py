"""The knowledge base: every article as it was last read, in each language, and what it said before."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, cast, func, select, tuple_, update

from connectors.store.article_rows import (
    StoredArticle,
    article_of,
    as_html,
    body_hash,
    clean,
    digest,
    facts_values,
    place_of,
    plain,
    stored,
)
from connectors.store.article_states import verify_in
from connectors.store.article_writes import Counts, Place, Read, add_in, change_in
from connectors.store.database import Database
from connectors.store.schema import article as table
from connectors.store.schema import article_version as versions
from connectors.store.schema import cursor
from connectors.store.schema import tenant as tenants
from triage.articles import Article, ArticleVersion, Facts, State

NEXT = "articles_next"
"""The cursor that says when a tenant's helpdesk is to be read again."""
LONGEST_REST = timedelta(days=2)
AT_ONCE = 200


class Articles:
    def __init__(self, database: Database) -> None:
        self.database = database

    def compare(
        self, tenant: str, source: str, found: Sequence[Article], facts: Mapping[Place, Facts] | None = None
    ) -> list[Read]:
        """What was read, made ready for `keep_in`: whatever takes time is done here, before a transaction.

        With `facts` the source decides about those too; without, what somebody set here stays.
        """
        latest = {(each.ref, each.locale): each for each in map(clean, found)}
        reads = []
        with self.database.read() as connection:
            known = _known_in(connection, tenant, source, list(latest))
        for place, article in latest.items():
            told = None if facts is None else facts.get(place, Facts())
            hashed, before = body_hash(article), known.get(place)
            text = plain(article.body_html) if before is None or before.body_hash != hashed else None
            reads.append(Read(article=article, facts=told, body_hash=hashed, digest=digest(article, told), text=text))
        return reads

    def keep_in(
        self, connection: Connection, tenant: str, source: str, reads: Sequence[Read], *, now: datetime
    ) -> Counts:
        """Store articles or bring them up to date; one that did not change is only noted as seen."""
        counts = Counts()
        known = _known_in(connection, tenant, source, [(each.article.ref, each.article.locale) for each in reads])
        same = []
        for read in reads:
            before = known.get((read.article.ref, read.article.locale))
            if before is None:
                add_in(connection, tenant, source, read, now)
                counts += Counts(new=1)
            elif before.digest != read.digest or before.deleted_at is not None:
                change_in(connection, tenant, read, before, now)
                counts += Counts(changed=1)
            else:
                same.append(before.id)
                if before.updated_at != read.article.updated_at:
                    mine = update(table).where(table.c.tenant == tenant, table.c.id == before.id)
                    connection.execute(mine.values(updated_at=read.article.updated_at))
                counts += Counts(unchanged=1)
        for some in _chunks(same):
            mine = update(table).where(table.c.tenant == tenant, table.c.id.in_(some))
            connection.execute(mine.values(checked_at=now))
        return counts

    def touch_in(self, connection: Connection, tenant: str, source: str, refs: Collection[str], now: datetime) -> None:
        """Note as seen, in every language, what is there but cannot be read now."""
        for some in _chunks(list(refs)):
            mine = (table.c.tenant == tenant, table.c.source == source, table.c.ref.in_(some))
            connection.execute(update(table).where(*mine).values(checked_at=now))

    def delete_unseen_in(
        self, connection: Connection, tenant: str, source: str, *, since: datetime, now: datetime
    ) -> int:
        """Mark as deleted what was not seen since a listing began; only for a listing that is complete."""
        gone = connection.execute(
            update(table)
            .where(*_live(tenant), table.c.source == source, table.c.checked_at < since)
            .values(deleted_at=now, changed_at=now)
        )
        return int(gone.rowcount)

    def find(
        self,
        tenant: str,
        *,
        state: State | None = None,
        source: str | None = None,
        locale: str | None = None,
        product_area: str | None = None,
        role: str | None = None,
        words: str | None = None,
        deleted: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[StoredArticle]:
        """Articles by title, without their texts; `words` stand in the title, whatever their case."""
        where: list[ColumnElement[bool]] = [
            table.c.tenant == tenant,
            table.c.deleted_at.is_not(None) if deleted else table.c.deleted_at.is_(None),
        ]
        if state is not None:
            where.append(table.c.state == state.value)
        if source is not None:
            where.append(table.c.source == source)
        if locale is not None:
            where.append(table.c.locale == locale)
        for column, value in ((table.c.product_areas, product_area), (table.c.roles, role)):
            if value is not None:
                where.append(cast(column, Text).contains(json.dumps(value), autoescape=True))
        if words:
            where.append(func.lower(table.c.title).contains(words.lower(), autoescape=True))
        query = _facts().where(*where).order_by(table.c.title, table.c.id).offset(offset)
        with self.database.read() as connection:
            return [stored(row) for row in connection.execute(query if limit is None else query.limit(limit))]

    def some(self, tenant: str, article_ids: Collection[int]) -> dict[int, StoredArticle]:
        """Those of these articles that are there, by number, without their texts."""
        found: dict[int, StoredArticle] = {}
        for ids in _chunks(list(article_ids)):
            with self.database.read() as connection:
                rows = connection.execute(_facts().where(*_live(tenant), table.c.id.in_(ids)))
                found |= {row.id: stored(row) for row in rows}
        return found

    def languages(self, tenant: str, key: str) -> list[StoredArticle]:
        """Every language of one article, deleted ones too; empty when there is none of that key."""
        source, ref = place_of(key)
        mine = (table.c.tenant == tenant, table.c.source == source, table.c.ref == ref)
        query = _facts().where(*mine).order_by(table.c.first_seen, table.c.id)
        with self.database.read() as connection:
            return [stored(row) for row in connection.execute(query)]

    def text(self, tenant: str, article_id: int) -> str:
        """What a reader sees of it, with headings as Markdown has them; empty when there is no such article."""
        query = select(table.c.text).where(table.c.tenant == tenant, table.c.id == article_id)
        with self.database.read() as connection:
            return str(connection.execute(query).scalar_one_or_none() or "")

    def openings(self, tenant: str, article_ids: Collection[int], letters: int) -> dict[int, str]:
        """How the texts of these articles begin."""
        found: dict[int, str] = {}
        for ids in _chunks(list(article_ids)):
            query = select(table.c.id, func.substr(table.c.text, 1, letters).label("text"))
            with self.database.read() as connection:
                rows = connection.execute(query.where(table.c.tenant == tenant, table.c.id.in_(ids)))
                found |= {row.id: row.text for row in rows}
        return found

    def locales(self, tenant: str) -> list[str]:
        """The languages there are articles in."""
        query = select(table.c.locale).where(*_live(tenant)).distinct().order_by(table.c.locale)
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def texts(self, tenant: str, article_ids: Collection[int]) -> dict[int, str]:
        """What a reader sees of a few articles, by number."""
        query = select(table.c.id, table.c.text).where(*_live(tenant), table.c.id.in_(list(article_ids)))
        with self.database.read() as connection:
            return {row.id: row.text for row in connection.execute(query)}

    def versions(self, tenant: str, article_id: int) -> list[ArticleVersion]:
        """What it said before, the newest first."""
        query = (
            select(versions)
            .where(versions.c.tenant == tenant, versions.c.article_id == article_id)
            .order_by(versions.c.id.desc())
        )
        with self.database.read() as connection:
            return [
                ArticleVersion(title=row.title, text=row.text, updated_at=row.updated_at, replaced_at=row.replaced_at)
                for row in connection.execute(query)
            ]

    def counts(self, tenant: str) -> dict[State, int]:
        """How many articles there are in each state."""
        query = select(table.c.state, func.count()).where(*_live(tenant)).group_by(table.c.state)
        with self.database.read() as connection:
            found = {State(state): count for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in State}

    def sources(self, tenant: str) -> dict[str, int]:
        """How many articles there are of each source."""
        query = select(table.c.source, func.count()).where(*_live(tenant)).group_by(table.c.source)
        with self.database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.order_by(table.c.source))}

    def to_index(self, tenant: str) -> Iterator[Article]:
        """Every article that is there, with its text as harmless HTML, always in the same order."""
        after = 0
        while True:
            query = select(table).where(*_live(tenant), table.c.id > after).order_by(table.c.id).limit(AT_ONCE)
            with self.database.read() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                yield article_of(row, as_html(row.text))
            if len(rows) < AT_ONCE:
                return
            after = rows[-1].id

    def mark(self, tenant: str) -> str:
        """Says whether an index is of the articles as they are now: it changes with every change of one."""
        query = select(func.count(), func.max(table.c.changed_at), func.max(table.c.id)).where(table.c.tenant == tenant)
        with self.database.read() as connection:
            count, changed_at, last = connection.execute(query).one()
            live = connection.execute(select(func.count()).select_from(table).where(*_live(tenant))).scalar_one()
        return f"{count}/{live}/{last or 0}/{changed_at.isoformat() if changed_at else ''}"

    def set_state(self, tenant: str, article_id: int, state: State, *, now: datetime) -> bool:
        """What somebody decided about it; False when there is no such article."""
        with self.database.write() as connection:
            mine = (*_live(tenant), table.c.id == article_id)
            return connection.execute(update(table).where(*mine).values(state=state.value)).rowcount == 1

    def set_facts(self, tenant: str, article_id: int, facts: Facts, *, now: datetime) -> bool:
        """What somebody set; False when there is no such article. Open reviews stay with whom they are."""
        with self.database.write() as connection:
            mine = (*_live(tenant), table.c.id == article_id)
            return connection.execute(update(table).where(*mine).values(**facts_values(facts))).rowcount == 1

    def verify(self, tenant: str, article_id: int, *, by: str, release: str | None, now: datetime) -> bool:
        """Somebody said it is right, as of that release; False when there is no such article. See `Reviews.close_all`
        for one with open reviews.
        """
        with self.database.write() as connection:
            return verify_in(connection, tenant, article_id, by=by, release=release, now=now)

    def due(self, now: datetime) -> list[str]:
        """Tenants whose helpdesk's articles are to be read again, or were never read."""
        # A time further ahead than any is ever set is from before the clock was put right.
        later, latest = now.isoformat(), (now + LONGEST_REST).isoformat()
        rests = select(cursor.c.tenant).where(cursor.c.stream == NEXT, cursor.c.value > later, cursor.c.value <= latest)
        with self.database.read() as connection:
            return list(connection.execute(select(tenants.c.id).where(tenants.c.id.not_in(rests))).scalars())


def _known_in(connection: Connection, tenant: str, source: str, places: Sequence[Place]) -> dict[Place, Row[Any]]:
    found: dict[Place, Row[Any]] = {}
    for some in _chunks(places):
        query = select(table).where(
            table.c.tenant == tenant, table.c.source == source, tuple_(table.c.ref, table.c.locale).in_(some)
        )
        found |= {(row.ref, row.locale): row for row in connection.execute(query)}
    return found


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


def _live(tenant: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.tenant == tenant, table.c.deleted_at.is_(None)


def _facts() -> Any:
    """Everything but the text, which may be long."""
    return select(*(column for column in table.c if column.name != "text"))
