"""What connecting, mending and disconnecting a helpdesk change of its tenant."""

from __future__ import annotations

import secrets as random
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from connectors.installing import Installed
from connectors.store.database import Database
from connectors.store.schema import access, api_key, budget, cursor, finding, inbox, outbox, schedule, secret, throttle
from connectors.store.schema import tenant as table
from connectors.store.tenants import CONNECTED, PREVIOUS_WEBHOOK_SECRET, WEBHOOK_SECRET, Tenants, hashed, settings_in

FORGOTTEN = (secret, api_key, access, budget, finding, throttle, cursor, schedule)
"""What only serves a living connection. Events, decisions and deliveries stay."""
SET_ASIDE = "The helpdesk was disconnected."


class Installations:
    def __init__(self, database: Database, tenants: Tenants) -> None:
        self.database = database
        self.tenants = tenants

    def tenant_at(self, vendor: str, base_url: str) -> str | None:
        """Who is (or was) connected to this address."""
        with self.database.read() as connection:
            return connection.execute(
                select(table.c.id).where(table.c.vendor == vendor, table.c.base_url == base_url.rstrip("/"))
            ).scalar_one_or_none()

    def note(self, tenant: str, installed: Installed) -> None:
        """Remember what an installation found and made. A replaced webhook secret stays valid as the previous one."""
        previous = self.tenants.secret(tenant, WEBHOOK_SECRET)
        if installed.webhook_secret is not None and installed.webhook_secret != previous:
            if previous is not None:
                self.tenants.set_secret(tenant, PREVIOUS_WEBHOOK_SECRET, previous)
            self.tenants.set_secret(tenant, WEBHOOK_SECRET, installed.webhook_secret)
        values = {
            "account_id": installed.account_id,
            "actor_id": installed.actor_id,
            "groups": dict(installed.groups),
            "fields": dict(installed.fields),
        }
        self._update(tenant, values, dict(installed.settings))

    def set(self, tenant: str, **settings: Any) -> None:
        """Change single settings; the others stay."""
        self._update(tenant, {}, settings)

    def forget(self, tenant: str, names: Iterable[str]) -> None:
        """Delete single secrets."""
        with self.database.write() as connection:
            connection.execute(delete(secret).where(secret.c.tenant == tenant, secret.c.name.in_(list(names))))

    def disconnect(self, tenant: str, *, now: datetime) -> int:
        """Forget the tenant's secrets and its address, and set aside what waits; returns how many rows that was.

        The row itself stays, with everything that was decided and delivered.
        """
        aside = {"state": "ignored", "error": SET_ASIDE, "done_at": now}
        with self.database.write() as connection:
            settings = settings_in(connection, tenant)  # first, as whoever plans does: in one order nobody locks up
            waiting = 0
            for rows, states in ((inbox, ("new",)), (outbox, ("pending", "unknown"))):
                waiting += connection.execute(
                    update(rows).where(rows.c.tenant == tenant, rows.c.state.in_(states)).values(**aside)
                ).rowcount
            for rows in FORGOTTEN:
                connection.execute(delete(rows).where(rows.c.tenant == tenant))
            gone = {
                "origin": f"disconnected:{tenant}",
                "webhook_token": hashed(random.token_urlsafe(24)),
                "panel_token": None,
                "settings": {**settings, CONNECTED: False},
            }
            connection.execute(update(table).where(table.c.id == tenant).values(**gone))
        return waiting

    def _update(self, tenant: str, values: dict[str, Any], settings: dict[str, Any]) -> None:
        with self.database.write() as connection:
            before = settings_in(connection, tenant)
            after = values | {"settings": {**before, **settings}}
            connection.execute(update(table).where(table.c.id == tenant).values(**after))
