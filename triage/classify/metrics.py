"""How good a classifier is, and from which confidence on it may act alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.risk import NEVER, guaranteed_floor, hindsight_floor

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Shares from 0 to 1 on rows the model had not seen.

    `calibration_error` is the expected calibration error over 15 steps of confidence. `floor` is the smallest
    confidence above which at most `promise` of the answers were wrong, `coverage` the share of tickets above it.
    """

    accuracy: float
    macro_f1: float
    calibration_error: float
    floor: float
    coverage: float
    error_when_answered: float
    promise: float
    rows: int


def quality(shares: Floats, confidence: Floats, labels: NDArray[np.int64], promise: float = 0.05) -> Quality:
    """Quality of (n, classes) `shares` shown with (n,) `confidence`; `labels` are the true class numbers."""
    from sklearn.metrics import f1_score

    chosen = shares.argmax(axis=1)
    right = chosen == labels
    floor = automation_floor(confidence, right, promise)
    answered = confidence >= floor
    return Quality(
        accuracy=float(right.mean()),
        macro_f1=float(f1_score(labels, chosen, average="macro", labels=np.unique(labels), zero_division=0)),
        calibration_error=calibration_error(confidence, right),
        floor=floor,
        coverage=float(answered.mean()),
        error_when_answered=float(1 - right[answered].mean()) if answered.any() else 0.0,
        promise=promise,
        rows=len(labels),
    )


def calibration_error(confidence: Floats, right: NDArray[np.bool_], steps: int = 15) -> float:
    """Mean gap between confidence and share right over equal steps of confidence, weighted by rows
    (Naeini et al., 2015, https://ojs.aaai.org/index.php/AAAI/article/view/9602)."""
    step = np.minimum((confidence * steps).astype(int), steps - 1)
    gaps = [abs(confidence[step == at].sum() - right[step == at].sum()) for at in np.unique(step)]
    return float(sum(gaps) / len(confidence)) if len(confidence) else 0.0


def automation_floor(
    confidence: Floats, right: NDArray[np.bool_], promise: float = 0.05, certainty: float | None = None
) -> float:
    """The lowest confidence above which the share wrong is within `promise`; 1.01 when there is none.

    With `certainty` (such as 0.9) it is `triage.risk.guaranteed_floor`: a promise that holds on fresh tickets too, for
    a smaller share of them.
    """
    if certainty is None:
        return hindsight_floor(confidence, right, promise)
    found = guaranteed_floor(confidence, right, promise, certainty).floor
    return NEVER if found is None else found
