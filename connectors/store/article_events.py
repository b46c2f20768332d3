"""What agents did with articles on tickets: each thing once for a ticket, an article and an agent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select

from connectors.store.database import Database
from connectors.store.schema import article_event as table
from triage.suggestions import INSERTS, Act, ArticleEvent

__all__ = ["ArticleEvent", "ArticleEvents", "Usage"]

AT_ONCE = 500
LONGEST_NOTE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """On how many tickets an article was shown, put into a reply as text or link, judged not helpful, and flagged.

    `judged` counts also tickets where it was not inserted; `inserted_judged` are those where both was done.
    """

    shown: int = 0
    inserted: int = 0
    judged: int = 0
    inserted_judged: int = 0
    flagged: int = 0


class ArticleEvents:
    def __init__(self, database: Database) -> None:
        self.database = database

    def add(
        self,
        tenant: str,
        ticket_ref: str,
        article_id: int,
        act: Act,
        *,
        now: datetime,
        by_id: str = "",
        by_name: str = "",
        note: str = "",
    ) -> bool:
        """Note it in a transaction of its own; False when it was known."""
        with self.database.write() as connection:
            return self.add_in(
                connection, tenant, ticket_ref, article_id, act, now=now, by_id=by_id, by_name=by_name, note=note
            )

    def add_in(
        self,
        connection: Connection,
        tenant: str,
        ticket_ref: str,
        article_id: int,
        act: Act,
        *,
        now: datetime,
        by_id: str = "",
        by_name: str = "",
        note: str = "",
    ) -> bool:
        """Note it; False when it was known: a second click changes nothing."""
        values = {
            "tenant": tenant,
            "ticket_ref": ticket_ref,
            "article_id": article_id,
            "kind": act.value,
            "by_id": by_id,
            "by_name": by_name[:200],
            "note": note[:LONGEST_NOTE],
            "at": now,
        }
        added = connection.execute(self.database.insert(table).values(**values).on_conflict_do_nothing())
        return added.rowcount == 1

    def of_ticket(self, tenant: str, ticket_ref: str) -> list[ArticleEvent]:
        """What was done on the ticket, oldest first."""
        query = select(table).where(table.c.tenant == tenant, table.c.ticket_ref == ticket_ref).order_by(table.c.id)
        with self.database.read() as connection:
            return [
                ArticleEvent(
                    ticket_ref=row.ticket_ref,
                    article_id=row.article_id,
                    act=Act(row.kind),
                    by_id=row.by_id,
                    by_name=row.by_name,
                    note=row.note,
                    at=row.at,
                )
                for row in connection.execute(query)
            ]

    def counts(self, tenant: str, since: datetime) -> dict[int, Usage]:
        """By article what was done since then; articles of which there is nothing are left out."""

        def has(*acts: Act) -> ColumnElement[int]:
            return func.max(case((table.c.kind.in_([act.value for act in acts]), 1), else_=0))

        by_ticket = (
            select(
                table.c.article_id,
                has(Act.SHOWN).label("shown"),
                has(*INSERTS).label("inserted"),
                has(Act.NOT_HELPFUL).label("judged"),
                has(Act.FLAG).label("flagged"),
            )
            .where(table.c.tenant == tenant, table.c.at >= since)
            .group_by(table.c.article_id, table.c.ticket_ref)
            .subquery()
        )
        query = select(
            by_ticket.c.article_id,
            func.sum(by_ticket.c.shown).label("shown"),
            func.sum(by_ticket.c.inserted).label("inserted"),
            func.sum(by_ticket.c.judged).label("judged"),
            func.sum(by_ticket.c.inserted * by_ticket.c.judged).label("inserted_judged"),
            func.sum(by_ticket.c.flagged).label("flagged"),
        ).group_by(by_ticket.c.article_id)
        with self.database.read() as connection:
            return {
                row.article_id: Usage(
                    shown=int(row.shown),
                    inserted=int(row.inserted),
                    judged=int(row.judged),
                    inserted_judged=int(row.inserted_judged),
                    flagged=int(row.flagged),
                )
                for row in connection.execute(query)
            }
