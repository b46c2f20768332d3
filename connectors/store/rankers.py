"""What was learned from inserts about the order of suggestions: the weights in use, and those that were not better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from connectors.store.database import Database
from connectors.store.models import CHAMPION, REFUSED, RETIRED
from connectors.store.schema import ranker as table

SHIPPED = "shipped"
"""The name of the order that nothing was learned for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRanker:
    """Weights by feature, what was measured on the newest inserts, and how it came to its state."""

    id: int
    weights: Mapping[str, float]
    measured: Mapping[str, Any]
    state: str
    why: str
    made_at: datetime

    @property
    def name(self) -> str:
        """What suggestions say they were ordered by."""
        return f"learned-{self.id}"


class Rankers:
    def __init__(self, database: Database) -> None:
        self.database = database

    def champion(self, tenant: str) -> StoredRanker | None:
        """The weights in use; None where the shipped order holds."""
        return next(iter(self._some(_champion(tenant), limit=1)), None)

    def champion_id(self, tenant: str) -> int | None:
        """Which row the champion is: cheap enough for every suggestion."""
        query = select(table.c.id).where(_champion(tenant)).order_by(table.c.id.desc()).limit(1)
        with self.database.read() as connection:
            found: int | None = connection.execute(query).scalar_one_or_none()
        return found

    def add(
        self,
        tenant: str,
        *,
        weights: Mapping[str, float],
        measured: Mapping[str, Any],
        promoted: bool,
        why: str,
        now: datetime,
    ) -> StoredRanker:
        """Keep what was learned; when `promoted` it is the champion from now on, and the one before is retired."""
        with self.database.write() as connection:
            values = {
                "tenant": tenant,
                "weights": dict(weights),
                "measured": dict(measured),
                "state": CHAMPION if promoted else REFUSED,
                "why": why,
                "made_at": now,
            }
            if promoted:
                connection.execute(update(table).where(_champion(tenant)).values(state=RETIRED))
            row = connection.execute(table.insert().values(**values).returning(table)).one()
        return _stored(row)

    def retire(self, tenant: str, why: str) -> bool:
        """Go back to the shipped order; False when that holds already."""
        with self.database.write() as connection:
            changed = connection.execute(update(table).where(_champion(tenant)).values(state=RETIRED, why=why))
            return changed.rowcount > 0

    def newest(self, tenant: str) -> StoredRanker | None:
        """What was learned last, whatever became of it."""
        return next(iter(self._some(table.c.tenant == tenant, limit=1)), None)

    def history(self, tenant: str, *, limit: int = 50) -> list[StoredRanker]:
        """What was learned, the newest first."""
        return self._some(table.c.tenant == tenant, limit=limit)

    def _some(self, *where: ColumnElement[bool], limit: int) -> list[StoredRanker]:
        query = select(table).where(*where).order_by(table.c.id.desc()).limit(limit)
        with self.database.read() as connection:
            return [_stored(row) for row in connection.execute(query)]


def _champion(tenant: str) -> ColumnElement[bool]:
    return (table.c.tenant == tenant) & (table.c.state == CHAMPION)


def _stored(row: Row[Any]) -> StoredRanker:
    return StoredRanker(
        id=row.id, weights=row.weights, measured=row.measured, state=row.state, why=row.why, made_at=row.made_at
    )
