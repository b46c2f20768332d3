"""Budgets: all families or none, shared by processes, learned from answers, and what the line does with them."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from connectors.errors import OverBudget
from connectors.limits import EVERYTHING, SHARE, UPDATES, Gate, depth
from connectors.store import Store
from connectors.store.budgets import BLOCKS_FROM
from connectors.store.database import Database
from connectors.store.leases import URGENT
from tests.conftest import ToldClock, new_tenant

LEASE = timedelta(seconds=30)
LIMITS = {EVERYTHING: 200.0, UPDATES: 100.0}


def gate(store: Store, clock: ToldClock, limits: dict[str, float] | None = None, *, urgent: bool = False) -> Gate:
    return store.budgets.gate("acme", limits or LIMITS, urgent=urgent, now=clock)


def passed(entered: Gate, *families: str, most: int = 100_000) -> int:
    """How many requests get through at once."""
    for count in range(most):
        try:
            entered.enter(families)
        except OverBudget:
            return count
    return most


def tokens(store: Store, clock: ToldClock) -> dict[str, float]:
    return {family: left for family, (left, _) in store.budgets.left("acme", clock()).items()}


def test_a_request_takes_from_all_its_families_or_none(store: Store, tenant: str, clock: ToldClock) -> None:
    door = gate(store, clock)
    assert passed(door, EVERYTHING, UPDATES) == int(depth(100))
    before = tokens(store, clock)
    with pytest.raises(OverBudget, match="updates") as refused:
        door.enter((EVERYTHING, UPDATES))
    assert refused.value.retry_after_s == pytest.approx(60 / (100 * SHARE))
    assert tokens(store, clock) == before
    door.enter((EVERYTHING,))


def test_after_the_named_wait_the_next_request_passes(store: Store, tenant: str, clock: ToldClock) -> None:
    door = gate(store, clock)
    passed(door, EVERYTHING)
    with pytest.raises(OverBudget) as refused:
        door.enter((EVERYTHING,))
    clock.forward(seconds=(refused.value.retry_after_s or 0) * 0.9)
    with pytest.raises(OverBudget):
        door.enter((EVERYTHING,))
    clock.forward(seconds=(refused.value.retry_after_s or 0) * 0.11)
    door.enter((EVERYTHING,))


def test_a_family_named_twice_costs_two(store: Store, tenant: str, clock: ToldClock) -> None:
    assert passed(gate(store, clock), EVERYTHING, EVERYTHING) == int(depth(200)) // 2


def test_a_family_nobody_limits_is_free(store: Store, tenant: str, clock: ToldClock) -> None:
    assert passed(gate(store, clock), "unheard-of", most=50) == 50


def test_urgent_requests_may_use_the_reserve(store: Store, tenant: str, clock: ToldClock) -> None:
    assert passed(gate(store, clock), EVERYTHING) == 8
    assert passed(gate(store, clock, urgent=True), EVERYTHING) == 8
    assert passed(gate(store, clock, urgent=True), EVERYTHING) == 0


def test_tenants_have_budgets_of_their_own(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    passed(gate(store, clock), EVERYTHING)
    assert passed(store.budgets.gate("other", LIMITS, now=clock), EVERYTHING) == 8


@pytest.mark.parametrize("per_minute", [200.0, 100_000.0])
def test_while_the_helpdesk_wants_a_pause_nobody_enters(
    store: Store, tenant: str, clock: ToldClock, per_minute: float
) -> None:
    limits = {EVERYTHING: per_minute}
    door, other = gate(store, clock, limits), gate(store, clock, limits, urgent=True)
    door.enter((EVERYTHING,))
    door.close(40)
    door.close(3)
    clock.forward(seconds=0.5)
    for each in (door, other):
        with pytest.raises(OverBudget) as refused:
            each.enter((EVERYTHING,))
        assert refused.value.retry_after_s == pytest.approx(39.5)
    clock.forward(seconds=39.5)
    door.enter((EVERYTHING,))


def test_a_limit_the_helpdesk_states_takes_the_place_of_the_guess(store: Store, tenant: str, clock: ToldClock) -> None:
    door = gate(store, clock)
    door.enter((EVERYTHING,))
    door.limit_seen(EVERYTHING, 700)
    assert store.budgets.left(tenant, clock())[EVERYTHING] == (7, 700)
    clock.forward(minutes=1)
    assert passed(gate(store, clock), EVERYTHING) == int(depth(700))
    door.limit_seen(EVERYTHING, 0)
    assert store.budgets.left(tenant, clock())[EVERYTHING][1] == 700


def test_a_limit_set_by_an_admin_beats_both(store: Store, tenant: str, clock: ToldClock) -> None:
    gate(store, clock).enter((EVERYTHING,))
    store.installations.set(tenant, limits={EVERYTHING: 50})
    door = gate(store, clock)
    door.limit_seen(EVERYTHING, 700)
    clock.forward(minutes=1)
    assert passed(door, EVERYTHING) == int(depth(50))
    assert store.budgets.left(tenant, clock())[EVERYTHING][1] == 50


@pytest.mark.parametrize("per_minute", [400.0, BLOCKS_FROM + 60])
def test_two_processes_together_stay_within_the_limit(
    store: Store, tenant: str, clock: ToldClock, per_minute: float
) -> None:
    second = Store(Database(store.database.url), store.vault)
    limits = {EVERYTHING: per_minute}
    doors = [
        each.budgets.gate(tenant, limits, urgent=urgent, now=clock)
        for each in (store, second)
        for urgent in (False, True)
    ]
    times: list[float] = []
    began = clock()
    for _ in range(130):
        for door in doors:
            times += [(clock() - began).total_seconds()] * passed(door, EVERYTHING)
        clock.forward(seconds=0.7)
    second.database.close()
    for start in sorted(set(times)):
        assert sum(start <= each < start + 60 for each in times) <= per_minute
    assert len(times) >= 0.8 * per_minute * 1.5


def test_a_high_limit_is_taken_in_blocks_that_do_not_last(store: Store, tenant: str, clock: ToldClock) -> None:
    limits = {EVERYTHING: 60_000.0}
    door = gate(store, clock, limits)
    door.enter((EVERYTHING,))
    after_one = tokens(store, clock)[EVERYTHING]
    assert after_one == depth(60_000) - 100
    for _ in range(99):
        door.enter((EVERYTHING,))
    assert tokens(store, clock)[EVERYTHING] == after_one
    door.enter((EVERYTHING,))
    clock.forward(seconds=1)
    full = depth(60_000)
    assert tokens(store, clock)[EVERYTHING] == full
    door.enter((EVERYTHING,))
    assert tokens(store, clock)[EVERYTHING] == full - 100


def test_threads_share_one_budget(store: Store, tenant: str, clock: ToldClock) -> None:
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(passed(gate(store, clock), EVERYTHING))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sum(counts) == int(depth(200))


def fill(store: Store, clock: ToldClock, count: int, *, tenant: str = "acme", rank: int = 5) -> None:
    with store.database.write() as transaction:
        for number in range(count):
            store.outbox.add_in(
                transaction,
                tenant=tenant,
                kind="update_ticket",
                ticket_ref=f"{tenant}-{rank}-{number}",
                cause="triage",
                payload={},
                summary="Note",
                rank=rank,
                now=clock(),
            )


def test_a_backlog_is_handed_out_as_fast_as_the_budget_allows_and_hardly_twice(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    fill(store, clock, 1000)
    gate(store, clock).enter((EVERYTHING, UPDATES))  # before the first request nothing is known of a budget
    claims = sent = 0
    for _ in range(600):
        clock.forward(seconds=0.1)
        if not store.outbox.has_due(clock()):
            continue
        for claimed in store.outbox.claim(now=clock(), lease=LEASE, limit=50):
            claims += 1
            row = store.outbox.start(claimed, now=clock(), owner="worker", lease=LEASE)
            assert row is not None
            door = gate(store, clock)
            try:
                door.enter((EVERYTHING,))
                door.enter((EVERYTHING, UPDATES))
            except OverBudget as error:
                at = clock() + timedelta(seconds=error.retry_after_s or 0)
                store.outbox.retry(row, at=at, unknown=False, status=None, error="", counted=False)
            else:
                sent += 1
                store.outbox.done(row, now=clock(), status=200, evidence="")
    assert claims <= 1.05 * sent
    assert sent >= 0.9 * 100 * SHARE


def test_rows_under_way_count_against_the_budget(store: Store, tenant: str, clock: ToldClock) -> None:
    fill(store, clock, 20)
    gate(store, clock, {EVERYTHING: 400.0, UPDATES: 1000.0}).enter((EVERYTHING, UPDATES))
    first = store.outbox.claim(now=clock(), lease=LEASE, limit=50)
    assert len(first) == (depth(400) - 1) // 3
    assert store.outbox.claim(now=clock(), lease=LEASE, limit=50) == []


def test_the_smallest_limit_still_lets_one_row_through(store: Store, tenant: str, clock: ToldClock) -> None:
    fill(store, clock, 3)
    gate(store, clock, {EVERYTHING: 10.0}).limit_seen(EVERYTHING, 11.0)
    assert len(store.outbox.claim(now=clock(), lease=LEASE, limit=50)) == 1


def test_urgent_rows_and_other_tenants_pass_a_spent_budget(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    fill(store, clock, 60)
    fill(store, clock, 2, rank=URGENT)
    fill(store, clock, 2, tenant="other")
    passed(gate(store, clock), EVERYTHING)
    claims = store.outbox.claim(now=clock(), lease=LEASE, limit=50)
    assert [each.id for each in claims] == [61, 62, 63, 64]


def test_a_tenant_to_be_reconnected_is_left_out_and_goes_on_afterwards(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    fill(store, clock, 1)
    store.access.mark_broken(tenant, "401", now=clock())
    assert not store.outbox.has_due(clock())
    assert store.outbox.claim(now=clock(), lease=LEASE, limit=50) == []
    store.tenants.set_secret(tenant, "api_token", "another")
    assert len(store.outbox.claim(now=clock(), lease=LEASE, limit=50)) == 1
