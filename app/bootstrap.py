"""The one place where the parts are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.settings import Settings
from connectors import registry
from connectors.base import Connection, Helpdesk
from connectors.limits import Gate
from connectors.outside import Outside
from connectors.store import Store


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Deps:
    """What every process works with; tests build one with their own clock."""

    settings: Settings
    store: Store
    now: Callable[[], datetime] = utc_now
    outside: Outside = field(default_factory=Outside)

    def helpdesk(self, tenant: str, *, urgent: bool = False) -> Helpdesk:
        """A client for one job or request: clients are not shared between threads.

        It keeps to the tenant's budget; `urgent` (a person waits, or a P1 does) may also draw on the reserve.
        """
        connection = self.store.tenants.connection(tenant)
        gate = self.gate(connection, urgent=urgent)
        return registry.vendor(connection.vendor).connect(connection, now=self.now, gate=gate)

    def gate(self, connection: Connection, *, urgent: bool = False, insist: bool = False) -> Gate:
        """The tenant's door to its helpdesk, for whoever builds a client of its own; see `Budgets.gate`."""
        limits = registry.vendor(connection.vendor).limits(connection.settings.get("plan"))
        return self.store.budgets.gate(connection.tenant, limits, urgent=urgent, insist=insist, now=self.now)


def build(settings: Settings, *, busy_timeout_s: float = 5.0) -> Deps:
    """Open the store as the settings say. Makes no request and changes nothing but `var/`."""
    store = Store.open(
        settings.database_url, var=settings.var, master_key=settings.master_key, busy_timeout_s=busy_timeout_s
    )
    return Deps(settings, store)
