"""What a desk's unlabelled tickets add where few have a label: one more head, taught by the pool of the others.

The pool answers the unlabelled tickets, and kernel ridge regression learns from its answers beside the labelled ones.
All answers count, each less than a label and nearly as unsure as it is. To learn only the 20 surest of each class, as
if people had given them, made the pool worse: what it is sure of it knows already, and real classes differ in size.
Figures: docs/triage.md, "Confidence".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from triage.classify.heads import MIX, RIDGE, Numbers, Rows, Singles, likeness, meaning

Floats = NDArray[np.float64]

MOST = 5_000  # unlabelled tickets that count, the newest: time grows with their cube
WEIGHT = 0.3  # of an unlabelled ticket beside a labelled one
SHARPER = 1.5  # power that the pool's shares are raised to
PULL = 300.0  # towards `Taught.trust`, ten times the pool's usual one


class Taught:
    """Kernel ridge regression of the classes on likeness to labelled rows and to unlabelled ones."""

    ARRAYS: ClassVar[tuple[str, ...]] = ("vectors_", "known_dual_", "more_dual_", "word_weights_")
    tables = 1
    trust = 4.0  # beside all other heads together
    vectors_: Singles
    known_dual_: Singles
    more_dual_: Singles
    word_weights_: Singles

    def scores(self, rows: Rows) -> Singles:
        found = meaning(rows.cosines) @ self.known_dual_ + meaning(rows.vectors @ self.vectors_.T) @ self.more_dual_
        return np.asarray(found + rows.words @ self.word_weights_, dtype=np.float32)[None]


class Lesson:
    """All that a `Taught` needs before it is known what the pool answers, so that each fold solves little.

    With the unlabelled rows eliminated, as many equations as there are known rows are left for each fold. Words are
    weighed by all texts, held-out ones too: no label is needed for that.
    """

    def __init__(self, known: Rows, more: Rows, counts: tuple[Any, Any]) -> None:
        """`more.cosines` are those to the known rows; `counts` of the unlabelled texts are kept for the folds."""
        from scipy.linalg import cho_factor, cho_solve

        self.known = known
        self.more = more
        self.counts = counts
        among = Rows(
            words=more.words, n_words=more.n_words, vectors=more.vectors, cosines=more.vectors @ more.vectors.T
        )
        own = likeness(among, MIX)
        own[np.diag_indices_from(own)] += RIDGE / WEIGHT
        self._factor = cho_factor(own.T, overwrite_a=True, check_finite=False)
        across = (1 - MIX) * meaning(more.cosines)
        across += (MIX / 2) * (more.words @ known.words.T).toarray()
        self._solved = cho_solve(self._factor, across, check_finite=False)
        self._left = likeness(known, MIX) - across.T @ self._solved
        self._left[np.diag_indices_from(self._left)] += RIDGE

    def teach(self, labels: Numbers, shares: Floats, known: Numbers | None = None) -> Taught:
        """From the `known` rows (all by default), of all rows' class numbers, and the pool's (more, classes) shares."""
        from scipy.linalg import cho_factor, cho_solve

        known = np.arange(len(labels)) if known is None else known
        answers = shares**SHARPER
        answers = np.asarray(answers / answers.sum(axis=1, keepdims=True), dtype=np.float32)
        wanted = np.eye(shares.shape[1], dtype=np.float32)[labels[known]]
        solved = self._solved[:, known]
        factor = cho_factor(self._left[np.ix_(known, known)], check_finite=False)
        dual = cho_solve(factor, wanted - solved.T @ answers, check_finite=False)
        more = cho_solve(self._factor, answers, check_finite=False) - solved @ dual
        taught = Taught()
        taught.vectors_ = self.more.vectors
        taught.known_dual_ = np.ascontiguousarray((1 - MIX) * dual, dtype=np.float32)
        taught.more_dual_ = np.ascontiguousarray((1 - MIX) * more, dtype=np.float32)
        words: Any = self.known.words[known].T @ dual + self.more.words.T @ more
        taught.word_weights_ = np.ascontiguousarray(words * (MIX / 2), dtype=np.float32)
        return taught

    def held_out(self, labels: Numbers, folds: Sequence[tuple[Numbers, Numbers, Floats]]) -> Singles:
        """(1, known, classes) scores by heads that had not seen the row, from each fold's (known rows, held-out rows,
        shares by a pool of heads that had not seen the held-out rows)."""
        found = np.zeros((1, len(labels), int(labels.max()) + 1), dtype=np.float32)
        for known, held, shares in folds:
            rows = Rows(
                words=self.known.words[held],
                n_words=self.known.n_words,
                vectors=self.known.vectors[held],
                cosines=self.known.cosines[np.ix_(held, known)],
            )
            found[:, held] = self.teach(labels, shares, known).scores(rows)
        return found


def beside(weights: Floats) -> list[float]:
    """What the weights of a pool with a `Taught` are drawn to: the others stay as they were to each other."""
    total = weights.sum()
    return [*(weights / total if total > 0 else np.full(len(weights), 1 / len(weights))), Taught.trust]
