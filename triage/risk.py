"""Knowing when not to answer: from which confidence on the model may act alone, and what each choice costs.

Everything here is worked out from rows the model had not seen: its confidence, and whether it was right. scipy's
distributions take a second to import, so the functions that need them do it: whoever only reads floors never waits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from triage.words import percent

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PROMISE = 0.05
CERTAINTY = 0.9
STEPS = 30
"""Floors that the walk tries. More of them end it sooner by bad luck, fewer leave it short of the edge."""
NEVER = 1.01
"""A floor that no confidence reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """The lowest confidence that keeps the promise, or None; `why` is one sentence either way.

    Of `rows` measured, `answered` are as confident as the floor, and `wrong` of these are wrong.
    """

    floor: float | None
    promise: float
    certainty: float
    rows: int
    answered: int
    wrong: int
    why: str


class DecidedBy(Enum):
    """Which of two wishes set the floor."""

    COST = "cost"
    GUARANTEE = "guarantee"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenFloor:
    """The floor to use; None when nothing is automated."""

    floor: float | None
    by: DecidedBy
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPoint:
    """Answering from `floor` on: the share answered, the share wrong among all rows, and the mean cost of a ticket.

    A human look costs 1.
    """

    floor: float
    answered: float
    wrong: float
    cost: float


def fewest_rows(promise: float = PROMISE, certainty: float = CERTAINTY) -> int:
    """How many rows, every one right, it takes at least to show with `certainty` that at most `promise` are wrong."""
    if not (0 < promise < 1 and 0 < certainty < 1):
        raise ValueError(f"A promise of {promise} with certainty {certainty}: both must lie between 0 and 1.")
    return math.ceil(math.log(1 - certainty) / math.log(1 - promise) - 1e-9)


def guaranteed_floor(
    confidence: Floats, right: Flags, promise: float = PROMISE, certainty: float = CERTAINTY
) -> Guarantee:
    """The lowest floor at which, with `certainty`, at most `promise` of all such tickets answered are wrong.

    Fixed-sequence testing (Angelopoulos et al., "Learn then Test", https://arxiv.org/abs/2110.01052) with
    Clopper-Pearson's exact bound (https://doi.org/10.1093/biomet/26.4.404): floors at ranks chosen without a look
    at `right` are tried from the most confident downwards, and the walk ends at the first that fails. It begins where
    the confidences themselves make a pass likeliest: a first floor among few rows would fail by one unlucky mistake.
    """
    rows, needed = len(confidence), fewest_rows(promise, certainty)
    said = f"promise {percent(promise)} with {percent(certainty)} certainty"

    def found(floor: float | None, answered: int, wrong: int, why: str) -> Guarantee:
        return Guarantee(
            floor=floor, promise=promise, certainty=certainty, rows=rows, answered=answered, wrong=wrong, why=why
        )

    from scipy.stats import binom

    if rows < needed:
        why = f"At least {needed} solved tickets answered without a mistake are needed to {said}; there are {rows}."
        return found(None, 0, 0, why)
    order = np.argsort(-confidence, kind="stable")
    ordered, wrong = confidence[order], np.cumsum(~right[order])
    # Rows of equal confidence are answered together or not at all: only the last of them can be a floor.
    ends = np.flatnonzero(np.append(ordered[1:] < ordered[:-1], True)) + 1
    ends = ends[ends >= needed]
    allowed = _allowed(ends, promise, certainty)
    expected = np.clip(np.cumsum(1 - ordered)[ends - 1] / ends, 0, 1)
    passing = binom.cdf(allowed, ends, expected)
    start = int(np.argmax(passing >= passing.max() - 0.01))
    tried = np.unique(np.linspace(start, len(ends) - 1, STEPS).round().astype(int))
    failed = np.flatnonzero(wrong[ends[tried] - 1] > allowed[tried])
    passed = int(failed[0]) if len(failed) else len(tried)
    if not passed:
        first = int(ends[tried[0]])
        mistakes = int(wrong[first - 1])
        why = f"Of the {first} surest of {rows} solved tickets {mistakes} were put wrong: too many to {said}."
        return found(None, 0, 0, why)
    answered = int(ends[tried[passed - 1]])
    mistakes = int(wrong[answered - 1])
    why = f"Of the {answered} surest of {rows} solved tickets {mistakes} were put wrong: few enough to {said}."
    return found(float(ordered[answered - 1]), answered, mistakes, why)


def hindsight_floor(confidence: Floats, right: Flags, promise: float = PROMISE) -> float:
    """The lowest floor above which at most `promise` of these very rows are wrong; `NEVER` when there is none.

    It promises nothing for other rows: about half the time they have more mistakes.
    """
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    kept = np.cumsum(~right[order]) / np.arange(1, len(order) + 1) <= promise
    kept &= np.append(ordered[1:] < ordered[:-1], True)
    return float(ordered[np.flatnonzero(kept)[-1]]) if kept.any() else NEVER


def floor_for_cost(wrong_costs: float) -> float:
    """The confidence from which answering is cheaper than a human look, when a wrong route costs `wrong_costs` looks.

    Answering costs (1 - confidence) * wrong_costs on average, a look costs 1. Needs calibrated confidence.
    """
    if wrong_costs <= 0:
        raise ValueError(f"A wrong route costs {wrong_costs} human looks: give a number above 0.")
    return max(0.0, 1 - 1 / wrong_costs)


def cost_curve(confidence: Floats, right: Flags, wrong_costs: float, floors: Sequence[float]) -> tuple[CostPoint, ...]:
    """What each of `floors` would have cost on these rows."""
    points = []
    for floor in floors:
        answered = confidence >= floor
        share = float(answered.mean()) if len(confidence) else 0.0
        wrong = float((answered & ~right).mean()) if len(confidence) else 0.0
        points.append(CostPoint(floor=float(floor), answered=share, wrong=wrong, cost=1 - share + wrong * wrong_costs))
    return tuple(points)


def choose_floor(guarantee: Guarantee, wrong_costs: float | None = None, *, break_promise: bool = False) -> ChosenFloor:
    """The admin's dial and the guarantee together: the higher of both floors.

    `break_promise` is the admin's explicit word that the cost alone decides. Without `wrong_costs` the guarantee does.
    """
    wished = None if wrong_costs is None else floor_for_cost(wrong_costs)
    if wished is not None and break_promise:
        why = f"A wrong route costs {wrong_costs:g} human looks: answer from {percent(wished)} on. Nothing is promised."
        return ChosenFloor(floor=wished, by=DecidedBy.COST, why=why)
    if guarantee.floor is None:
        return ChosenFloor(floor=None, by=DecidedBy.NOTHING, why=guarantee.why)
    if wished is not None and wished > guarantee.floor:
        why = f"A wrong route costs {wrong_costs:g} human looks: answer from {percent(wished)} on."
        return ChosenFloor(floor=wished, by=DecidedBy.COST, why=why)
    return ChosenFloor(floor=guarantee.floor, by=DecidedBy.GUARANTEE, why=guarantee.why)


def _allowed(rows: NDArray[np.int64], promise: float, certainty: float) -> NDArray[np.int64]:
    """How many mistakes among so many rows keep Clopper-Pearson's upper bound within the promise; -1 for none."""
    from scipy.stats import binom

    most = binom.ppf(1 - certainty, rows, promise).astype(np.int64)
    return np.asarray(np.where(binom.cdf(most, rows, promise) <= 1 - certainty, most, most - 1))
