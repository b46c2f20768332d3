"""What every command begins with: its parts, the helpdesk it is about, who runs it."""

from __future__ import annotations

import getpass
import os

import click

from app.bootstrap import Deps, build
from app.settings import Settings
from connectors.store.tenants import TenantSummary

ON_TENANT = click.option("--tenant", default=None, help="Which helpdesk, when several are connected.")
AS_JSON = click.option("--json", "as_json", is_flag=True)


def start() -> Deps:
    return build(Settings.from_env(os.environ))


def one(deps: Deps, tenant: str | None, vendor: str | None = None, *, begun: bool = False) -> TenantSummary:
    """The tenant named, or the only one there is; with `begun` also one whose connecting stopped on the way."""
    known: list[TenantSummary] = deps.store.tenants.all() + (deps.store.tenants.begun() if begun else [])
    fitting = [each for each in known if vendor in (None, each.vendor) and tenant in (None, each.id)]
    if len(fitting) == 1:
        return fitting[0]
    connected = ", ".join(each.id for each in known) or "none"
    if tenant is not None:
        raise click.UsageError(f"No helpdesk called {tenant} is connected. Connected: {connected}.")
    raise click.UsageError(f"Say which with --tenant. Connected: {connected}.")


def user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"  # a user without a name, as in many containers
