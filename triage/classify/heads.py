"""The classifiers of the pool. Each is fitted on rows and gives one score per class; a higher one is likelier.

A fitted head is nothing but the arrays named in its `ARRAYS`, so it is stored and restored without its estimator.
Choice and settings: measured in docs/triage.md, "Measured". `labels` are class numbers from 0; a class number below
`n_classes` need not occur in a fold. What only `fit` needs of scipy and scikit-learn is imported there: a process that
predicts does without, and starts a second sooner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Numbers = NDArray[np.int64]

ROWS_AT_ONCE = 500
MIX, RIDGE = 0.2, 0.1  # of likeness that words make up, and of the regression on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Texts as heads see them: (n, features) sparse TF-IDF, whose first `n_words` columns are words and the others
    pieces of letters; (n, d) unit vectors and their (n, known) `cosines` to the rows that the heads are fitted on (to
    each other, while fitting)."""

    words: Any
    n_words: int
    vectors: Singles
    cosines: Singles


class Fitted(Protocol):
    ARRAYS: ClassVar[tuple[str, ...]]
    tables: int
    trust: float  # what the pool believes of each of its tables before it has seen a row, beside the other heads'

    def scores(self, rows: Rows) -> Singles:
        """(tables, n, n_classes)."""


class Head(Fitted, Protocol):
    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> Head:
        """Learn; the same rows and labels give the same head."""


class Kernels:
    """Ridge regression of the classes on likeness to every known row, in closed form, once for each mix and ridge.

    Likeness is (1 - mix) * exp(-2 * (1 - cosine of vectors)) + mix * cosine of words. A second one that leans on the
    words (0.35, ridge 1) gained nothing beside the two word heads and costs a third of the fit.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("dual_", "word_weights_")
    trust = 1.0

    def __init__(self, settings: tuple[tuple[float, float], ...] = ((MIX, RIDGE),)) -> None:
        self.settings = settings
        self.tables = len(settings)

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> Kernels:
        from scipy.linalg import cho_factor, cho_solve

        targets = np.eye(n_classes, dtype=np.float32)[labels]
        duals, weights = [], []
        for mix, ridge in self.settings:
            alike = likeness(rows, mix)
            alike[np.diag_indices_from(alike)] += ridge
            # Transposed it is in the order that LAPACK wants, so that no copy of (n, n) is made.
            factor = cho_factor(alike.T, overwrite_a=True, check_finite=False)
            dual = cho_solve(factor, targets, check_finite=False)
            duals.append((1 - mix) * dual)
            weights.append(np.asarray(rows.words.T @ dual) * (mix / 2))
        # The linear part folds into one matrix, so that scoring needs no product with every row's words.
        self.dual_ = np.ascontiguousarray(np.hstack(duals), dtype=np.float32)
        self.word_weights_ = np.ascontiguousarray(np.hstack(weights), dtype=np.float32)
        return self

    def scores(self, rows: Rows) -> Singles:
        both = meaning(rows.cosines) @ self.dual_ + rows.words @ self.word_weights_
        return np.stack(np.split(both, len(self.settings), axis=1))


class KernelOdds:
    """Logistic regression on the likeness of `Kernels`, words weighing more: the best single head where there are few
    examples, and too slow where there are many.

    With 10 examples a class it puts 59.4 % of IT tickets right where the pool of the other heads puts 58.5 %, 85.6 % of
    chat against 83.9 %, 84.1 % of bank questions against 84.6 % (five to ten draws, asked for the rest of the training
    rows). 80 rows cannot tell the pool that, so it says so itself: with this `trust` 59.1, 85.1 and 84.6 %.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("dual_", "word_weights_", "intercept_", "known_", "n_classes_")
    tables = 1
    trust = 6.0

    def __init__(self, mix: float = 0.35, c: float = 10) -> None:
        self.mix = mix
        self.c = c

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> KernelOdds:
        from scipy.linalg import cholesky, solve_triangular
        from sklearn.linear_model import LogisticRegression

        self.n_classes_ = np.asarray(n_classes, dtype=np.int64)
        self.known_ = np.unique(labels)
        alike = likeness(rows, self.mix).astype(np.float64)
        alike[np.diag_indices_from(alike)] += 1e-6  # Copies would leave it without a root.
        root = cholesky(alike, lower=True)
        coef, intercept = _two_sided(LogisticRegression(C=self.c, max_iter=200, tol=1e-3).fit(root, labels))
        dual = solve_triangular(root, coef.T.astype(np.float64), lower=True, trans="T")
        self.dual_ = np.ascontiguousarray((1 - self.mix) * dual, dtype=np.float32)
        self.word_weights_ = np.ascontiguousarray(rows.words.T @ dual * (self.mix / 2), dtype=np.float32)
        self.intercept_ = intercept
        return self

    def scores(self, rows: Rows) -> Singles:
        found = meaning(rows.cosines) @ self.dual_ + rows.words @ self.word_weights_ + self.intercept_
        return _spread(found[None], self.known_, int(self.n_classes_))


