"""Who is connected: one row for each helpdesk account, its secrets sealed beside it."""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select, update
from sqlalchemy import Connection as Transaction

from connectors.base import Connection
from connectors.store.database import Database
from connectors.store.leases import wake_in
from connectors.store.schema import access, outbox, secret, used_token
from connectors.store.schema import tenant as table
from connectors.store.vault import Vault

API_TOKEN, WEBHOOK_SECRET, PREVIOUS_WEBHOOK_SECRET, SIDEBAR_KEY = (
    "api_token",
    "webhook_secret",
    "previous_webhook_secret",
    "sidebar_key",
)
PAGER_KEY = "pager_key"
"""The routing key of the pager's integration."""
OPSGENIE_KEY, OPSGENIE_REGION = "opsgenie_key", "opsgenie_region"
"""The pager is Opsgenie where this key is set."""
PAGER_SECRET = "pager_webhook_secret"  # noqa: S105
"""What the pager signs its own webhooks with, or sends along."""
RELEASE_SECRETS = {"github": "github_release_secret", "gitlab": "gitlab_release_secret"}
"""What a code host signs its releases with, or sends along; by where they come from."""
OUT_WEBHOOK_URL, OUT_WEBHOOK_SECRET = "out_webhook_url", "out_webhook_secret"
"""The customer's own program that is called, and what the calls are signed with."""
WEBHOOK_TOKEN, PANEL_TOKEN = "webhook_token", "panel_token"
"""Kept sealed beside their hashes, so that an address or a setting can be shown again."""
MODE, LIVE, SHADOW = "mode", "live", "shadow"
"""A setting and its values: whether decisions change tickets, or are only recorded."""
CONNECTED = "connected"
"""A setting: False while a helpdesk is being connected for the first time and after it was disconnected."""


