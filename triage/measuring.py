"""Measures a model on tickets it did not learn from and fills its card."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from triage.classify.metrics import calibration_error
from triage.model_card import (
    Automation,
    LabelRow,
    ModelCard,
    ReliabilityStep,
    RiskPoint,
    Rival,
    Share,
    Suspect,
    WrongExample,
)
from triage.risk import NEVER, ChosenFloor, Guarantee, choose_floor, guaranteed_floor

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

RISK_POINTS = 100
RELIABILITY_STEPS = 10
ROWS_A_STEP = 20
WORST = 20
TEXT_SHOWN = 120
ECE_STEPS = 15
DRAWS = 400
Z = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """n tickets that the model did not learn from, and what it said.

    `labels` are the right ones and may hold some that the model never learned; `shares` are (n, classes) as shown to
    people; `copies` (n,) marks near copies of tickets that it did learn from.
    """

    labels: Sequence[str]
    classes: Sequence[str]
    shares: Floats
    refs: Sequence[str]
    texts: Sequence[str]
    copies: Flags | None = None

    @cached_property
    def confidence(self) -> Floats:
        return np.asarray(self.shares.max(axis=1))

    @cached_property
    def said(self) -> tuple[str, ...]:
        return tuple(str(self.classes[at]) for at in self.shares.argmax(axis=1))

    @cached_property
    def right(self) -> Flags:
        return _alike(self.said, self.labels)


def measure(
    holdout: Holdout,
    *,
    target: str,
    version: str,
    encoder_id: str,
    trained_at: datetime,
    learned_from: tuple[datetime, datetime],
    held_out_from: tuple[datetime, datetime],
    learned: int,
    guarantee: Guarantee | None = None,
    chosen: ChosenFloor | None = None,
    rivals: Mapping[str, Sequence[str]] | None = None,
    suspects: Sequence[Suspect] = (),
    fit_s: float = 0.0,
    notes: Sequence[str] = (),
    seed: int = 0,
) -> ModelCard:
    """The card of a model that said `holdout.shares`. `rivals` are other ways' answers to the same tickets, by name.

    `guarantee` comes best from the training rows, out of fold: they are more, and the holdout then shows what it is
    worth. Without one it is worked out on the holdout, and a note says so. `chosen` is what the admin's dial makes of
    it. Raises `ValueError` for a holdout without tickets.
    """
    if not len(holdout.labels):
        raise ValueError("There is no ticket to measure on: hold out at least one.")
    told = [*notes, *_said_of(holdout)]
    if guarantee is None:
        guarantee = guaranteed_floor(holdout.confidence, holdout.right)
        told.append("The confidence needed was found on the same tickets on which its mistakes are counted.")
    chosen = chosen or choose_floor(guarantee)
    kept = np.ones(len(holdout.labels), dtype=bool) if holdout.copies is None else ~holdout.copies
    by_label = _by_label(holdout)
    return ModelCard(
        target=target,
        version=version,
        encoder_id=encoder_id,
        trained_at=trained_at,
        learned_from=learned_from,
        learned=learned,
        held_out=len(holdout.labels),
        held_out_from=held_out_from,
        accuracy=share_right(holdout.right),
        without_copies=None if holdout.copies is None else share_right(holdout.right[kept]),
        macro_f1=float(np.mean([row.f1 for row in by_label if row.recall.of])),
        calibration_error=calibration_error(holdout.confidence, holdout.right, ECE_STEPS),
        calibration_floor=calibration_floor(holdout.confidence, seed=seed),
        rivals=tuple(
            Rival(name=name, accuracy=share_right(_alike(said, holdout.labels)))
            for name, said in (rivals or {}).items()
        ),
        automation=_automation(holdout, guarantee, chosen),
        risk=risk_points(holdout.confidence, holdout.right),
        reliability=reliability(holdout.confidence, holdout.right),
        labels=tuple(str(label) for label in holdout.classes),
        by_label=by_label,
        confusion=_confusion(holdout),
        worst=_worst(holdout),
        suspects=tuple(suspects),
        fit_s=fit_s,
        notes=tuple(told),
    )


def wilson(count: int, of: int) -> Share:
    """A share with Wilson's 95 % interval (https://doi.org/10.1080/01621459.1927.10502953); 0 to 1 of nothing."""
    if not of:
        return Share(count=0, of=0, low=0.0, high=1.0)
    value, width = count / of, Z * Z / of
    middle = (value + width / 2) / (1 + width)
    half = Z * math.sqrt(value * (1 - value) / of + width / (4 * of)) / (1 + width)
    # Exact ends, where rounding would leave the share itself outside.
    low, high = (0.0 if not count else middle - half), (1.0 if count == of else middle + half)
    return Share(count=count, of=of, low=low, high=high)


def share_right(right: Flags) -> Share:
    return wilson(int(right.sum()), len(right))


