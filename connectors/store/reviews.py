"""Reviews: why an article may be wrong now, who is told of it, and what somebody made of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, distinct, exists, func, select, update

from connectors.store.article_states import in_review, refresh_state_in, verify_in
from connectors.store.database import Database
from connectors.store.releases import newest_version_in
from connectors.store.review_rows import Late, Outcome, StoredReview, Tally, joined, late_of, review
from connectors.store.schema import article as articles
from connectors.store.schema import cursor
from connectors.store.schema import release as releases
from connectors.store.schema import review as table
from connectors.store.schema import tenant as tenants
from connectors.store.tenants import CONNECTED, is_shadow
from triage.articles import State

LONGEST_WHY, LONGEST_NAME = 2_000, 200
AT_ONCE = 200
NEXT = "reviews_next"
"""The cursor that says when all of a tenant's articles are to be looked at again."""
LONGEST_REST = timedelta(days=2)


class Reviews:
    def __init__(self, database: Database) -> None:
        self.database = database

    def open_in(
        self,
        connection: Connection,
        tenant: str,
        article_id: int,
        *,
        cause: str,
        kind: str,
        why: str,
        evidence: Mapping[str, Any],
        owner: str | None,
        due_at: datetime,
        next_at: datetime | None,
        now: datetime,
        release_id: int | None = None,
    ) -> bool:
        """Open a review; False when this cause opened one before, closed or not, or the article is not there.

        The article is due from now on, unless it is a draft or outdated anyhow. `next_at` is when to tell its owner.
        """
        if not _locked_in(connection, tenant, article_id):
            return False
        added = connection.execute(
            self.database.insert(table)
            .values(
                tenant=tenant,
                article_id=article_id,
                cause=cause,
                kind=kind,
                release_id=release_id,
                why=why[:LONGEST_WHY],
                evidence=dict(evidence),
                owner=owner,
                told={},
                opened_at=now,
                due_at=due_at,
                next_at=next_at,
            )
            .on_conflict_do_nothing()
        )
        if added.rowcount == 1:
            refresh_state_in(connection, tenant, article_id)
        return added.rowcount == 1

    def close(self, tenant: str, review_id: int, outcome: Outcome, *, by: str, now: datetime) -> bool:
        """Close one review; False when it is closed, or there is none. The article is right again with the last one.

        An article that is outdated is so whatever else it was due for: all of its reviews are closed.
        """
        query = select(table.c.article_id).where(table.c.tenant == tenant, table.c.id == review_id)
        with self.database.write() as connection:
            article_id = connection.execute(query.where(table.c.closed_at.is_(None))).scalar_one_or_none()
            if article_id is None or not _locked_in(connection, tenant, article_id):
                return False
            one = () if outcome is Outcome.OUTDATED else (table.c.id == review_id,)
            if not _close_in(connection, tenant, article_id, outcome, by, now, *one):
                return False
            if outcome is Outcome.OUTDATED:
                refresh_state_in(connection, tenant, article_id, State.OUTDATED)
            elif outcome in CONFIRMS and not in_review(connection, tenant, article_id):
                verify_in(connection, tenant, article_id, by=by, release=newest_version_in(connection, tenant), now=now)
            else:
                refresh_state_in(connection, tenant, article_id)
            return True

    def close_all(self, tenant: str, article_id: int, outcome: Outcome, *, by: str, now: datetime) -> int | None:
        """What somebody says of an article who read it, which answers every open review; how many those were.

        With STILL_RIGHT it counts as verified for the newest release, with OUTDATED it is not suggested to customers
        any more. None when there is no such article.
        """
        with self.database.write() as connection:
            if not _locked_in(connection, tenant, article_id):
                return None
            closed = _close_in(connection, tenant, article_id, outcome, by, now)
            if outcome is Outcome.OUTDATED:
                refresh_state_in(connection, tenant, article_id, State.OUTDATED)
            elif outcome in CONFIRMS:
                verify_in(connection, tenant, article_id, by=by, release=newest_version_in(connection, tenant), now=now)
            else:
                refresh_state_in(connection, tenant, article_id)
            return closed

    def assign(
        self, tenant: str, article_id: int, owner: str | None, *, now: datetime, only_ownerless: bool = False
    ) -> int:
        """Give its open reviews to somebody, who is told unless they were; how many changed hands."""
        others = table.c.owner.is_(None) if only_ownerless else table.c.owner.is_distinct_from(owner)
        mine = (*_open(tenant), table.c.article_id == article_id, others)
        with self.database.write() as connection:
            moved = update(table).where(*mine).values(owner=owner, next_at=now)
            return int(connection.execute(moved).rowcount)

    def open(
        self,
        tenant: str,
        *,
        area: str | None = None,
        kind: str | None = None,
        owner: str | None = None,
        article_ids: Collection[int] | None = None,
        limit: int | None = None,
    ) -> list[StoredReview]:
        """Open reviews of articles that are there, the longest due first. An `area` is one somebody set."""
        where = [*_open(tenant), articles.c.deleted_at.is_(None)]
        if kind is not None:
            where.append(table.c.kind == kind)
        if owner is not None:
            where.append(table.c.owner == owner)
        if article_ids is not None:
            where.append(table.c.article_id.in_(list(article_ids)))
        with self.database.read() as connection:
            rows = connection.execute(joined().where(*where).order_by(table.c.due_at, table.c.id).limit(limit))
            found = [review(row) for row in rows]
        return [each for each in found if area is None or area in each.article.facts.product_areas]

    def of_article(self, tenant: str, article_id: int) -> list[StoredReview]:
        """All there ever were, the newest first."""
        query = joined().where(table.c.tenant == tenant, table.c.article_id == article_id).order_by(table.c.id.desc())
        with self.database.read() as connection:
            return [review(row) for row in connection.execute(query)]

    def of_release(self, tenant: str, release_id: int) -> list[StoredReview]:
        """Those that a release opened, in order."""
        query = joined().where(table.c.tenant == tenant, table.c.release_id == release_id).order_by(table.c.id)
        with self.database.read() as connection:
            return [review(row) for row in connection.execute(query)]

    def counts(self, tenant: str) -> dict[str, int]:
        """How many are open, by kind, of articles that are there."""
        query = select(table.c.kind, func.count()).select_from(
            table.join(articles, articles.c.id == table.c.article_id)
        )
        query = query.where(*_open(tenant), articles.c.deleted_at.is_(None)).group_by(table.c.kind)
        with self.database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.order_by(table.c.kind))}

    def due_articles(self, tenants: Collection[str]) -> int:
        """Of these tenants, how many articles that are there have an open review."""
        joins = table.join(articles, articles.c.id == table.c.article_id)
        query = select(func.count(distinct(table.c.article_id))).select_from(joins)
        mine = (table.c.tenant.in_(list(tenants)), table.c.closed_at.is_(None), articles.c.deleted_at.is_(None))
        with self.database.read() as connection:
            return int(connection.execute(query.where(*mine)).scalar_one())

    def tallies(self, tenant: str) -> dict[int, Tally]:
        """By release, how many reviews it opened and how many of them are still open."""
        query = select(table.c.release_id, func.count(), func.count().filter(table.c.closed_at.is_(None)))
        query = query.where(table.c.tenant == tenant, table.c.release_id.is_not(None)).group_by(table.c.release_id)
        with self.database.read() as connection:
            return {row[0]: Tally(opened=row[1], open=row[2]) for row in connection.execute(query)}

    def opened_since(self, tenant: str, kind: str, since: datetime) -> int:
        """How many of a kind were opened after that."""
        mine = (table.c.tenant == tenant, table.c.kind == kind, table.c.opened_at > since)
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table).where(*mine)).scalar_one())

    def due(self, now: datetime) -> set[str]:
        """Tenants with a release to hold against their articles, an owner to tell, or articles to look through."""
        later, latest = now.isoformat(), (now + LONGEST_REST).isoformat()
        resting = exists().where(
            cursor.c.tenant == tenants.c.id, cursor.c.stream == NEXT, cursor.c.value > later, cursor.c.value <= latest
        )
        unread = exists().where(releases.c.tenant == tenants.c.id, releases.c.read_at.is_(None))
        telling = exists().where(
            table.c.tenant == tenants.c.id,
            table.c.next_at <= now,
            table.c.closed_at.is_(None),
            articles.c.id == table.c.article_id,
            articles.c.deleted_at.is_(None),
        )
        query = select(tenants.c.id, tenants.c.settings, (unread | ~resting).label("work"), telling.label("telling"))
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return {row.id for row in rows if row.work or (row.telling and may_tell(row.settings))}

    def late(self, tenant: str, article_ids: Collection[int], now: datetime) -> dict[int, Late]:
        """Those of these articles that have an overdue review, with what they are overdue since."""
        query = (
            select(table.c.article_id, table.c.opened_at, table.c.due_at, releases.c.version)
            .select_from(table.outerjoin(releases, releases.c.id == table.c.release_id))
            .where(*_open(tenant), table.c.due_at <= now)
            .order_by(table.c.due_at, table.c.id)
        )
        ids = list(article_ids)
        rows: list[Any] = []
        with self.database.read() as connection:
            for start in range(0, len(ids), AT_ONCE):
                some = query.where(table.c.article_id.in_(ids[start : start + AT_ONCE]))
                rows += connection.execute(some).all()
        return late_of(rows)

    def to_tell_in(self, connection: Connection, tenant: str, now: datetime, limit: int) -> list[StoredReview]:
        """Open reviews whose owner is to be told by now; nobody else takes them until the transaction ends."""
        due = (*_open(tenant), table.c.next_at <= now, articles.c.deleted_at.is_(None))
        ids = select(table.c.id).select_from(table.join(articles, articles.c.id == table.c.article_id)).where(*due)
        ids = ids.order_by(table.c.next_at, table.c.id).limit(limit).with_for_update(of=table)
        taken = list(connection.execute(ids).scalars())
        return [review(row) for row in connection.execute(joined().where(table.c.id.in_(taken)).order_by(table.c.id))]

    def told_in(
        self, connection: Connection, tenant: str, review_id: int, told: Mapping[str, int], next_at: datetime | None
    ) -> None:
        """Keep how often each owner was told, and when to look again."""
        mine = (table.c.tenant == tenant, table.c.id == review_id)
        connection.execute(update(table).where(*mine).values(told=dict(told), next_at=next_at))


