"""BM25 between 0 and 1: a document's score divided by the best the query could get.

So scores of different queries compare, and a query in other words than the article's gives the words little say
without any rule. The weights come from bm25s and are kept as plain arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Lexical:
    """BM25 weights by term: term t has `weights[starts[t]:starts[t + 1]]` in the documents `rows[...]`."""

    weights: Floats
    rows: Ids
    starts: NDArray[np.int64]
    size: int

    @classmethod
    def build(cls, documents: Sequence[NDArray[np.int32]], terms: int) -> Lexical:
        """From the term numbers of each document, which are under `terms`."""
        if not sum(map(len, documents)):
            nothing = np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(terms + 1, np.int64)
            return cls(*nothing, size=len(documents))
        import bm25s  # type: ignore[import-untyped]  # brings scipy, which only building needs

        made = bm25s.BM25(k1=K1, b=B, method="lucene").build_index_from_ids(
            list(range(terms)), [document.tolist() for document in documents], show_progress=False
        )
        return cls(
            np.ascontiguousarray(made["data"], np.float32),
            np.ascontiguousarray(made["indices"], np.int32),
            np.ascontiguousarray(made["indptr"], np.int64),
            size=len(documents),
        )

    def rarity(self, term: int) -> float:
        """The term's inverse document frequency, 0 where no document has it."""
        with_it = int(self.starts[term + 1] - self.starts[term])
        return self._idf(with_it) if with_it else 0.0

    def has(self, term: int, document: int) -> bool:
        """Whether the document has the term."""
        return bool((self.rows[int(self.starts[term]) : int(self.starts[term + 1])] == document).any())

    def scores(self, query: Sequence[Wanted]) -> Floats:
        """0 to 1 for each document."""
        total = np.zeros(self.size, np.float32)
        possible = 0.0
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
                self._add(total, *found[0])
            elif found:
                each = np.zeros((len(found), self.size), np.float32)
                for row, (terms, factor) in enumerate(found):
                    self._add(each[row], terms, factor)
                total += each.max(axis=0)
        return total / np.float32(possible) if possible else total

    def _add(self, total: Floats, terms: tuple[int, ...], factor: float) -> None:
        for term in terms:
            here = slice(int(self.starts[term]), int(self.starts[term + 1]))
            total[self.rows[here]] += self.weights[here] * np.float32(factor)

    def _idf(self, with_it: int) -> float:
        """Lucene's, as in bm25s: never negative."""
        return float(np.log(1 + (self.size - with_it + 0.5) / (with_it + 0.5)))
