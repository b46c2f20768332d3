"""Categories whose decisions are only recorded, or written for half of the tickets."""

from __future__ import annotations

from jobs.plan import SHADOW_NOTE
from tests.jobs.conftest import Desk
from tests.jobs.test_line import WEBHOOKS, state
from triage.decisions import Outcome
from triage.modes import Arm, Mode, arm_of

CATEGORY = "integration_problem"


def put(desk: Desk, category: str, mode: Mode) -> None:
    desk.store.installations.set("acme", category_modes={category: mode.value})


def decide(desk: Desk, name: str) -> str:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, name)
    desk.work()
    return ref


def test_a_category_in_shadow_is_recorded_and_nothing_is_written(desk: Desk) -> None:
    put(desk, CATEGORY, Mode.SHADOW)
    ref = decide(desk, "first")
    stored = desk.store.decisions.latest("acme", ref)
    assert stored is not None
    assert (stored.shadow, stored.decision.mode, stored.decision.outcome) == (True, Mode.SHADOW, Outcome.TRIAGED)
    assert desk.kinds(ref) == []
    assert state(desk, "in-2") == ("done", SHADOW_NOTE)
    put(desk, CATEGORY, Mode.ON)
    assert desk.kinds(decide(desk, "second")) == ["update", "note"]


def test_half_of_a_category_is_written_and_the_side_is_recorded(desk: Desk) -> None:
    put(desk, CATEGORY, Mode.HALF)
    sides = set()
    for number in range(40):
        ref = decide(desk, f"event {number}")
        stored = desk.store.decisions.latest("acme", ref)
        assert stored is not None
        assert stored.decision.arm is arm_of("acme", ref)
        assert desk.kinds(ref) == (["update", "note"] if stored.decision.arm is Arm.AUTOMATED else [])
        assert stored.shadow is (stored.decision.arm is Arm.CONTROL)
        sides.add(stored.decision.arm)
        if len(sides) == 2:
            break
    assert sides == {Arm.AUTOMATED, Arm.CONTROL}


def test_another_category_is_not_touched(desk: Desk) -> None:
    put(desk, "how_to", Mode.SHADOW)
    assert desk.kinds(decide(desk, "first")) == ["update", "note"]
