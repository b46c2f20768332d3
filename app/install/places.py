"""Where an installation lives: the tenant's id, its webhook address, and what we want in the helpdesk."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from app.bootstrap import Deps
from connectors import registry
from connectors.base import Connection, Helpdesk
from connectors.defaults import load_taxonomy
from connectors.errors import OverBudget
from connectors.installing import FieldPlan, Installer, Place
from connectors.limits import Gate
from connectors.store.tenants import WEBHOOK_TOKEN, UnknownTenant

LONGEST_ID = 40
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.05, 20.0
LOCAL = ("127.0.0.1", "localhost", "::1")


def tenant_id(vendor: str, base_url: str) -> str:
    """`<vendor>-<subdomain>`; on this machine `<vendor>-local-<port>`. A name that had to be changed to fit gets a
    digest of the address, so that no two addresses share one.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    name = f"local-{parts.port or 80}" if host in LOCAL else host.partition(".")[0]
    wanted = f"{vendor}-{name}".lower()
    slug = re.sub(r"[^a-z0-9]+", "-", wanted).strip("-")
    return slug if slug == wanted and len(slug) <= LONGEST_ID else distinct(slug, base_url)


def distinct(slug: str, base_url: str) -> str:
    """The same for the same address, and for no other."""
    return f"{slug[: LONGEST_ID - 9]}-{hashlib.sha256(base_url.lower().encode()).hexdigest()[:8]}"


def is_local(url: str) -> bool:
    return urlsplit(url).hostname in LOCAL


def place(deps: Deps, vendor: str, webhook_token: str, *, make_groups: bool = False) -> Place:
    """This install as the helpdesk is to know it."""
    taxonomy = load_taxonomy()
    fields = {
        "category": FieldPlan(title="Category", choices=tuple((each.key, each.name) for each in taxonomy.categories)),
        "product_area": FieldPlan(
            title="Product area", choices=tuple((each.key, each.name) for each in taxonomy.product_areas)
        ),
    }
    url = deps.settings.public_url
    return Place(
        app_url=url,
        webhook_url=f"{url}/webhooks/{vendor}/{webhook_token}",
        fields=fields,
        groups=taxonomy.groups,
        make_groups=make_groups,
    )


def package_place(deps: Deps, vendor: str, tenant: str | None = None) -> Place:
    """What the app's package is made from. For a connected tenant without the fields: those are there already, and a
    package that brings them would make them a second time.
    """
    if tenant is None:
        return place(deps, vendor, "")
    return replace(place(deps, vendor, deps.store.tenants.secret(tenant, WEBHOOK_TOKEN) or ""), fields={})


def installer(deps: Deps, connection: Connection, *, make_groups: bool = False, gate: Gate | None = None) -> Installer:
    """The vendor's installer for a connected tenant; raises `UnknownTenant` for one without a webhook address."""
    token = deps.store.tenants.secret(connection.tenant, WEBHOOK_TOKEN)
    if token is None:
        raise UnknownTenant(f"{connection.tenant} is not connected. Run `deskhand connect {connection.vendor}`.")
    where = place(deps, connection.vendor, token, make_groups=make_groups)
    vendor = registry.vendor(connection.vendor)
    return vendor.installer(connection, where, now=deps.now, gate=gate or patient(deps, connection))


def helpdesk(deps: Deps, connection: Connection, *, gate: Gate | None = None) -> Helpdesk:
    """A client that waits its turn, as the installer does."""
    gate = gate or patient(deps, connection)
    return registry.vendor(connection.vendor).connect(connection, now=deps.now, gate=gate)


def patient(deps: Deps, connection: Connection, longest_wait_s: float = LONGEST_WAIT_S) -> Patient:
    """For a person who wants to know how the helpdesk is now: it is asked also while it does not answer."""
    return Patient(deps.gate(connection, urgent=True, insist=True), longest_wait_s)


@dataclass(slots=True)
class Patient:
    """The tenant's budget for work of a minute: where a job would be put off, this waits for its share.

    `gave_up` is what a request was refused with after `longest_wait_s`.
    """

    gate: Gate
    longest_wait_s: float = LONGEST_WAIT_S
    gave_up: OverBudget | None = None

    def enter(self, families: Sequence[str]) -> None:
        give_up_at = time.monotonic() + self.longest_wait_s
        while True:
            try:
                self.gate.enter(families)
                return
            except OverBudget as error:
                wait_s = max(error.retry_after_s or 0.0, SHORTEST_WAIT_S)
                if time.monotonic() + wait_s > give_up_at:
                    self.gave_up = error
                    raise
                time.sleep(wait_s)

    def answered(self, families: Sequence[str]) -> None:
        self.gate.answered(families)

    def failed(self, families: Sequence[str], took_s: float) -> float | None:
        return self.gate.failed(families, took_s)

    def limit_seen(self, family: str, per_minute: float) -> None:
        self.gate.limit_seen(family, per_minute)

    def close(self, seconds: float) -> None:
        self.gate.close(seconds)
