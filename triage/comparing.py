"""Whether a new model is better than the one in use, and not only luckier."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Flags = NDArray[np.bool_]


class Verdict(Enum):
    BETTER = "better"
    WORSE = "worse"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two models on the same `rows`: how often only one of them was right, and whether that is more than noise."""

    rows: int
    only_champion: int
    only_challenger: int
    p: float
    verdict: Verdict
    why: str


def compare(champion_right: Flags, challenger_right: Flags, *, significance: float = 0.05) -> Comparison:
    """Whether the challenger is better or worse beyond noise: McNemar's test in its exact form, two-sided.

    Only tickets that one got right and the other wrong tell anything (https://doi.org/10.1007/BF02295996).
    """
    if len(champion_right) != len(challenger_right):
        raise ValueError(f"{len(champion_right)} and {len(challenger_right)} tickets: compare on the same ones.")
    champion = int((champion_right & ~challenger_right).sum())
    challenger = int((challenger_right & ~champion_right).sum())
    p = min(1.0, 2 * float(binom.cdf(min(champion, challenger), champion + challenger, 0.5)))
    verdict = Verdict.SAME
    if p < significance:
        verdict = Verdict.BETTER if challenger > champion else Verdict.WORSE
    end = {
        Verdict.BETTER: "better beyond noise",
        Verdict.WORSE: "worse beyond noise",
        Verdict.SAME: "no more than noise",
    }[verdict]
    why = (
        f"Of {len(champion_right)} tickets only the challenger got {challenger} right, only the champion {champion}: "
        f"{end} (p = {p:.3f})."
    )
    return Comparison(
        rows=len(champion_right),
        only_champion=champion,
        only_challenger=challenger,
        p=p,
        verdict=verdict,
        why=why,
    )
