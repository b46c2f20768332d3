"""Whose turn it is: urgent before old, and no tenant's backlog stands before another's row."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.store import Store
from connectors.store.leases import URGENT
from tests.conftest import ToldClock, new_tenant

LEASE = timedelta(seconds=30)


@pytest.fixture
def two(store: Store, tenant: str, clock: ToldClock) -> tuple[str, str]:
    store.tenants.add(new_tenant("other"), webhook_token="other-token", now=clock())
    return tenant, "other"


def plan(store: Store, tenant: str, ref: str, now: ToldClock, rank: int = 5) -> None:
    with store.database.write() as transaction:
        store.outbox.add_in(
            transaction, tenant=tenant, kind="update_ticket", ticket_ref=ref, cause="test", payload={}, summary="",
            now=now(), rank=rank,
        )  # fmt: skip


def claimed(store: Store, clock: ToldClock, limit: int = 50) -> list[tuple[str, str]]:
    rows = [
        store.deliveries.show(f"out-{each.id}") for each in store.outbox.claim(now=clock(), lease=LEASE, limit=limit)
    ]
    return [(row["tenant"], row["ticket_ref"]) for row in rows]


def spend_to(store: Store, tenant: str, clock: ToldClock, left: int) -> None:
    """Use the tenant's budget up to `left` requests."""
    gate = store.budgets.gate(tenant, {"requests": 700.0}, now=clock)
    gate.enter(())
    for _ in range(28 - left):
        gate.enter(("requests",))


def test_a_backlog_with_little_budget_does_not_hide_another_tenants_row(
    store: Store, two: tuple[str, str], clock: ToldClock
) -> None:
    big, small = two
    for number in range(120):
        plan(store, big, str(number), clock)
    plan(store, small, "1", clock)
    spend_to(store, big, clock, left=5)
    found = claimed(store, clock)
    assert (small, "1") in found
    assert 1 <= sum(tenant == big for tenant, _ in found) <= 2


def test_a_backlog_without_limits_leaves_room_for_another_tenant(
    store: Store, two: tuple[str, str], clock: ToldClock
) -> None:
    big, small = two
    for number in range(120):
        plan(store, big, str(number), clock)
    plan(store, small, "1", clock)
    found = claimed(store, clock)
    assert (small, "1") in found
    assert len(found) == 50


def test_an_urgent_row_passes_a_backlog_of_500_and_a_spent_budget(store: Store, tenant: str, clock: ToldClock) -> None:
    for number in range(500):
        plan(store, tenant, str(number), clock)
    plan(store, tenant, "urgent", clock, rank=URGENT)
    assert claimed(store, clock, limit=1) == [(tenant, "urgent")]
    spend_to(store, tenant, clock, left=0)
    plan(store, tenant, "second urgent", clock, rank=URGENT)
    assert claimed(store, clock) == [(tenant, "second urgent")]
    urgent = store.budgets.gate(tenant, {"requests": 700.0}, urgent=True, now=clock)
    urgent.enter(("requests",))


def test_a_held_tenant_leaves_the_way_to_others(store: Store, two: tuple[str, str], clock: ToldClock) -> None:
    held, free = two
    for number in range(60):
        plan(store, held, str(number), clock)
    plan(store, free, "1", clock)
    store.budgets.hold(held, until=clock() + timedelta(seconds=60))
    assert claimed(store, clock) == [(free, "1")]
