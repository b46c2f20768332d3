"""What customers ask and no article answers, as of the last night, and what people made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, and_, delete, func, insert, literal, or_, select, update

from connectors.store.database import Database
from connectors.store.schema import article_event, suggestion, ticket
from connectors.store.schema import gap as table
from connectors.store.schema import tenant as tenants
from triage.gaps import Asked, Gap, State, merged
from triage.suggestions import INSERTS

MOST_TICKETS = 10_000
LONGEST_TEXT = 1_000
KEPT = timedelta(days=180)
"""How long one that is gone or dismissed is remembered after its last change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGap:
    """`made_at` is when it was first found, `changed_at` when its state or its draft last changed, by `changed_by`
    where a person did that. `draft` is Markdown; `author` whose queue it is in.
    """

    id: int
    gap: Gap
    state: State
    draft: str | None
    author: str | None
    changed_by: str | None
    made_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a night changed: `new` also counts those that are open again."""

    new: int = 0
    same: int = 0
    gone: int = 0


class Gaps:
    def __init__(self, database: Database) -> None:
        self.database = database

    def replace_in(self, connection: Connection, tenant: str, found: Sequence[Gap], *, now: datetime) -> Counts:
        """Keep a night's gaps. One that was known, by its tickets, keeps its id, its state and its draft; doing this
        twice changes nothing.
        """
        rows = connection.execute(select(table).where(table.c.tenant == tenant).order_by(table.c.id)).all()
        known = {row.id: row for row in rows}
        fate = merged({row.id: (State(row.state), row.tickets) for row in rows}, [each.tickets for each in found])
        back = 0
        for place, gap_id in sorted(fate.same.items()):
            before, values = known[gap_id], _values(found[place])
            if before.state == State.GONE.value:
                back += 1
                values |= {"state": State.OPEN.value, "changed_by": None, "changed_at": now}
            if any(getattr(before, name) != value for name, value in values.items()):
                connection.execute(update(table).where(*_one(tenant, gap_id)).values(values))
        for gap_id, places in fate.dismissed.items():
            still = [found[place] for place in places]
            now_asked = {
                "tickets": [ref for each in still for ref in each.tickets],
                "replies": sum(each.replies for each in still),
                "last_at": max(each.last_at for each in still),
            }
            connection.execute(update(table).where(*_one(tenant, gap_id)).values(now_asked))
        for place in fate.new:
            own = {"tenant": tenant, "state": State.OPEN.value, "made_at": now, "changed_at": now}
            connection.execute(insert(table).values(own | _values(found[place])))
        for gap_id in fate.gone:
            gone = {"state": State.GONE.value, "changed_by": None, "changed_at": now}
            connection.execute(update(table).where(*_one(tenant, gap_id)).values(gone))
        forgotten = table.c.state.in_([State.GONE.value, State.DISMISSED.value]), table.c.changed_at < now - KEPT
        asked = [*fate.same.values(), *fate.dismissed]
        connection.execute(delete(table).where(table.c.tenant == tenant, *forgotten, table.c.id.not_in(asked)))
        return Counts(new=len(fate.new) + back, same=len(asked) - back, gone=len(fate.gone))

    def find(self, tenant: str, *states: State, author: str | None = None) -> list[StoredGap]:
        """Those in these states, in any when none is named, the greatest burden first; with `author` only theirs."""
        query = select(table).where(table.c.tenant == tenant)
        if states:
            query = query.where(table.c.state.in_([state.value for state in states]))
        if author is not None:
            query = query.where(table.c.author == author)
        with self.database.read() as connection:
            found = [_stored(row) for row in connection.execute(query)]
        return sorted(found, key=lambda each: (-each.gap.burden, each.id))

    def open(self, tenant: str) -> list[StoredGap]:
        """What is to be looked at or written: open ones and those with a draft."""
        return self.find(tenant, State.OPEN, State.DRAFTED)

    def get(self, tenant: str, gap_id: int) -> StoredGap | None:
        with self.database.read() as connection:
            row = connection.execute(select(table).where(*_one(tenant, gap_id))).one_or_none()
        return None if row is None else _stored(row)

    def set_draft(
        self, tenant: str, gap_id: int, draft: str, *, author: str | None, by: str | None, now: datetime
    ) -> bool:
        """Put a draft into an author's queue, in place of one there was; False when there is no such gap."""
        return self._set(tenant, gap_id, now, by, state=State.DRAFTED.value, draft=draft, author=author)

    def assign(self, tenant: str, gap_id: int, author: str | None, *, by: str | None, now: datetime) -> bool:
        """Whose queue it is in from now on."""
        return self._set(tenant, gap_id, now, by, author=author)

    def dismiss(self, tenant: str, gap_id: int, *, by: str | None, now: datetime) -> bool:
        """Not worth an article, or answered by one: the same tickets are not told again. Its draft stays."""
        return self._set(tenant, gap_id, now, by, state=State.DISMISSED.value)

    def reopen(self, tenant: str, gap_id: int, *, by: str | None, now: datetime) -> bool:
        """Take a dismissal back: it is what it was before, with its draft if it had one."""
        found = self.get(tenant, gap_id)
        if found is None:
            return False
        state = State.OPEN if found.draft is None else State.DRAFTED
        return self._set(tenant, gap_id, now, by, state=state.value)

    def due(self) -> set[str]:
        """Tenants for whose tickets articles were searched, or that have gaps that may have gone."""
        has_one = [select(literal(1)).where(each.c.tenant == tenants.c.id).exists() for each in (suggestion, table)]
        with self.database.read() as connection:
            return set(connection.execute(select(tenants.c.id).where(or_(*has_one))).scalars())

    def searched_since(self, tenant: str) -> datetime | None:
        """When the oldest search that is kept was made."""
        query = select(func.min(suggestion.c.made_at)).where(suggestion.c.tenant == tenant)
        with self.database.read() as connection:
            found: datetime | None = connection.execute(query).scalar_one()
        return found

    def unanswered(
        self, tenant: str, *, since: datetime, under: float, with_unsearched: bool = False, limit: int = MOST_TICKETS
    ) -> list[Asked]:
        """The newest tickets searched for since then whose best article was less than `under` sure, oldest first; only
        those whose vectors can be compared with the newest one's. Tickets that came while there was no index were not
        searched for yet.
        """
        inserts = [act.value for act in INSERTS]
        inserted = select(literal(1)).where(
            article_event.c.tenant == suggestion.c.tenant,
            article_event.c.ticket_ref == suggestion.c.ticket_ref,
            article_event.c.kind.in_(inserts),
        )
        text = func.substr(suggestion.c.query, 1, LONGEST_TEXT).label("text")
        query = (
            select(
                suggestion.c.ticket_ref,
                text,
                suggestion.c.vector,
                suggestion.c.encoder,
                suggestion.c.product_area,
                suggestion.c.made_at,
                ticket.c.subject,
                ticket.c.requester_id,
                ticket.c.organization_id,
            )
            .outerjoin(ticket, and_(ticket.c.tenant == suggestion.c.tenant, ticket.c.ref == suggestion.c.ticket_ref))
            .where(
                suggestion.c.tenant == tenant,
                suggestion.c.made_at > since,
                suggestion.c.sure < under,
                ~inserted.exists(),
                *(() if with_unsearched else (suggestion.c.index_version != "",)),
            )
            .order_by(suggestion.c.made_at.desc(), suggestion.c.ticket_ref)
            .limit(limit)
        )
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return [
            Asked(
                ref=row.ticket_ref,
                subject=row.subject or "",
                text=row.text,
                vector=np.frombuffer(row.vector, np.dtype("<f4")).astype(np.float32),
                product_area=row.product_area,
                person=row.requester_id,
                organization=row.organization_id,
                at=row.made_at,
            )
            for row in reversed(rows)
            if row.encoder == rows[0].encoder
        ]

    def _set(self, tenant: str, gap_id: int, now: datetime, by: str | None, **values: Any) -> bool:
        with self.database.write() as connection:
            changed = update(table).where(*_one(tenant, gap_id)).values(changed_at=now, changed_by=by, **values)
            return connection.execute(changed).rowcount == 1


def _one(tenant: str, gap_id: int) -> tuple[Any, Any]:
    return table.c.tenant == tenant, table.c.id == gap_id


def _values(found: Gap) -> dict[str, Any]:
    return {
        "title": found.title,
        "words": list(found.words),
        "product_area": found.product_area,
        "tickets": list(found.tickets),
        "replies": found.replies,
        "people": found.people,
        "before": found.before,
        "first_at": found.first_at,
        "last_at": found.last_at,
    }


def _stored(row: Row[Any]) -> StoredGap:
    return StoredGap(
        id=row.id,
        gap=Gap(
            title=row.title,
            words=tuple(row.words),
            product_area=row.product_area,
            tickets=tuple(row.tickets),
            replies=row.replies,
            people=row.people,
            before=row.before,
            first_at=row.first_at,
            last_at=row.last_at,
        ),
        state=State(row.state),
        draft=row.draft,
        author=row.author,
        changed_by=row.changed_by,
        made_at=row.made_at,
        changed_at=row.changed_at,
    )
