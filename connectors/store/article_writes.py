"""One article as it was just read, and what becomes of its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from connectors.store.article_rows import article_values, facts_values, plain
from connectors.store.article_states import in_review
from connectors.store.schema import article as table
from connectors.store.schema import article_version as versions
from triage.articles import Article, Facts, State, state_after

VERSIONS_KEPT = 20
Place = tuple[str, str]
"""An article's ref and its locale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the articles that were read."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            unchanged=self.unchanged + other.unchanged,
            deleted=self.deleted + other.deleted,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An article as its source has it now; `text` is None when it is the one that is kept already."""

    article: Article
    facts: Facts | None
    body_hash: str
    digest: str
    text: str | None


def add_in(connection: Connection, tenant: str, source: str, read: Read, now: datetime) -> None:
    article = read.article
    state = state_after(
        None, was_outdated=False, edited=True, is_draft=article.is_draft, is_outdated=article.is_outdated
    )
    connection.execute(
        table.insert().values(
            tenant=tenant,
            source=source,
            ref=article.ref,
            locale=article.locale,
            text=plain(article.body_html) if read.text is None else read.text,
            body_hash=read.body_hash,
            digest=read.digest,
            state=state.value,
            first_seen=now,
            changed_at=now,
            checked_at=now,
            **article_values(article),
            **facts_values(read.facts or Facts()),
        )
    )


def change_in(connection: Connection, tenant: str, read: Read, before: Row[Any], now: datetime) -> None:
    article, edited = read.article, read.body_hash != before.body_hash
    values: dict[str, Any] = {"digest": read.digest, "checked_at": now, "changed_at": now, "deleted_at": None}
    if edited:
        text = plain(article.body_html) if read.text is None else read.text
        if (article.title, text) != (before.title, before.text):
            _remember_in(connection, tenant, before, now)
        values |= {"body_hash": read.body_hash, "text": text}
    state = state_after(
        State(before.state),
        was_outdated=before.is_outdated,
        edited=edited,
        is_draft=article.is_draft,
        is_outdated=article.is_outdated,
    )
    if state is State.VERIFIED and State(before.state) is not state and in_review(connection, tenant, before.id):
        state = State.REVIEW_DUE  # published again, with a review open
    values |= {"state": state.value, **article_values(article)}
    values |= {} if read.facts is None else facts_values(read.facts)
    connection.execute(update(table).where(table.c.tenant == tenant, table.c.id == before.id).values(**values))


def _remember_in(connection: Connection, tenant: str, row: Row[Any], now: datetime) -> None:
    """Keep what it said until now, and of the older versions the newest."""
    values = {"title": row.title, "text": row.text, "updated_at": row.updated_at, "replaced_at": now}
    connection.execute(versions.insert().values(tenant=tenant, article_id=row.id, **values))
    mine = (versions.c.tenant == tenant, versions.c.article_id == row.id)
    kept = select(versions.c.id).where(*mine).order_by(versions.c.id.desc()).limit(VERSIONS_KEPT)
    connection.execute(delete(versions).where(*mine, versions.c.id.not_in(kept)))
