"""Whether tickets, answers and corrections are still what they were when the model was measured.

Each look compares recent decisions with what the holdout showed, and raises an alarm only for a difference that is
both more than chance and large enough to matter: with thousands of tickets a day everything differs beyond chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, fisher_exact, norm

from triage.words import percent

FEWEST = 50
"""Recent decisions below which nothing is said."""
CHANCE = 0.001
"""How often each look may raise an alarm although nothing changed."""
NEARER, SURER = 0.05, 0.05
"""Changes of the mean cosine and of the mean confidence that matter."""
SHIFT = 0.2
"""Population stability index that matters: the usual rule calls 0.1 to 0.2 a small shift and more a large one."""
MORE_CORRECTED = 1.5
"""Times as many corrections as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Mean and standard deviation of `count` values."""

    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(
            mean=float(np.mean(values)) if values else 0.0,
            deviation=float(np.std(values)) if values else 0.0,
            count=len(values),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """As the model was measured: how near the holdout was to what it had learned, how sure it was, what it said.

    `corrected` of `decided` were changed by agents in the time before the recent one.
    """

    nearest: Spread
    confidence: Spread
    labels: Mapping[str, int]
    corrected: int
    decided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The recent decisions, one entry for each; `corrected` of `decided` were changed by agents."""

    nearest: Sequence[float]
    confidence: Sequence[float]
    labels: Sequence[str]
    corrected: int
    decided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One comparison. `what` is input, labels, confidence or corrections; `said` one sentence with the numbers."""

    what: str
    alarm: bool
    said: str


def look(then: Then, now: Now) -> tuple[Look, ...]:
    """All four, in the order in which they would show first; empty with too few recent decisions."""
    if len(now.labels) < FEWEST:
        return ()
    return (
        _fell("input", "Tickets are as near to what was learned as", then.nearest, Spread.of(now.nearest), NEARER),
        label_mix(then.labels, now.labels),
        _fell("confidence", "The model is as sure as", then.confidence, Spread.of(now.confidence), SURER),
        corrections(then.corrected, then.decided, now.corrected, now.decided),
    )


def label_mix(then: Mapping[str, int], now: Sequence[str]) -> Look:
    """The population stability index of the labels given, against what chance alone makes of so few tickets.

    Under no change it is about (1/n + 1/m) times a chi-square with one degree less than there are labels
    (Yurdakul and Naranjo, 2020, https://doi.org/10.21314/JRMV.2020.227). Half a ticket is added to each count, so that
    a label that one side lacks does not make it infinite.
    """
    names = sorted({*then, *now})
    before = np.array([then.get(name, 0) for name in names], dtype=float)
    after = np.array([list(now).count(name) for name in names], dtype=float)
    n, m = before.sum(), after.sum()
    if n == 0 or m == 0 or len(names) < 2:
        return Look(what="labels", alarm=False, said="There are no labels to compare yet.")
    p, q = (before + 0.5) / (n + len(names) / 2), (after + 0.5) / (m + len(names) / 2)
    parts = (q - p) * np.log(q / p)
    index = float(parts.sum())
    limit = max(SHIFT, float(chi2.ppf(1 - CHANCE, len(names) - 1)) * (1 / n + 1 / m))
    moved = int(parts.argmax())
    most = f"{names[moved]} went from {percent(before[moved] / n)} to {percent(after[moved] / m)}"
    if index <= limit:
        return Look(
            what="labels", alarm=False, said=f"Labels are given about as often as when it was measured ({most})."
        )
    return Look(what="labels", alarm=True, said=f"Labels are given in another mix than when it was measured: {most}.")


def corrections(before: int, of_before: int, after: int, of_after: int) -> Look:
    """Whether agents correct more than they did, by Fisher's exact test."""
    shares = f"{after} of {of_after} recent decisions, {before} of {of_before} before"
    if not of_before or not of_after:
        return Look(what="corrections", alarm=False, said=f"Corrected: {shares}: nothing to compare with yet.")
    chance = float(fisher_exact([[after, of_after - after], [before, of_before - before]], alternative="greater")[1])
    alarm = chance < CHANCE and after / of_after > MORE_CORRECTED * before / of_before
    told = "Agents correct more than before" if alarm else "Agents correct about as much as before"
    return Look(what="corrections", alarm=alarm, said=f"{told}: {shares}.")


def _fell(what: str, fine: str, then: Spread, now: Spread, matters: float) -> Look:
    """Whether a mean fell by more than chance and by enough to matter."""
    numbers = f"{now.mean:.2f} on average, {then.mean:.2f} when it was measured"
    error = math.sqrt(then.deviation**2 / max(then.count, 1) + now.deviation**2 / max(now.count, 1))
    beyond = then.mean - now.mean > float(norm.ppf(1 - CHANCE)) * error
    if not (beyond and then.mean - now.mean > matters):
        return Look(what=what, alarm=False, said=f"{fine} when it was measured ({numbers}).")
    worse = {"input": "Tickets are less like those it learned", "confidence": "The model is less sure than it was"}
    return Look(what=what, alarm=True, said=f"{worse[what]}: {numbers}.")
