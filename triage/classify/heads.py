"""The classifiers of the pool. Each is fitted on rows and gives one score per class; a higher one is likelier.

Choice and settings: measured in "Triage: what works when one helpdesk's tickets are the training set", repeated in
docs/triage.md. `labels` are class numbers from 0; every class number below `n_classes` need not occur in a fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Texts as heads see them: (n, words) sparse TF-IDF and (n, d) unit vectors."""

    words: Any
    vectors: NDArray[np.float32]


class Head(Protocol):
    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> Head:
        """Learn; the same rows and labels give the same head."""

    def scores(self, rows: Rows) -> Floats:
        """(n, n_classes)."""


class WordMargins:
    """Linear support vectors on words and pieces of words; says which words spoke for a class."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> WordMargins:
        self.n_classes_ = n_classes
        self.model_ = LinearSVC(C=0.5, random_state=self.seed).fit(rows.words, labels)
        return self

    def scores(self, rows: Rows) -> Floats:
        margins = self.model_.decision_function(rows.words)
        if margins.ndim == 1:
            margins = np.column_stack([-margins, margins])
        return _spread(margins, self.model_.classes_, self.n_classes_)

    def weights(self, label: int) -> Floats:
        """(words,) how much each feature speaks for class `label`."""
        at = int(np.searchsorted(self.model_.classes_, label))
        if len(self.model_.classes_) == 2:
            return np.asarray(self.model_.coef_[0] * (1 if at else -1))
        return np.asarray(self.model_.coef_[at])


class MeaningOdds:
    """Logistic regression on the sentence vectors."""

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> MeaningOdds:
        self.n_classes_ = n_classes
        self.model_ = LogisticRegression(C=10, max_iter=300, tol=1e-3).fit(rows.vectors, labels)
        return self

    def scores(self, rows: Rows) -> Floats:
        return _spread(self.model_.predict_log_proba(rows.vectors), self.model_.classes_, self.n_classes_)


class Kernel:
    """Ridge regression of the classes on likeness to every known row, in closed form.

    Likeness is (1 - mix) * exp(-2 * (1 - cosine of vectors)) + mix * cosine of words.
    """

    def __init__(self, mix: float = 0.2, ridge: float = 0.1) -> None:
        self.mix = mix
        self.ridge = ridge

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> Kernel:
        self.rows_ = rows
        likeness = self._likeness(rows)
        likeness[np.diag_indices_from(likeness)] += self.ridge
        self.dual_ = np.linalg.solve(likeness, np.eye(n_classes)[labels])
        # The linear part folds into one matrix, so that scoring needs no product with every row's words.
        self.word_weights_ = np.asarray(rows.words.T @ self.dual_) * (self.mix / 2)
        return self

    def scores(self, rows: Rows) -> Floats:
        near = np.exp(-2 * (1 - rows.vectors @ self.rows_.vectors.T)) * (1 - self.mix)
        return np.asarray(near @ self.dual_ + rows.words @ self.word_weights_)

    def _likeness(self, rows: Rows) -> Floats:
        words = (rows.words @ rows.words.T).toarray() / 2
        meaning = np.exp(-2 * (1 - rows.vectors @ rows.vectors.T))
        return np.asarray((1 - self.mix) * meaning + self.mix * words, dtype=np.float64)


class Centroids:
    """Cosine to the mean vector of each class, with a share of the vector of the class's name and description."""

    def __init__(self, label_vectors: NDArray[np.float32] | None = None, share: float = 0.15) -> None:
        self.label_vectors = label_vectors
        self.share = share

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> Centroids:
        sums = np.eye(n_classes)[labels].T @ rows.vectors
        self.centroids_ = _unit(sums)
        if self.label_vectors is not None:
            self.centroids_ = _unit((1 - self.share) * self.centroids_ + self.share * self.label_vectors)
        return self

    def scores(self, rows: Rows) -> Floats:
        return np.asarray(rows.vectors @ self.centroids_.T, dtype=np.float64)


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1))


def _spread(scores: Floats, classes: Numbers, n_classes: int) -> Floats:
    """`scores` with a column for every class; one that the fold lacked gets the row's lowest score."""
    full = np.repeat(scores.min(axis=1, keepdims=True), n_classes, axis=1)
    full[:, classes] = scores
    return full
