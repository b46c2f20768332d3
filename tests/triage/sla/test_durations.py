"""Lengths of time as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.sla.reading.durations import LONGEST, length_of, written


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("15 min", 15),
        ("15min", 15),
        ("4 h", 240),
        ("1 h 30 min", 90),
        ("1 hour, 30 minutes", 90),
        ("1.5 h", 90),
        ("90 s", 1.5),
        ("20 s", 20 / 60),
        ("7 days", 7 * 1440),
        ("2 weeks", 14 * 1440),
        (30, 30),
        (0.5, 0.5),
    ],
)
def test_times_are_minutes(text: object, minutes: float) -> None:
    found = length_of(text)
    assert (found.minutes, found.business_days) == (minutes, None)


@pytest.mark.parametrize(("text", "days"), [("3 business days", 3), ("1 business day", 1), ("0.5 Business  Days", 0.5)])
def test_business_days_are_kept_as_days(text: str, days: float) -> None:
    found = length_of(text)
    assert (found.minutes, found.business_days) == (0, days)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "4", "h", "4 hh", "-4 h", "4 h or so", "0 min", "3 business", "1 h 1 business day", "99999999 h"),
        *(True, None, [4], {"h": 4}, float("nan"), float("inf"), -1, 0),
    ],
)
def test_all_else_says_how_to_write_it(text: object) -> None:
    with pytest.raises(ValueError, match=r"[Ww]rite"):
        length_of(text)


@given(st.one_of(st.integers(1, 10**6).map(float), st.integers(1, 10**7).map(lambda seconds: seconds / 60)))
def test_a_time_comes_back_as_it_was_written(minutes: float) -> None:
    assert length_of(written(minutes)).minutes == minutes


@given(st.floats(1e-6, LONGEST, allow_nan=False))
def test_so_does_any_other_number_of_minutes(minutes: float) -> None:
    assert length_of(written(minutes)).minutes == pytest.approx(minutes, rel=1e-12)


@given(st.integers(1, 700).map(lambda halves: halves / 2))
def test_business_days_come_back(days: float) -> None:
    assert length_of(written(0, days)).business_days == days


def test_people_read_it_at_a_glance() -> None:
    assert [written(15), written(240), written(90), written(1.5), written(0, 1), written(0, 2.5)] == [
        "15 min",
        "4 h",
        "1 h 30 min",
        "90 s",
        "1 business day",
        "2.5 business days",
    ]
