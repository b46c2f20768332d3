"""Releases of a tenant's own product, as they came in; which of them were held against the articles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from connectors.store.database import Database
from connectors.store.schema import release as table

API, GITHUB, GITLAB, CONSOLE, CLI = "api", "github", "gitlab", "console", "cli"
"""Where a release came from."""
LONGEST_VERSION, LONGEST_TITLE, LONGEST_URL = 60, 200, 2_000
LONGEST_NOTES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRelease:
    """`read_at` is when its reviews were opened, `received_at` when its notes came as they are now."""

    id: int
    version: str
    title: str
    product_areas: tuple[str, ...]
    notes: str
    source: str
    url: str | None
    released_at: datetime
    received_at: datetime
    read_at: datetime | None


class Releases:
    def __init__(self, database: Database) -> None:
        self.database = database

    def add(
        self,
        tenant: str,
        version: str,
        *,
        notes: str,
        source: str,
        now: datetime,
        title: str = "",
        product_areas: Sequence[str] = (),
        url: str | None = None,
        released_at: datetime | None = None,
    ) -> StoredRelease:
        """Keep a release; its reviews are opened within seconds. Sent again, it is brought up to date: what is empty
        this time stays, and only other notes are held against the articles again.
        """
        version, notes = version[:LONGEST_VERSION], notes[:LONGEST_NOTES]
        given: dict[str, Any] = {"source": source}
        given |= {"title": title[:LONGEST_TITLE]} if title else {}
        given |= {"product_areas": list(product_areas)} if product_areas else {}
        given |= {"url": url[:LONGEST_URL]} if url else {}
        given |= {"released_at": released_at} if released_at else {}
        fresh = {"title": "", "product_areas": [], "url": None, "released_at": now, "read_at": None} | given
        mine = (table.c.tenant == tenant, table.c.version == version)
        with self.database.write() as connection:
            values = {"tenant": tenant, "version": version, "notes": notes, "received_at": now, **fresh}
            added = connection.execute(self.database.insert(table).values(**values).on_conflict_do_nothing())
            row = connection.execute(select(table).where(*mine).with_for_update()).one()
            if added.rowcount != 1:
                if row.notes != notes:
                    given |= {"notes": notes, "received_at": max(now, row.received_at), "read_at": None}
                connection.execute(update(table).where(*mine).values(**given))
                row = connection.execute(select(table).where(*mine)).one()
        return _stored(row)

    def find(self, tenant: str, release_id: int) -> StoredRelease | None:
        query = select(table).where(table.c.tenant == tenant, table.c.id == release_id)
        with self.database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _stored(row)

    def all(self, tenant: str, *, limit: int | None = None) -> list[StoredRelease]:
        """Every release, the newest first."""
        query = select(table).where(table.c.tenant == tenant).order_by(*NEWEST_FIRST)
        with self.database.read() as connection:
            return [_stored(row) for row in connection.execute(query if limit is None else query.limit(limit))]

    def newest(self, tenant: str) -> StoredRelease | None:
        return next(iter(self.all(tenant, limit=1)), None)

    def waiting(self, tenant: str) -> list[StoredRelease]:
        """Those that were not held against the articles yet, the oldest first."""
        query = select(table).where(table.c.tenant == tenant, table.c.read_at.is_(None)).order_by(table.c.id)
        with self.database.read() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def read_in(self, connection: Connection, tenant: str, release: StoredRelease, *, now: datetime) -> bool:
        """Note that its reviews are open; False when other notes came meanwhile, or another process was first."""
        mine = (table.c.tenant == tenant, table.c.id == release.id, table.c.read_at.is_(None))
        same = connection.execute(select(table.c.notes).where(*mine).with_for_update()).scalar_one_or_none()
        if same != release.notes:
            return False
        connection.execute(update(table).where(*mine).values(read_at=now))
        return True


NEWEST_FIRST = (table.c.released_at.desc(), table.c.id.desc())


def newest_version_in(connection: Connection, tenant: str) -> str | None:
    """The name of the newest release; None before the first."""
    query = select(table.c.version).where(table.c.tenant == tenant).order_by(*NEWEST_FIRST).limit(1)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def _stored(row: Row[Any]) -> StoredRelease:
    return StoredRelease(
        id=row.id,
        version=row.version,
        title=row.title,
        product_areas=tuple(row.product_areas),
        notes=row.notes,
        source=row.source,
        url=row.url,
        released_at=row.released_at,
        received_at=row.received_at,
        read_at=row.read_at,
    )
