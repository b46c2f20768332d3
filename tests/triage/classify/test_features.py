"""Counting without scikit-learn's class counts the same."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from connectors.defaults import load_examples
from triage.classify.features import PieceCounts, TextCounts, letters_of, words_of

SAMPLES = [
    *(f"{each.subject} {each.body}" for each in load_examples()[::5]),
    "",
    "a",
    "I a b",
    "Straße İstanbul ΣΑΣ ﬁnal",
    "日本語の 文章 です",
    "tab\tand\x1cseparator\u2003and\u00a0spaces \u200bzero",
    "re:re:re: order_no 12_34 it's",
]
KINDS = (
    (words_of, {"ngram_range": (1, 2)}),
    (letters_of, {"analyzer": "char_wb", "ngram_range": (3, 5)}),
)


def assert_equal(ours: Any, theirs: Any) -> None:
    assert ours.shape == theirs.shape
    for part in ("data", "indices", "indptr"):
        a, b = getattr(ours, part), getattr(theirs, part)
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)


@given(st.text(max_size=60))
def test_pieces_are_those_of_scikit_learn(text: str) -> None:
    for ours, settings in KINDS:
        assert ours(text) == CountVectorizer(**settings).build_analyzer()(text)


def test_counts_are_those_of_scikit_learn_to_the_bit() -> None:
    for ours, settings in KINDS:
        for fewest in (1, 2):
            theirs = CountVectorizer(**settings, min_df=fewest, dtype=np.float32)
            counts = PieceCounts(ours)
            known = SAMPLES[:60]
            assert_equal(counts.fit_transform(known, fewest=fewest), theirs.fit_transform(known))
            assert list(counts.vocabulary_) == list(theirs.get_feature_names_out())
            assert_equal(counts.transform(SAMPLES), theirs.transform(SAMPLES))


def test_what_was_learned_can_be_written_down_and_counts_the_same() -> None:
    learned = TextCounts()
    blocks = learned.fit(SAMPLES)
    for again, first in zip(TextCounts(*learned.vocabularies()).transform(SAMPLES), blocks, strict=True):
        assert (again != first).nnz == 0


def test_texts_without_a_piece_in_common_still_have_one() -> None:
    words, letters = TextCounts().fit(["", ""])
    assert words.shape[1] == 2
    assert letters.shape[1] > 0


def test_a_process_that_only_predicts_imports_neither_scikit_learn_nor_statistics() -> None:
    asked = "import sys, jobs.triager; print(*{'sklearn', 'scipy.stats', 'scipy.optimize'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""
