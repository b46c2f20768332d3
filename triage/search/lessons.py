"""What agents inserted as lessons: weights learned from the older ones and tried on the newest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from triage.search.before import before
from triage.search.learned import Choice, learn, reciprocal_ranks, rows
from triage.search.ranking import Floats
from triage.search.relevance import Gain, gain

LEAST = 100
"""With fewer lessons nothing is learned."""
STEPS = (0.5, 0.75)
"""Weights are learned from this part of the lessons, the oldest, and tried on those up to the next step or the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A ticket by the vector of its words, the candidates it had by key, best first, with their signals, and which
    articles were inserted.
    """

    vector: Floats
    keys: tuple[str, ...]
    signals: tuple[Mapping[str, float], ...]
    inserted: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Weights, and what learning did on the `held_out` newest lessons, beside the weights in use.

    `gain` is over the whole newer half, each quarter tried with what was learned from all before it; `lately` is of
    these very weights on the newest quarter.
    """

    weights: Mapping[str, float]
    held_out: int
    mrr: float
    mrr_before: float
    gain: Gain
    lately: float

    @property
    def is_better(self) -> bool:
        """Beyond noise, and not worse on the newest."""
        return self.gain.low > 0 and self.lately >= 0


def choices(lessons: Sequence[Lesson]) -> list[Choice]:
    """What was chosen among what was found, the oldest first; a lesson whose article was not found is none. Of alike
    tickets only those before each are known to it.
    """
    if not lessons:
        return []
    vectors = np.stack([each.vector for each in lessons])
    inserted = [each.inserted for each in lessons]
    found = []
    for at, lesson in enumerate(lessons):
        right = np.array([key in lesson.inserted for key in lesson.keys], np.bool_)
        if len(right) < 2 or not right.any():
            continue
        shares = before(vectors[at], vectors[:at], inserted[:at])
        table = rows(
            [
                {**signals, "before": shares.get(key, 0.0)}
                for key, signals in zip(lesson.keys, lesson.signals, strict=True)
            ]
        )
        found.append(Choice(table, right, 1 + int(np.argmax(right))))
    return found


def tried(made: Sequence[Choice], current: Mapping[str, float]) -> Tried:
    """Learn from the older choices and compare with the weights in use on the newer ones: always forward in time."""
    cuts = [round(len(made) * step) for step in STEPS]
    weights: Mapping[str, float] = {}
    old, new = [], []
    for cut, end in pairwise([*cuts, len(made)]):
        weights = learn(made[:cut])
        old.append(reciprocal_ranks(current, made[cut:end]))
        new.append(reciprocal_ranks(weights, made[cut:end]))
    before_all, after_all = np.concatenate(old), np.concatenate(new)
    return Tried(
        weights=weights,
        held_out=len(after_all),
        mrr=float(after_all.mean()),
        mrr_before=float(before_all.mean()),
        gain=gain(before_all, after_all),
        lately=float((new[-1] - old[-1]).mean()),
    )


def better(made: Sequence[Choice], weights: Mapping[str, float], current: Mapping[str, float]) -> Gain:
    """What some weights have above those in use on the newest choices."""
    newest = made[round(len(made) * STEPS[-1]) :]
    return gain(reciprocal_ranks(current, newest), reciprocal_ranks(weights, newest))
