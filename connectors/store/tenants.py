"""Who is connected: one row for each helpdesk account, its secrets sealed beside it."""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from connectors.base import Connection
from connectors.store.database import Database
from connectors.store.schema import secret, used_token
from connectors.store.schema import tenant as table
from connectors.store.vault import Vault

API_TOKEN, WEBHOOK_SECRET, PREVIOUS_WEBHOOK_SECRET, SIDEBAR_KEY = (
    "api_token",
    "webhook_secret",
    "previous_webhook_secret",
    "sidebar_key",
)


class UnknownTenant(LookupError):
    """No such tenant, or no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTenant:
    """Everything needed to work with one helpdesk account. `origin` is where its agents' browsers are."""

    id: str
    name: str
    vendor: str
    base_url: str
    origin: str
    account_id: str | None
    actor_id: str | None
    groups: Mapping[str, str]
    fields: Mapping[str, str]
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSummary:
    id: str
    name: str
    vendor: str
    base_url: str
    origin: str
    settings: Mapping[str, Any]


def hashed(token: str) -> str:
    """Path tokens are kept as hashes: a leaked table opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


class Tenants:
    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self.vault = vault

    def add(self, new: NewTenant, *, webhook_token: str, now: datetime) -> None:
        """Create the tenant or bring it up to date; `webhook_token` is the path its webhooks come by."""
        values = {
            "name": new.name,
            "vendor": new.vendor,
            "base_url": new.base_url.rstrip("/"),
            "origin": new.origin.rstrip("/"),
            "webhook_token": hashed(webhook_token),
            "account_id": new.account_id,
            "actor_id": new.actor_id,
            "groups": dict(new.groups),
            "fields": dict(new.fields),
            "settings": dict(new.settings),
        }
        with self.database.write() as connection:
            connection.execute(
                self.database.insert(table)
                .values(
                    id=new.id,
                    data_key=self.vault.new_data_key(new.id),
                    data_key_id=self.vault.key_id,
                    created_at=now,
                    **values,
                )
                .on_conflict_do_update(index_elements=["id"], set_=values)
            )
            data_key = connection.execute(select(table.c.data_key).where(table.c.id == new.id)).scalar_one()
            for name, value in new.secrets.items():
                sealed = self.vault.seal(data_key, new.id, name, value)
                connection.execute(
                    self.database.insert(secret)
                    .values(tenant=new.id, name=name, sealed=sealed)
                    .on_conflict_do_update(index_elements=["tenant", "name"], set_={"sealed": sealed})
                )

    def by_webhook_token(self, vendor: str, token: str) -> Connection:
        """The tenant a webhook path belongs to; raises `UnknownTenant`."""
        return self._connection(table.c.webhook_token == hashed(token), table.c.vendor == vendor)

    def by_origin(self, vendor: str, origin: str) -> Connection:
        """The tenant whose agents' browsers are at `origin`; raises `UnknownTenant`."""
        return self._connection(table.c.origin == origin.rstrip("/"), table.c.vendor == vendor)

    def connection(self, tenant: str) -> Connection:
        """Access to one tenant's helpdesk, secrets opened; raises `UnknownTenant`."""
        return self._connection(table.c.id == tenant)

    def summary(self, tenant: str) -> TenantSummary:
        with self.database.read() as connection:
            row = connection.execute(select(table).where(table.c.id == tenant)).one_or_none()
        if row is None:
            raise UnknownTenant(tenant)
        return _summary(row)

    def all(self) -> list[TenantSummary]:
        with self.database.read() as connection:
            return [_summary(row) for row in connection.execute(select(table).order_by(table.c.id))]

    def secret(self, tenant: str, name: str) -> str | None:
        with self.database.read() as connection:
            row = connection.execute(
                select(secret.c.sealed, table.c.data_key)
                .join(table, table.c.id == secret.c.tenant)
                .where(secret.c.tenant == tenant, secret.c.name == name)
            ).one_or_none()
        return None if row is None else self.vault.open(row.data_key, tenant, name, row.sealed)

    def set_secret(self, tenant: str, name: str, value: str) -> None:
        with self.database.write() as connection:
            data_key = connection.execute(select(table.c.data_key).where(table.c.id == tenant)).scalar_one()
            sealed = self.vault.seal(data_key, tenant, name, value)
            connection.execute(
                self.database.insert(secret)
                .values(tenant=tenant, name=name, sealed=sealed)
                .on_conflict_do_update(index_elements=["tenant", "name"], set_={"sealed": sealed})
            )

    def use_token(self, tenant: str, token_id: str, *, expires_at: datetime, now: datetime) -> bool:
        """Remember a signed token as used; False when it was used before."""
        with self.database.write() as connection:
            connection.execute(used_token.delete().where(used_token.c.expires_at < now))
            row = connection.execute(
                self.database.insert(used_token)
                .values(tenant=tenant, token_id=token_id, expires_at=expires_at)
                .on_conflict_do_nothing()
            )
            return bool(row.rowcount == 1)

    def set_groups(self, tenant: str, groups: Mapping[str, str]) -> None:
        with self.database.write() as connection:
            connection.execute(update(table).where(table.c.id == tenant).values(groups=dict(groups)))

    def _connection(self, *where: Any) -> Connection:
        with self.database.read() as connection:
            row = connection.execute(select(table).where(*where)).one_or_none()
            if row is None:
                raise UnknownTenant("no such tenant")
            sealed = {
                each.name: each.sealed for each in connection.execute(select(secret).where(secret.c.tenant == row.id))
            }
        opened = {name: self.vault.open(row.data_key, row.id, name, value) for name, value in sealed.items()}
        webhook_secrets = tuple(opened[name] for name in (WEBHOOK_SECRET, PREVIOUS_WEBHOOK_SECRET) if name in opened)
        return Connection(
            tenant=row.id,
            vendor=row.vendor,
            base_url=row.base_url,
            token=opened.get(API_TOKEN, ""),
            webhook_secrets=webhook_secrets,
            actor_id=row.actor_id,
            account_id=row.account_id,
            groups=row.groups,
            fields=row.fields,
            settings=row.settings,
        )


def new_webhook_token() -> str:
    return random.token_urlsafe(24)


def _summary(row: Row[Any]) -> TenantSummary:
    return TenantSummary(
        id=row.id,
        name=row.name,
        vendor=row.vendor,
        base_url=row.base_url,
        origin=row.origin,
        settings=row.settings,
    )
