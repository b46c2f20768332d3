"""What the model found, as plain tests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.store import Store
from connectors.store.outbox import UPDATE_TICKET, OutboxRow
from connectors.store.tenants import LIVE, SHADOW
from tests.conftest import ToldClock

LEASE = timedelta(seconds=12)


def plan(store: Store, clock: ToldClock, cause: str) -> None:
    with store.database.write() as transaction:
        store.outbox.add_in(
            transaction,
            tenant="acme",
            kind=UPDATE_TICKET,
            ticket_ref="1",
            cause=cause,
            payload={},
            summary="Group",
            now=clock(),
        )


def start(store: Store, clock: ToldClock) -> OutboxRow:
    [claim] = store.outbox.claim(now=clock(), lease=LEASE, limit=5)
    row = store.outbox.start(claim, now=clock(), owner="worker", lease=LEASE)
    assert row is not None
    return row


def states(store: Store, *names: str) -> dict[str, str]:
    return {name: store.deliveries.show(name)["state"] for name in names}


@pytest.mark.parametrize("how", ["ended by the switch", "set aside before it"])
@pytest.mark.usefixtures("tenant")
def test_in_shadow_mode_a_replay_writes_nothing_new(store: Store, clock: ToldClock, how: str) -> None:
    plan(store, clock, "triage")
    if how == "set aside before it":
        store.replays.park(["out-1"], now=clock())
    store.tenants.set_mode("acme", SHADOW)
    assert store.replays.replay(["out-1"], now=clock()) == 0
    assert store.outbox.claim(now=clock(), lease=LEASE, limit=5) == []
    store.tenants.set_mode("acme", LIVE)
    assert store.replays.replay(["out-1"], now=clock()) == 1
    assert states(store, "out-1") == {"out-1": "pending"}


@pytest.mark.usefixtures("tenant")
def test_a_replay_does_not_undo_a_newer_change_that_may_have_landed(store: Store, clock: ToldClock) -> None:
    plan(store, clock, "correction:1")
    store.replays.park(["out-1"], now=clock())
    plan(store, clock, "correction:2")
    row = start(store, clock)
    later = clock() + timedelta(seconds=2)
    store.outbox.retry(row, at=later, unknown=True, status=None, error="no answer")
    store.replays.park(["out-2"], now=clock())
    assert store.replays.replay(["out-1", "out-2"], now=clock()) == 1
    assert states(store, "out-1", "out-2") == {"out-1": "ignored", "out-2": "unknown"}
