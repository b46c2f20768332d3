"""A model card for tests: small, whole, and the same each time."""

from __future__ import annotations

from datetime import UTC, datetime

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

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def share(count: int, of: int) -> Share:
    return Share(count=count, of=of, low=max(0.0, count / of - 0.05), high=min(1.0, count / of + 0.05))


def card(*, target: str = "category", version: str = "v1", floor: float | None = 0.8) -> ModelCard:
    return ModelCard(
        target=target,
        version=version,
        encoder_id="encoder",
        trained_at=DAY,
        learned_from=(DAY, DAY),
        learned=400,
        held_out=100,
        held_out_from=(DAY, DAY),
        accuracy=share(90, 100),
        without_copies=share(80, 90),
        macro_f1=0.88,
        calibration_error=0.03,
        calibration_floor=(0.02, 0.04),
        rivals=(Rival(name="Keywords", accuracy=share(50, 100)),),
        automation=Automation(
            floor=floor,
            promise=0.05,
            certainty=0.9,
            answered=share(70, 100),
            wrong=share(2, 70),
            why="Of the 70 surest of 100 solved tickets 2 were put wrong.",
        ),
        risk=(RiskPoint(confidence=0.8, answered=0.7, wrong=share(2, 70)),),
        reliability=(ReliabilityStep(said=0.9, right=share(90, 100)),),
        labels=("billing", "login"),
        by_label=(
            LabelRow(
                label="billing", precision=share(45, 50), recall=share(45, 50), f1=0.9, taken_for="login", taken=5
            ),
            LabelRow(label="login", precision=share(45, 50), recall=share(45, 50), f1=0.9),
        ),
        confusion=((45, 5), (5, 45)),
        worst=(WrongExample(ref="7", text="I cannot pay", label="billing", said="login", confidence=0.9),),
        suspects=(Suspect(ref="8", text="Log in", label="billing", neighbours="login", agreement=0.9),),
        fit_s=1.0,
        notes=("A note.",),
    )
