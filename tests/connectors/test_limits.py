"""Token buckets: never over the limit in any minute, never stuck, urgent work has a share of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.limits import (
    DEEP_ENOUGH,
    FIRST_OPEN_S,
    LONGEST_OPEN_S,
    PROBE_S,
    SHARE,
    TRIPS_AT,
    Bucket,
    Circuit,
    depth,
    open_s,
)

NOW = datetime(2026, 11, 17, 13, 46, tzinfo=UTC)
LIMITS = st.integers(1, 5000)


def taken(bucket: Bucket, now: datetime, *, urgent: bool = False) -> tuple[Bucket, bool]:
    after = bucket.take(now, urgent=urgent)
    return (after, True) if isinstance(after, Bucket) else (bucket, False)


@given(
    per_minute=LIMITS,
    asked=st.lists(st.tuples(st.integers(0, 3000), st.booleans()), min_size=1, max_size=400),
)
def test_no_minute_holds_more_requests_than_the_limit(per_minute: int, asked: list[tuple[int, bool]]) -> None:
    bucket, now, passed = Bucket.full(per_minute, NOW), NOW, []
    for wait_ms, urgent in asked:
        now += timedelta(milliseconds=wait_ms)
        for _ in range(20):
            bucket, got = taken(bucket, now, urgent=urgent)
            if not got:
                break
            passed.append(now)
    for number, start in enumerate(passed):
        within = sum(start <= each < start + timedelta(minutes=1) for each in passed[number:])
        assert within <= per_minute


@given(per_minute=LIMITS, urgent=st.booleans())
def test_the_wait_that_is_named_is_enough_and_not_too_long(per_minute: int, urgent: bool) -> None:
    bucket = Bucket.full(per_minute, NOW)
    while isinstance(after := bucket.take(NOW, urgent=urgent), Bucket):
        bucket = after
    assert isinstance(bucket.take(NOW + timedelta(seconds=after + 0.001), urgent=urgent), Bucket)
    assert isinstance(bucket.take(NOW + timedelta(seconds=after * 0.9), urgent=urgent), float)


@pytest.mark.parametrize(("per_minute", "expected"), [(1, 1), (10, 1), (50, 5), (100, 5), (200, 8), (700, 28)])
def test_enough_is_saved_up_for_one_piece_of_work(per_minute: float, expected: float) -> None:
    assert depth(per_minute) == pytest.approx(expected)
    assert depth(per_minute) >= min(DEEP_ENOUGH, per_minute / 10)


def test_urgent_work_passes_when_the_rest_waits() -> None:
    bucket = Bucket.full(400, NOW)
    while isinstance(after := bucket.take(NOW), Bucket):
        bucket = after
    assert isinstance(bucket.take(NOW), float)
    assert isinstance(bucket.take(NOW, urgent=True), Bucket)


def test_a_clock_that_went_back_refills_nothing() -> None:
    bucket = Bucket.full(60, NOW).take(NOW)
    assert isinstance(bucket, Bucket)
    assert bucket.refilled(NOW - timedelta(seconds=50)) == bucket


def test_a_clock_that_was_put_right_counts_from_there() -> None:
    spent = replace(Bucket.full(100, NOW), tokens=0.0, reserve=0.0)
    assert spent.refilled(NOW - timedelta(hours=1)) == Bucket.full(100, NOW - timedelta(hours=1))


def test_a_lower_limit_takes_away_what_no_longer_fits() -> None:
    bucket = Bucket.full(1000, NOW).relimited(200, NOW)
    assert bucket.tokens == depth(200)
    assert bucket.relimited(1000, NOW).tokens == depth(200)


def test_in_the_long_run_the_share_is_used_up() -> None:
    bucket, now, passed = Bucket.full(200, NOW), NOW, 0
    for _ in range(6000):
        now += timedelta(milliseconds=100)
        bucket, got = taken(bucket, now)
        passed += got
    assert passed >= 0.99 * 200 * SHARE * 10


def failed(times: int, now: datetime = NOW, *, took_s: float = 0.0) -> Circuit:
    """A circuit after so many failures, each as soon as a probe was let through."""
    circuit = Circuit()
    for _ in range(times):
        now = max(now, circuit.open_until or now)
        circuit = circuit.failed(now, took_s=took_s)
    return circuit


def test_a_few_failures_stop_nobody() -> None:
    circuit = failed(TRIPS_AT - 1)
    assert circuit.enter(NOW) == circuit


def test_after_five_in_a_row_nobody_enters_for_a_moment_and_then_one_does() -> None:
    circuit = failed(TRIPS_AT)
    assert circuit.enter(NOW + timedelta(seconds=0.1)) == pytest.approx(FIRST_OPEN_S - 0.1)
    later = NOW + timedelta(seconds=FIRST_OPEN_S)
    probing = circuit.enter(later)
    assert isinstance(probing, Circuit)
    assert probing.enter(later) == FIRST_OPEN_S
    assert isinstance(probing.failed(later).enter(later), float)


def test_the_place_of_a_probe_that_died_is_given_to_another() -> None:
    later = NOW + timedelta(seconds=FIRST_OPEN_S)
    probing = failed(TRIPS_AT).enter(later)
    assert isinstance(probing, Circuit)
    assert isinstance(probing.enter(later + timedelta(seconds=PROBE_S)), Circuit)


def test_failures_of_requests_that_were_on_their_way_do_not_count_twice() -> None:
    circuit = failed(TRIPS_AT)
    assert circuit.failed(NOW) == circuit


def test_a_wait_is_as_long_as_the_probe_took() -> None:
    assert failed(TRIPS_AT, took_s=10).enter(NOW) == 10
    assert failed(TRIPS_AT, took_s=90).enter(NOW) == LONGEST_OPEN_S


@given(st.integers(0, 10_000))
def test_the_wait_grows_and_has_an_end(failures: int) -> None:
    assert FIRST_OPEN_S <= open_s(failures) <= open_s(failures + 1) <= LONGEST_OPEN_S


def test_what_a_row_loses_stays_in_proportion_to_the_outage() -> None:
    """Also when the outage ends by requests: a burst of 40 failures."""
    away_s = 0.0
    for failures in range(TRIPS_AT, 200):
        wait_s = open_s(failures)
        assert wait_s <= max(FIRST_OPEN_S, away_s / 3)
        away_s += wait_s
        if failures == TRIPS_AT + 35:
            assert away_s <= 20
    assert wait_s == LONGEST_OPEN_S


def test_a_clock_that_was_put_right_opens_the_way() -> None:
    assert isinstance(failed(TRIPS_AT).enter(NOW - timedelta(hours=1)), Circuit)
