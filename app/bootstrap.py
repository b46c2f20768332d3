"""The one place where the parts are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.settings import Settings
from connectors import registry
from connectors.base import Helpdesk
from connectors.store import Store


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Deps:
    """What every process works with; tests build one with their own clock."""

    settings: Settings
    store: Store
    now: Callable[[], datetime] = utc_now

    def helpdesk(self, tenant: str) -> Helpdesk:
        """A client for one job or request: clients are not shared between threads."""
        connection = self.store.tenants.connection(tenant)
        return registry.vendor(connection.vendor).connect(connection, now=self.now)


def build(settings: Settings, *, busy_timeout_s: float = 5.0) -> Deps:
    """Open the store as the settings say. Makes no request and changes nothing but `var/`."""
    store = Store.open(
        settings.database_url, var=settings.var, master_key=settings.master_key, busy_timeout_s=busy_timeout_s
    )
    return Deps(settings, store)
