"""Keeping the way in open: a token is renewed before it ends, and once more when it is refused."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.bootstrap import Deps
from connectors import registry
from connectors.errors import AuthFailed, ConnectorError, Forbidden, NotFound, Rejected, Unsupported
from connectors.installing import Grant
from connectors.store.access import REFRESH_TOKEN

OVERLAP = timedelta(seconds=5)
"""Work begun this soon after a renewal may still have read the old token."""
FRESH = timedelta(minutes=1)
"""A token this young that is refused does not get better by another exchange."""
FINAL = (AuthFailed, Forbidden, NotFound, Rejected, Unsupported)


def renewed(deps: Deps, tenant: str, refusal: str, *, used_since: datetime) -> bool:
    """After a 401 in work begun at `used_since`: True when trying again in a second can help.

    That is when the token was renewed here, or is newer than the work, or another process is at it. Otherwise the
    tenant is marked "reconnect needed", with the helpdesk's own `refusal` as reason, and its rows wait.
    """
    access, now = deps.store.access, deps.now()
    status = access.status(tenant)
    if status is not None and status.broken_at is not None:
        return False
    if status is not None and used_since <= status.issued_at + OVERLAP:
        return True
    inputs = access.inputs(tenant)
    can_renew = status is not None and (status.expires_at is not None or REFRESH_TOKEN in inputs)
    if status is None or not can_renew or now - status.issued_at < FRESH:
        access.mark_broken(tenant, refusal, now=now)
        return False
    return exchange(deps, tenant, used_since=used_since)


def exchange(deps: Deps, tenant: str, *, used_since: datetime) -> bool:
    """Get a new token, unless another process does; False when the helpdesk wants an admin to connect again.

    Raises what may pass: a helpdesk that is away keeps the old token, which is as good as before.
    """
    access = deps.store.access
    token = access.begin_renewal(tenant, deps.now(), used_since=used_since)
    if token is None:
        return True
    try:
        grant = _grant(deps, tenant)
    except FINAL as error:
        access.mark_broken(tenant, str(error), now=deps.now())
        return False
    except ConnectorError:
        access.give_up_renewal(tenant, token)
        raise
    access.finish_renewal(tenant, token, grant, now=deps.now())
    return True


def _grant(deps: Deps, tenant: str) -> Grant:
    connection, status = deps.store.tenants.connection(tenant), deps.store.access.status(tenant)
    if status is None:
        raise Rejected("no sign-in is on record")
    vendor = registry.vendor(connection.vendor)
    return vendor.grant(connection.base_url, status.kind, deps.store.access.inputs(tenant), now=deps.now())