class WordMargins:
    """Linear support vectors, once on words and once on pieces of letters; they say which words spoke for a class.

    Apart they are worth more than on both together: the pool trusts words more where tickets are full of jargon.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("coef_", "intercepts_", "known_", "n_classes_", "split_")
    tables = 2
    trust = 1.0

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> WordMargins:
        from sklearn.svm import LinearSVC

        self.split_ = np.asarray(rows.n_words, dtype=np.int64)
        self.n_classes_ = np.asarray(n_classes, dtype=np.int64)
        fitted = [_two_sided(LinearSVC(C=0.5, random_state=self.seed).fit(part, labels)) for part in self._parts(rows)]
        self.known_ = np.unique(labels)
        # One row for each feature: scipy copies a table that lies the other way for every ticket.
        self.coef_ = np.ascontiguousarray(np.hstack([coef for coef, _ in fitted]).T)
        self.intercepts_ = np.stack([intercept for _, intercept in fitted])
        return self

    def scores(self, rows: Rows) -> Singles:
        split, words, letters = int(self.split_), *self._parts(rows)
        found = np.stack([words @ self.coef_[:split], letters @ self.coef_[split:]])
        return _spread(found + self.intercepts_[:, None], self.known_, int(self.n_classes_))

    def weights(self, label: int) -> Singles:
        """(features,) how much each word (before `split_`) or piece of letters speaks for class `label`; nothing for a
        class without a row."""
        at = np.flatnonzero(self.known_ == label)
        return self.coef_[:, at[0]] if len(at) else np.zeros(len(self.coef_), dtype=np.float32)

    def _parts(self, rows: Rows) -> tuple[Any, Any]:
        return rows.words[:, : int(self.split_)], rows.words[:, int(self.split_) :]


class MeaningOdds:
    """Logistic regression on the sentence vectors."""

    ARRAYS: ClassVar[tuple[str, ...]] = ("coef_", "intercept_", "known_", "n_classes_")
    tables = 1
    trust = 1.0

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> MeaningOdds:
        from sklearn.linear_model import LogisticRegression

        self.n_classes_ = np.asarray(n_classes, dtype=np.int64)
        self.known_ = np.unique(labels)
        self.coef_, self.intercept_ = _two_sided(
            LogisticRegression(C=10, max_iter=300, tol=1e-3).fit(rows.vectors, labels)
        )
        return self

    def scores(self, rows: Rows) -> Singles:
        return _spread((rows.vectors @ self.coef_.T + self.intercept_)[None], self.known_, int(self.n_classes_))


class Centroids:
    """Cosine to the mean vector of each class, with a share of the vector of the class's name and description."""

    ARRAYS: ClassVar[tuple[str, ...]] = ("centroids_",)
    tables = 1
    trust = 1.0

    def __init__(self, label_vectors: Singles | None = None, share: float = 0.15) -> None:
        self.label_vectors = label_vectors
        self.share = share

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> Centroids:
        centroids = _unit(np.eye(n_classes, dtype=np.float32)[labels].T @ rows.vectors)
        if self.label_vectors is not None:
            centroids = _unit((1 - self.share) * centroids + self.share * self.label_vectors)
        self.centroids_ = np.ascontiguousarray(centroids, dtype=np.float32)
        return self

    def scores(self, rows: Rows) -> Singles:
        return (rows.vectors @ self.centroids_.T)[None]


class Nearest:
    """Votes of the nearest known rows, weighted by a power of their cosine."""

    ARRAYS: ClassVar[tuple[str, ...]] = ("labels_", "n_classes_")
    tables = 1
    trust = 1.0

    def __init__(self, count: int = 10, power: float = 8) -> None:
        self.count = count
        self.power = power

    def fit(self, rows: Rows, labels: Numbers, n_classes: int) -> Nearest:
        self.labels_ = np.asarray(labels, dtype=np.int64)
        self.n_classes_ = np.asarray(n_classes, dtype=np.int64)
        return self

    def scores(self, rows: Rows) -> Singles:
        count = min(self.count, len(self.labels_))
        near = np.argpartition(-rows.cosines, count - 1, axis=1)[:, :count]
        votes = np.zeros((len(near), int(self.n_classes_)), dtype=np.float32)
        weights = np.maximum(np.take_along_axis(rows.cosines, near, axis=1), 0) ** self.power
        np.add.at(votes, (np.arange(len(near))[:, None], self.labels_[near]), weights)
        return votes[None] / np.float32(count)


def likeness(rows: Rows, mix: float) -> Singles:
    """(n, n) of the rows to each other, put together a few rows at a time: for 10,000 rows it takes 400 MB as it is."""
    alike = meaning(rows.cosines)
    alike *= 1 - mix
    columns = rows.words.T.tocsr()
    for start in range(0, len(alike), ROWS_AT_ONCE):
        some = slice(start, start + ROWS_AT_ONCE)
        alike[some] += (mix / 2) * (rows.words[some] @ columns).toarray()
    return alike


def meaning(cosines: Singles) -> Singles:
    alike = np.asarray(2 * (cosines - 1), dtype=np.float32)
    return np.exp(alike, out=alike)


def _two_sided(model: Any) -> tuple[Singles, Singles]:
    """Weights and offset of each class of a fitted linear model, which keeps only one margin for two classes."""
    coef, intercept = model.coef_, model.intercept_
    if len(coef) == 1:
        coef, intercept = np.vstack([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
    return np.ascontiguousarray(coef, dtype=np.float32), np.asarray(intercept, dtype=np.float32)


def _spread(scores: Singles, known: Numbers, n_classes: int) -> Singles:
    """(tables, n, n_classes); a class that the fold lacked gets the row's lowest score."""
    if len(known) == n_classes:
        return scores
    full = np.repeat(scores.min(axis=2, keepdims=True), n_classes, axis=2)
    full[:, :, known] = scores
    return full


def _unit(rows: Singles) -> Singles:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
