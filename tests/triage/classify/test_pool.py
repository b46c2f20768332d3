"""With few rows the pool believes what is known beforehand, with many rows what it sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from triage.classify import TicketClassifier
from triage.classify.heads import KernelOdds
from triage.classify.pool import Pool, TopMap

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


def scored(rows: int) -> tuple[Floats, Numbers]:
    """Scores of two heads for three classes, both useful: the best pool gives them the same weight."""
    random = np.random.default_rng(4)
    labels = random.integers(0, 3, rows)
    scores = random.normal(size=(2, rows, 3))
    scores[0, np.arange(rows), labels] += 2
    scores[1, np.arange(rows), labels] += 1
    return scores, labels


def share_of_first(trust: tuple[float, ...], rows: int) -> float:
    weights = Pool(trust).fit(*scored(rows)).weights_
    return float(weights[0] / weights.sum())


def test_trust_decides_with_few_rows_and_is_overruled_by_many() -> None:
    assert share_of_first((9, 1), 6) > 0.8
    assert share_of_first((1, 9), 6) < 0.2
    for trust in ((9.0, 1.0), (1.0, 9.0)):
        assert 0.4 < share_of_first(trust, 5_000) < 0.6


def test_only_the_proportion_of_trust_counts() -> None:
    scores, labels = scored(40)
    assert np.allclose(Pool((6, 1)).fit(scores, labels).weights_, Pool((12, 2)).fit(scores, labels).weights_)
    assert np.allclose(Pool().fit(scores, labels).weights_, Pool((3, 3)).fit(scores, labels).weights_)


def test_few_rows_show_less_than_the_share_and_many_what_they_say() -> None:
    random = np.random.default_rng(3)
    shares = random.uniform(0.3, 0.99, 20_000)
    right = random.random(20_000) < shares
    few, many = TopMap().fit(shares[:10], right[:10]), TopMap().fit(shares, right)
    assert np.allclose(many.line_, [0, 1], atol=0.1)
    assert few.line_[1] < 0.85


def learned(rows: int, labels: int) -> TicketClassifier:
    texts = [f"word{row % labels} of ticket {row}" for row in range(rows)]
    vectors = np.eye(labels, dtype=np.float32)[np.arange(rows) % labels]
    return TicketClassifier().fit(texts, vectors, [f"label{row % labels}" for row in range(rows)])


def test_one_more_head_where_there_are_few_examples_a_label() -> None:
    for rows, labels, expected in ((40, 2, True), (41, 2, False), (60, 3, True), (61, 3, False)):
        model = learned(rows, labels)
        assert any(isinstance(head, KernelOdds) for head in model.heads_) is expected
        assert len(model.pool_.weights_) == sum(head.tables for head in model.heads_)
