"""What a row's history tells, and which rows a filter means."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from connectors.store import Store
from connectors.store.filters import Filter
from connectors.store.leases import MAX_CRASHES
from connectors.store.names import NoSuchDelivery
from connectors.store.replays import AT_ONCE, DROP, PARK, REPLAY
from connectors.store.schema import attempt
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_line import claim, plan_effect, receive, start, start_effect

MINUTE = timedelta(minutes=1)


def told(store: Store, name: str) -> list[str]:
    return [each.what for each in store.history.of(name)]


def park_effect(store: Store, clock: ToldClock, reason: str, ref: str, tenant: str = "acme") -> None:
    plan_effect(store, tenant, clock, ref=ref)
    store.outbox.park(start_effect(store, clock), now=clock(), status=422, reason=reason)


def test_the_straight_way_leaves_no_history(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock, "1")
    receive(store, tenant, clock, "2")
    rows = [start(store, clock, each) for each in claim(store, clock)]
    store.inbox.finish(rows[0], "done", now=clock())
    store.inbox.finish(rows[1], "ignored", now=clock(), note="Triaged before.")
    plan_effect(store, tenant, clock)
    store.outbox.done(start_effect(store, clock), now=clock(), status=200, evidence="audit 7")
    with store.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(attempt)).scalar_one() == 0


def test_a_failed_try_is_told_and_then_the_happy_end(store: Store, tenant: str, clock: ToldClock) -> None:
    plan_effect(store, tenant, clock)
    row = start_effect(store, clock)
    store.outbox.retry(row, at=clock() + MINUTE, unknown=False, status=503, error="The helpdesk answered 503.")
    clock.forward(minutes=2)
    row = start_effect(store, clock)
    store.outbox.retry(row, at=clock() + MINUTE, unknown=True, status=None, error="No answer.")
    clock.forward(minutes=2)
    store.outbox.done(start_effect(store, clock), now=clock(), status=200, evidence="audit 7")
    assert told(store, "out-1") == ["failed", "unknown", "done"]
    first, second, last = store.history.of("out-1")
    assert (first.status, first.detail, first.by) == (503, "The helpdesk answered 503.", None)
    assert second.at - first.at == 2 * MINUTE
    assert (last.at, last.detail) == (clock(), "audit 7")


def test_waiting_for_our_own_budget_is_no_history(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    row = start(store, clock, claim(store, clock)[0])
    store.inbox.retry(row, at=clock(), error="over budget", counted=False)
    row = start(store, clock, claim(store, clock)[0])
    store.inbox.retry(row, at=clock(), error="401", status=401, counted=False)
    assert told(store, "in-1") == ["failed"]


def test_each_death_of_a_process_is_told_and_the_last_one_parks(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    for _ in range(MAX_CRASHES):
        start(store, clock, claim(store, clock)[0])
        clock.forward(minutes=1)
    assert claim(store, clock) == []
    assert told(store, "in-1") == ["taken_over"] * MAX_CRASHES + ["parked"]
    assert "worker ended while it worked on this" in str(store.history.of("in-1")[0].detail)


def test_what_a_person_did_is_told_with_the_name(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    store.replays.park(["in-1"], now=clock(), by="Ana Lind")
    store.replays.replay(["in-1"], now=clock(), by="Mei Tanaka")
    row = start(store, clock, claim(store, clock)[0])
    store.inbox.finish(row, "done", now=clock())
    plan_effect(store, tenant, clock)
    store.outbox.park(start_effect(store, clock), now=clock(), status=422, reason="no")
    store.replays.drop(["out-1"], now=clock(), by="Ana Lind")
    assert [(each.what, each.by) for each in store.history.of("in-1")] == [
        ("set_aside", "Ana Lind"),
        ("replayed", "Mei Tanaka"),
        ("done", None),
    ]
    assert told(store, "out-1") == ["parked", "dropped"]


def test_an_overtaken_replay_is_told(store: Store, tenant: str, clock: ToldClock) -> None:
    park_effect(store, clock, "no", "1")
    plan_effect(store, tenant, clock, cause="correction:1")
    assert store.replays.overtaken_by("out-1") == "out-2"
    assert store.replays.replay(["out-1"], now=clock()) == 0
    assert told(store, "out-1") == ["parked", "overtaken"]


def test_a_replayed_event_that_another_reading_covers_has_its_end(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock, "1", "first")
    receive(store, tenant, clock, "1", "second")
    store.replays.park(["in-2"], now=clock())
    store.replays.replay(["in-2"], now=clock())
    row = start(store, clock, claim(store, clock)[0])
    with store.database.write() as transaction:
        assert store.inbox.coalesce_in(transaction, row, read_at=clock(), now=clock()) == 1
    assert told(store, "in-2") == ["set_aside", "replayed", "done"]


def test_what_is_discarded_leaves_no_history(store: Store, tenant: str, clock: ToldClock) -> None:
    """In one transaction with the change: a worker that lost its lease changes neither."""
    plan_effect(store, tenant, clock)
    slow = start_effect(store, clock)
    clock.forward(seconds=31)
    quick = start_effect(store, clock)
    with pytest.raises(Exception, match="outbox 1"):
        store.outbox.park(slow, now=clock(), status=422, reason="no")
    store.outbox.done(quick, now=clock(), status=200, evidence="audit 7")
    assert told(store, "out-1") == ["taken_over", "done"]


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (Filter(), ["in-1", "in-2", "out-1", "out-2"]),
        (Filter(direction="in"), ["in-1", "in-2"]),
        (Filter(state="parked"), ["out-1", "out-2"]),
        (Filter(state="new"), ["in-1", "in-2"]),
        (Filter(kind="update_ticket"), ["out-1", "out-2"]),
        (Filter(tenant="globex"), ["in-2"]),
        (Filter(reason="FIELD 7"), ["out-1"]),
        (Filter(reason="100%"), []),
        (Filter(find="#3"), ["out-1"]),
        (Filter(older_than=10 * MINUTE), ["in-1"]),
        (Filter(newer_than=10 * MINUTE, direction="in"), ["in-2"]),
        (Filter(older_than=MINUTE, newer_than=30 * MINUTE), ["in-1"]),
        (Filter(state="parked", reason="403", direction="out"), ["out-2"]),
    ],
)
def test_a_filter_means_what_matches_all_of_it(
    store: Store, tenant: str, clock: ToldClock, chosen: Filter, names: list[str]
) -> None:
    store.tenants.add(new_tenant("globex"), webhook_token="other-path", now=clock())
    receive(store, tenant, clock, "1")
    clock.forward(minutes=20)
    receive(store, "globex", clock, "2")
    park_effect(store, clock, "422: field 7 is gone", "3")
    park_effect(store, clock, "403: no right", "4")
    assert sorted(each.id for each in store.deliveries.newest(chosen, now=clock())) == names


def test_an_action_takes_from_a_filter_what_it_can_move(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock, "1")
    park_effect(store, clock, "no", "2")
    park_effect(store, clock, "no", "3")
    store.replays.drop(["out-2"], now=clock())
    store.inbox.set_aside(
        tenant, "webhook", "hash", state="parked", reason="not JSON", now=clock(), raw=b"{", headers={}
    )
    found = {action: store.replays.matching(Filter(), action, now=clock()) for action in (REPLAY, DROP, PARK)}
    assert found == {REPLAY: ["out-1"], DROP: ["in-2", "out-1"], PARK: ["in-1"]}
    assert store.replays.matching(Filter(state="ignored"), REPLAY, now=clock()) == ["out-2"]
    assert store.replays.matching(Filter(state="done"), REPLAY, now=clock()) == []
    assert store.replays.matching(Filter(), REPLAY, now=clock() - MINUTE) == []


def test_more_rows_than_one_transaction_takes_are_all_moved(store: Store, tenant: str, clock: ToldClock) -> None:
    many = AT_ONCE + 5
    for number in range(many):
        receive(store, tenant, clock, str(number))
    names = store.replays.matching(Filter(tenant=tenant), PARK, now=clock())
    assert store.replays.park(names, now=clock()) == len(names) == many


def test_what_has_not_ended_is_counted_by_age(store: Store, tenant: str, clock: ToldClock) -> None:
    for minutes in (50, 9, 1, 0):
        receive(store, tenant, clock, f"after {minutes}")
        clock.forward(minutes=minutes)
    park_effect(store, clock, "no", "1")
    found = {(each.kind, each.state): each.ages for each in store.deliveries.unfinished(clock())}
    assert found == {("ticket_created", "new"): (1, 1, 1, 1), ("update_ticket", "parked"): (1, 0, 0, 0)}


def test_a_dry_run_of_no_row_is_refused(store: Store, tenant: str, clock: ToldClock) -> None:
    with pytest.raises(NoSuchDelivery):
        store.dry_runs.ask("in-7", by="Ana Lind", now=clock())
    assert store.dry_runs.waiting(tenant) == []
