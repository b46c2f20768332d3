"""A review as its row and its article's hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Row, Select, func, select

from connectors.store.article_rows import StoredArticle, stored
from connectors.store.schema import article as articles
from connectors.store.schema import article_version as versions
from connectors.store.schema import release as releases
from connectors.store.schema import review as table

RELEASE, FLAG, UNHELPFUL, AGE, EDITED = "release", "flag", "unhelpful", "age", "edited"
KINDS = (RELEASE, FLAG, UNHELPFUL, AGE, EDITED)
"""What a review was opened by; EDITED is an outdated article that was rewritten."""
OF_REVIEW = "review_"


class Outcome(Enum):
    """What came of a review."""

    STILL_RIGHT = "still_right"
    EDITED = "edited"
    OUTDATED = "outdated"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReview:
    """`release` is the version that opened it. `told` has how often each owner was told of it so far; `next_at` is
    when to tell again. `edited_at` is when the article's text last changed since the review was opened.
    """

    id: int
    article: StoredArticle
    kind: str
    cause: str
    why: str
    evidence: Mapping[str, Any]
    owner: str | None
    release: str | None
    told: Mapping[str, int]
    opened_at: datetime
    due_at: datetime
    next_at: datetime | None
    edited_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    outcome: Outcome | None

    @property
    def reminded(self) -> int:
        """How often its owner was told."""
        return self.told.get(self.owner or "", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Reviews of one release: how many it opened, and how many of them are still open."""

    opened: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An article whose review is overdue: what opened it ("release 4.6", or empty), when, and when it was due."""

    since: str
    opened_at: datetime
    due_at: datetime


def joined() -> Select[Any]:
    """Reviews with their articles, whose texts are left out."""
    edited_at = (
        select(func.max(versions.c.replaced_at))
        .where(
            versions.c.tenant == table.c.tenant,
            versions.c.article_id == table.c.article_id,
            versions.c.replaced_at > table.c.opened_at,
        )
        .scalar_subquery()
    )
    return select(
        *(column.label(OF_REVIEW + column.name) for column in table.c),
        *(column for column in articles.c if column.name != "text"),
        releases.c.version.label("release_version"),
        edited_at.label("edited_at"),
    ).select_from(
        table.join(articles, articles.c.id == table.c.article_id).outerjoin(
            releases, releases.c.id == table.c.release_id
        )
    )


def review(row: Row[Any]) -> StoredReview:
    of = {name.removeprefix(OF_REVIEW): value for name, value in row._mapping.items() if name.startswith(OF_REVIEW)}
    return StoredReview(
        id=of["id"],
        article=stored(row),
        kind=of["kind"],
        cause=of["cause"],
        why=of["why"],
        evidence=of["evidence"],
        owner=of["owner"],
        release=row.release_version,
        told=of["told"],
        opened_at=of["opened_at"],
        due_at=of["due_at"],
        next_at=of["next_at"],
        edited_at=row.edited_at,
        closed_at=of["closed_at"],
        closed_by=of["closed_by"],
        outcome=None if of["outcome"] is None else Outcome(of["outcome"]),
    )


def late_of(rows: Sequence[Row[Any]]) -> dict[int, Late]:
    """Of each article the review that was due first; a release is named where one of them was opened by one."""
    found: dict[int, Late] = {}
    for row in rows:
        known = found.get(row.article_id)
        if known is None or (not known.since and row.version):
            since = f"release {row.version}" if row.version else ""
            first = known or Late(since="", opened_at=row.opened_at, due_at=row.due_at)
            found[row.article_id] = Late(since=since, opened_at=first.opened_at, due_at=first.due_at)
    return found
