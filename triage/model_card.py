"""What is known about one trained model: how it was made, how right it was on tickets it never saw, how sure it may be.

Shares are 0 to 1. An interval is Wilson's at 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`count` of `of`, with the 95 % interval of what it would be on more such tickets."""

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another way of answering, measured on the same tickets: the model in use, keywords, always the commonest."""

    name: str
    accuracy: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """Answering only from `confidence` on: the share answered, and the share wrong among those."""

    confidence: float
    answered: float
    wrong: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityStep:
    """Tickets of about one confidence: what was said on average, and how often it was right."""

    said: float
    right: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """One label on the holdout. `taken_for` is the label it was most often mistaken for, `taken` how often."""

    label: str
    precision: Share
    recall: Share
    f1: float
    taken_for: str | None = None
    taken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongExample:
    """A ticket that was put wrong although the model was sure; `text` is its beginning."""

    ref: str
    text: str
    label: str
    said: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A solved ticket whose label its neighbours contradict: worth a look by whoever knows."""

    ref: str
    text: str
    label: str
    neighbours: str
    agreement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Automation:
    """From which confidence on the model acts alone, what that promises and what it did on the holdout.

    `floor` is None when nothing is automated, and `why` says the reason in one sentence; else it says how the floor
    was found. `promise` is the share of wrong answers among the automated that is not exceeded with `certainty`.
    """

    floor: float | None
    promise: float
    certainty: float
    answered: Share
    wrong: Share
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """All that the console shows of a model. `confusion[i][j]` counts tickets of `labels[i]` put under `labels[j]`.

    `calibration_floor` is the calibration error that a perfectly calibrated model shows on so few tickets, mean and
    95th percentile. `notes` are sentences: what was merged, grouped, left out or not checked.
    """

    target: str
    version: str
    encoder_id: str
    trained_at: datetime
    learned_from: tuple[datetime, datetime]
    learned: int
    held_out: int
    held_out_from: tuple[datetime, datetime]
    accuracy: Share
    without_copies: Share | None
    macro_f1: float
    calibration_error: float
    calibration_floor: tuple[float, float]
    rivals: tuple[Rival, ...]
    automation: Automation
    risk: tuple[RiskPoint, ...]
    reliability: tuple[ReliabilityStep, ...]
    labels: tuple[str, ...]
    by_label: tuple[LabelRow, ...]
    confusion: tuple[tuple[int, ...], ...]
    worst: tuple[WrongExample, ...]
    suspects: tuple[Suspect, ...]
    fit_s: float
    notes: tuple[str, ...]
