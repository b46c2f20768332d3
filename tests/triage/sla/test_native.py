"""The helpdesk's due times beside ours, and why they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from triage.hours import Holiday, Schedule
from triage.sla import Metric, Policy, Target
from triage.sla.log import Event, FactsSet, PrioritySet, Reply, StatusSet
from triage.sla.native import UNEXPLAINED, Compared, compared, summary
from triage.sla.rules import SlaRules
from triage.sla.standing import standing
from triage.tickets import Priority, Status

REPLY, SOLVE = Metric.FIRST_REPLY_TIME, Metric.FULL_RESOLUTION_TIME
WEEK = tuple((day * 1440 + 480, day * 1440 + 1080) for day in range(5))
TUESDAY = datetime(2026, 11, 17, 9, tzinfo=UTC)
NOW = TUESDAY + timedelta(hours=4)
PAUSE = [
    StatusSet(at=TUESDAY + timedelta(hours=1), status=Status.PENDING),
    StatusSet(at=TUESDAY + timedelta(hours=3), status=Status.OPEN),
]


def policy(name: str, hours: float, in_business_hours: bool = True, **changes: object) -> Policy:
    made = Policy(
        id=name,
        title=name.title(),
        position=1,
        targets=tuple(
            Target(metric=metric, priority=priority, target_minutes=minutes, in_business_hours=in_business_hours)
            for priority, factor in ((Priority.P2, 1), (Priority.P3, 2))
            for metric, minutes in ((REPLY, 60 * factor), (SOLVE, 60 * hours * factor))
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def schedule(name: str = "berlin", zone: str = "Etc/UTC", **changes: object) -> Schedule:
    made = Schedule(id=name, name=name.title(), time_zone=zone, intervals=WEEK)
    return replace(made, **changes)  # type: ignore[arg-type]


def rules(policies: Sequence[Policy] = (policy("usual", 16),), *schedules: Schedule) -> SlaRules:
    known = schedules or (schedule(),)
    return SlaRules(
        version="1",
        policies=tuple(policies),
        schedules={each.id: each for each in known},
        default_schedule=known[0].id,
    )


def log(*more: Event, priority: Priority | None = Priority.P2) -> list[Event]:
    return [
        StatusSet(at=TUESDAY, status=Status.NEW),
        PrioritySet(at=TUESDAY, priority=priority),
        FactsSet(at=TUESDAY, facts={"tag": ("vip",)}),
        Reply(at=TUESDAY, by_agent=False),
        *more,
    ]


def why(ours: SlaRules, theirs: SlaRules, *more: Event, native_log: Sequence[Event] | None = None) -> str:
    """What is said of the resolution clock of a helpdesk that works by `theirs`."""
    happened = log(*more)
    due = standing(native_log or happened, theirs, NOW).clocks[SOLVE].due
    (found,) = (
        each for each in compared(happened, ours, NOW, {SOLVE: due}, tells_holidays=True) if each.metric is SOLVE
    )
    assert found.agrees is (found.why == "")
    return found.why


HOLIDAY = Holiday(name="Ours", starts_on=date(2026, 11, 18), ends_on=date(2026, 11, 18))
DIFFERENCES: list[tuple[str, Callable[[], tuple[SlaRules, SlaRules]], list[Event]]] = [
    ("", lambda: (rules(), rules()), []),
    ("", lambda: (rules(), rules()), list(PAUSE)),
    (
        "the helpdesk's clock goes on while the ticket is pending",
        lambda: (rules(), replace(rules(), paused_in=frozenset())),
        list(PAUSE),
    ),
    ("the helpdesk counts day and night", lambda: (rules(), rules([policy("usual", 16, False)])), []),
    ("the helpdesk counts business hours", lambda: (rules([policy("usual", 16, False)]), rules()), []),
    (
        "the helpdesk's clock runs on holidays that are kept here",
        lambda: (rules([policy("usual", 16)], schedule(holidays=(HOLIDAY,))), rules()),
        [],
    ),
    (
        "the helpdesk has the hours of “York” for it",
        lambda: (
            rules([policy("usual", 16)], schedule(), schedule("york", "America/New_York")),
            rules([policy("usual", 16)], schedule("york", "America/New_York")),
        ),
        [],
    ),
    (
        "another policy holds in the helpdesk: “Gold”",
        lambda: (
            rules([policy("usual", 16), policy("gold", 5, position=2)]),
            rules([policy("gold", 5)]),
        ),
        [],
    ),
    (
        "another policy holds in the helpdesk: “Gold”, which never holds here",
        lambda: (
            rules([policy("gold", 5, is_active=False), policy("usual", 16, position=2)]),
            rules([policy("gold", 5)]),
        ),
        [],
    ),
    (UNEXPLAINED, lambda: (rules(), rules([policy("usual", 11)])), []),
    (
        "another policy holds in the helpdesk: “Gold”",
        lambda: (
            rules([policy("usual", 16), policy("gold", 5, position=2)], schedule(), schedule("shut", intervals=())),
            rules([policy("gold", 5)]),
        ),
        [],
    ),
]


@pytest.mark.parametrize(
    ("said", "both", "more"),
    DIFFERENCES,
)
def test_the_one_difference_that_explains_it_is_named(
    said: str, both: Callable[[], tuple[SlaRules, SlaRules]], more: list[Event]
) -> None:
    ours, theirs = both()
    assert why(ours, theirs, *more) == said


def test_a_clock_that_kept_the_first_priority_is_named() -> None:
    raised = PrioritySet(at=TUESDAY + timedelta(hours=1), priority=Priority.P3)
    assert why(rules(), rules(), raised, native_log=log()) == "the helpdesk still counts by the ticket's first priority"


def compare(
    happened: Sequence[Event], native: dict[Metric, datetime | None], ours: SlaRules | None = None, tells: bool = True
) -> dict[Metric, Compared]:
    return {each.metric: each for each in compared(happened, ours or rules(), NOW, native, tells_holidays=tells)}


def test_clocks_that_only_one_of_the_two_has() -> None:
    found = compare(log(), {REPLY: None, Metric.NEXT_REPLY_TIME: NOW})
    assert found[REPLY].why == "the helpdesk's clock is not running"
    assert found[SOLVE].why == "the helpdesk promises nothing of this kind"
    assert found[Metric.NEXT_REPLY_TIME].why == "our policy “Usual” promises nothing of this kind"
    assert found[REPLY].by is None
    paused = compare(log(PAUSE[0]), {SOLVE: NOW})
    assert paused[SOLVE].why == "our clock is held while the ticket is pending"
    assert compare(log(PAUSE[0]), {SOLVE: None})[SOLVE].agrees


def test_a_ticket_that_is_promised_nothing_here() -> None:
    assert compare(log(priority=None), {SOLVE: NOW})[SOLVE].why == "the ticket has no priority"
    nobody = rules([policy("gold", 4, applies_to={"tag": ("gold",)})])
    assert compare(log(), {SOLVE: NOW}, nobody)[SOLVE].why == "no policy of ours fits the ticket"


def test_holidays_that_a_helpdesk_does_not_tell_may_be_why_it_is_later() -> None:
    due = standing(log(), rules(), NOW).clocks[SOLVE].due
    assert due is not None
    later, earlier = {SOLVE: due + timedelta(days=1)}, {SOLVE: due - timedelta(hours=1)}
    assert "may keep holidays" in compare(log(), dict(later), tells=False)[SOLVE].why
    assert compare(log(), dict(later))[SOLVE].why == UNEXPLAINED
    assert compare(log(), dict(earlier), tells=False)[SOLVE].why == UNEXPLAINED


def test_seconds_are_no_difference_and_sums_are_by_reason() -> None:
    due = standing(log(), rules(), NOW).clocks[SOLVE].due
    assert due is not None
    found = compared(log(), rules(), NOW, {SOLVE: due + timedelta(seconds=59), REPLY: due}, tells_holidays=True)
    assert [(each.metric, each.agrees) for each in found] == [(REPLY, False), (SOLVE, True)]
    assert found[1].by == timedelta(seconds=-59)
    assert summary(found) == {"": 1, found[0].why: 1}
