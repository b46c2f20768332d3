"""The order of suggestions, learned from what agents inserted: one weight for each signal, drawn towards the shipped
order.

A ticket is a choice among its candidates (listwise softmax): the inserted one should have the highest score. Agents
insert what they are shown first more often than it is right, so an insert counts the more the lower it stood, by how
often such a place is looked at (inverse propensity, https://arxiv.org/abs/1608.04468). That is a usual curve, not one
that was measured: whether the weights are better is therefore asked on inserts as they are, which favour the order that
was shown. An order that is better even so is better; one that is not may have been missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.search.ranking import COSINE_SPREAD, WORD_SPREAD
from triage.suggestions import LATE_SCORE, SHOWN

Matrix = NDArray[np.float64]

SHIPPED: Mapping[str, float] = {
    "score": 1.0,
    "passage": 0.0,
    "title": 0.0,
    "words": 0.0,
    "passage_words": 0.0,
    "area": 0.0,
    "before": 0.0,
    "late": -LATE_SCORE,
}
"""The weights that give the shipped order. All but the last are never negative, that one never positive."""
NAMES = tuple(SHIPPED)
SPREADS = {"passage": COSINE_SPREAD, "title": COSINE_SPREAD, "words": WORD_SPREAD, "passage_words": WORD_SPREAD}
"""What a signal is divided by. Usual spreads, not each ticket's own: so a candidate's score does not depend on which
others are looked at."""
PULL = {**dict.fromkeys(NAMES, 30.0), "before": 0.1, "late": 3.0}
"""How strongly each weight is drawn to the shipped one, in inserts: of `before` the shipped order knows nothing."""
LOOKED_AT = 0.5
"""A place is looked at by 1 / place to this power; those that are not shown count as the last that is."""
SAID = {
    "score": "the shipped order",
    "passage": "the paragraph's meaning",
    "title": "the title's meaning",
    "words": "words",
    "passage_words": "the paragraph's words",
    "area": "the ticket's product area",
    "before": "used on alike tickets",
    "late": "review overdue",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A ticket's candidates as `rows` has them, which of them were `right`, and at which place the first of those
    stood, from 1."""

    candidates: Matrix
    right: NDArray[np.bool_]
    place: int


def rows(signals: Sequence[Mapping[str, float]]) -> Matrix:
    """One row for each candidate: its signals in the order of `NAMES`, those it lacks 0."""
    table = [[each.get(name, 0.0) / SPREADS.get(name, 1.0) for name in NAMES] for each in signals]
    return np.array(table, np.float64).reshape(len(signals), len(NAMES))


def scores(weights: Mapping[str, float], signals: Sequence[Mapping[str, float]]) -> list[float]:
    """A score for each candidate; the highest comes first."""
    return [float(each) for each in rows(signals) @ _vector(weights)]


def reciprocal_ranks(weights: Mapping[str, float], choices: Sequence[Choice]) -> Matrix:
    """For each ticket 1 divided by the place of the first right candidate in the order of these weights."""
    chosen = _vector(weights)
    found = []
    for choice in choices:
        order = np.argsort(-(choice.candidates @ chosen), kind="stable")
        found.append(1 / (1 + int(np.argmax(choice.right[order]))))
    return np.array(found, np.float64)


def learn(choices: Sequence[Choice]) -> dict[str, float]:
    """The weights that make the inserted articles likeliest; the same choices give the same weights."""
    # Imported here: a process that only orders needs no scipy.
    from scipy.optimize import minimize

    width = max(len(choice.candidates) for choice in choices)
    table = np.zeros((len(choices), width, len(NAMES)))
    there, right = np.zeros((len(choices), width), np.bool_), np.zeros((len(choices), width), np.bool_)
    for at, choice in enumerate(choices):
        size = len(choice.candidates)
        table[at, :size], there[at, :size], right[at, :size] = choice.candidates, True, choice.right
    counts = np.array([min(choice.place, SHOWN) ** LOOKED_AT for choice in choices])
    counts = counts / counts.mean()
    shipped, pull = _vector(SHIPPED), _vector(PULL)

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        raw = np.where(there, table @ weights, -np.inf)
        likely = np.exp(raw - raw.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        hit = (likely * right).sum(axis=1) + 1e-12
        away = weights - shipped
        slope = np.einsum("n,nk,nkf->f", counts, likely - likely * right / hit[:, None], table)
        return float(-(counts * np.log(hit)).sum() + (pull * away**2).sum()), slope + 2 * pull * away

    bounds = [(None, 0.0) if name == "late" else (0.0, None) for name in NAMES]
    found = minimize(loss, shipped, jac=True, method="L-BFGS-B", bounds=bounds).x
    return {name: round(float(weight), 4) + 0.0 for name, weight in zip(NAMES, found, strict=True)}


def in_words(weights: Mapping[str, float]) -> str:
    """The weights as a person reads them, the shipped order first; those that are next to nothing are left out."""
    told = [f"{said} {weights[name]:.1f}" for name, said in SAID.items() if abs(weights.get(name, 0.0)) >= 0.05]
    return ", ".join(told) or "nothing"


def _vector(weights: Mapping[str, float]) -> Matrix:
    return np.array([weights.get(name, 0.0) for name in NAMES], np.float64)
