"""Releases as they are kept: one row a version, and only other notes are read again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connectors.store import Store
from connectors.store.releases import API, CLI, GITHUB, StoredRelease
from tests.conftest import ToldClock, new_tenant


def add(store: Store, clock: ToldClock, version: str = "4.6", tenant: str = "acme", **changes: Any) -> StoredRelease:
    values: dict[str, Any] = {"notes": "- Renamed Export", "source": API, "now": clock()}
    return store.releases.add(tenant, version, **(values | changes))


def read(store: Store, clock: ToldClock, release: StoredRelease) -> bool:
    with store.database.write() as transaction:
        return store.releases.read_in(transaction, "acme", release, now=clock())


def test_a_release_waits_until_it_was_read(store: Store, tenant: str, clock: ToldClock) -> None:
    kept = add(store, clock, title="Autumn", product_areas=("api",), url="https://example.com/4.6")
    assert (kept.title, kept.product_areas, kept.url) == ("Autumn", ("api",), "https://example.com/4.6")
    assert kept.released_at == kept.received_at == clock()
    assert store.releases.waiting(tenant) == [kept]
    assert read(store, clock, kept)
    assert not read(store, clock, kept), "another process was first"
    assert store.releases.waiting(tenant) == []
    found = store.releases.find(tenant, kept.id)
    assert found is not None
    assert found.read_at == clock()


def test_the_same_version_again_is_read_again_only_for_other_notes(store: Store, tenant: str, clock: ToldClock) -> None:
    first = add(store, clock, title="Autumn", product_areas=("api",))
    assert read(store, clock, first)
    clock.forward(hours=1)
    same = add(store, clock, source=GITHUB, url="https://example.com/4.6")
    assert (same.id, same.title, same.product_areas, same.source) == (first.id, "Autumn", ("api",), GITHUB)
    assert (same.received_at, store.releases.waiting(tenant)) == (first.received_at, [])
    other = add(store, clock, notes="- Removed Export", source=CLI)
    assert (other.id, other.notes, other.read_at, other.received_at) == (first.id, "- Removed Export", None, clock())
    assert store.releases.waiting(tenant) == [other]
    assert not read(store, clock, same), "its notes are other ones by now"
    assert store.releases.waiting(tenant) == [other]


def test_the_newest_is_the_one_released_last(store: Store, tenant: str, clock: ToldClock) -> None:
    assert store.releases.newest(tenant) is None
    add(store, clock, "4.7")
    add(store, clock, "4.6.1", released_at=clock() - timedelta(days=3))
    assert [each.version for each in store.releases.all(tenant)] == ["4.7", "4.6.1"]
    newest = store.releases.newest(tenant)
    assert newest is not None
    assert newest.version == "4.7"


def test_releases_are_a_tenants_own(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    theirs = add(store, clock, tenant="other")
    assert store.releases.all(tenant) == store.releases.waiting(tenant) == []
    assert store.releases.find(tenant, theirs.id) is None
    assert not read(store, clock, theirs)
    mine = add(store, clock)
    assert mine.id != theirs.id
