"""What a replay would do: asked for by a person, answered by a worker, forgotten after a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update

from connectors.store.clockwork import FIRST
from connectors.store.database import Database
from connectors.store.inbox import Inbox
from connectors.store.names import table_of, unknown
from connectors.store.schema import dry_run

DRY_RUN = "dry_run"
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """One question. `result` is None until a worker has answered."""

    id: int
    tenant: str
    delivery: str
    asked_by: str
    asked_at: datetime
    done_at: datetime | None
    result: Mapping[str, Any] | None


class DryRuns:
    def __init__(self, database: Database, inbox: Inbox) -> None:
        self.database = database
        self.inbox = inbox

    def ask(self, name: str, *, by: str, now: datetime) -> int:
        """Ask what a replay of this row would do; the question goes before all other work."""
        table, row_id = table_of(name)
        with self.database.write() as connection:
            tenant = connection.execute(select(table.c.tenant).where(table.c.id == row_id)).scalar_one_or_none()
            if tenant is None:
                raise unknown(name)
            connection.execute(delete(dry_run).where(dry_run.c.asked_at < now - KEPT))
            asked = connection.execute(dry_run.insert().values(tenant=tenant, delivery=name, asked_by=by, asked_at=now))
            number = int((asked.inserted_primary_key or [0])[0])
            slot = f"{number}.{now.isoformat()}"
            self.inbox.schedule_in(connection, tenant, DRY_RUN, slot, now=now, rank=FIRST)
        return number

    def get(self, number: int) -> DryRun | None:
        with self.database.read() as connection:
            row = connection.execute(select(dry_run).where(dry_run.c.id == number)).one_or_none()
        return None if row is None else _dry_run(row)

    def waiting(self, tenant: str) -> list[DryRun]:
        """The tenant's questions without an answer, oldest first."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(dry_run).where(dry_run.c.tenant == tenant, dry_run.c.done_at.is_(None)).order_by(dry_run.c.id)
            ).all()
        return [_dry_run(row) for row in rows]

    def answer(self, number: int, result: Mapping[str, Any], *, now: datetime) -> None:
        """Keep the answer; of two workers that answered, the first one's stays."""
        with self.database.write() as connection:
            connection.execute(
                update(dry_run)
                .where(dry_run.c.id == number, dry_run.c.done_at.is_(None))
                .values(result=dict(result), done_at=now)
            )


def _dry_run(row: Row[Any]) -> DryRun:
    return DryRun(
        id=row.id,
        tenant=row.tenant,
        delivery=row.delivery,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        done_at=row.done_at,
        result=row.result,
    )