def chat_address(channel: str) -> str:
    """The name of the secret that holds a chat channel's incoming webhook."""
    return f"chat_url:{channel}"


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
    secrets: Mapping[str, str] = field(repr=False)


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
            for name, value in new.secrets.items():
                self.set_secret_in(connection, new.id, name, value)
            if API_TOKEN in new.secrets:
                _trust_in(connection, new.id)
                wake_in(connection, new.id, now=now)

    def by_webhook_token(self, vendor: str, token: str) -> Connection:
        """The tenant a webhook path belongs to; raises `UnknownTenant`."""
        return self._connection(table.c.webhook_token == hashed(token), table.c.vendor == vendor)

    def by_origin(self, vendor: str, origin: str) -> Connection:
        """The tenant whose agents' browsers are at `origin`; raises `UnknownTenant`."""
        return self._connection(table.c.origin == origin.rstrip("/"), table.c.vendor == vendor)

    def by_panel_token(self, token: str) -> Connection:
        """The tenant whose installed app carries `token`; raises `UnknownTenant`."""
        return self._connection(table.c.panel_token == hashed(token))

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
        """Every connected helpdesk."""
        with self.database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c.id))
            return [_summary(row) for row in rows if row.settings.get(CONNECTED, True)]

    def begun(self) -> list[TenantSummary]:
        """Every helpdesk whose connecting stopped on the way: some of it may stand there, and secrets here."""
        held = select(secret.c.tenant).where(secret.c.name == WEBHOOK_TOKEN)
        with self.database.read() as connection:
            rows = connection.execute(select(table).where(table.c.id.in_(held)).order_by(table.c.id))
            return [_summary(row) for row in rows if not row.settings.get(CONNECTED, True)]

    def secret(self, tenant: str, name: str) -> str | None:
        with self.database.read() as connection:
            row = connection.execute(
                select(secret.c.sealed, table.c.data_key)
                .join(table, table.c.id == secret.c.tenant)
                .where(secret.c.tenant == tenant, secret.c.name == name)
            ).one_or_none()
        return None if row is None else self.vault.open(row.data_key, tenant, name, row.sealed)

    def secret_names(self, tenant: str) -> list[str]:
        """What the tenant has secrets of."""
        with self.database.read() as connection:
            query = select(secret.c.name).where(secret.c.tenant == tenant).order_by(secret.c.name)
            return list(connection.execute(query).scalars())

    def set_secret(self, tenant: str, name: str, value: str) -> None:
        with self.database.write() as connection:
            self.set_secret_in(connection, tenant, name, value)
            if name == API_TOKEN:
                _trust_in(connection, tenant)

    def set_secret_in(self, connection: Transaction, tenant: str, name: str, value: str) -> None:
        data_key = connection.execute(select(table.c.data_key).where(table.c.id == tenant)).scalar_one()
        sealed = self.vault.seal(data_key, tenant, name, value)
        connection.execute(
            self.database.insert(secret)
            .values(tenant=tenant, name=name, sealed=sealed)
            .on_conflict_do_update(index_elements=["tenant", "name"], set_={"sealed": sealed})
        )

    def set_panel_token(self, tenant: str, token: str) -> None:
        """Let `token` open this tenant's panel, and no earlier one."""
        with self.database.write() as connection:
            connection.execute(update(table).where(table.c.id == tenant).values(panel_token=hashed(token)))
            self.set_secret_in(connection, tenant, PANEL_TOKEN, token)

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

    def set_mode(self, tenant: str, mode: str) -> None:
        """Let decisions change tickets (`LIVE`) or only be recorded (`SHADOW`).

        Going into shadow ends what was planned and never tried, except tickets that customers sent in; what was tried
        once is carried to its end. Going live, tickets decided in shadow are not decided again: what an admin looked
        at stays what it was.
        """
        if mode not in (LIVE, SHADOW):
            raise ValueError(f"no mode {mode!r}; there are: {LIVE}, {SHADOW}")
        with self.database.write() as connection:
            settings = settings_in(connection, tenant)
            changed = {**settings, MODE: mode}
            connection.execute(update(table).where(table.c.id == tenant).values(settings=changed))
            if mode == SHADOW:
                untried = (outbox.c.state == "pending", outbox.c.first_attempt_at.is_(None))
                connection.execute(
                    update(outbox)
                    .where(outbox.c.tenant == tenant, held_back_in_shadow(), *untried)
                    .values(state="ignored", error="Shadow mode: nothing is written.", lease_token=None)
                )

    def _connection(self, *where: Any) -> Connection:
        with self.database.read() as connection:
            row = connection.execute(
                select(table, access.c.scheme).outerjoin(access, access.c.tenant == table.c.id).where(*where)
            ).one_or_none()
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
            scheme=row.scheme or "bearer",
            webhook_secrets=webhook_secrets,
            actor_id=row.actor_id,
            account_id=row.account_id,
            groups=row.groups,
            fields=row.fields,
            settings=row.settings,
        )


def is_shadow(settings: Mapping[str, Any]) -> bool:
    """Whether this tenant's decisions are only recorded; an install that never chose is live."""
    return bool(settings.get(MODE, LIVE) == SHADOW)


def shadow_in(connection: Transaction, tenant: str) -> bool:
    """The same, inside the transaction that is about to plan something; a switch waits until that has ended."""
    query = select(table.c.settings).where(table.c.id == tenant).with_for_update(read=True)
    return is_shadow(connection.execute(query).scalar_one())


def held_back_in_shadow() -> ColumnElement[bool]:
    """Which effects wait for live mode: all but tickets that customers sent in. Those are no decision of ours, and
    whoever sent one was told that it will arrive.
    """
    return or_(outbox.c.kind != "create_ticket", outbox.c.inbox_id.is_not(None))


def settings_in(connection: Transaction, tenant: str) -> Mapping[str, Any]:
    """The tenant's settings, held until the transaction ends: two that change them would undo each other."""
    query = select(table.c.settings).where(table.c.id == tenant).with_for_update(key_share=True)
    settings: Mapping[str, Any] = connection.execute(query).scalar_one()
    return settings


def _trust_in(connection: Transaction, tenant: str) -> None:
    """Another token was put in by hand: whatever was refused before was not this one."""
    connection.execute(
        update(access).where(access.c.tenant == tenant).values(broken_at=None, broken_reason=None, expires_at=None)
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
