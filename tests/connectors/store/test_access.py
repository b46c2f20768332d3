"""Access: what a sign-in leaves behind, when it is renewed, and that only one process renews it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.installing import Grant
from connectors.store import Store
from connectors.store.access import ACCESS, LOCK, REFRESH_TOKEN
from connectors.store.schema import secret
from tests.conftest import ToldClock, new_tenant
from triage.events import EventKind, TicketEvent


def grant(clock: ToldClock, number: int = 1, **changes: object) -> Grant:
    values: dict[str, object] = {
        "access_token": f"access-{number}",
        "scheme": "bearer",
        "issued_at": clock(),
        "expires_at": clock() + timedelta(hours=1),
        "refresh_token": f"refresh-{number}",
    }
    return Grant(**(values | changes))  # type: ignore[arg-type]


INPUTS = {"client_id": "us", "client_secret": "canary-secret", "code": "once", "redirect_uri": "https://us.example"}


def test_a_sign_in_gives_the_connection_its_token_and_scheme(store: Store, tenant: str, clock: ToldClock) -> None:
    assert store.tenants.connection(tenant).scheme == "bearer"
    assert store.access.status(tenant) is None
    store.access.save(tenant, "key", {"key": "abc"}, grant(clock, access_token="abc:X", scheme="basic"))
    connection = store.tenants.connection(tenant)
    assert (connection.token, connection.scheme) == ("abc:X", "basic")
    assert store.tenants.by_webhook_token("zendesk", "path-token").scheme == "basic"


def test_what_renewal_needs_is_kept_and_what_served_once_is_not(store: Store, tenant: str, clock: ToldClock) -> None:
    store.access.save(tenant, "oauth", INPUTS, grant(clock))
    assert store.access.inputs(tenant) == {
        "client_id": "us",
        "client_secret": "canary-secret",
        "refresh_token": "refresh-1",
    }
    store.access.save(tenant, "key", {"key": "abc"}, grant(clock, refresh_token=None, expires_at=None))
    assert store.access.inputs(tenant) == {"key": "abc"}


@pytest.mark.sqlite_only  # looks into its file
def test_no_part_of_it_stands_in_the_database_in_clear(
    store: Store, tenant: str, clock: ToldClock, tmp_path: Path
) -> None:
    store.access.save(tenant, "oauth", INPUTS, grant(clock))
    with store.database.read() as connection:
        names = set(connection.execute(select(secret.c.name).where(secret.c.tenant == tenant)).scalars())
    assert {ACCESS, REFRESH_TOKEN, "sign_in:client_id", "sign_in:client_secret"} <= names
    store.database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite3*"))
    for value in (b"canary-secret", b"access-1", b"refresh-1"):
        assert value not in stored
    assert "access-1" not in repr(grant(clock))


@pytest.mark.parametrize(("minutes", "due"), [(47, False), (48, True), (61, True)])
def test_a_token_is_due_after_most_of_its_life(
    store: Store, tenant: str, clock: ToldClock, minutes: int, due: bool
) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    store.access.save(tenant, "oauth", INPUTS, grant(clock))
    store.access.save("other", "key", {}, grant(clock, expires_at=None))
    assert store.access.due(clock.forward(minutes=minutes)) == ([tenant] if due else [])
    store.access.mark_broken(tenant, "refused", now=clock())
    assert store.access.due(clock()) == []


def test_one_process_renews_and_a_dead_one_is_followed(store: Store, tenant: str, clock: ToldClock) -> None:
    store.access.save(tenant, "oauth", INPUTS, grant(clock))
    clock.forward(minutes=50)
    dead = store.access.begin_renewal(tenant, clock())
    assert dead is not None
    assert store.access.begin_renewal(tenant, clock()) is None
    clock.forward(seconds=LOCK.total_seconds())
    token = store.access.begin_renewal(tenant, clock())
    assert token is not None
    assert not store.access.finish_renewal(tenant, dead, grant(clock, 2), now=clock())
    assert store.tenants.connection(tenant).token == "access-1"
    assert store.access.finish_renewal(tenant, token, grant(clock, 3), now=clock())
    assert store.tenants.connection(tenant).token == "access-3"
    assert store.access.inputs(tenant)["refresh_token"] == "refresh-3"
    assert store.access.due(clock()) == []


def test_who_used_the_token_before_it_was_renewed_does_not_renew_it_again(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    store.access.save(tenant, "oauth", INPUTS, grant(clock))
    began = clock.forward(minutes=50)
    token = store.access.begin_renewal(tenant, clock.forward(seconds=1), used_since=began)
    assert token is not None
    store.access.finish_renewal(tenant, token, grant(clock, 2), now=clock())
    assert store.access.begin_renewal(tenant, clock.forward(seconds=1), used_since=began) is None
    assert store.access.begin_renewal(tenant, clock(), used_since=clock()) is not None


def test_an_exchange_that_could_not_be_made_leaves_the_row_free(store: Store, tenant: str, clock: ToldClock) -> None:
    store.access.save(tenant, "oauth", INPUTS, grant(clock))
    token = store.access.begin_renewal(tenant, clock())
    assert token is not None
    store.access.give_up_renewal(tenant, token)
    assert store.access.begin_renewal(tenant, clock()) is not None


def test_reconnect_needed_keeps_its_first_reason_until_somebody_does(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    store.access.mark_broken(tenant, "401: revoked", now=clock())
    first = clock()
    store.access.mark_broken(tenant, "something later", now=clock.forward(minutes=5))
    status = store.access.status(tenant)
    assert status is not None
    assert (status.broken_at, status.broken_reason) == (first, "401: revoked")
    assert store.access.begin_renewal(tenant, clock()) is None
    store.access.save(tenant, "oauth", INPUTS, grant(clock))
    status = store.access.status(tenant)
    assert status is not None
    assert (status.kind, status.broken_at, status.broken_reason) == ("oauth", None, None)


def test_reconnecting_makes_what_waited_due_at_once(store: Store, tenant: str, clock: ToldClock) -> None:
    event = TicketEvent(kind=EventKind.TICKET_CREATED, ticket_ref="1", dedup_key="first")
    store.inbox.receive(tenant, "webhook", event, now=clock())
    lease = timedelta(seconds=30)
    [(claimed, _)] = store.inbox.claim(now=clock(), lease=lease, limit=5)
    row = store.inbox.start(claimed, now=clock(), owner="worker", lease=lease)
    assert row is not None
    store.inbox.retry(row, at=clock() + timedelta(minutes=5), error="401", counted=False)
    store.access.mark_broken(tenant, "401", now=clock())
    clock.forward(seconds=10)
    store.access.save(tenant, "oauth", INPUTS, grant(clock))
    assert len(store.inbox.claim(now=clock(), lease=lease, limit=5)) == 1


def test_a_token_put_in_by_hand_ends_reconnect_needed(store: Store, tenant: str, clock: ToldClock) -> None:
    store.access.save(tenant, "oauth", INPUTS, grant(clock))
    store.access.mark_broken(tenant, "401", now=clock())
    store.tenants.add(new_tenant(), webhook_token="path-token", now=clock())
    status = store.access.status(tenant)
    assert status is not None
    assert (status.broken_at, status.expires_at) == (None, None)
