"""Mending a connection, taking it away, and switching between shadow and live."""

from __future__ import annotations

from collections.abc import Collection

from app.bootstrap import Deps
from app.install.connecting import fetch_sidebar_key
from app.install.places import helpdesk, installer
from app.install.turns import alone
from connectors import registry
from connectors.base import Connection
from connectors.errors import AuthFailed, ConnectorError, Forbidden, NotFound, Rejected

ACCESS_CHECKS = ("permission",)


def repair(
    deps: Deps, tenant: str, checks: Collection[str] | None = None, *, make_groups: bool = False
) -> tuple[str, ...]:
    """Mend what can be mended without a person, and say what was done; with `checks`, only for those.

    Raises the connector's error when the helpdesk does not let us.
    """
    done: list[str] = []
    connection = deps.store.tenants.connection(tenant)
    installer(deps, connection)  # a disconnected one is told apart before anything is asked
    if checks is None or set(checks) & set(ACCESS_CHECKS):
        done += _renewed(deps, connection)
        connection = deps.store.tenants.connection(tenant)
    if checks is None or set(checks) - set(ACCESS_CHECKS):
        with alone(deps, connection.vendor, connection.base_url):
            installed = installer(deps, connection, make_groups=make_groups).install()
            deps.store.installations.note(tenant, installed)
        fetch_sidebar_key(deps, deps.store.tenants.connection(tenant))
        done += installed.made
    return tuple(done)


def uninstall(deps: Deps, tenant: str) -> tuple[str, ...]:
    """Remove what we made in the helpdesk, then forget its secrets; says what went and what stays.

    A helpdesk that refuses us is left as it is, and the words say what to remove by hand. One that does not answer
    raises its error, and nothing is forgotten: try again.
    """
    connection = deps.store.tenants.connection(tenant)
    title = registry.vendor(connection.vendor).title
    with alone(deps, connection.vendor, connection.base_url):
        try:
            gone = installer(deps, connection).uninstall()
        except (AuthFailed, Forbidden, NotFound) as error:
            gone = (f"{title} refuses us ({error}). Remove everything called “Deskhand” there by hand.",)
        waiting = deps.store.installations.disconnect(tenant, now=deps.now())
    forgot = "Forgot the credentials; the webhook's address no longer exists."
    aside = f"{waiting} waiting {'row was' if waiting == 1 else 'rows were'} set aside." if waiting else ""
    return tuple(each for each in (*gone, forgot, aside) if each)


def set_mode(deps: Deps, tenant: str, mode: str) -> None:
    """`shadow` decides and logs, `live` writes too; from the next event on. Raises `UnknownTenant`."""
    deps.store.tenants.summary(tenant)
    deps.store.tenants.set_mode(tenant, mode)


def _renewed(deps: Deps, connection: Connection) -> list[str]:
    """Access again, where it is refused and the stored credentials can get it again without a person."""
    try:
        helpdesk(deps, connection).account()
    except AuthFailed as refused:
        access, tenant = deps.store.access, connection.tenant
        status = access.status(tenant)
        if status is None:
            raise
        # One exchange at a time: a refresh token is good for one. A broken access has nobody else at it.
        lock = access.begin_renewal(tenant, deps.now())
        if lock is None and status.broken_at is None:
            raise
        vendor = registry.vendor(connection.vendor)
        secrets = access.inputs(tenant)
        try:
            grant = vendor.grant(connection.base_url, status.kind, secrets, now=deps.now())
        except ConnectorError as error:
            if lock is not None:
                access.give_up_renewal(tenant, lock)
            raise refused if isinstance(error, (AuthFailed, Rejected)) else error from None
        access.save(tenant, status.kind, secrets, grant)
        return [f"Signed in to {vendor.title} again with the stored credentials."]
    return []
