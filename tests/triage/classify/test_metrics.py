"""Quality figures against hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.classify.metrics import automation_floor, calibration_error, quality


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9])
    assert calibration_error(confidence, np.array([True, True, True, True])) == pytest.approx(0.1)
    assert calibration_error(np.array([0.5, 0.5, 1.0]), np.array([True, False, True])) == 0
    assert calibration_error(np.array([]), np.array([], dtype=bool)) == 0


def test_floor_is_the_lowest_that_keeps_the_promise() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6])
    assert automation_floor(confidence, np.array([True, True, False, False]), 0.4) == 0.7
    assert automation_floor(confidence, np.array([True, True, False, False]), 0.05) == 0.8
    assert automation_floor(confidence, np.array([False] * 4), 0.05) == 1.01
    assert automation_floor(confidence, np.array([True] * 4), 0.05) == 0.6
    tied = np.array([0.9, 0.8, 0.8])
    assert automation_floor(tied, np.array([True, True, False]), 0.05) == 0.9


def test_a_certain_floor_is_never_lower() -> None:
    rng = np.random.default_rng(0)
    confidence = np.sort(rng.random(2_000))[::-1]
    right = rng.random(2_000) < 0.5 + confidence / 2
    plain = automation_floor(confidence, right, 0.1)
    certain = automation_floor(confidence, right, 0.1, certainty=0.9)
    assert plain <= certain <= 1
    assert automation_floor(confidence[:5], np.array([True] * 5), 0.05, certainty=0.9) == 1.01


def test_quality_puts_them_together() -> None:
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.45, 0.55]])
    found = quality(shares, shares.max(axis=1), np.array([0, 1, 0, 0]))
    assert (found.accuracy, found.rows, found.promise) == (0.75, 4, 0.05)
    assert (found.floor, found.coverage, found.error_when_answered) == (0.6, 0.75, 0)
    nothing = quality(shares, shares.max(axis=1), np.array([1, 0, 1, 0]))
    assert (nothing.floor, nothing.coverage, nothing.error_when_answered) == (1.01, 0, 0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.floats(0, 0.5))
def test_above_the_floor_the_promise_holds(rows: list[tuple[float, bool]], promise: float) -> None:
    confidence = np.array([row[0] for row in rows])
    right = np.array([row[1] for row in rows])
    answered = confidence >= automation_floor(confidence, right, promise)
    assert not answered.any() or (~right[answered]).mean() <= promise
