"""The estimator: fits the heads and their pool on known tickets, predicts with confidence and evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.classify import evidence, state
from triage.classify.features import TextCounts, TfIdf
from triage.classify.heads import Centroids, Fitted, Head, KernelOdds, Kernels, MeaningOdds, Nearest, Rows, WordMargins
from triage.classify.history import MOST, PULL, Lesson, beside
from triage.classify.metrics import Quality, quality
from triage.classify.pool import Pool, TopMap, folds, near_copies
from triage.decisions import Alternative, Neighbour, Prediction

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Numbers = NDArray[np.int64]

RECIPE = "pool-5"  # Part of the model version: raise it when the same data would give another model.
FEW_A_LABEL, FEW = 20, 1_000  # examples a label on average, and in all, that are `few`
FEWER_FOLDS_FROM = 6_000  # rows; three folds then say as much as five
COPIES_UP_TO = 3_000  # rows compared with each other for near copies; beyond, only equal texts count
SCOPE_QUANTILE = 0.1  # of the examples' own belonging: below it a text counts as unlike them
LOWEST_SCALE = 1e-6


class OneCategory(ValueError):
    """The examples have fewer than two categories, so there is nothing to tell apart."""


class TicketClassifier:
    """Learns categories from tickets a human has sorted; scikit-learn's contract on (texts, vectors, labels).

    `encoder_id` names the encoder of the vectors and goes into `model_version_`. After `fit`: `classes_` (labels,
    sorted), `labels_` (class numbers of the examples), `groups_` (near copies share a number), `held_out_`
    ((n, classes) confidence that each example got from models which had not seen it), `quality_` (measured on these),
    `model_version_`.

    A text longer than the encoder reads is not cut into pieces whose vectors are averaged: measured on long tickets
    that gained nothing, and the words beyond the limit are still counted.
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
        refs: Sequence[str] | None = None,
        more_texts: Sequence[str] = (),
        more_vectors: Vectors | None = None,
    ) -> TicketClassifier:
        """Learn from n texts, their (n, d) unit vectors and their labels.

        `label_texts` maps a label to its name and description, `label_vectors` has their vectors in the same order;
        labels without an example cannot be learned and are ignored. `refs` are the tickets' references, named with the
        nearest examples. `more_texts` are the desk's tickets that have no label, oldest first, with their vectors: they
        count where `few` tickets have one (`triage.classify.history`) and are never shown as nearest examples.
        Raises `OneCategory` with fewer than two labels.
        """
        if not len(texts) == len(vectors) == len(labels):
            raise ValueError(f"{len(texts)} texts, {len(vectors)} vectors and {len(labels)} labels: give one of each.")
        self.classes_, y = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
        if len(self.classes_) < 2:
            raise OneCategory("The examples have fewer than two categories: add examples of another one.")
        self.texts_ = tuple(texts)
        self.refs_ = tuple(refs or ())
        self.vectors_ = np.ascontiguousarray(vectors, dtype=np.float32)
        self.labels_ = y.astype(np.int64)
        named, self.label_vectors_ = self._named(label_texts, label_vectors)
        # A label's name and description are one more example of it, in every fold: worth most where there are few.
        self.known_vectors_ = np.vstack([self.vectors_, self.label_vectors_[named]])
        self.vectors_ = self.known_vectors_[: len(texts)]
        self.known_labels_ = np.concatenate([self.labels_, named])
        more_texts, more_vectors = self._counted(more_texts, more_vectors)
        self.counts_ = TextCounts()
        names = [(label_texts or {})[str(self.classes_[label])] for label in named]
        blocks = self.counts_.fit([*texts, *names, *more_texts])
        self.tfidf_, heads = self._fit_heads(blocks, np.arange(len(y)))
        self.heads_: list[Fitted] = [*heads]
        self._fit_pool(blocks, self._lesson(blocks, more_vectors) if len(more_texts) else None)
        self.model_version_ = self._version(label_texts, more_texts)
        return self

    def predict(self, text: str, vector: Vectors) -> Prediction:
        """The category of one ticket with confidence, alternatives, phrases and the three nearest examples."""
        return self.predict_many([text], np.asarray(vector, dtype=np.float32).reshape(1, -1))[0]

    def predict_many(self, texts: Sequence[str], vectors: Vectors) -> list[Prediction]:
        """`predict` for n texts and their (n, d) vectors."""
        if not len(texts):
            return []
        rows = self._rows(texts, vectors)
        scores = _scores(self.heads_, rows)
        belonging = self._belonging(scores, rows.cosines)
        shares = self._confident(self.pool_.shares(scores), belonging)
        scopes = np.clip(belonging / self.scope_floor_, 0, 1)
        return [self._explain(*one) for one in zip(texts, rows.words, rows.cosines, shares, scopes, strict=True)]

    def predict_proba(self, texts: Sequence[str], vectors: Vectors) -> Floats:
        """(n, classes) confidence by class in the order of `classes_`. Rows of texts unlike every example add up
        to less than 1: the rest is the share of "none of these"."""
        return self._shares(self._rows(texts, vectors))

    def belonging(self, texts: Sequence[str], vectors: Vectors) -> Floats:
        """(n,) how much each text is like the examples: below 1 are those less so than nine in ten of the examples
        themselves, and 0 is unlike any."""
        rows = self._rows(texts, vectors)
        return self._belonging(_scores(self.heads_, rows), rows.cosines) / self.scope_floor_

    def to_state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """What is needed to predict again: arrays without objects, and facts that JSON can hold."""
        return state.to_state(self)

    @classmethod
    def from_state(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> TicketClassifier:
        """The classifier that `to_state` took apart; it predicts the same, bit for bit.

        Raises `state.UnknownRecipe` for one that another version of this module made.
        """
        model = cls(**facts["settings"])
        state.restore(model, arrays, facts)
        return model

    def _heads(self) -> list[Head]:
        """`Kernels` comes first: its first score also tells what is out of scope."""
        heads: list[Head] = [Kernels(), WordMargins(self.seed), MeaningOdds(), Centroids(self.label_vectors_)]
        if few(len(self.labels_), len(self.classes_)):
            heads.append(KernelOdds())
        return [*heads, Nearest()]

    def _fit_heads(self, blocks: tuple[Any, Any], rows: Numbers) -> tuple[TfIdf, list[Head]]:
        rows = np.concatenate([rows, np.arange(len(self.labels_), len(self.known_labels_))])
        chosen = _part(blocks, rows)
        # How rare a word is, unlabelled tickets tell too.
        more = np.arange(len(self.known_labels_), blocks[0].shape[0])
        tfidf = TfIdf().fit(_part(blocks, np.concatenate([rows, more])) if len(more) else chosen)
        vectors = self.known_vectors_[rows]
        known = _rows(tfidf, chosen, vectors, vectors)
        return tfidf, [head.fit(known, self.known_labels_[rows], len(self.classes_)) for head in self._heads()]

    def _lesson(self, blocks: tuple[Any, Any], vectors: Vectors) -> Lesson:
        count = len(self.known_labels_)
        known, more = _part(blocks, np.arange(count)), _part(blocks, np.arange(count, blocks[0].shape[0]))
        return Lesson(
            _rows(self.tfidf_, known, self.known_vectors_, self.known_vectors_),
            _rows(self.tfidf_, more, vectors, self.known_vectors_),
            more,
        )

    def _fit_pool(self, blocks: tuple[Any, Any], lesson: Lesson | None) -> None:
        """Temperatures, weights, scope and quality from scores that each row got from heads which had not seen it."""
        groups = self.groups_ = self._copies(blocks)
        most = self.n_folds if len(self.labels_) < FEWER_FOLDS_FROM else min(self.n_folds, 3)
        n_folds = max(2, min(most, int(np.bincount(self.labels_).max())))
        trust = [head.trust for head in self.heads_ for _ in range(head.tables)]
        scores = np.zeros((len(trust), len(self.labels_), len(self.classes_)))
        nearest = np.zeros(len(self.labels_))
        answers: list[tuple[Numbers, Numbers, Floats]] = []
        names = np.arange(len(self.labels_), len(self.known_labels_))
        for known, held in folds(self.labels_, groups, n_folds, self.seed):
            if not len(held) or len(np.unique(self.labels_[known])) < 2:
                continue
            tfidf, heads = self._fit_heads(blocks, known)
            with_names = np.concatenate([known, names])
            vectors = self.known_vectors_[with_names]
            rows = _rows(tfidf, _part(blocks, held), self.vectors_[held], vectors)
            scores[:, held] = _scores(heads, rows)
            nearest[held] = rows.cosines.max(axis=1)
            if lesson:
                more = _rows(tfidf, lesson.counts, lesson.more.vectors, vectors)
                answers.append((with_names, held, _scores(heads, more)))
        pool = partial(Pool, trust)
        self.pool_ = pool().fit(scores, self.labels_)
        if lesson:
            # This pool's few weights have seen all rows; the heads that a fold's pupil learns from have not.
            lessons = [(known, held, self.pool_.shares(said)) for known, held, said in answers]
            pupil = lesson.held_out(self.known_labels_, lessons)
            self.heads_.append(lesson.teach(self.known_labels_, self.pool_.shares(_scores(self.heads_, lesson.more))))
            scores = np.concatenate([scores, pupil[:, : len(self.labels_)]])
            pool = partial(Pool, beside(self.pool_.weights_), PULL)
            self.pool_ = pool().fit(scores, self.labels_)
        belonging = scores[0].max(axis=1) * np.maximum(nearest, 0) ** 2
        self.scope_floor_ = max(float(np.quantile(belonging, SCOPE_QUANTILE)), LOWEST_SCALE)
        shares = np.zeros_like(scores[0])
        # Weights see other rows than those they are measured on.
        for known, held in folds(self.labels_, groups, n_folds, self.seed + 1):
            if len(known) and len(held):
                shares[held] = pool().fit(scores[:, known], self.labels_[known]).shares(scores[:, held])
        scope = np.clip(belonging / self.scope_floor_, 0, 1)
        self.top_map_ = TopMap().fit(shares.max(axis=1) * scope, shares.argmax(axis=1) == self.labels_)
        self.held_out_ = self._confident(shares, belonging)
        self.quality_: Quality = quality(shares, self.held_out_.max(axis=1), self.labels_)

    def _rows(self, texts: Sequence[str], vectors: Vectors) -> Rows:
        vectors = np.asarray(vectors, dtype=np.float32)
        return _rows(self.tfidf_, self.counts_.transform(texts), vectors, self.known_vectors_)

    def _shares(self, rows: Rows) -> Floats:
        scores = _scores(self.heads_, rows)
        return self._confident(self.pool_.shares(scores), self._belonging(scores, rows.cosines))

    def _belonging(self, scores: Floats, cosines: Vectors) -> Floats:
        return np.asarray(scores[0].max(axis=1) * np.maximum(cosines.max(axis=1), 0).astype(np.float64) ** 2)

    def _confident(self, shares: Floats, belonging: Floats) -> Floats:
        """Shares lowered for texts unlike the examples, and then made to say how often such answers are right."""
        return self.top_map_.laid_over(shares, np.clip(belonging / self.scope_floor_, 0, 1))

    def _explain(self, text: str, words: Any, cosines: Vectors, shares: Floats, scope: float) -> Prediction:
        order = np.argsort(-shares, kind="stable")[: self.alternatives]
        top = int(order[0])
        spoke = evidence.read(text, self.counts_, words, self.heads_, self.pool_, order)
        near = _highest(cosines[: len(self.texts_)], 3)
        return Prediction(
            category=str(self.classes_[top]),
            confidence=float(shares[top]),
            alternatives=tuple(
                Alternative(category=str(self.classes_[at]), confidence=float(shares[at])) for at in order
            ),
            phrases=spoke.pro(shares[order]),
            against=spoke.contra(),
            scope=float(scope),
            neighbours=tuple(
                Neighbour(
                    text=self.texts_[at],
                    category=str(self.classes_[self.labels_[at]]),
                    similarity=min(float(cosines[at]), 1.0),
                    ref=self.refs_[at] if self.refs_ else None,
                )
                for at in near
            ),
            model_version=self.model_version_,
        )

    def _copies(self, blocks: tuple[Any, Any]) -> Numbers:
        """(n,) group numbers; near copies (letter cosine above 0.9, or equal texts) share one."""
        if len(self.texts_) > COPIES_UP_TO:
            plain = [" ".join(text.lower().split()) for text in self.texts_]
            return np.unique(plain, return_inverse=True)[1].astype(np.int64)
        blocks = (blocks[0][: len(self.texts_)], blocks[1][: len(self.texts_)])
        letters = TfIdf().fit(blocks).transform(blocks)[:, blocks[0].shape[1] :]
        alike = (letters @ letters.T).tocsr()
        alike.data = np.where(alike.data > 0.9, alike.data, 0)
        alike.eliminate_zeros()
        return near_copies(np.split(alike.indices, alike.indptr[1:-1]))

    def _named(self, texts: Mapping[str, str] | None, vectors: Vectors | None) -> tuple[Numbers, Vectors]:
        """Class numbers of the labels that have a text, and (classes, d) vectors of these, zero where there is none."""
        found = np.zeros((len(self.classes_), self.vectors_.shape[1]), dtype=np.float32)
        if texts is None or vectors is None:
            return np.zeros(0, dtype=np.int64), found
        if len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} label texts and {len(vectors)} label vectors: give one of each.")
        row = {label: at for at, label in enumerate(texts)}
        named = np.array([at for at, label in enumerate(self.classes_) if str(label) in row], dtype=np.int64)
        found[named] = np.asarray(vectors, dtype=np.float32)[[row[str(self.classes_[at])] for at in named]]
        return named, found

    def _counted(self, texts: Sequence[str], vectors: Vectors | None) -> tuple[Sequence[str], Vectors]:
        """The unlabelled tickets that count: none where there are fewer of them than labelled ones."""
        if len(texts) != (0 if vectors is None else len(vectors)):
            raise ValueError(f"{len(texts)} unlabelled texts without as many vectors: give one of each.")
        if vectors is None or len(texts) < len(self.labels_) or not few(len(self.labels_), len(self.classes_)):
            return (), self.vectors_[:0]
        return texts[-MOST:], np.ascontiguousarray(vectors[-MOST:], dtype=np.float32)

    def _version(self, label_texts: Mapping[str, str] | None, more_texts: Sequence[str]) -> str:
        """12 hex digits that change with the data, the encoder, the settings and the libraries."""
        import scipy
        import sklearn

        labels = [str(self.classes_[label]) for label in self.labels_]
        made_with = [RECIPE, self.encoder_id, self.n_folds, self.seed]
        libraries = [np.__version__, scipy.__version__, sklearn.__version__]
        content = [list(self.texts_), labels, sorted((label_texts or {}).items()), made_with, libraries, *more_texts]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def few(examples: int, classes: int) -> bool:
    """Whether there are so few that one more head (`KernelOdds`) and unlabelled tickets are worth their time."""
    return examples <= min(FEW, FEW_A_LABEL * classes)


def _part(blocks: tuple[Any, Any], rows: Numbers) -> tuple[Any, Any]:
    return blocks[0][rows], blocks[1][rows]


def _highest(values: Vectors, count: int) -> Numbers:
    """Where the highest are, the highest first: without sorting all."""
    some = np.argpartition(-values, min(count, len(values)) - 1)[:count]
    return np.asarray(some[np.argsort(-values[some], kind="stable")])


def _rows(tfidf: TfIdf, blocks: tuple[Any, Any], vectors: Vectors, known: Vectors) -> Rows:
    return Rows(words=tfidf.transform(blocks), n_words=blocks[0].shape[1], vectors=vectors, cosines=vectors @ known.T)


def _scores(heads: Sequence[Fitted], rows: Rows) -> Floats:
    """(tables, n, classes) of all heads."""
    return np.concatenate([head.scores(rows) for head in heads]).astype(np.float64)
