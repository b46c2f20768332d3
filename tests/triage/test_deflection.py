"""Who read and did not write is counted from what can be seen, each person once in three days."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from triage.deflection import WITHIN, Deflection, Shown, deflection

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = BEGAN + timedelta(days=30)


def hours(number: float) -> datetime:
    return BEGAN + timedelta(hours=number)


def shown(person: str, at: float, *, read: float | None = None, ticket: float | None = None) -> Shown:
    return Shown(
        person=person,
        shown_at=hours(at),
        read_at=None if read is None else hours(read),
        ticket_at=None if ticket is None else hours(ticket),
    )


def test_each_end_is_counted_once() -> None:
    counted = deflection(
        [
            shown("reads and is quiet", 0, read=1),
            shown("reads and is quiet", 0),
            shown("reads and writes", 0, read=1, ticket=70),
            shown("reads and writes later", 0, read=1, ticket=74),
            shown("writes", 0, ticket=2),
            shown("goes away", 0),
        ],
        LATER,
    )
    assert counted == Deflection(people=5, undecided=0, read=3, read_quiet=2, unread=2, unread_quiet=1)


def test_three_days_that_are_not_over_decide_nothing() -> None:
    rows = [shown("reads", 0, read=1), shown("wrote already", 0, read=1, ticket=2)]
    counted = deflection(rows, hours(72))
    assert counted == Deflection(people=2, undecided=1, read=1, read_quiet=0, unread=0, unread_quiet=0)
    assert deflection(rows, hours(73)).undecided == 0


def test_a_person_counts_again_after_three_days() -> None:
    rows = [shown("one", 0, read=1), shown("one", 71), shown("one", 73, ticket=80)]
    counted = deflection(rows, LATER)
    assert counted == Deflection(people=2, undecided=0, read=1, read_quiet=1, unread=1, unread_quiet=0)


def test_nothing_shown_is_nothing_counted() -> None:
    assert deflection([], LATER) == Deflection(people=0, undecided=0, read=0, read_quiet=0, unread=0, unread_quiet=0)


moments = st.integers(0, 400)
rows = st.lists(
    st.builds(
        lambda person, at, read, ticket: shown(
            person, at, read=None if read is None else at + read, ticket=None if ticket is None else at + 1 + ticket
        ),
        st.sampled_from("abc"),
        moments,
        st.none() | st.integers(0, 100),
        st.none() | st.integers(0, 200),
    ),
    max_size=12,
)


@given(rows=rows, now=moments)
def test_all_are_in_one_place_whatever_the_order(rows: list[Shown], now: int) -> None:
    counted = deflection(rows, hours(now))
    assert counted.people == counted.undecided + counted.read + counted.unread
    assert 0 <= counted.read_quiet <= counted.read
    assert 0 <= counted.unread_quiet <= counted.unread
    assert deflection(random.Random(1).sample(rows, len(rows)), hours(now)) == counted
    late = deflection(rows, hours(1000) + WITHIN)
    assert late.undecided == 0
    assert late.people == counted.people
