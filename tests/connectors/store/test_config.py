"""What admins own, in versions."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from connectors.store import Store
from connectors.store.config import SLA
from tests.conftest import ToldClock, new_tenant


def test_the_newest_version_holds_and_older_ones_stay(store: Store, tenant: str, clock: ToldClock) -> None:
    assert (store.config.current(tenant, SLA), store.config.current_number(tenant, SLA)) == (None, None)
    assert store.config.save(tenant, SLA, {"a": [1, "ü"]}, by="Ana", why="first", now=clock()) == 1
    clock.forward(minutes=1)
    assert store.config.save(tenant, SLA, {"a": []}, by="Ben", why="", now=clock()) == 2
    current = store.config.current(tenant, SLA)
    assert current is not None
    assert (current.version, current.body, current.by, current.at) == (2, {"a": []}, "Ben", clock())
    assert store.config.current_number(tenant, SLA) == 2
    assert [(each.version, each.by, each.why) for each in store.config.versions(tenant, SLA)] == [
        (2, "Ben", ""),
        (1, "Ana", "first"),
    ]
    first = store.config.version(tenant, SLA, 1)
    assert first is not None
    assert first.body == {"a": [1, "ü"]}
    assert store.config.version(tenant, SLA, 3) is None


def test_tenants_and_kinds_are_apart(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    store.config.save(tenant, SLA, {"of": "acme"}, by="Ana", why="", now=clock())
    assert store.config.save("other", SLA, {"of": "other"}, by="Ana", why="", now=clock()) == 1
    assert store.config.current(tenant, "routing") is None
    assert [each.body for each in store.config.versions(tenant, SLA)] == [{"of": "acme"}]


def test_a_version_of_nobody_is_refused(store: Store, tenant: str, clock: ToldClock) -> None:
    with pytest.raises(IntegrityError):
        store.config.save("nobody", SLA, {}, by="Ana", why="", now=clock())


def test_two_at_once_get_a_number_each(store: Store, tenant: str) -> None:
    now = datetime(2026, 11, 17, tzinfo=UTC)
    numbers: list[int] = []

    def save() -> None:
        for _ in range(5):
            numbers.append(store.config.save(tenant, SLA, {}, by="Ana", why="", now=now))

    threads = [threading.Thread(target=save) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 11))
