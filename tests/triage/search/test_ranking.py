"""The fusion of meaning and words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.search.ranking import Signals, coverage, fused, sure

NAN = float("nan")


def signals(*rows: tuple[float, float, float, float]) -> Signals:
    return Signals(*np.array(rows, np.float32).reshape(-1, 4).T)


def test_meaning_decides_where_no_word_is_there() -> None:
    assert fused(signals((0.2, 0.3, 0, 0), (0.6, 0.5, 0, 0), (0.4, 0.4, 0, 0))).argmax() == 1


def test_a_whole_match_of_words_beats_a_little_more_meaning() -> None:
    others = [(0.30 + 0.01 * (row % 5), NAN, 0.0, 0.0) for row in range(40)]
    assert fused(signals((0.31, NAN, 0.9, 0.9), *others)).argmax() == 0


def test_a_poor_match_of_words_does_not() -> None:
    others = [(0.30 + 0.01 * (row % 5), NAN, 0.0, 0.0) for row in range(40)]
    assert fused(signals((0.3, NAN, 0.05, 0.05), *others, (0.9, NAN, 0.0, 0.0))).argmax() == 41


def test_an_article_without_a_title_is_not_set_back() -> None:
    with_title, without = fused(signals((0.5, 0.5, 0.2, 0.2), (0.5, NAN, 0.2, 0.2), (0.1, 0.1, 0, 0)))[:2]
    assert with_title == pytest.approx(without)


def test_two_that_are_almost_alike_stay_almost_alike() -> None:
    """With only their own spread, the first would be two spreads ahead."""
    first, second = fused(signals((0.501, 0.5, 0, 0), (0.5, 0.5, 0, 0)))
    assert 0 < first - second < 0.1


def test_none() -> None:
    assert fused(signals()).shape == (0,)
    assert coverage(signals()) == 0


share = st.floats(0, 1, width=32)


@given(st.lists(st.tuples(share, share | st.just(NAN), share, share), min_size=1))
def test_more_of_anything_never_ranks_lower(rows: list[tuple[float, float, float, float]]) -> None:
    """Against an article that is worse in everything."""
    passage, title, words, passage_words = np.nanmax(np.array(rows), axis=0, initial=0.0)
    best = (passage, max(passage, title), words, passage_words)  # a missing title counts as its passage
    scores = fused(signals(*rows, best))
    assert scores[-1] >= scores.max() - 1e-4


@given(share, share, st.floats(-20, 20))
def test_sure_is_a_share_and_grows_with_each(meaning: float, words: float, margin: float) -> None:
    now = sure(meaning, words, margin)
    assert 0 <= now <= 1
    assert sure(meaning + 0.1, words, margin) >= now
    assert sure(meaning, words + 0.1, margin) >= now
    assert sure(meaning, words, margin + 0.1) >= now
