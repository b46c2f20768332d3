"""Texts as TF-IDF rows whose vocabulary is counted once and whose weights are fitted inside each fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

Floats = NDArray[np.float64]


class TextCounts:
    """Counts of words and word pairs, and of pieces of 3 to 5 letters within words."""

    def __init__(self) -> None:
        self.word_ = CountVectorizer(ngram_range=(1, 2), dtype=np.float32)
        self.letter_ = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2, dtype=np.float32)

    def fit(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """Learn the vocabulary; the (n, words) and (n, letters) sparse counts of `texts`."""
        padded = [*texts, "nothing nothing"]  # A desk whose texts are all empty still has a vocabulary.
        return self.word_.fit_transform(padded)[:-1], self._fit_letters(padded)[:-1]

    def _fit_letters(self, texts: Sequence[str]) -> Any:
        try:
            return self.letter_.fit_transform(texts)
        except ValueError:  # No piece of letters occurs in two texts.
            self.letter_.set_params(min_df=1)
            return self.letter_.fit_transform(texts)

    def transform(self, texts: Sequence[str]) -> tuple[Any, Any]:
        return self.word_.transform(texts), self.letter_.transform(texts)

    def vocabularies(self) -> tuple[list[str], list[str]]:
        """Words and pieces of letters, each in the order of its column."""
        return _in_order(self.word_.vocabulary_), _in_order(self.letter_.vocabulary_)

    @classmethod
    def of(cls, words: Sequence[str], letters: Sequence[str]) -> TextCounts:
        """What `vocabularies` took apart; it counts the same."""
        counts = cls()
        for counter, pieces in ((counts.word_, words), (counts.letter_, letters)):
            counter.vocabulary_ = {piece: column for column, piece in enumerate(pieces)}
            counter.fixed_vocabulary_ = False
        return counts


def _in_order(vocabulary: dict[str, int]) -> list[str]:
    return sorted(vocabulary, key=vocabulary.__getitem__)


class TfIdf:
    """Sublinear TF-IDF, each block scaled to length 1, so the product of two rows is twice their mean cosine.

    Weights as in scikit-learn's TfidfTransformer: (1 + ln count) * (ln((1 + n) / (1 + df)) + 1). A word that the
    rows given to `fit` do not have is left out, as if the vocabulary came from these rows alone.
    """

    def fit(self, blocks: tuple[Any, Any]) -> TfIdf:
        self.idf_ = tuple(self._idf(block) for block in blocks)
        return self

    def transform(self, blocks: tuple[Any, Any]) -> Any:
        """(n, words + letters) float32 CSR."""
        return sparse.hstack([_weighted(block, idf) for block, idf in zip(blocks, self.idf_, strict=True)], "csr")

    @staticmethod
    def _idf(counts: Any) -> NDArray[np.float32]:
        seen = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = np.log((1 + counts.shape[0]) / (1 + seen)) + 1
        return np.where(seen > 0, idf, 0).astype(np.float32)


def _weighted(counts: Any, idf: NDArray[np.float32]) -> Any:
    rows = counts.tocsr(copy=True)
    rows.data = (1 + np.log(rows.data)) * idf[rows.indices]
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    lengths[lengths == 0] = 1
    rows.data /= np.repeat(lengths, np.diff(rows.indptr)).astype(np.float32)
    return rows
