"""An in-memory `TriageDeps`: one helpdesk with a model of ten categories, its challenger, and one without a model."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.admin.triage_model import Floor, FloorUndo, Lately, ModelShown, Place, TriagePage
from connectors.store.models import ModelProblem
from connectors.store.tenants import UnknownTenant
from tests.app.admin.connect_fakes import OTHER, TENANT
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

NAMES = {
    "webhook_delivery": "Webhook delivery",
    "api_errors": "API errors",
    "sso": "SSO and log-in",
    "password_reset": "Password reset",
    "invoice": "Invoice and billing",
    "seats": "Seats and plan",
    "import_export": "Import and export",
    "slow_pages": "Slow pages",
    "data_missing": "Data missing",
    "feature_request": "Feature request",
}
LABELS = tuple(NAMES)
CONFUSION = (
    (54, 4, 0, 0, 0, 0, 0, 0, 0, 0),
    (6, 55, 0, 0, 0, 0, 0, 3, 0, 0),
    (0, 1, 67, 3, 0, 0, 0, 0, 0, 0),
    (0, 0, 2, 60, 0, 0, 0, 0, 0, 0),
    (0, 0, 0, 0, 50, 3, 0, 0, 0, 2),
    (0, 0, 0, 0, 6, 31, 0, 0, 0, 1),
    (0, 2, 0, 0, 0, 0, 38, 0, 4, 0),
    (0, 3, 0, 0, 0, 0, 0, 29, 4, 0),
    (0, 0, 0, 0, 0, 0, 5, 2, 27, 0),
    (0, 0, 0, 0, 0, 1, 0, 0, 4, 33),
)
BINS = ((0.32, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0))
RIGHT, WRONG = (17, 16, 18, 66, 327), (14, 8, 11, 12, 11)
"""How many of the right and of the wrong answers were how sure."""
NOW = datetime(2026, 11, 17, 13, 24, 6, tzinfo=UTC)
TRAINED = datetime(2026, 11, 15, 2, 10, tzinfo=UTC)
WHY = "Of the 4,210 surest of 6,412 solved tickets 171 were put wrong: few enough to promise 5 % with 90 % certainty."


def share(count: int, of: int) -> Share:
    """With Wilson's interval."""
    if not of:
        return Share(count=0, of=0, low=0.0, high=1.0)
    z, p = 1.96, count / of
    middle, width = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return Share(count=count, of=of, low=max((middle - width) / scale, 0.0), high=min((middle + width) / scale, 1.0))


