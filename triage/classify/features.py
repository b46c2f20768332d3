"""Texts as TF-IDF rows whose vocabulary is counted once and whose weights are fitted inside each fold."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]

_WORD = re.compile(r"\b\w\w+\b")


def words_of(text: str) -> list[str]:
    """Its words of two letters or more, and each two neighbours as a pair."""
    words = _WORD.findall(text.lower())
    return [*words, *map(" ".join, pairwise(words))]


def letters_of(text: str) -> list[str]:
    """Pieces of 3 to 5 letters within words, each with a space before and after it; a shorter word is one piece."""
    pieces: list[str] = []
    for word in text.lower().split():
        padded = f" {word} "
        for size in (3, 4, 5):
            pieces.extend(padded[at : at + size] for at in range(max(1, len(padded) - size + 1)))
            if len(padded) <= size:
                break
    return pieces


class PieceCounts:
    """How often each known piece occurs in a text, as scikit-learn's CountVectorizer counts (analyzers "word" and
    "char_wb"). Not that class itself: a process that only predicts would import half of scipy with it, which takes a
    second.
    """

    def __init__(self, pieces_of: Callable[[str], list[str]], pieces: Sequence[str] = ()) -> None:
        self.pieces_of = pieces_of
        self.vocabulary_ = {piece: column for column, piece in enumerate(pieces)}

    def fit_transform(self, texts: Sequence[str], *, fewest: int = 1) -> Any:
        """Know the pieces that occur in at least `fewest` texts, by alphabet; (n, pieces) counts."""
        met: defaultdict[str, int] = defaultdict()
        met.default_factory = met.__len__
        numbers = self._count(texts, met.__getitem__)
        counts = sparse.csr_matrix(numbers, shape=(len(texts), len(met)))
        counts.sort_indices()
        texts_with = np.bincount(counts.indices, minlength=len(met))
        known = sorted(piece for piece, column in met.items() if texts_with[column] >= fewest)
        self.vocabulary_ = {piece: column for column, piece in enumerate(known)}
        return counts[:, [met[piece] for piece in known]]

    def transform(self, texts: Sequence[str]) -> Any:
        """(n, pieces) float32 CSR, columns in order."""
        numbers = self._count(texts, self.vocabulary_.get)
        counts = sparse.csr_matrix(numbers, shape=(len(texts), len(self.vocabulary_)))
        counts.sort_indices()
        return counts

    def _count(self, texts: Sequence[str], column_of: Callable[[str], int | None]) -> tuple[Any, Any, Any]:
        """A CSR's data, columns and row ends."""
        data, columns, ends = array("f"), array("i"), array("i", [0])
        for text in texts:
            found = Counter(map(column_of, self.pieces_of(text)))
            del found[None]
            columns.extend(found)  # type: ignore[arg-type]
            data.extend(found.values())
            ends.append(len(columns))
        return np.array(data, np.float32), np.array(columns, np.int32), np.array(ends, np.int32)


class TextCounts:
    """Counts of words and word pairs, and of pieces of 3 to 5 letters within words."""

    def __init__(self, words: Sequence[str] = (), letters: Sequence[str] = ()) -> None:
        """Without `fit`, it counts what `vocabularies` of a fitted one returned."""
        self.word_ = PieceCounts(words_of, words)
        self.letter_ = PieceCounts(letters_of, letters)

    def fit(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """Learn the vocabulary; the (n, words) and (n, letters) sparse counts of `texts`."""
        padded = [*texts, "nothing nothing"]  # A desk whose texts are all empty still has a vocabulary.
        words, letters = self.word_.fit_transform(padded), self.letter_.fit_transform(padded, fewest=2)
        if not self.letter_.vocabulary_:  # No piece of letters occurs in two texts.
            letters = self.letter_.fit_transform(padded)
        return words[:-1], letters[:-1]

    def transform(self, texts: Sequence[str]) -> tuple[Any, Any]:
        return self.word_.transform(texts), self.letter_.transform(texts)

    def vocabularies(self) -> tuple[list[str], list[str]]:
        """Words and pieces of letters, each in the order of its column."""
        return list(self.word_.vocabulary_), list(self.letter_.vocabulary_)


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
