"""The estimator: fits the heads and their pool on known tickets, predicts with confidence and evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy
import sklearn
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from triage.classify.evidence import phrases
from triage.classify.features import TextCounts, TfIdf
from triage.classify.heads import Centroids, Head, Kernel, MeaningOdds, Rows, WordMargins
from triage.classify.metrics import Quality, quality
from triage.classify.pool import Pool, folds, near_copies
from triage.decisions import Alternative, Neighbour, Prediction

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

RECIPE = "pool-1"  # Part of the model version: raise it when the same data would give another model.
ISOTONIC_FROM = 1_000  # rows; with fewer the pool's own confidence is the better one
COPIES_UP_TO = 3_000  # rows compared with each other for near copies; beyond, only equal texts count
SCOPE_QUANTILE = 0.1
LOWEST_SCALE = 1e-6


class TicketClassifier:
    """Learns categories from tickets a human has sorted; scikit-learn's contract on (texts, vectors, labels).

    `encoder_id` names the encoder of the vectors and goes into `model_version_`. After `fit`: `classes_` (labels,
    sorted), `quality_` (measured out of fold), `model_version_`.
    """

    def __init__(self, *, encoder_id: str = "", n_folds: int = 5, seed: int = 0, alternatives: int = 5) -> None:
        self.encoder_id = encoder_id
        self.n_folds = n_folds
        self.seed = seed
        self.alternatives = alternatives

    def fit(
        self,
        texts: Sequence[str],
        vectors: Vectors,
        labels: Sequence[str],
        *,
        label_texts: Mapping[str, str] | None = None,
        label_vectors: Vectors | None = None,
    ) -> TicketClassifier:
        """Learn from n texts, their (n, d) unit vectors and their labels.

        `label_texts` maps a label to its name and description, `label_vectors` has their vectors in the same order;
        labels without an example cannot be learned and are ignored. Raises `ValueError` with fewer than two labels.
        """
        if not len(texts) == len(vectors) == len(labels):
            raise ValueError(f"{len(texts)} texts, {len(vectors)} vectors and {len(labels)} labels: give one of each.")
        self.classes_, y = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("The examples have fewer than two categories: add examples of another one.")
        self.texts_ = tuple(texts)
        self.vectors_ = np.asarray(vectors, dtype=np.float32)
        self.labels_ = y.astype(np.int64)
        self.label_vectors_ = self._label_vectors(label_texts, label_vectors)
        self.counts_ = TextCounts()
        blocks = self.counts_.fit(texts)
        self._fit_pool(blocks)
        self.tfidf_, self.heads_ = self._fit_heads(blocks, np.arange(len(y)))
        self.margins_ = next(head for head in self.heads_ if isinstance(head, WordMargins))
        self.model_version_ = self._version(label_texts)
        return self

    def predict(self, text: str, vector: Vectors) -> Prediction:
        """The category of one ticket with confidence, alternatives, phrases and the three nearest examples."""
        return self.predict_many([text], np.asarray(vector, dtype=np.float32).reshape(1, -1))[0]

    def predict_many(self, texts: Sequence[str], vectors: Vectors) -> list[Prediction]:
        """`predict` for n texts and their (n, d) vectors."""
        if not len(texts):
            return []
        shares = self.predict_proba(texts, vectors)
        return [self._explain(*one) for one in zip(texts, vectors, shares, strict=True)]

    def predict_proba(self, texts: Sequence[str], vectors: Vectors) -> Floats:
        """(n, classes) confidence by class in the order of `classes_`. Rows of texts unlike every example add up
        to less than 1: the rest is the share of "none of these"."""
        vectors = np.asarray(vectors, dtype=np.float32)
        rows = Rows(words=self.tfidf_.transform(self.counts_.transform(texts)), vectors=vectors)
        scores = np.stack([head.scores(rows) for head in self.heads_])
        return self._confident(self.pool_.shares(scores), self._scope(scores, vectors @ self.vectors_.T))

    def _heads(self) -> list[Head]:
        """`Kernel` comes first: its score also tells what is out of scope."""
        return [Kernel(), WordMargins(self.seed), MeaningOdds(), Centroids(self.label_vectors_)]

    def _fit_heads(self, blocks: tuple[Any, Any], rows: NDArray[np.int64]) -> tuple[TfIdf, list[Head]]:
        chosen = (blocks[0][rows], blocks[1][rows])
        tfidf = TfIdf().fit(chosen)
        known = Rows(words=tfidf.transform(chosen), vectors=self.vectors_[rows])
        return tfidf, [head.fit(known, self.labels_[rows], len(self.classes_)) for head in self._heads()]

    def _fit_pool(self, blocks: tuple[Any, Any]) -> None:
        """Temperatures, weights, scope and quality from scores that each row got from heads which had not seen it."""
        groups = self._copies(blocks)
        n_folds = max(2, min(self.n_folds, int(np.bincount(self.labels_).max())))
        scores = np.zeros((len(self._heads()), len(self.labels_), len(self.classes_)))
        nearest = np.zeros(len(self.labels_))
        for known, held in folds(self.labels_, groups, n_folds, self.seed):
            if not len(held) or len(np.unique(self.labels_[known])) < 2:
                continue
            tfidf, heads = self._fit_heads(blocks, known)
            rows = Rows(words=tfidf.transform((blocks[0][held], blocks[1][held])), vectors=self.vectors_[held])
            scores[:, held] = [head.scores(rows) for head in heads]
            nearest[held] = (rows.vectors @ self.vectors_[known].T).max(axis=1)
        self.pool_ = Pool().fit(scores, self.labels_)
        belonging = scores[0].max(axis=1) * np.maximum(nearest, 0) ** 2
        self.scope_floor_ = max(float(np.quantile(belonging, SCOPE_QUANTILE)), LOWEST_SCALE)
        self.isotonic_ = None
        shares = np.zeros_like(scores[0])
        # Weights see other rows than those they are measured on.
        for known, held in folds(self.labels_, groups, n_folds, self.seed + 1):
            if len(known) and len(held):
                shares[held] = Pool().fit(scores[:, known], self.labels_[known]).shares(scores[:, held])
        if len(self.labels_) >= ISOTONIC_FROM:
            right = shares.argmax(axis=1) == self.labels_
            self.isotonic_ = IsotonicRegression(y_min=0.01, y_max=0.99, out_of_bounds="clip")
            self.isotonic_.fit(shares.max(axis=1), right)
        confident = self._confident(shares, np.minimum(belonging / self.scope_floor_, 1))
        self.held_out_ = confident
        self.quality_: Quality = quality(shares, confident.max(axis=1), self.labels_)

    def _scope(self, scores: Floats, cosines: NDArray[Any]) -> Floats:
        """(n,) 1 for texts like the examples, towards 0 the further they are from all of them."""
        belonging = scores[0].max(axis=1) * np.maximum(cosines.max(axis=1), 0) ** 2
        return np.asarray(np.clip(belonging / self.scope_floor_, 0, 1))

    def _confident(self, shares: Floats, scope: Floats) -> Floats:
        """Shares with the top one as calibrated, the others in proportion, all lowered by `scope`."""
        if self.isotonic_ is not None:
            top = shares.max(axis=1)
            shown = self.isotonic_.predict(top)
            others = np.minimum((1 - shown) / np.maximum(1 - top, 1e-9), shown / np.maximum(top, 1e-9))
            is_top = np.arange(shares.shape[1]) == shares.argmax(axis=1)[:, None]
            shares = np.where(is_top, shown[:, None], shares * others[:, None])
        return np.asarray(shares * np.clip(scope, 0, 1)[:, None])

    def _explain(self, text: str, vector: Vectors, shares: Floats) -> Prediction:
        order = np.argsort(-shares, kind="stable")[: self.alternatives]
        top = int(order[0])
        idf = self.tfidf_.idf_[0]
        weights = self.margins_.weights(top)[: len(idf)] * idf
        cosines = self.vectors_ @ vector
        near = np.argsort(-cosines, kind="stable")[:3]
        return Prediction(
            category=str(self.classes_[top]),
            confidence=float(shares[top]),
            alternatives=tuple(
                Alternative(category=str(self.classes_[at]), confidence=float(shares[at])) for at in order
            ),
            phrases=phrases(text, self.counts_.word_.vocabulary_, weights),
            neighbours=tuple(
                Neighbour(
                    text=self.texts_[at],
                    category=str(self.classes_[self.labels_[at]]),
                    similarity=min(float(cosines[at]), 1.0),
                )
                for at in near
            ),
            model_version=self.model_version_,
        )

    def _copies(self, blocks: tuple[Any, Any]) -> NDArray[np.int64]:
        """(n,) group numbers; near copies (letter cosine above 0.9, or equal texts) share one."""
        if len(self.texts_) > COPIES_UP_TO:
            plain = [" ".join(text.lower().split()) for text in self.texts_]
            return np.unique(plain, return_inverse=True)[1].astype(np.int64)
        letters = TfIdf().fit(blocks).transform(blocks)[:, blocks[0].shape[1] :]
        alike = (letters @ letters.T).tocsr()
        alike.data = np.where(alike.data > 0.9, alike.data, 0)
        alike.eliminate_zeros()
        return near_copies(np.split(alike.indices, alike.indptr[1:-1]))

    def _label_vectors(self, texts: Mapping[str, str] | None, vectors: Vectors | None) -> Vectors | None:
        """(classes, d) vectors of names and descriptions, zero where there is none."""
        if texts is None or vectors is None:
            return None
        if len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} label texts and {len(vectors)} label vectors: give one of each.")
        row = dict(zip(texts, np.asarray(vectors, dtype=np.float32), strict=True))
        nothing = np.zeros(self.vectors_.shape[1], dtype=np.float32)
        return np.stack([row.get(str(label), nothing) for label in self.classes_])

    def _version(self, label_texts: Mapping[str, str] | None) -> str:
        """12 hex digits that change with the data, the encoder, the settings and the libraries."""
        labels = [str(self.classes_[label]) for label in self.labels_]
        made_with = [RECIPE, self.encoder_id, self.n_folds, self.seed]
        libraries = [np.__version__, scipy.__version__, sklearn.__version__]
        content = [list(self.texts_), labels, sorted((label_texts or {}).items()), made_with, libraries]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
