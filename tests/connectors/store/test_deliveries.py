"""The operator's view: lists, searches, counts, replay and drop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.store import Store
from connectors.store.filters import Filter
from connectors.store.inbox import WEBHOOK
from connectors.store.names import NoSuchDelivery
from connectors.store.schema import EPOCH
from tests.conftest import ToldClock
from tests.connectors.store.test_line import claim, event, plan_effect, receive, start, start_effect


def park_unreadable(store: Store, tenant: str, clock: ToldClock) -> None:
    store.inbox.set_aside(
        tenant, WEBHOOK, "hash", state="parked", reason="not JSON", now=clock(), raw=b"{ticket", headers={}
    )


def test_an_empty_database_has_an_empty_line(store: Store) -> None:
    line = store.deliveries.line(since=EPOCH)
    assert (line.received.total, line.waiting, line.parked.waiting, line.last_received_at) == (0, 0, 0, None)
    assert store.deliveries.newest() == []


def test_each_stage_is_counted(store: Store, tenant: str, clock: ToldClock) -> None:
    for number in range(4):
        receive(store, tenant, clock, str(number))
    rows = [start(store, clock, each) for each in claim(store, clock)]
    store.inbox.finish(rows[0], "done", now=clock())
    store.inbox.finish(rows[1], "ignored", now=clock(), note="Our own change coming back.")
    store.inbox.finish(rows[2], "parked", now=clock(), note="no")
    plan_effect(store, tenant, clock)
    store.outbox.done(start_effect(store, clock), now=clock.forward(seconds=2), status=200, evidence="audit 7")
    line = store.deliveries.line(since=EPOCH)
    assert (line.received.total, line.planned.total, line.ignored, line.parked.total) == (4, 1, 1, 1)
    assert line.planned.waiting == line.waiting == 1
    assert line.sent.total == 1
    assert line.last_sent_at == clock()
    assert len(store.deliveries.arrivals(since=EPOCH)) == 4


def test_the_time_from_event_to_effect_is_measured(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    with store.database.write() as transaction:
        store.outbox.add_in(
            transaction,
            tenant=tenant,
            kind="update_ticket",
            ticket_ref="1",
            cause="triage",
            payload={},
            summary="Note",
            inbox_id=1,
            now=clock(),
        )
    store.outbox.done(start_effect(store, clock), now=clock.forward(seconds=1.5), status=200, evidence="")
    assert store.deliveries.line(since=EPOCH).seconds_to_effect == (1.5,)


def test_newest_first_and_found_by_ticket_or_key(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock, "48166", "01KA7MQ4")
    clock.forward(seconds=1)
    plan_effect(store, tenant, clock, ref="48171")
    assert [row.id for row in store.deliveries.newest()] == ["out-1", "in-1"]
    assert [row.id for row in store.deliveries.newest(Filter(find="#48166"))] == ["in-1"]
    assert [row.id for row in store.deliveries.newest(Filter(find="01KA"))] == ["in-1"]
    assert [row.id for row in store.deliveries.newest(Filter(find="%"))] == []
    assert [row.id for row in store.deliveries.newest(Filter(direction="out"))] == ["out-1"]
    assert [row.id for row in store.deliveries.newest(Filter(state="waiting"), limit=1)] == ["out-1"]
    assert store.deliveries.newest(Filter(state="parked")) == []


def test_a_delivery_is_shown_with_its_bytes(store: Store, tenant: str, clock: ToldClock) -> None:
    park_unreadable(store, tenant, clock)
    shown = store.deliveries.show("in-1")
    assert shown["raw"] == "{ticket"
    assert shown["error"] == "not JSON"


@pytest.mark.parametrize("name", ["in-9", "out-9", "9", "in-", "side-1", "in-1;drop", "in-²", "in-" + "9" * 30])
def test_a_name_that_is_none_is_refused_in_words(store: Store, name: str) -> None:
    with pytest.raises(NoSuchDelivery, match="deliver"):
        store.replays.replay([name], now=EPOCH)
    with pytest.raises(NoSuchDelivery):
        store.deliveries.show(name)


def test_what_could_not_be_read_is_not_replayed_but_can_be_dropped(store: Store, tenant: str, clock: ToldClock) -> None:
    park_unreadable(store, tenant, clock)
    assert store.replays.replay(["in-1"], now=clock()) == 0
    assert store.replays.drop(["in-1"], now=clock()) == 1
    assert store.replays.parked() == []


def test_a_row_in_work_is_not_parked_by_hand(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock, "1")
    receive(store, tenant, clock, "2")
    start(store, clock, claim(store, clock, limit=1)[0])
    assert store.replays.park(["in-1", "in-2"], now=clock()) == 1
    assert store.replays.parked() == ["in-2"]


def test_set_aside_knows_a_repeat(store: Store, tenant: str, clock: ToldClock) -> None:
    park_unreadable(store, tenant, clock)
    park_unreadable(store, tenant, clock.__class__(clock() + timedelta(hours=1)))
    store.inbox.receive(tenant, WEBHOOK, event("1", "hash"), now=clock())
    assert store.deliveries.line(since=EPOCH).received.total == 1


def test_a_replay_does_not_undo_what_came_after(store: Store, tenant: str, clock: ToldClock) -> None:
    plan_effect(store, tenant, clock, cause="correction:1")
    store.outbox.park(start_effect(store, clock), now=clock(), status=422, reason="no such group")
    plan_effect(store, tenant, clock, cause="correction:2")
    store.outbox.done(start_effect(store, clock), now=clock(), status=200, evidence="audit 2")
    assert store.replays.replay(["out-1"], now=clock()) == 0
    shown = store.deliveries.show("out-1")
    assert (shown["state"], shown["error"]) == ("ignored", "Overtaken: the ticket got a newer change.")


def test_of_two_parked_effects_both_are_replayed_in_order(store: Store, tenant: str, clock: ToldClock) -> None:
    for cause in ("correction:1", "correction:2"):
        plan_effect(store, tenant, clock, cause=cause)
        store.outbox.park(start_effect(store, clock), now=clock(), status=422, reason="no such group")
    assert store.replays.replay(store.replays.parked(), now=clock()) == 2
    assert start_effect(store, clock).held.id == 1


def test_an_unknown_name_among_known_ones_moves_nothing(store: Store, tenant: str, clock: ToldClock) -> None:
    park_unreadable(store, tenant, clock)
    with pytest.raises(NoSuchDelivery):
        store.replays.drop(["in-1", "in-2"], now=clock())
    assert store.replays.parked() == ["in-1"]


def test_a_replayed_row_no_longer_carries_its_old_refusal(store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    store.replays.park(["in-1"], now=clock())
    store.replays.replay(["in-1"], now=clock())
    assert store.deliveries.show("in-1")["error"] is None