def calibration_floor(confidence: Floats, *, seed: int = 0, steps: int = ECE_STEPS) -> tuple[float, float]:
    """The calibration error, mean and 95th percentile, of a model that is right exactly as often as it says.

    Drawn: on few tickets even such a model is off by luck.
    """
    step = np.minimum((confidence * steps).astype(int), steps - 1)
    members = np.eye(steps)[step]
    drawn = np.random.default_rng(seed).random((DRAWS, len(confidence))) < confidence
    errors = np.abs(drawn @ members - confidence @ members).sum(axis=1) / max(len(confidence), 1)
    return float(errors.mean()), float(np.quantile(errors, 0.95))


def risk_points(confidence: Floats, right: Flags, points: int = RISK_POINTS) -> tuple[RiskPoint, ...]:
    """From the surest tickets to all of them, at most `points`: what answering so many would have got wrong."""
    order = np.argsort(-confidence, kind="stable")
    ordered, wrong = confidence[order], np.cumsum(~right[order])
    ends = np.flatnonzero(np.append(ordered[1:] < ordered[:-1], True))
    wanted = np.linspace(0, len(ordered) - 1, points)
    ends = np.unique(ends[np.minimum(np.searchsorted(ends, wanted), len(ends) - 1)])
    return tuple(
        RiskPoint(
            confidence=float(ordered[end]),
            answered=(int(end) + 1) / len(ordered),
            wrong=wilson(int(wrong[end]), int(end) + 1),
        )
        for end in ends
    )


def reliability(confidence: Floats, right: Flags, steps: int = RELIABILITY_STEPS) -> tuple[ReliabilityStep, ...]:
    """Steps of about equally many tickets, the least confident first; equal confidences stay in one step."""
    steps = max(1, min(steps, len(confidence) // ROWS_A_STEP))
    edges = np.quantile(confidence, np.linspace(0, 1, steps + 1)[1:-1], method="higher")
    step = np.searchsorted(np.unique(edges), confidence, side="right")
    return tuple(
        ReliabilityStep(said=float(confidence[step == at].mean()), right=share_right(right[step == at]))
        for at in np.unique(step)
    )


def cut(text: str, most: int = TEXT_SHOWN) -> str:
    """The beginning of `text` on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def _automation(holdout: Holdout, guarantee: Guarantee, chosen: ChosenFloor) -> Automation:
    answered = holdout.confidence >= (NEVER if chosen.floor is None else chosen.floor)
    return Automation(
        floor=chosen.floor,
        promise=guarantee.promise,
        certainty=guarantee.certainty,
        answered=share_right(answered),
        wrong=share_right(~holdout.right[answered]),
        why=chosen.why,
    )


def _by_label(holdout: Holdout) -> tuple[LabelRow, ...]:
    """One row for each label that is right somewhere or was said, in the order of their names."""
    pairs = Counter(zip(map(str, holdout.labels), holdout.said, strict=True))
    true, said = Counter(map(str, holdout.labels)), Counter(holdout.said)
    rows = []
    for label in sorted(true | said):
        hits = pairs[label, label]
        misses = [(count, other) for (own, other), count in pairs.items() if own == label and other != label]
        taken, other = max(misses, key=lambda miss: (miss[0], miss[1])) if misses else (0, None)
        rows.append(
            LabelRow(
                label=label,
                precision=wilson(hits, said[label]),
                recall=wilson(hits, true[label]),
                f1=2 * hits / (true[label] + said[label]),
                taken_for=other,
                taken=taken,
            )
        )
    return tuple(rows)


def _confusion(holdout: Holdout) -> tuple[tuple[int, ...], ...]:
    pairs = Counter(zip(map(str, holdout.labels), holdout.said, strict=True))
    labels = [str(label) for label in holdout.classes]
    return tuple(tuple(pairs[own, said] for said in labels) for own in labels)


def _worst(holdout: Holdout) -> tuple[WrongExample, ...]:
    wrong = np.flatnonzero(~holdout.right)
    surest = wrong[np.argsort(-holdout.confidence[wrong], kind="stable")][:WORST]
    return tuple(
        WrongExample(
            ref=holdout.refs[at],
            text=cut(holdout.texts[at]),
            label=str(holdout.labels[at]),
            said=holdout.said[at],
            confidence=float(holdout.confidence[at]),
        )
        for at in surest
    )


def _said_of(holdout: Holdout) -> list[str]:
    unknown = sum(1 for label in holdout.labels if str(label) not in set(map(str, holdout.classes)))
    if not unknown:
        return []
    return [f"{unknown} of the {len(holdout.labels)} tickets have a label the model never learned: counted as wrong."]


def _alike(said: Sequence[str], labels: Sequence[str]) -> Flags:
    return np.array([str(one) == str(other) for one, other in zip(said, labels, strict=True)], dtype=bool)
