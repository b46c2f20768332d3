"""Whether an article can be relied on, brought up to date in the transaction that changes what that depends on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from connectors.store.schema import article as table
from connectors.store.schema import review as reviews
from triage.articles import State, state_of

LONGEST_NAME = 200


def in_review(connection: Connection, tenant: str, article_id: int) -> bool:
    """Whether a review of it is open."""
    mine = (reviews.c.tenant == tenant, reviews.c.article_id == article_id, reviews.c.closed_at.is_(None))
    return connection.execute(select(reviews.c.id).where(*mine).limit(1)).first() is not None


def refresh_state_in(connection: Connection, tenant: str, article_id: int, said: State | None = None) -> bool:
    """`said` is what somebody decided about it just now; False when there is no such article.

    The time of its last change stays: the search index does not depend on any of this.
    """
    mine = (table.c.tenant == tenant, table.c.id == article_id, table.c.deleted_at.is_(None))
    columns = (table.c.state, table.c.is_draft, table.c.is_outdated)
    row = connection.execute(select(*columns).where(*mine).with_for_update()).one_or_none()
    if row is None:
        return False
    state = state_of(
        said or State(row.state),
        is_draft=row.is_draft,
        is_outdated=row.is_outdated,
        in_review=in_review(connection, tenant, article_id),
    )
    if state.value != row.state:
        connection.execute(update(table).where(*mine).values(state=state.value))
    return True


def verify_in(
    connection: Connection, tenant: str, article_id: int, *, by: str, release: str | None, now: datetime
) -> bool:
    """Note that somebody said it is right, as of that release; False when there is no such article."""
    mine = (table.c.tenant == tenant, table.c.id == article_id)
    values = {"verified_at": now, "verified_by": by[:LONGEST_NAME], "verified_for": release}
    if not refresh_state_in(connection, tenant, article_id, State.VERIFIED):
        return False
    connection.execute(update(table).where(*mine).values(**values))
    return True
