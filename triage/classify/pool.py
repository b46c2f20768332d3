"""Heads' scores made comparable and added up, fitted on scores that no head gave to its own training rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

PULL = 30.0
LINE_PULL = (5.0, 50.0)  # how strongly the line's offset and slope are drawn to what they are expected to be, in rows
LINE_EXPECTED = (0.0, 0.8)  # lines of 30 to 800 rows drawn from the training rows of eight sets had slopes of 0.55 to 1


class Pool:
    """logits = sum of weight_h * scores_h / temperature_h, weights not negative, by log-loss.

    `trust` is what the weights are drawn to, up to a factor: each head's where there are few rows; alike by default.
    `pull` is how strongly, divided by the number of rows.
    """

    def __init__(self, trust: Sequence[float] = (), pull: float = PULL) -> None:
        self.trust = trust
        self.pull = pull

    def fit(self, scores: Floats, labels: Numbers) -> Pool:
        """`scores` is (heads, n, classes), out of fold; `labels` (n,) class numbers."""
        from scipy.optimize import minimize

        self.temperatures_ = np.array([_temperature(head, labels) for head in scores])
        scaled = _centred(scores) / self.temperatures_[:, None, None]
        start = np.asarray(self.trust or [1.0] * len(scores))
        start = start / start.sum()

        def loss(weights: Floats) -> tuple[float, Floats]:
            shares = softmax(np.tensordot(weights, scaled, axes=1))
            value = -np.log(np.maximum(shares[np.arange(len(labels)), labels], 1e-12)).mean()
            shares[np.arange(len(labels)), labels] -= 1
            slope = np.tensordot(scaled, shares, axes=2) / len(labels)
            apart = weights - weights.sum() * start
            pull = self.pull / len(labels)
            return float(value + pull * apart @ apart), slope + 2 * pull * (apart - apart @ start)

        bounds = [(0.0, None)] * len(scores)
        self.weights_ = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        return self

    def shares(self, scores: Floats) -> Floats:
        """(n, classes) probabilities from (heads, n, classes) scores."""
        scaled = _centred(scores) / self.temperatures_[:, None, None]
        return softmax(np.tensordot(self.weights_, scaled, axes=1))


class TopMap:
    """What the top share is shown as: how often such an answer was right out of fold, by a line through its log-odds
    (Platt scaling, with a pull towards showing less than the share itself, which decides where there are few rows: with
    80 IT tickets the calibration error is 0.080, with a weak pull to the share itself 0.090, means of ten draws).
    """

    def fit(self, top: Floats, right: NDArray[np.bool_]) -> TopMap:
        from scipy.optimize import minimize

        odds, wanted = _log_odds(top), right.astype(np.float64)

        def loss(line: Floats) -> float:
            said = line[0] + line[1] * odds
            pull = float(np.asarray(LINE_PULL) @ (line - LINE_EXPECTED) ** 2)
            return float((np.logaddexp(0, said) - wanted * said).sum() + pull) / len(odds)

        self.line_ = np.asarray(minimize(loss, LINE_EXPECTED, method="L-BFGS-B", bounds=[(None, None), (0.05, None)]).x)
        return self

    def laid_over(self, shares: Floats, scope: Floats) -> Floats:
        """(n, classes) `shares` as shown, for texts that belong by (n,) `scope`, 0 to 1; the top one stays the top."""
        top = shares.max(axis=1)
        shown = 1 / (1 + np.exp(-self.line_[0] - self.line_[1] * _log_odds(top * scope)))
        others = np.minimum((1 - shown) / np.maximum(1 - top, 1e-9), shown / np.maximum(top, 1e-9)) * scope
        is_top = np.arange(shares.shape[1]) == shares.argmax(axis=1)[:, None]
        return np.asarray(np.where(is_top, shown[:, None], shares * others[:, None]))


def _log_odds(share: Floats) -> Floats:
    kept = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(kept / (1 - kept)))


def softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def folds(labels: Numbers, groups: Numbers, count: int, seed: int) -> Iterator[tuple[Numbers, Numbers]]:
    """(training rows, held-out rows), `count` times. Rows of one group stay together, classes are dealt out evenly."""
    random = np.random.default_rng(seed)
    firsts = np.unique(groups, return_index=True)[1]
    dealt = np.empty(groups.max() + 1, dtype=np.int64)
    position = 0
    for label in np.unique(labels):
        members = groups[firsts[labels[firsts] == label]]
        for group in random.permutation(members):
            dealt[group] = position % count
            position += 1
    for fold in range(count):
        held_out = dealt[groups] == fold
        yield np.flatnonzero(~held_out), np.flatnonzero(held_out)


def near_copies(likeness: Sequence[Numbers]) -> Numbers:
    """(n,) group numbers: rows joined by a chain of near copies share one. `likeness[i]` lists the copies of row i."""
    groups = np.full(len(likeness), -1, dtype=np.int64)
    count = 0
    for row in range(len(likeness)):
        if groups[row] >= 0:
            continue
        waiting = [row]
        while waiting:
            at = waiting.pop()
            if groups[at] < 0:
                groups[at] = count
                waiting.extend(int(copy) for copy in likeness[at])
        count += 1
    return groups


def _temperature(scores: Floats, labels: Numbers) -> float:
    """What `scores` are divided by so that their softmax has the least log-loss."""
    from scipy.optimize import minimize_scalar

    centred = _centred(scores)

    def loss(logarithm: float) -> float:
        shares = softmax(centred / np.exp(logarithm))
        return float(-np.log(np.maximum(shares[np.arange(len(labels)), labels], 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-6, 4), method="bounded").x))


def _centred(scores: Floats) -> Floats:
    return np.asarray(scores - scores.mean(axis=-1, keepdims=True))
