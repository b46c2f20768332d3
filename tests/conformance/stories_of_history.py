"""What happened to a ticket and when it is due there, as the connector tells it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from connectors.base import Feature, Happening
from connectors.errors import NotFound, RateLimited
from connectors.simulator.records import SlaPolicy
from tests.conformance.world import World
from triage.actions import AddComment
from triage.sla import Metric
from triage.sla.log import PrioritySet, Reply, StatusSet
from triage.tickets import Priority, Status

FRESH = (Status.NEW, Status.OPEN)


def a_fresh_ticket_has_begun_with_its_customers_words(world: World) -> object:
    clock = _Clock(world)
    told = world.helpdesk.history(world.arrive())
    assert {event.at for event in told} == {clock.at}
    assert isinstance(told[0], StatusSet)
    assert told[0].status in FRESH
    assert _replies(told) == [(0, "customer", "public")]
    return _replies(told)


def who_wrote_and_who_can_read_it_is_told(world: World) -> object:
    clock = _Clock(world)
    ref = world.arrive()
    clock.passes(minutes=5)
    world.agent_does(ref, "Looks like the nightly one.", public=False)
    clock.passes(minutes=5)
    world.agent_does(ref, "Which export?")
    clock.passes(minutes=5)
    world.customer_writes(ref, "The nightly one.")
    told = _replies(world.helpdesk.history(ref))
    assert told == [
        (0, "customer", "public"),
        (5, "agent", "note"),
        (10, "agent", "public"),
        (15, "customer", "public"),
    ]
    return told


def a_long_conversation_is_told_whole(world: World) -> object:
    clock = _Clock(world)
    ref = world.arrive()
    for number in range(130):
        clock.passes(minutes=1)
        if number % 2:
            world.customer_writes(ref, str(number))
        else:
            world.agent_does(ref, str(number))
    told = _replies(world.helpdesk.history(ref))
    assert [minute for minute, _, _ in told] == list(range(131))
    assert [who for _, who, _ in told[1:]] == ["agent", "customer"] * 65
    return len(told)


def our_own_note_answers_nobody(world: World) -> object:
    _Clock(world)
    ref = world.arrive()
    world.helpdesk.add_comment(AddComment(ticket_ref=ref, body="Routed to billing.", public=False), key="a" * 32)
    told = _replies(world.helpdesk.history(ref))
    assert told == [(0, "customer", "public"), (0, "agent", "note")]
    return told


def where_a_ticket_stands_now_is_told_last(world: World) -> object:
    read = []
    for word in ("open", "pending", "on_hold", "solved", "closed"):
        clock = _Clock(world)
        ref = world.arrive()
        clock.passes(minutes=30)
        world.agent_does(ref, priority="high")
        clock.passes(minutes=30)
        world.agent_does(ref, status=word)
        clock.passes(minutes=30)
        if word != "closed":
            world.customer_writes(ref, "Thank you")
        told = [each for each in world.helpdesk.history(ref) if isinstance(each, StatusSet)]
        assert told[-1].status is Status(word)
        assert told[-1].at == clock.began + timedelta(hours=1 if told[1:] else 0)
        read.append(told[-1].status)
    return read


def every_change_is_told_where_the_helpdesk_keeps_a_trail(world: World) -> object:
    clock = _Clock(world)
    ref = world.arrive()
    for change in ({"status": "open"}, {"status": "pending"}, {"priority": "low"}, {"status": "open"},
                   {"priority": "urgent"}, {"status": "on_hold"}, {"status": "solved"}, {"status": "open"},
                   {"status": "solved"}):  # fmt: skip
        clock.passes(minutes=10)
        world.agent_does(ref, **change)
    told = world.helpdesk.history(ref)
    statuses = [(each.at, each.status) for each in told if isinstance(each, StatusSet)]
    priorities = [each.priority for each in told if isinstance(each, PrioritySet)]
    minutes = [(at - clock.began) // timedelta(minutes=1) for at, _ in statuses]
    # The rest is in it wherever there is no trail, too: the beginning, the last time it was opened again, and now.
    if Feature.HISTORY in world.helpdesk.features:
        assert minutes == [0, 10, 20, 40, 60, 70, 80, 90]
        assert [status.value for _, status in statuses] == [
            "new", "open", "pending", "open", "on_hold", "solved", "open", "solved",
        ]  # fmt: skip
        assert priorities == [None, Priority.P4, Priority.P1]
    assert minutes[-2:] == [80, 90]
    assert [status for _, status in statuses[-2:]] == [Status.OPEN, Status.SOLVED]
    assert priorities[-1] is Priority.P1
    return minutes[0], minutes[-2:]


def what_happens_within_a_second_ends_in_what_holds(world: World) -> object:
    clock = _Clock(world)
    ref = world.arrive()
    world.agent_does(ref, "On it.", status="pending", priority="urgent")
    told = world.helpdesk.history(ref)
    assert [each.status for each in told if isinstance(each, StatusSet)] == [Status.PENDING]
    assert [each.priority for each in told if isinstance(each, PrioritySet)] == [Priority.P1]
    assert {each.at for each in told} == {clock.began}
    return _replies(told)


def a_history_grows_and_stays_what_it_was(world: World) -> object:
    clock = _Clock(world)
    ref = world.arrive()
    clock.passes(minutes=1)
    world.agent_does(ref, "Which export?", status="pending")
    before = world.helpdesk.history(ref)
    clock.passes(minutes=1)
    world.customer_writes(ref, "The nightly one.")
    after = world.again().history(ref)
    kept = [event for event in before if not isinstance(event, PrioritySet)]
    assert set(kept) < set(after)
    assert world.helpdesk.history(ref) == after
    return len(after) - len(before)


def the_past_of_a_missing_ticket_is_a_typed_error(world: World) -> object:
    ref = world.arrive()
    world.delete(ref)
    for missing in (ref, "999999", "../users", "0"):
        with pytest.raises(NotFound):
            world.helpdesk.history(missing)
        with pytest.raises(NotFound):
            world.helpdesk.native_due(missing)
    return "not found"


def a_limit_leaves_the_past_for_later(world: World) -> object:
    ref = world.arrive()
    world.knobs(requests_per_minute=1)
    with pytest.raises(RateLimited):
        list(map(world.helpdesk.history, [ref] * 5))
    return "later"


def the_helpdesks_own_due_times_are_read(world: World) -> object:
    clock = _Clock(world)
    world.knobs(due_lag_s=0)
    _promise(world, reply_min=30, resolution_min=240)
    ref = world.arrive(attributes={"priority": "urgent"})
    due = world.helpdesk.native_due(ref)
    read = {metric.value: at - clock.began for metric, at in due.items() if at is not None}
    assert read == {
        Metric.FIRST_REPLY_TIME.value: timedelta(minutes=30),
        Metric.FULL_RESOLUTION_TIME.value: timedelta(hours=4),
    }
    return read


def what_was_answered_keeps_its_due_time(world: World) -> object:
    clock = _Clock(world)
    world.knobs(due_lag_s=0)
    _promise(world, reply_min=30, resolution_min=240)
    ref = world.arrive(attributes={"priority": "urgent"})
    clock.passes(minutes=5)
    world.agent_does(ref, "Which export?")
    due = world.helpdesk.native_due(ref)[Metric.FIRST_REPLY_TIME]
    assert due == clock.began + timedelta(minutes=30)
    return "kept"


def the_kind_of_a_ticket_is_read(world: World) -> object:
    kinds = [world.helpdesk.ticket(world.arrive(attributes={"type": word})).kind for word in ("incident", None)]
    assert str(kinds[0]).lower() == "incident"
    assert kinds[1] is None
    return [str(kind).lower() for kind in kinds]


class _Clock:
    """The helpdesk's own clock, which moves only when it is told to."""

    def __init__(self, world: World) -> None:
        self.began = self.at = world.state.second().replace(microsecond=0)
        world.state.now = lambda: self.at

    def passes(self, *, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)


def _replies(told: Iterable[Happening]) -> list[tuple[int, str, str]]:
    told = list(told)
    began = told[0].at
    return [
        (
            (each.at - began) // timedelta(minutes=1),
            "agent" if each.by_agent else "customer",
            "public" if each.public else "note",
        )
        for each in told
        if isinstance(each, Reply)
    ]


def _promise(world: World, *, reply_min: int, resolution_min: int) -> None:
    at = world.state.second()
    targets = dict.fromkeys(("urgent", "high", "normal", "low"), (reply_min, resolution_min, False))
    policy = SlaPolicy(
        id=world.state.next_id(), title="Gold", position=1, targets=targets, created_at=at, updated_at=at
    )
    world.state.put(world.state.policies, policy)
