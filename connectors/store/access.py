"""How each helpdesk lets us in: the sign-in, its token's life, and who renews it.

A refresh token is good for one exchange: two at once would lock us out for good. So whoever renews takes the tenant's
row first, for `LOCK`, and the others wait for the result.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from connectors.installing import Grant
from connectors.store.database import Database
from connectors.store.leases import wake_in
from connectors.store.schema import access, secret
from connectors.store.schema import tenant as tenant_table
from connectors.store.tenants import API_TOKEN, Tenants

ACCESS = API_TOKEN
REFRESH_TOKEN = "refresh_token"  # noqa: S105
SIGN_IN = "sign_in:"
"""What comes before the name of a sign-in's own input, among the tenant's secrets."""
OF_ONE_EXCHANGE = frozenset({"code", "redirect_uri", REFRESH_TOKEN})
LOCK = timedelta(seconds=30)
RENEW_AT = 0.8
"""The part of a token's life after which it is renewed."""
UNRECORDED = "unrecorded"
"""The kind of an access whose token was only ever handed to us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessStatus:
    """`broken_at` is set when the helpdesk refuses us and only an admin can connect again; `broken_reason` says why."""

    kind: str
    scheme: str
    issued_at: datetime
    expires_at: datetime | None
    broken_at: datetime | None
    broken_reason: str | None


class Access:
    def __init__(self, database: Database, tenants: Tenants) -> None:
        self.database = database
        self.tenants = tenants

    def save(self, tenant: str, kind: str, secrets: Mapping[str, str], grant: Grant) -> None:
        """A sign-in that worked: its inputs, the token, and an end to any "reconnect needed".

        Everything that waited for it is due at once.
        """
        with self.database.write() as connection:
            connection.execute(
                delete(secret).where(secret.c.tenant == tenant, secret.c.name.startswith(SIGN_IN, autoescape=True))
            )
            for name, value in secrets.items():
                if name not in OF_ONE_EXCHANGE:
                    self.tenants.set_secret_in(connection, tenant, SIGN_IN + name, value)
            self._keep_tokens_in(connection, tenant, grant)
            values = _fresh(grant, grant.issued_at) | {"kind": kind}
            connection.execute(
                self.database.insert(access)
                .values(tenant=tenant, **values)
                .on_conflict_do_update(index_elements=["tenant"], set_=values)
            )
            wake_in(connection, tenant, now=grant.issued_at)

    def inputs(self, tenant: str) -> dict[str, str]:
        """What `Vendor.grant` needs to renew: the sign-in's own inputs, and the refresh token where there is one."""
        with self.database.read() as connection:
            data_key = connection.execute(
                select(tenant_table.c.data_key).where(tenant_table.c.id == tenant)
            ).scalar_one()
            rows = connection.execute(select(secret.c.name, secret.c.sealed).where(secret.c.tenant == tenant)).all()
        return {
            row.name.removeprefix(SIGN_IN): self.tenants.vault.open(data_key, tenant, row.name, row.sealed)
            for row in rows
            if row.name == REFRESH_TOKEN or row.name.startswith(SIGN_IN)
        }

    def due(self, now: datetime) -> list[str]:
        """Tenants whose token has lived 80 % of its life."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(access).where(access.c.expires_at.is_not(None), access.c.broken_at.is_(None))
            ).all()
        return [row.tenant for row in rows if now >= row.issued_at + (row.expires_at - row.issued_at) * RENEW_AT]

    def status(self, tenant: str) -> AccessStatus | None:
        """None when no sign-in is on record: the token was handed to us."""
        with self.database.read() as connection:
            row = connection.execute(select(access).where(access.c.tenant == tenant)).one_or_none()
        if row is None:
            return None
        return AccessStatus(
            kind=row.kind,
            scheme=row.scheme,
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            broken_at=row.broken_at,
            broken_reason=row.broken_reason,
        )

    def begin_renewal(self, tenant: str, now: datetime, *, used_since: datetime | None = None) -> str | None:
        """Take the row for one exchange; None while another process has it, or when there is no sign-in to renew.

        With `used_since`, also None when the token is newer than that: whoever used it since may have used the old one.
        """
        token = random.token_hex(8)
        free = (access.c.renewing_until.is_(None)) | (access.c.renewing_until <= now)
        older = () if used_since is None else (access.c.issued_at < used_since,)
        with self.database.write() as connection:
            taken = connection.execute(
                update(access)
                .where(access.c.tenant == tenant, access.c.broken_at.is_(None), free, *older)
                .values(renewing_token=token, renewing_until=now + LOCK)
            )
        return token if taken.rowcount == 1 else None

    def finish_renewal(self, tenant: str, token: str, grant: Grant, *, now: datetime) -> bool:
        """Store what the exchange gave; False, and nothing stored, when the row was taken over meanwhile.

        `now` counts as the token's issue: from here on, everybody reads the new one.
        """
        with self.database.write() as connection:
            changed = connection.execute(
                update(access)
                .where(access.c.tenant == tenant, access.c.renewing_token == token)
                .values(_fresh(grant, now))
            )
            if changed.rowcount != 1:
                return False
            self._keep_tokens_in(connection, tenant, grant)
            return True

    def give_up_renewal(self, tenant: str, token: str) -> None:
        """The exchange could not be made; the next one may try at once."""
        with self.database.write() as connection:
            connection.execute(
                update(access)
                .where(access.c.tenant == tenant, access.c.renewing_token == token)
                .values(renewing_token=None, renewing_until=None)
            )

    def mark_broken(self, tenant: str, reason: str, *, now: datetime) -> None:
        """Reconnect needed: the line leaves the tenant out until `save`, or until it gets another token by hand."""
        broken = {"broken_at": now, "broken_reason": reason, "renewing_token": None, "renewing_until": None}
        with self.database.write() as connection:
            statement = self.database.insert(access).values(
                tenant=tenant, kind=UNRECORDED, scheme="bearer", issued_at=now, **broken
            )
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant"], set_=broken, where=access.c.broken_at.is_(None)
                )
            )

    def _keep_tokens_in(self, connection: Connection, tenant: str, grant: Grant) -> None:
        self.tenants.set_secret_in(connection, tenant, ACCESS, grant.access_token)
        if grant.refresh_token is not None:
            self.tenants.set_secret_in(connection, tenant, REFRESH_TOKEN, grant.refresh_token)
        else:
            connection.execute(delete(secret).where(secret.c.tenant == tenant, secret.c.name == REFRESH_TOKEN))


def _fresh(grant: Grant, issued_at: datetime) -> dict[str, Any]:
    return {
        "scheme": grant.scheme,
        "issued_at": issued_at,
        "expires_at": grant.expires_at,
        "renewing_token": None,
        "renewing_until": None,
        "broken_at": None,
        "broken_reason": None,
    }