def may_tell(settings: Mapping[str, Any]) -> bool:
    """Owners hear nothing from a helpdesk in shadow mode, or one that is not connected."""
    return bool(settings.get(CONNECTED, True)) and not is_shadow(settings)


CONFIRMS = (Outcome.STILL_RIGHT, Outcome.EDITED)


def _open(tenant: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.tenant == tenant, table.c.closed_at.is_(None)


def _locked_in(connection: Connection, tenant: str, article_id: int) -> bool:
    """Whether it is there; nobody else opens or closes a review of it until the transaction ends."""
    mine = (articles.c.tenant == tenant, articles.c.id == article_id, articles.c.deleted_at.is_(None))
    return connection.execute(select(articles.c.id).where(*mine).with_for_update()).first() is not None


def _close_in(
    connection: Connection,
    tenant: str,
    article_id: int,
    outcome: Outcome,
    by: str,
    now: datetime,
    *one: ColumnElement[bool],
) -> int:
    """How many were closed. One whose article was changed before somebody said that it is right was edited."""
    query = joined().where(*_open(tenant), table.c.article_id == article_id, *one)
    found = [review(row) for row in connection.execute(query)]
    for each in found:
        edited = outcome is Outcome.STILL_RIGHT and each.edited_at is not None
        kept = Outcome.EDITED if edited else outcome
        values = {"closed_at": now, "closed_by": by[:LONGEST_NAME], "outcome": kept.value, "next_at": None}
        connection.execute(update(table).where(table.c.id == each.id, table.c.tenant == tenant).values(**values))
    return len(found)
