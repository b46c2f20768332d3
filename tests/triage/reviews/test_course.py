"""When owners are told: at the opening, before the time is over, and so often after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.defaults import load_knowledge
from triage.knowledge_reading import rules_from
from triage.reviews.course import Occasion, next_at, step_now, steps

RULES = rules_from(load_knowledge(), version="1", areas=())
OPENED = datetime(2026, 11, 2, 9, tzinfo=UTC)
DUE = OPENED + RULES.review_within
DAY = timedelta(days=1)


def test_the_shipped_course() -> None:
    assert [(each.number, each.occasion, (each.at - OPENED).days) for each in steps(OPENED, DUE, RULES)] == [
        (1, Occasion.OPENED, 0),
        (2, Occasion.SOON, 8),
        (3, Occasion.LATE, 10),
        (4, Occasion.LATE, 17),
    ]


def test_reminders_are_counted_in_all() -> None:
    assert [each.occasion for each in steps(OPENED, DUE, replace(RULES, reminders=0))] == [Occasion.OPENED]
    assert [each.occasion for each in steps(OPENED, DUE, replace(RULES, reminders=1))] == [
        Occasion.OPENED,
        Occasion.SOON,
    ]


def test_nobody_is_told_that_it_is_due_soon_when_it_was_just_opened() -> None:
    for before in (timedelta(), RULES.review_within, 2 * RULES.review_within):
        found = steps(OPENED, DUE, replace(RULES, remind_before=before, reminders=2))
        assert [(each.occasion, each.at) for each in found[1:]] == [
            (Occasion.LATE, DUE),
            (Occasion.LATE, DUE + RULES.remind_every),
        ]


@pytest.mark.parametrize(
    ("told", "days", "number", "then"),
    [(0, 0, 1, 0), (1, 7, None, 8), (1, 8, 2, 8), (2, 30, 4, 10), (0, 99, 4, 0), (4, 99, None, None), (0, -1, None, 0)],
)
def test_of_what_was_missed_only_the_last_is_told(told: int, days: int, number: int | None, then: int | None) -> None:
    course = steps(OPENED, DUE, RULES)
    step = step_now(course, told, OPENED + days * DAY)
    assert (None if step is None else step.number) == number
    assert next_at(course, told) == (None if then is None else OPENED + then * DAY)


@given(
    st.floats(0.01, 100),
    st.floats(0, 100),
    st.floats(0.01, 50),
    st.integers(0, 9),
    st.lists(st.floats(0, 500), max_size=9),
)
def test_looking_at_any_times_tells_each_step_at_most_once_and_ends(
    within: float, before: float, every: float, most: int, looks: list[float]
) -> None:
    rules = replace(
        RULES,
        review_within=within * DAY,
        remind_before=before * DAY,
        remind_every=every * DAY,
        reminders=most,
    )
    course, told, numbers = steps(OPENED, OPENED + rules.review_within, rules), 0, []
    assert [each.at for each in course] == sorted(each.at for each in course)
    assert len(course) <= 1 + most
    for look in sorted(looks):
        now = OPENED + look * DAY
        if (step := step_now(course, told, now)) is not None:
            assert step.at <= now
            told = step.number
            numbers.append(told)
        assert (next_at(course, told) or now + DAY) > now, "not at once again"
    assert numbers == sorted(set(numbers))
