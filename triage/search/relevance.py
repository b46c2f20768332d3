"""How often search found the right article, and whether another index or another order does better or worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.comparing import Verdict, compare
from triage.measuring import wilson
from triage.model_card import Share

DEPTH = 10
LEAST_JUDGED = 20
"""Fewer queries say nothing about an index: it is used."""
LEAST_DROP = 0.02
"""A smaller drop of the share that is first is not worth an index that is not used, even where it is no noise."""
DRAWS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One query of a test: `place` is where the first right article stood, 0 when it was not among the first ten.
    `ticket_ref` is empty where the query came from a file. `right` and `first` are keys of articles.
    """

    query: str
    ticket_ref: str = ""
    right: tuple[str, ...]
    place: int
    first: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """How often the right article was first and in the first three, each with its 95 % interval, and the queries for
    which it was not first, worst first.
    """

    queries: int
    first: Share
    in_three: Share
    mrr_at_10: float
    worst: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the new one is worse beyond noise, and in words."""

    is_worse: bool
    why: str


@dataclass(frozen=True, slots=True)
class Gain:
    """What the mean of one over n tickets is above the other's, with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


def relevance(asked: Sequence[Asked]) -> Relevance:
    count = len(asked)
    missed = [each for each in asked if each.place != 1]
    return Relevance(
        queries=count,
        first=wilson(sum(each.place == 1 for each in asked), count),
        in_three=wilson(sum(0 < each.place <= 3 for each in asked), count),
        mrr_at_10=sum(1 / each.place for each in asked if each.place) / max(count, 1),
        worst=tuple(sorted(missed, key=lambda each: -(each.place or DEPTH + 1))),
    )


def judge(old: Sequence[int], new: Sequence[int]) -> Judgement:
    """Whether a new index does worse on the same queries, from the places of the right article in both.

    Worse is one that has it less often in the first three, or first by two points and more, each beyond noise by
    McNemar's exact test.
    """
    before, after = np.array(old), np.array(new)
    if len(before) < LEAST_JUDGED:
        return Judgement(False, f"{len(before)} own queries are too few to judge by.")
    three = compare(_within(before, 3), _within(after, 3))
    first = compare(_within(before, 1), _within(after, 1))
    drop = float(_within(before, 1).mean() - _within(after, 1).mean())
    is_worse = three.verdict is Verdict.WORSE or (first.verdict is Verdict.WORSE and drop >= LEAST_DROP)
    told = (
        f"On {len(before)} own queries the right article is first for {_share(after, 1)} (before {_share(before, 1)}) "
        f"and in the first three for {_share(after, 3)} (before {_share(before, 3)})"
    )
    p = min(three.p, first.p) if is_worse else 1.0
    return Judgement(is_worse, f"{told}: worse beyond noise (p = {p:.3f})." if is_worse else f"{told}: not worse.")


def gain(old: NDArray[np.float64], new: NDArray[np.float64]) -> Gain:
    """A paired bootstrap over tickets: which tickets there happened to be is the chance that is taken into account.

    The draws are always the same ones.
    """
    differences = new - old
    picked = np.random.default_rng(0).integers(len(differences), size=(DRAWS, len(differences)))
    low, high = np.quantile(differences[picked].mean(axis=1), (0.025, 0.975))
    return Gain(float(differences.mean()), float(low), float(high))


def _within(places: NDArray[np.int_], depth: int) -> NDArray[np.bool_]:
    return (places > 0) & (places <= depth)


def _share(places: NDArray[np.int_], depth: int) -> str:
    return f"{100 * _within(places, depth).mean():.0f} %"