def card(confusion: Sequence[Sequence[int]] = CONFUSION, labels: Sequence[str] = LABELS, seed: int = 7) -> ModelCard:
    """A card whose figures agree with each other; confidences are drawn so that they are about calibrated."""
    chance = random.Random(seed)
    total = sum(map(sum, confusion))
    said = []
    for i, row in enumerate(confusion):
        for j, count in enumerate(row):
            for _ in range(count):
                low, high = chance.choices(BINS, RIGHT if i == j else WRONG)[0]
                part = chance.random() ** (0.6 if i == j else 1.8)
                said.append((round(low + (high - low) * part, 4), i == j))
    said.sort(reverse=True)
    right = sum(confusion[i][i] for i in range(len(labels)))
    risk = tuple(
        RiskPoint(confidence=said[n - 1][0], answered=n / total, wrong=share(sum(not ok for _, ok in said[:n]), n))
        for n in sorted({*range(total // 20, total + 1, max(total // 80, 1)), total})
    )
    steps = []
    for low, high in BINS:
        here = [(sure, ok) for sure, ok in said if low <= sure < high]
        if here:
            mean = sum(sure for sure, _ in here) / len(here)
            steps.append(ReliabilityStep(said=mean, right=share(sum(ok for _, ok in here), len(here))))
    floor = next((point for point in reversed(risk) if point.wrong.high <= 0.065), risk[0])
    answered = round(floor.answered * total)
    rows = [_row(index, labels, confusion) for index in range(len(labels))]
    return ModelCard(
        target="category",
        version="4f1c09b7a2d36e58",
        encoder_id="minilm-int8",
        trained_at=TRAINED,
        learned_from=(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 9, 30, tzinfo=UTC)),
        learned=6412,
        held_out=total,
        held_out_from=(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)),
        accuracy=share(right, total),
        without_copies=share(right - 20, total - 21) if total > 100 else None,
        macro_f1=sum(row.f1 for row in rows) / len(rows),
        calibration_error=0.018,
        calibration_floor=(0.022, 0.034),
        rivals=(
            Rival(
                name="The model in use, on the 212 tickets it had not learned",
                accuracy=share(185, 212),
            ),
            Rival(name="Keywords", accuracy=share(round(total * 0.716), total)),
            Rival(name="Always the commonest", accuracy=share(max(map(sum, confusion)), total)),
        ),
        automation=Automation(
            floor=floor.confidence,
            promise=0.05,
            certainty=0.9,
            answered=share(answered, total),
            wrong=floor.wrong,
            why=WHY,
        ),
        risk=risk,
        reliability=tuple(steps),
        labels=tuple(labels),
        by_label=tuple(rows),
        confusion=tuple(tuple(row) for row in confusion),
        worst=(
            WrongExample(
                ref="47911",
                text="Callback to our endpoint returns 401 since this morning",
                label="api_errors",
                said="webhook_delivery",
                confidence=0.97,
            ),
            WrongExample(
                ref="47102",
                text="Your POST to us gets 403, what changed?",
                label="api_errors",
                said="webhook_delivery",
                confidence=0.94,
            ),
            WrongExample(
                ref="46880",
                text="We removed four people, the December invoice still counts them",
                label="seats",
                said="invoice",
                confidence=0.91,
            ),
        ),
        suspects=(
            Suspect(
                ref="44120",
                text="Please reset my password, the mail never comes",
                label="sso",
                neighbours="password_reset",
                agreement=0.9,
            ),
            Suspect(
                ref="43077",
                text="CSV import stops at row 4,000",
                label="data_missing",
                neighbours="import_export",
                agreement=0.8,
            ),
        ),
        fit_s=14.2,
        notes=(
            "2 labels with fewer than 5 tickets were left out: Partner portal, Hardware.",
            "312 near copies were kept on the same side of the split.",
        ),
    )


def _row(index: int, labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> LabelRow:
    hits, support = confusion[index][index], sum(confusion[index])
    said = sum(row[index] for row in confusion)
    others = [(count, j) for j, count in enumerate(confusion[index]) if j != index and count]
    taken, for_ = max(others, default=(0, -1))
    return LabelRow(
        label=labels[index],
        precision=share(hits, said),
        recall=share(hits, support),
        f1=2 * hits / (said + support) if said + support else 0.0,
        taken_for=labels[for_] if taken else None,
        taken=taken,
    )


def page() -> TriagePage:
    shown = card()
    better = replace(
        shown,
        version="9be0d2417c55aa01",
        accuracy=share(452, 500),
        trained_at=NOW - timedelta(hours=11),
        rivals=(Rival(name="The model in use, on the 212 tickets it had not learned", accuracy=share(185, 212)),),
    )
    return TriagePage(
        desk=Place(id=TENANT, name="Fieldline"),
        others=(Place(id=OTHER, name="Fieldline EU"),),
        names=NAMES,
        floor=Floor(value=shown.automation.floor),
        model=ModelShown(card=shown, since=datetime(2026, 11, 15, 8, 0, tzinfo=UTC), why="Promoted by Ana Lind."),
        challenger=ModelShown(
            card=better, since=better.trained_at, why="Better by 1.6 points, which chance alone brings in 1 of 5 cases."
        ),
        earlier=ModelShown(card=replace(shown, version="77aa01c3d4e5f6a7", accuracy=share(437, 500)), since=TRAINED),
        lately=Lately(since=datetime(2026, 10, 20, 13, 24, tzinfo=UTC), right=1744, of=1904, per_week=1904),
        ticket_url="https://fieldline.example/agent/tickets/{ref}",
    )


class FakeTriage:
    """`triage` is the page of the first helpdesk; `pressed` remembers what was asked for."""

    def __init__(self) -> None:
        self.triage: TriagePage | None = page()
        self.pressed: list[tuple[object, ...]] = []

    def triage_page(self, tenant: str | None, target: str | None) -> TriagePage | None:
        if tenant == OTHER:
            return TriagePage(
                desk=Place(id=OTHER, name="Fieldline EU"),
                others=(Place(id=TENANT, name="Fieldline"),),
                floor=Floor(value=0.9),
            )
        if tenant not in (None, TENANT):
            raise UnknownTenant(tenant)
        return self.triage

    def promote_model(self, tenant: str, target: str, version: str, *, by: str) -> None:
        assert self.triage
        if self.triage.challenger is None or self.triage.challenger.card.version != version:
            raise ModelProblem(f"There is no {version} of {target}.")
        self.pressed.append(("promote", tenant, target, version, by))
        self.triage = replace(self.triage, model=self.triage.challenger, challenger=None)

    def roll_back_model(self, tenant: str, target: str, version: str, *, by: str) -> None:
        assert self.triage
        if self.triage.model is None or self.triage.model.card.version != version:
            raise ModelProblem(f"{version} is not in use any more.")
        self.pressed.append(("roll back", tenant, target, version, by))
        self.triage = replace(self.triage, model=self.triage.earlier, earlier=None)

    def use_floor(self, tenant: str, floor: float | None, *, by: str) -> None:
        assert self.triage
        self.pressed.append(("floor", tenant, floor, by))
        was = self.triage.floor
        undo = FloorUndo(floor=was.value if was.chosen else None, changed_at=NOW, changed_by=by)
        self.triage = replace(self.triage, floor=Floor(value=floor, chosen=floor is not None, undo=undo))

    def undo_floor(self, tenant: str) -> None:
        assert self.triage
        self.pressed.append(("undo", tenant))
        if undo := self.triage.floor.undo:
            chosen = undo.floor is not None
            follows = self.triage.model.card.automation.floor if self.triage.model else None
            self.triage = replace(self.triage, floor=Floor(value=undo.floor if chosen else follows, chosen=chosen))
