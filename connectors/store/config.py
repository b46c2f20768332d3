"""What admins own (`sla`, `knowledge`): every version of it, the newest holds. Versions are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from connectors.store.database import Database
from connectors.store.schema import config as table
from connectors.store.schema import tenant as tenants
from connectors.store.timers import Timers

SLA = "sla"
KNOWLEDGE = "knowledge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """`by` put it into use, and `why`."""

    version: int
    body: Mapping[str, Any]
    by: str
    why: str
    at: datetime


class Configs:
    def __init__(self, database: Database) -> None:
        self.database = database

    def current(self, tenant: str, kind: str) -> Version | None:
        """What holds now; None where the tenant has none of its own and the shipped default holds."""
        return self._one(_of(tenant, kind))

    def current_number(self, tenant: str, kind: str) -> int | None:
        """Which version holds now, without its body: cheap enough for every decision."""
        with self.database.read() as connection:
            found: int | None = connection.execute(select(func.max(table.c.version)).where(_of(tenant, kind))).scalar()
        return found

    def version(self, tenant: str, kind: str, version: int) -> Version | None:
        return self._one(_of(tenant, kind) & (table.c.version == version))

    def versions(self, tenant: str, kind: str) -> list[Version]:
        """Every version, the newest first."""
        with self.database.read() as connection:
            rows = connection.execute(select(table).where(_of(tenant, kind)).order_by(table.c.version.desc())).all()
        return [_stored(row) for row in rows]

    def save(self, tenant: str, kind: str, body: Mapping[str, Any], *, by: str, why: str, now: datetime) -> int:
        """Put `body`, which JSON can hold, into use as the next version; its number. After service-level rules, tickets
        are looked at again.
        """
        values = {"tenant": tenant, "kind": kind, "body": dict(body), "by": by[:200], "why": why[:200], "at": now}
        with self.database.write() as connection:
            # One writer of a tenant at a time takes the next number; who only refers to the tenant does not wait.
            connection.execute(select(tenants.c.id).where(tenants.c.id == tenant).with_for_update(key_share=True))
            newest = connection.execute(select(func.max(table.c.version)).where(_of(tenant, kind))).scalar()
            version: int = (newest or 0) + 1
            connection.execute(table.insert().values(**values, version=version))
            if kind == SLA:
                Timers(self.database).wake_all_in(connection, tenant, now)
        return version

    def _one(self, where: ColumnElement[bool]) -> Version | None:
        query = select(table).where(where).order_by(table.c.version.desc()).limit(1)
        with self.database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _stored(row)


def _of(tenant: str, kind: str) -> ColumnElement[bool]:
    return (table.c.tenant == tenant) & (table.c.kind == kind)


def _stored(row: Row[Any]) -> Version:
    return Version(version=row.version, body=row.body, by=row.by, why=row.why, at=row.at)
