"""Inbox and outbox: what is stored once, who may work on it, and how it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.store import Store
from connectors.store.inbox import WEBHOOK, InboxRow
from connectors.store.leases import MAX_CRASHES, Claim, LeaseLost
from connectors.store.outbox import CREATE_TICKET, OutboxRow, effect_key
from tests.conftest import ToldClock, new_tenant
from triage.events import EventKind, TicketEvent

LEASE = timedelta(seconds=30)


def event(ref: str = "1", key: str | None = None, kind: EventKind = EventKind.TICKET_CREATED) -> TicketEvent:
    return TicketEvent(kind=kind, ticket_ref=ref, dedup_key=key or f"key-{ref}")


def receive(store: Store, tenant: str, clock: ToldClock, ref: str = "1", key: str | None = None) -> None:
    store.inbox.receive(tenant, WEBHOOK, event(ref, key), now=clock(), raw=b"{}", headers={})


def claim(store: Store, clock: ToldClock, limit: int = 10) -> list[Claim]:
    return [each for each, _ in store.inbox.claim(now=clock(), lease=LEASE, limit=limit)]


def start(store: Store, clock: ToldClock, claimed: Claim) -> InboxRow:
    row = store.inbox.start(claimed, now=clock(), owner="worker", lease=LEASE)
    assert row is not None
    return row


def plan_effect(
    store: Store,
    tenant: str,
    clock: ToldClock,
    cause: str = "triage",
    ref: str = "1",
    rank: int = 5,
    inbox_id: int | None = None,
) -> bool:
    with store.database.write() as transaction:
        return store.outbox.add_in(
            transaction,
            tenant=tenant,
            kind="update_ticket",
            ticket_ref=ref,
            cause=cause,
            payload={"note": "hello"},
            summary="Note",
            rank=rank,
            inbox_id=inbox_id,
            now=clock(),
        )


def claim_effects(store: Store, clock: ToldClock) -> list[Claim]:
    return store.outbox.claim(now=clock(), lease=LEASE, limit=10)


def start_effect(store: Store, clock: ToldClock) -> OutboxRow:
    [claimed] = claim_effects(store, clock)
    row = store.outbox.start(claimed, now=clock(), owner="worker", lease=LEASE)
    assert row is not None
    return row


def state_of(store: Store, name: str) -> str:
    return str(store.deliveries.show(name)["state"])


def test_the_same_event_is_stored_once_for_each_tenant(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    for name in (tenant, tenant, "other"):
        receive(store, name, clock)
    assert sorted(row.tenant for row in store.deliveries.newest()) == ["acme", "other"]


def test_a_claimed_row_is_not_claimed_again_until_its_lease_ends(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    assert len(claim(store, clock)) == 1
    assert claim(store, clock) == []
    clock.forward(seconds=31)
    assert len(claim(store, clock)) == 1


def test_of_two_workers_with_one_claim_only_one_starts(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    [claimed] = claim(store, clock)
    assert store.inbox.start(claimed, now=clock(), owner="a", lease=LEASE) is not None
    assert store.inbox.start(claimed, now=clock(), owner="b", lease=LEASE) is None


def test_a_worker_that_lost_its_lease_cannot_end_the_row(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    slow = start(store, clock, claim(store, clock)[0])
    clock.forward(seconds=31)
    quick = start(store, clock, claim(store, clock)[0])
    with pytest.raises(LeaseLost):
        store.inbox.finish(slow, "done", now=clock())
    store.inbox.finish(quick, "ignored", now=clock())
    assert state_of(store, "in-1") == "ignored"


def test_a_heartbeat_keeps_the_lease(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    row = start(store, clock, claim(store, clock)[0])
    clock.forward(seconds=25)
    assert store.inbox.renew(row.held, clock() + LEASE)
    clock.forward(seconds=25)
    assert claim(store, clock) == []
    assert not store.inbox.renew(Claim(id=row.held.id, token="somebody else's"), clock() + LEASE)


def test_two_events_of_one_ticket_are_never_planned_at_once(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock, "1", "first")
    receive(store, tenant, clock, "1", "second")
    receive(store, tenant, clock, "2", "another ticket")
    claims = claim(store, clock)
    assert [each.id for each in claims] == [1, 3]
    store.inbox.finish(start(store, clock, claims[0]), "done", now=clock())
    assert [each.id for each in claim(store, clock)] == [2]


def test_one_reading_covers_the_tickets_earlier_events(store: Store, tenant: str, clock: ToldClock) -> None:
    for key in ("first", "second", "third"):
        receive(store, tenant, clock, "1", key)
    receive(store, tenant, clock, "2", "another ticket")
    row = start(store, clock, claim(store, clock, limit=1)[0])
    read_at = clock()
    clock.forward(seconds=1)
    receive(store, tenant, clock, "1", "after the reading")
    with store.database.write() as transaction:
        assert store.inbox.coalesce_in(transaction, row, read_at=read_at, now=clock()) == 2
        store.inbox.finish_in(transaction, row, "done", now=clock(), note=None)
    assert [state_of(store, f"in-{number}") for number in range(1, 6)] == ["done", "done", "done", "new", "new"]


def test_a_row_that_kills_its_process_three_times_is_parked(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    for _ in range(MAX_CRASHES):
        start(store, clock, claim(store, clock)[0])
        clock.forward(seconds=31)
    assert claim(store, clock) == []
    shown = store.deliveries.show("in-1")
    assert shown["state"] == "parked"
    assert "Killed its process 3 times" in shown["error"]


def test_a_row_that_was_taken_over_and_waits_for_a_worker_has_killed_one_process_only(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    receive(store, tenant, clock)
    start(store, clock, claim(store, clock)[0])
    for _ in range(5):
        clock.forward(seconds=31)
        waiting = claim(store, clock)
        assert len(waiting) == 1
    clock.forward(seconds=31)
    store.inbox.release(claim(store, clock))
    [claimed] = claim(store, clock)
    assert store.deliveries.show("in-1")["crashes"] == 1
    start(store, clock, claimed)
    clock.forward(seconds=31)
    claim(store, clock)
    assert store.deliveries.show("in-1")["crashes"] == 2


def test_a_claim_the_queue_did_not_take_is_free_again(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    store.inbox.release(claim(store, clock))
    assert len(claim(store, clock)) == 1


def test_there_is_something_due_only_when_there_is(store: Store, tenant: str, clock: ToldClock) -> None:
    assert not store.inbox.has_due(clock())
    receive(store, tenant, clock)
    assert store.inbox.has_due(clock())
    claim(store, clock)
    assert not store.inbox.has_due(clock())
    assert store.inbox.has_due(clock() + LEASE)


def test_a_retry_waits_for_its_time(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    row = start(store, clock, claim(store, clock)[0])
    store.inbox.retry(row, at=clock() + timedelta(seconds=5), error="the helpdesk is away")
    assert claim(store, clock) == []
    clock.forward(seconds=5)
    again = start(store, clock, claim(store, clock)[0])
    assert again.tries == 2


def test_an_effect_planned_twice_is_one_row(store: Store, tenant: str, clock: ToldClock) -> None:
    assert plan_effect(store, tenant, clock)
    assert not plan_effect(store, tenant, clock)
    assert plan_effect(store, tenant, clock, cause="correction:1")


def test_an_effects_key_depends_on_all_that_makes_it(store: Store) -> None:
    keys = {effect_key(*parts) for parts in (("a", "b", "c", "d"), ("ab", "", "c", "d"), ("a", "b", "cd", ""))}
    assert len(keys) == 3
    assert effect_key("a", "b", "c", "d") == effect_key("a", "b", "c", "d")


def test_urgent_effects_go_first(store: Store, tenant: str, clock: ToldClock) -> None:
    plan_effect(store, tenant, clock, ref="1", rank=5)
    plan_effect(store, tenant, clock, ref="2", rank=1)
    assert [each.id for each in claim_effects(store, clock)] == [2, 1]


def test_effects_on_one_ticket_keep_their_order(store: Store, tenant: str, clock: ToldClock) -> None:
    plan_effect(store, tenant, clock, cause="triage")
    plan_effect(store, tenant, clock, cause="correction:1")
    row = start_effect(store, clock)
    store.outbox.retry(row, at=clock() + timedelta(seconds=9), unknown=False, status=429, error="too many")
    assert claim_effects(store, clock) == []
    clock.forward(seconds=9)
    store.outbox.done(start_effect(store, clock), now=clock(), status=200, evidence="audit 1")
    assert [each.id for each in claim_effects(store, clock)] == [2]


def test_an_effect_whose_sender_died_is_verified_first(store: Store, tenant: str, clock: ToldClock) -> None:
    plan_effect(store, tenant, clock)
    assert not start_effect(store, clock).verify
    clock.forward(seconds=31)
    assert start_effect(store, clock).verify


def test_an_unknown_outcome_is_verified_and_a_refused_connection_is_not(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    plan_effect(store, tenant, clock)
    row = start_effect(store, clock)
    store.outbox.retry(row, at=clock(), unknown=False, status=None, error="refused")
    row = start_effect(store, clock)
    assert not row.verify
    store.outbox.retry(row, at=clock(), unknown=True, status=None, error="no answer")
    assert start_effect(store, clock).verify


def test_nothing_is_sent_to_a_helpdesk_before_the_time_it_named(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    plan_effect(store, tenant, clock)
    plan_effect(store, "other", clock)
    store.budgets.hold(tenant, until=clock() + timedelta(seconds=40))
    store.budgets.hold(tenant, until=clock() + timedelta(seconds=4))
    assert [each.id for each in claim_effects(store, clock)] == [2]
    clock.forward(seconds=40)
    assert 1 in [each.id for each in claim_effects(store, clock)]


def test_a_wait_that_was_no_try_is_not_counted(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    plan_effect(store, tenant, clock)
    for _ in range(3):
        event_row = start(store, clock, claim(store, clock)[0])
        store.inbox.retry(event_row, at=clock(), error="over budget", counted=False)
        effect = start_effect(store, clock)
        store.outbox.retry(effect, at=clock(), unknown=False, status=None, error="over budget", counted=False)
    assert (event_row.tries, effect.tries) == (1, 1)
    assert [store.deliveries.show(name)["tries"] for name in ("in-1", "out-1")] == [0, 0]


def test_a_created_ticket_is_named_when_it_exists(store: Store, tenant: str, clock: ToldClock) -> None:
    for cause in ("guide:1", "guide:1", "guide:2"):
        with store.database.write() as transaction:
            store.outbox.add_in(
                transaction,
                tenant=tenant,
                kind=CREATE_TICKET,
                ticket_ref=None,
                cause=cause,
                payload={},
                summary="New ticket",
                now=clock(),
            )
    [first, second] = claim_effects(store, clock)
    row = store.outbox.start(first, now=clock(), owner="worker", lease=LEASE)
    assert row is not None
    store.outbox.done(row, now=clock(), status=201, evidence="ticket 77", ref="77")
    assert store.deliveries.show("out-1")["ticket_ref"] == "77"
    assert store.deliveries.show(f"out-{second.id}")["ticket_ref"] is None


@pytest.mark.parametrize(("seconds", "ours"), [(-4, False), (-2, True), (0, True), (12, True), (14, False)])
def test_a_change_while_an_effect_of_ours_was_carried_out_is_ours(
    store: Store, tenant: str, clock: ToldClock, seconds: int, ours: bool
) -> None:
    plan_effect(store, tenant, clock)
    began = clock()
    row = start_effect(store, clock)
    assert store.outbox.made(tenant, "1", began)
    assert not store.outbox.made(tenant, "1", began - timedelta(seconds=4))
    clock.forward(seconds=10)
    store.outbox.done(row, now=clock(), status=200, evidence="audit 1")
    assert store.outbox.made(tenant, "1", began + timedelta(seconds=seconds)) == ours
    assert not store.outbox.made(tenant, "2", began)
    assert not store.outbox.made("other", "1", began)


def test_automatic_effects_are_counted_and_those_people_asked_for_are_not(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    receive(store, tenant, clock)
    plan_effect(store, tenant, clock, cause="correction:1")
    for number in range(3):
        plan_effect(store, tenant, clock, cause=f"triage:{number}", inbox_id=1)
    plan_effect(store, tenant, clock, cause="triage", ref="2", inbox_id=1)
    since = clock() - timedelta(hours=1)
    assert store.outbox.automatic_since(tenant, "1", since) == 3
    assert store.outbox.automatic_since("other", "1", since) == 0
    assert store.outbox.automatic_since(tenant, "1", clock()) == 0


def test_a_parked_effect_is_replayed_with_its_key(store: Store, tenant: str, clock: ToldClock) -> None:
    plan_effect(store, tenant, clock)
    row = start_effect(store, clock)
    store.outbox.park(row, now=clock(), status=422, reason="field 3600142 does not exist")
    assert store.replays.parked() == ["out-1"]
    assert store.replays.replay(["out-1"], now=clock()) == 1
    assert start_effect(store, clock).key == row.key


def test_a_reconciled_ticket_is_covered_by_the_webhook_that_came_after_its_change(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    receive(store, tenant, clock)
    assert store.inbox.covers(tenant, "1", clock() - timedelta(seconds=1))
    assert not store.inbox.covers(tenant, "1", clock() + timedelta(seconds=1))
    assert not store.inbox.covers(tenant, "2", clock())
