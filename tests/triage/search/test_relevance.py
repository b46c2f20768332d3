"""Figures of a test, and whether another index does worse."""

from __future__ import annotations

import numpy as np
import pytest

from triage.search.relevance import LEAST_JUDGED, Asked, gain, judge, relevance


def asked(place: int, query: str = "q") -> Asked:
    return Asked(query=query, right=("a",), place=place, first="a" if place == 1 else "b")


def test_figures_by_hand() -> None:
    found = relevance([asked(1), asked(3, "third"), asked(0, "lost"), asked(4, "fourth")])
    assert (found.queries, found.first.count, found.in_three.count) == (4, 1, 2)
    assert found.mrr_at_10 == pytest.approx((1 + 1 / 3 + 1 / 4) / 4)
    assert [each.query for each in found.worst] == ["lost", "fourth", "third"]
    # Wilson's interval of 1 of 4: https://doi.org/10.1080/01621459.1927.10502953
    assert (found.first.low, found.first.high) == pytest.approx((0.0456, 0.6994), abs=1e-4)


def test_nothing_was_asked() -> None:
    found = relevance([])
    assert (found.queries, found.first.value, found.mrr_at_10, found.worst) == (0, 0.0, 0.0, ())


def test_worse_in_the_first_three() -> None:
    found = judge([1] * 94 + [4] * 6, [1] * 86 + [4] * 14)
    assert found.is_worse
    assert found.why == (
        "On 100 own queries the right article is first for 86 % (before 94 %) and in the first three for 86 % "
        "(before 94 %): worse beyond noise (p = 0.008)."
    )


def test_worse_at_the_first_place_only() -> None:
    assert judge([1] * 100, [1] * 90 + [2] * 10).is_worse


def test_a_difference_that_may_be_noise_is_not_worse() -> None:
    assert not judge([1] * 100, [1] * 95 + [4] * 5).is_worse
    assert not judge([1, 4] * 50, [4, 1] * 50).is_worse


def test_a_tiny_drop_is_not_worse_however_sure_it_is() -> None:
    assert not judge([1] * 1000, [1] * 985 + [2] * 15).is_worse


def test_better_is_not_worse() -> None:
    assert not judge([0] * 50 + [1] * 50, [1] * 100).is_worse


def test_too_few_to_judge() -> None:
    few = LEAST_JUDGED - 1
    assert not judge([1] * few, [0] * few).is_worse
    assert judge([1] * LEAST_JUDGED, [0] * LEAST_JUDGED).is_worse


def test_a_gain_has_an_interval() -> None:
    old, new = np.array([0.5, 1.0] * 50), np.array([1.0, 1.0] * 50)
    found = gain(old, new)
    assert found.mean == pytest.approx(0.25)
    assert 0.19 < found.low < 0.25 < found.high < 0.31
    assert str(found).startswith("+0.250 (+0.")
    assert gain(new, old).high < 0
    assert gain(old, new) == found


def test_a_gain_on_a_few_tickets_is_noise() -> None:
    old = np.ones(30)
    new = old.copy()
    old[:2] = 0.5
    assert gain(old, new).low == 0.0
