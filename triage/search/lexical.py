"""BM25 between 0 and 1: a document's score divided by the best the query could get.

So scores of different queries compare, and a query in other words than the article's gives the words little say
without any rule. The weights come from bm25s and are kept as plain arrays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]
K1, B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one word of a query may be found as: any of `alternatives`, each one or more terms that count together.

    None at all is a word the corpus does not have; it still counts in what the query could get. `share` is less
    than 1 where we guess what was meant.
    """

    alternatives: tuple[tuple[int, ...], ...] = ()
    share: float = 1.0


Posting = tuple[Ids, Floats]
"""The documents that have a term, ascending, and the term's weight in each."""


class Postings(Protocol):
    """Where the weights are."""

    def count(self, term: int) -> int:
        """In how many documents the term is."""

    def of(self, terms: Collection[int]) -> Mapping[int, Posting]:
        """The posting of each of these terms."""


@dataclass(frozen=True, slots=True)
class PostingArrays:
    """Term t has `weights[starts[t]:starts[t + 1]]` in the documents `rows[...]`."""

    weights: Floats
    rows: Ids
    starts: NDArray[np.int64]

    def count(self, term: int) -> int:
        return int(self.starts[term + 1] - self.starts[term])

    def of(self, terms: Collection[int]) -> Mapping[int, Posting]:
        places = {term: slice(int(self.starts[term]), int(self.starts[term + 1])) for term in terms}
        return {term: (self.rows[here], self.weights[here]) for term, here in places.items()}


@dataclass(frozen=True, slots=True)
class Lexical:
    """BM25 weights by term, over `size` documents."""

    postings: Postings
    size: int

    def rarity(self, term: int) -> float:
        """The term's inverse document frequency, 0 where no document has it."""
        with_it = self.postings.count(term)
        return self._idf(with_it) if with_it else 0.0

    def has(self, term: int, document: int) -> bool:
        """Whether the document has the term."""
        rows, _ = self.postings.of([term])[term]
        return bool((rows == document).any())

    def scores(self, query: Sequence[Wanted]) -> Floats:
        """0 to 1 for each document."""
        total = np.zeros(self.size, np.float32)
        possible = 0.0
        lists = self.postings.of({term for wanted in query for terms in wanted.alternatives for term in terms})
        for wanted in query:
            best = [sum(map(self.rarity, terms)) for terms in wanted.alternatives]
            worth = max(best, default=0.0) or self._idf(0)
            possible += worth
            found = [
                (terms, wanted.share * worth / reach)
                for terms, reach in zip(wanted.alternatives, best, strict=True)
                if reach > 0
            ]
            if len(found) == 1:
                _add(total, lists, *found[0])
            elif found:
                each = np.zeros((len(found), self.size), np.float32)
                for row, (terms, factor) in enumerate(found):
                    _add(each[row], lists, terms, factor)
                total += each.max(axis=0)
        return total / np.float32(possible) if possible else total

    def _idf(self, with_it: int) -> float:
        """Lucene's, as in bm25s: never negative."""
        return float(np.log(1 + (self.size - with_it + 0.5) / (with_it + 0.5)))


def _add(total: Floats, lists: Mapping[int, Posting], terms: tuple[int, ...], factor: float) -> None:
    for term in terms:
        rows, weights = lists[term]
        total[rows] += weights * np.float32(factor)


def posted(documents: Sequence[NDArray[np.int32]], terms: int) -> PostingArrays:
    """From the term numbers of each document, which are under `terms`."""
    if not sum(map(len, documents)):
        return PostingArrays(np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(terms + 1, np.int64))
    import bm25s  # type: ignore[import-untyped]  # brings scipy, which only building needs

    made = bm25s.BM25(k1=K1, b=B, method="lucene").build_index_from_ids(
        list(range(terms)), [document.tolist() for document in documents], show_progress=False
    )
    return PostingArrays(
        np.ascontiguousarray(made["data"], np.float32),
        np.ascontiguousarray(made["indices"], np.int32),
        np.ascontiguousarray(made["indptr"], np.int64),
    )
