"""BM25 as bm25s scores it, divided by what the query could get."""

from __future__ import annotations

from math import log

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.search.lexical import K1, B, Lexical, Wanted, posted

DOCUMENTS = [np.array(terms, np.int32) for terms in ([0, 1, 1, 2], [0, 3], [0, 0, 0, 0, 4, 5, 6], [])]
LEXICAL = Lexical(posted(DOCUMENTS, 8), len(DOCUMENTS))


def one(*terms: int) -> Wanted:
    return Wanted((terms,))


@settings(deadline=None)
@given(st.lists(st.sampled_from(range(7)), min_size=1, max_size=4, unique=True))
def test_scores_are_those_of_bm25s_over_the_best_conceivable(query: list[int]) -> None:
    theirs = bm25s.BM25(k1=K1, b=B, method="lucene")
    theirs.index(([each.tolist() for each in DOCUMENTS], {term: term for term in range(8)}), show_progress=False)
    possible = sum(LEXICAL.rarity(term) for term in query)
    np.testing.assert_allclose(LEXICAL.scores([one(term) for term in query]) * possible, theirs.get_scores(query), 1e-5)


def test_rarity_is_lucenes_and_0_for_a_term_of_no_document() -> None:
    assert LEXICAL.rarity(3) == pytest.approx(log(1 + (4 - 1 + 0.5) / 1.5))
    assert LEXICAL.rarity(7) == 0
    assert (LEXICAL.has(1, 0), LEXICAL.has(1, 1), LEXICAL.has(7, 0)) == (True, False, False)


def test_words_nobody_has_take_from_the_score() -> None:
    known, unknown = LEXICAL.scores([one(3)]), LEXICAL.scores([one(3), Wanted()])
    assert unknown[1] < known[1] / 2
    assert not LEXICAL.scores([Wanted(), one(7)]).any()
    assert not LEXICAL.scores([]).any()


def test_alternatives_count_once_and_each_as_much_as_the_other() -> None:
    either = LEXICAL.scores([Wanted(((1,), (3,)))])
    assert either[0] == pytest.approx(LEXICAL.scores([one(1)])[0])
    assert either[1] == pytest.approx(LEXICAL.scores([one(3)])[1])
    phrase = LEXICAL.scores([Wanted(((3,), (4, 5, 6)))])
    assert phrase[2] == pytest.approx(LEXICAL.scores([one(4, 5, 6)])[2])
    assert LEXICAL.scores([Wanted(((3,),), share=0.5)])[1] == pytest.approx(0.5 * LEXICAL.scores([one(3)])[1])


@given(st.lists(st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=3).map(tuple), max_size=3).map(tuple)))
def test_no_score_is_over_1_or_under_0(alternatives: list[tuple[tuple[int, ...], ...]]) -> None:
    scores = LEXICAL.scores([Wanted(each) for each in alternatives])
    assert scores.min() >= 0
    assert scores.max() <= 1 + 1e-6


def test_no_documents_and_no_words() -> None:
    assert Lexical(posted([], 0), 0).scores([Wanted()]).shape == (0,)
    assert Lexical(posted([DOCUMENTS[3]], 0), 1).scores([Wanted()]).tolist() == [0]
