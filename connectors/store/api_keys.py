"""The keys with which a tenant's own programs send tickets in: found by a public id, their secrets sealed.

A request is signed with the secret, so it has to be opened here; a hash of it could check nothing. It is shown once,
when the key is made, and is gone when the key is revoked.
"""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update

from connectors.store.database import Database
from connectors.store.schema import api_key as table
from connectors.store.schema import tenant as tenant_table
from connectors.store.vault import Vault

PER_MINUTE = 120
"""Requests a minute that a key may make, unless it is made with another limit."""
BURST_S = 30
"""A key that was idle may use so many seconds' worth at once."""
CLOCK_WENT_BACK = timedelta(minutes=1)


class NoSuchKey(LookupError):
    """There is no key of that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One key as an admin sees it."""

    id: str
    tenant: str
    name: str
    per_minute: int
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenKey:
    """A key that is in force, with the secret that its requests are signed with."""

    id: str
    tenant: str
    secret: str = field(repr=False)


class ApiKeys:
    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self.vault = vault

    def add(self, tenant: str, name: str, *, now: datetime, per_minute: int = PER_MINUTE) -> OpenKey:
        """A new key beside those there are; the only time that its secret is handed out."""
        made = OpenKey(id=f"dk_{random.token_hex(8)}", tenant=tenant, secret=f"dks_{random.token_urlsafe(32)}")
        with self.database.write() as connection:
            data_key = connection.execute(
                select(tenant_table.c.data_key).where(tenant_table.c.id == tenant)
            ).scalar_one()
            connection.execute(
                table.insert().values(
                    id=made.id,
                    tenant=tenant,
                    name=name,
                    sealed=self.vault.seal(data_key, tenant, _sealed_as(made.id), made.secret),
                    per_minute=per_minute,
                    tokens=_most(per_minute),
                    tokens_at=now,
                    created_at=now,
                )
            )
        return made

    def all(self, tenant: str | None = None) -> list[ApiKey]:
        """Every key, revoked ones too, oldest first; of one tenant where it is named."""
        only = () if tenant is None else (table.c.tenant == tenant,)
        with self.database.read() as connection:
            rows = connection.execute(select(table).where(*only).order_by(table.c.created_at, table.c.id)).all()
        return [_shown(row) for row in rows]

    def revoke(self, key_id: str, *, now: datetime) -> bool:
        """End a key at once and for good; False when it was revoked before. Raises `NoSuchKey`."""
        with self.database.write() as connection:
            found = connection.execute(select(table.c.id).where(table.c.id == key_id)).one_or_none()
            if found is None:
                raise NoSuchKey(f"There is no key {key_id}. `deskhand intake key list` shows those there are.")
            changed = connection.execute(
                update(table)
                .where(table.c.id == key_id, table.c.revoked_at.is_(None))
                .values(revoked_at=now, sealed=None)
            )
            return changed.rowcount == 1

    def open(self, key_id: str) -> OpenKey | None:
        """The key of that id, if it is in force. Raises `VaultError` where its secret cannot be opened."""
        with self.database.read() as connection:
            row = connection.execute(
                select(table.c.tenant, table.c.sealed, tenant_table.c.data_key)
                .join(tenant_table, tenant_table.c.id == table.c.tenant)
                .where(table.c.id == key_id, table.c.revoked_at.is_(None))
            ).one_or_none()
        if row is None:
            return None
        secret = self.vault.open(row.data_key, row.tenant, _sealed_as(key_id), row.sealed)
        return OpenKey(id=key_id, tenant=row.tenant, secret=secret)

    def take(self, key: OpenKey, *, now: datetime) -> float:
        """Count one request of the key, for all processes together: 0, or the seconds until there is room for one."""
        mine = (table.c.id == key.id, table.c.tenant == key.tenant)
        with self.database.write() as connection:
            row = connection.execute(select(table).where(*mine).with_for_update()).one_or_none()
            if row is None:
                return 60.0  # its helpdesk was disconnected this moment
            tokens = _refilled(row, now)
            if tokens < 1:
                return (1 - tokens) * 60 / float(row.per_minute)
            at = now if row.tokens_at - now > CLOCK_WENT_BACK else max(now, row.tokens_at)
            connection.execute(update(table).where(*mine).values(tokens=tokens - 1, tokens_at=at, used_at=now))
            return 0.0


def _refilled(row: Row[Any], now: datetime) -> float:
    """What a key may use now; a clock that went far back fills it, or it would wait until the old time is reached."""
    if row.tokens_at - now > CLOCK_WENT_BACK:
        return _most(row.per_minute)
    seconds = max(0.0, (now - row.tokens_at).total_seconds())
    saved_up: float = row.tokens + seconds * row.per_minute / 60
    return min(_most(row.per_minute), saved_up)


def _most(per_minute: int) -> float:
    return max(1.0, per_minute * BURST_S / 60)


def _sealed_as(key_id: str) -> str:
    return f"api_key:{key_id}"


def _shown(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        per_minute=row.per_minute,
        created_at=row.created_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
