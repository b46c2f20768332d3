"""What the checks of a connection found last: one row for each tenant and check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from connectors.installing import CHECKS, Finding, Health
from connectors.store.database import Database
from connectors.store.schema import finding as table


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinding:
    finding: Finding
    checked_at: datetime


class Findings:
    def __init__(self, database: Database) -> None:
        self.database = database

    def save(self, tenant: str, findings: Iterable[Finding], now: datetime) -> None:
        """Keep these as the latest of their checks; other checks' findings stay."""
        rows = [
            {
                "tenant": tenant,
                "check": each.check,
                "health": each.health.value,
                "state": each.state,
                "detail": each.detail,
                "fix": each.fix,
                "repairable": each.repairable,
                "checked_at": now,
            }
            for each in findings
        ]
        if not rows:
            return
        statement = self.database.insert(table)
        changed = {name: statement.excluded[name] for name in rows[0] if name not in ("tenant", "check")}
        with self.database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["tenant", "check"], set_=changed), rows)

    def all(self, tenant: str) -> list[StoredFinding]:
        """The latest finding of every check, in the order in which checks are shown."""
        with self.database.read() as connection:
            rows = connection.execute(select(table).where(table.c.tenant == tenant)).all()
        order = list(CHECKS)
        found = [
            StoredFinding(
                finding=Finding(
                    check=row.check,
                    health=Health(row.health),
                    state=row.state,
                    detail=row.detail,
                    fix=row.fix,
                    repairable=row.repairable,
                ),
                checked_at=row.checked_at,
            )
            for row in rows
        ]
        return sorted(found, key=lambda each: order.index(each.finding.check))
