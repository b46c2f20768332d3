"""Articles that customers were shown and opened before they wrote, and whether they wrote all the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, exists, select, update

from connectors.store.database import Database
from connectors.store.schema import article_reading as table
from triage.deflection import WITHIN, Shown


class Readings:
    """People are keyed hashes of their mail addresses: enough to know them again, and nothing to write to."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def show(self, tenant: str, *, person: str, visit: str, article_ids: Sequence[int], now: datetime) -> None:
        """Note what one search showed; again under the same `visit` changes nothing."""
        rows = [
            {"tenant": tenant, "person": person, "visit": visit, "article_id": article_id, "shown_at": now}
            for article_id in article_ids
        ]
        if rows:
            with self.database.write() as connection:
                connection.execute(self.database.insert(table).on_conflict_do_nothing(), rows)

    def open(self, tenant: str, *, visit: str, article_id: int, now: datetime) -> bool:
        """Note that they opened it, the first time; False when it was not shown in that visit."""
        mine = (table.c.tenant == tenant, table.c.visit == visit, table.c.article_id == article_id)
        with self.database.write() as connection:
            connection.execute(update(table).where(*mine, table.c.read_at.is_(None)).values(read_at=now))
            return connection.execute(select(table.c.id).where(*mine)).first() is not None

    def is_watching(self, tenant: str, at: datetime) -> bool:
        """Whether anybody was shown anything so shortly before `at` that a ticket then counts."""
        recent = (table.c.tenant == tenant, table.c.shown_at < at, table.c.shown_at >= at - 2 * WITHIN)
        with self.database.read() as connection:
            return bool(connection.execute(select(exists().where(*recent))).scalar_one())

    def wrote_in(self, connection: Connection, tenant: str, *, person: str, ticket_ref: str, at: datetime) -> None:
        """Note a person's ticket with all they were shown shortly before, unless an earlier one is noted there."""
        mine = (table.c.tenant == tenant, table.c.person == person)
        recent = (table.c.shown_at < at, table.c.shown_at >= at - 2 * WITHIN)
        first = table.c.ticket_at.is_(None) | (table.c.ticket_at > at)
        connection.execute(update(table).where(*mine, *recent, first).values(ticket_ref=ticket_ref, ticket_at=at))

    def shown(self, tenant: str, *, since: datetime) -> list[Shown]:
        """All that was shown since, for `triage.deflection`."""
        query = select(table.c.person, table.c.shown_at, table.c.read_at, table.c.ticket_at)
        with self.database.read() as connection:
            rows = connection.execute(query.where(table.c.tenant == tenant, table.c.shown_at >= since))
            return [
                Shown(person=row.person, shown_at=row.shown_at, read_at=row.read_at, ticket_at=row.ticket_at)
                for row in rows
            ]

    def tidy(self, tenant: str, *, before: datetime) -> int:
        """Forget what was shown before then."""
        with self.database.write() as connection:
            old = delete(table).where(table.c.tenant == tenant, table.c.shown_at < before)
            return int(connection.execute(old).rowcount)
