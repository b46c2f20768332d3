"""Articles in one language that say nearly the same, by their vectors and their words."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.search.words import stem, tokens

ALIKE = 0.85
"""Cosine of two articles' mean vectors."""
SHARED_WORDS = 0.5
"""The part of all the words of two articles that both have. How both were chosen: docs/gaps.md."""
LEAST_WORDS = 10
AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An article as one: `key` is the same in all its languages, `vector` the mean of its passages' of length 1,
    `words` are numbers that stand for its different words, ascending.
    """

    id: int
    key: str
    language: str
    vector: NDArray[np.float32]
    words: NDArray[np.uint32]


def word_numbers(texts: Iterable[str], language: str) -> NDArray[np.uint32]:
    """A number for each different word; `language` names the stemmer."""
    words = {stem(token.forms[0], language) for text in texts for token in tokens(text)}
    return np.array(sorted({zlib.crc32(word.encode()) for word in words}), np.uint32)


def twins(articles: Sequence[Whole]) -> list[tuple[int, int, float]]:
    """For each article that nearly repeats an older one (a lower id): its id, the id of the one most like it, and the
    share of their words that both have.
    """
    found = []
    for language in sorted({each.language for each in articles}):
        some = sorted((each for each in articles if _can_be_told(each, language)), key=lambda each: each.id)
        vectors = np.array([each.vector for each in some], np.float32)
        for start in range(0, len(some), AT_ONCE):
            block = vectors[start : start + AT_ONCE]
            alike = block @ vectors[: start + len(block)].T
            for row, one in enumerate(some[start : start + AT_ONCE]):
                older = [some[at] for at in np.flatnonzero(alike[row, : start + row] >= ALIKE)]
                shares = [(-_shared(one, other), other.id) for other in older if other.key != one.key]
                if shares and -min(shares)[0] >= SHARED_WORDS:
                    share, other_id = min(shares)
                    found.append((one.id, other_id, -share))
    return found


def _can_be_told(article: Whole, language: str) -> bool:
    return article.language == language and len(article.words) >= LEAST_WORDS and bool(article.vector.any())


def _shared(one: Whole, other: Whole) -> float:
    both = len(np.intersect1d(one.words, other.words, assume_unique=True))
    return both / (len(one.words) + len(other.words) - both)
