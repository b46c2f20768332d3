"""Tenants, their sealed secrets, and tokens that open something once."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.store import Store
from connectors.store.schema import secret
from connectors.store.schema import tenant as tenant_table
from connectors.store.tenants import (
    API_TOKEN,
    LIVE,
    PREVIOUS_WEBHOOK_SECRET,
    SHADOW,
    UnknownTenant,
    is_shadow,
)
from connectors.store.vault import Vault, VaultError
from tests.conftest import ToldClock, new_tenant


def test_a_webhook_path_leads_to_its_tenant_only(store: Store, tenant: str) -> None:
    connection = store.tenants.by_webhook_token("zendesk", "path-token")
    assert connection.tenant == tenant
    assert connection.token == "token-of-acme"
    assert connection.webhook_secrets == ("secret-of-acme",)
    for vendor, token in (("zendesk", "path-tokem"), ("other", "path-token"), ("zendesk", "")):
        with pytest.raises(UnknownTenant):
            store.tenants.by_webhook_token(vendor, token)


def test_while_a_secret_is_rotated_both_are_valid(store: Store, tenant: str) -> None:
    store.tenants.set_secret(tenant, PREVIOUS_WEBHOOK_SECRET, "the one before")
    assert store.tenants.connection(tenant).webhook_secrets == ("secret-of-acme", "the one before")


def test_connecting_again_changes_the_same_tenant(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant(name="acme", groups={"Billing": "77"}), webhook_token="new-path", now=clock())
    assert store.tenants.by_webhook_token("zendesk", "new-path").groups == {"Billing": "77"}
    with pytest.raises(UnknownTenant):
        store.tenants.by_webhook_token("zendesk", "path-token")
    assert [each.id for each in store.tenants.all()] == ["acme"]


@pytest.mark.sqlite_only  # looks into its file
def test_no_secret_stands_in_the_database_in_clear(store: Store, tenant: str, tmp_path: Path) -> None:
    store.database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite3*"))
    assert b"acme" in stored
    for value in (b"token-of-acme", b"secret-of-acme", b"path-token"):
        assert value not in stored


def test_a_secret_moved_to_another_tenant_or_name_does_not_open(store: Store, tenant: str, clock: ToldClock) -> None:
    with store.database.read() as connection:
        key = connection.execute(select(tenant_table.c.data_key)).scalar_one()
        sealed = connection.execute(select(secret.c.sealed).where(secret.c.name == API_TOKEN)).scalar_one()
    assert store.vault.open(key, tenant, API_TOKEN, sealed) == "token-of-acme"
    for other_tenant, name in (("other", API_TOKEN), (tenant, "webhook_secret")):
        with pytest.raises(VaultError, match="another master key"):
            store.vault.open(key, other_tenant, name, sealed)


def test_with_another_master_key_nothing_opens(store: Store, tenant: str) -> None:
    other = Store(store.database, Vault(os.urandom(32)))
    with pytest.raises(VaultError, match="Restore the key"):
        other.tenants.connection(tenant)


def test_the_master_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    first = Vault.load("", tmp_path)
    assert Vault.load("", tmp_path).key_id == first.key_id
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert first.derive("a") != first.derive("b")


@pytest.mark.parametrize("text", ["short", "AAAA", "not base64 at all!"])
def test_a_bad_master_key_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(VaultError, match="32 bytes"):
        Vault.load(text, tmp_path)


def test_a_repr_shows_no_secret(store: Store, tenant: str) -> None:
    assert "token-of-acme" not in repr(store.tenants.connection(tenant))
    assert "secret-of-acme" not in repr(store.tenants.connection(tenant))


def effects(store: Store, tenant: str, clock: ToldClock, cause: str) -> bool:
    with store.database.write() as transaction:
        return store.outbox.add_in(
            transaction,
            tenant=tenant,
            kind="update_ticket",
            ticket_ref=cause,
            cause=cause,
            payload={},
            summary="Note",
            now=clock(),
        )


def test_in_shadow_mode_no_effect_can_be_planned(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    store.tenants.set_mode(tenant, SHADOW)
    assert not effects(store, tenant, clock, "correction:1")
    assert effects(store, "other", clock, "correction:1")
    store.tenants.set_mode(tenant, LIVE)
    assert effects(store, tenant, clock, "correction:1")


def test_going_into_shadow_ends_what_was_not_tried_yet(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    for name, cause in ((tenant, "1"), (tenant, "2"), ("other", "3")):
        assert effects(store, name, clock, cause)
    [claimed] = store.outbox.claim(now=clock(), lease=timedelta(seconds=30), limit=1)
    row = store.outbox.start(claimed, now=clock(), owner="worker", lease=timedelta(seconds=30))
    assert row is not None
    store.outbox.retry(row, at=clock(), unknown=True, status=None, error="no answer")
    store.tenants.set_mode(tenant, SHADOW)
    states = [store.deliveries.show(f"out-{number}")["state"] for number in (1, 2, 3)]
    assert states == ["unknown", "ignored", "pending"]


def test_an_install_that_never_chose_is_live_and_keeps_its_settings(store: Store, tenant: str) -> None:
    assert not is_shadow(store.tenants.summary(tenant).settings)
    store.tenants.set_mode(tenant, SHADOW)
    store.installations.set(tenant, plan="team")
    assert store.tenants.summary(tenant).settings == {"mode": "shadow", "plan": "team"}
    assert is_shadow(store.tenants.summary(tenant).settings)
    with pytest.raises(ValueError, match="no mode"):
        store.tenants.set_mode(tenant, "dry")


def test_a_signed_token_is_used_once(store: Store, tenant: str, clock: ToldClock) -> None:
    until = clock() + timedelta(minutes=5)
    assert store.tenants.use_token(tenant, "jti", expires_at=until, now=clock())
    assert not store.tenants.use_token(tenant, "jti", expires_at=until, now=clock())
    clock.forward(minutes=6)
    assert store.tenants.use_token(tenant, "jti", expires_at=until, now=clock())


def test_an_unknown_tenant_is_an_error_everywhere(store: Store) -> None:
    for ask in (store.tenants.connection, store.tenants.summary):
        with pytest.raises(UnknownTenant):
            ask("nobody")
    assert store.tenants.secret("nobody", API_TOKEN) is None


@pytest.mark.parametrize("text", ["", "corrupt", "\u00e9", "c2hvcnQ="])
def test_a_spoilt_master_key_is_told_and_never_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "master.key").write_text(text, encoding="utf-8")
    with pytest.raises(VaultError):
        Vault.load("", tmp_path)
    assert (tmp_path / "master.key").read_text(encoding="utf-8") == text


def test_a_new_tenant_does_not_show_its_secrets() -> None:
    assert "canary" not in repr(new_tenant("acme", secrets={"api_token": "canary"}))
