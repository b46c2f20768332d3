"""From a model card to what the Triage page draws and lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.admin import triage_charts
from app.admin.triage_charts import AccuracyChart, Mark, ReliabilityChart, RiskChart, Whisker
from app.admin.triage_model import DIAL, ModelShown, TriagePage
from app.admin.triage_words import FEW
from triage.model_card import LabelRow, ModelCard, RiskPoint, Suspect, WrongExample

MOST_LABELS = 20
MOST_EXAMPLES, MOST_SUSPECTS, MOST_WEAK = 10, 20, 3
CSV_HEAD = (
    "label",
    "tickets",
    "precision",
    "recall",
    "recall_low",
    "recall_high",
    "f1",
    "most_often_taken_for",
    "taken",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """`tone` is a class of the table; `true` and `said` are labels where tickets can be read."""

    count: int
    tone: str
    says: str
    readable: bool = False
    true: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """What is taken for what. `others` is whether a last column counts the labels that are left out."""

    labels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    of: int
    others: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that is drawn of a model that is in use. `dial` is empty where the curve has no point."""

    accuracy: AccuracyChart
    risk: RiskChart | None
    dial: tuple[Mark, ...]
    here: int
    in_use: RiskPoint | None
    can_set: bool
    reliability: ReliabilityChart | None
    labels: tuple[tuple[LabelRow, Whisker], ...]
    label_start: float
    confusion: Confusion
    worst: tuple[WrongExample, ...]
    pair: tuple[str, str] | None
    suspects: tuple[Suspect, ...]
    weak: tuple[LabelRow, ...]

    @property
    def mark(self) -> Mark:
        return self.dial[self.here]


def view(page: TriagePage, model: ModelShown, *, at: str, pair: tuple[str, str]) -> View:
    card = model.card
    rows = worst_first(card)
    start = triage_charts.label_scale(rows)
    risk = triage_charts.risk(card, page.floor.value)
    dial = risk.marks if risk else ()
    in_use = triage_charts.at_floor(card, page.floor.value)
    asked = [each for each in card.worst if (each.label, each.said) == pair]
    return View(
        accuracy=triage_charts.accuracy(card),
        risk=risk,
        dial=dial,
        here=_here(dial, at, in_use),
        in_use=in_use,
        can_set=page.target == DIAL,
        reliability=triage_charts.reliability(card),
        labels=tuple((row, triage_charts.label_whisker(row, start)) for row in rows),
        label_start=start,
        confusion=confusion(card, page.names),
        worst=tuple((asked or card.worst)[:MOST_EXAMPLES]),
        pair=pair if asked else None,
        suspects=card.suspects[:MOST_SUSPECTS],
        weak=weak(card),
    )


def rival(page: TriagePage) -> AccuracyChart | None:
    """The model that waits, with what it was compared with on the same tickets."""
    return triage_charts.accuracy(page.challenger.card, own="Challenger") if page.challenger else None


def worst_first(card: ModelCard) -> list[LabelRow]:
    return sorted(card.by_label, key=lambda row: (row.recall.value, row.f1, row.label))


def weak(card: ModelCard) -> tuple[LabelRow, ...]:
    """Labels whose recall is lower than the whole's accuracy beyond chance."""
    below = [row for row in worst_first(card) if row.recall.of and row.recall.high < card.accuracy.value]
    return tuple(below[:MOST_WEAK])


def confusion(card: ModelCard, names: Mapping[str, str]) -> Confusion:
    """The whole matrix, or the worst labels of a large one with one column for all the others."""
    order = list(card.labels)
    if len(order) > MOST_LABELS:
        order = [row.label for row in worst_first(card) if row.label in card.labels][:MOST_LABELS]
    places = [card.labels.index(label) for label in order]
    rest = [index for index in range(len(card.labels)) if index not in places]
    most = max((card.confusion[i][j] for i in places for j in range(len(card.labels)) if i != j), default=0)
    known = {(each.label, each.said) for each in card.worst}
    rows = []
    for true, i in zip(order, places, strict=True):
        cells = [
            _cell(card.confusion[i][j], true, said, names, most=most, readable=(true, said) in known)
            for said, j in zip(order, places, strict=True)
        ]
        if rest:
            cells.append(_cell(sum(card.confusion[i][j] for j in rest), true, "", names, most=most, readable=False))
        rows.append((true, tuple(cells)))
    return Confusion(labels=tuple(order), rows=tuple(rows), of=len(card.labels), others=bool(rest))


def csv_rows(card: ModelCard, names: Mapping[str, str]) -> Iterable[Sequence[str]]:
    """Every label, worst first; shares as numbers from 0 to 1, empty where there was nothing to count."""
    for row in worst_first(card):
        recall = [
            f"{each:.4f}" if row.recall.of else "" for each in (row.recall.value, row.recall.low, row.recall.high)
        ]
        yield (
            names.get(row.label, row.label),
            str(row.recall.of),
            f"{row.precision.value:.4f}" if row.precision.of else "",
            *recall,
            f"{row.f1:.4f}" if row.recall.of >= FEW else "",
            names.get(row.taken_for, row.taken_for) if row.taken_for else "",
            str(row.taken),
        )


def _here(dial: Sequence[Mark], at: str, in_use: RiskPoint | None) -> int:
    """Which mark the page is about: nearest to `at` % routed, else to what is in use, else in the middle."""
    asked = float(at) / 100 if re.fullmatch(r"\d{1,3}(\.\d{1,9})?", at) else None
    share = asked if asked is not None else in_use.answered if in_use else 0.5
    return min(range(len(dial)), key=lambda index: abs(dial[index].point.answered - share), default=0)


def _cell(count: int, true: str, said: str, names: Mapping[str, str], *, most: int, readable: bool) -> Cell:
    tickets = "1 ticket" if count == 1 else f"{count:,} tickets"
    of, for_ = names.get(true, true), names.get(said, said) or "a label that is not shown"
    if true == said:
        return Cell(count=count, tone="d1" if count else "d0", says=f"{tickets} of {of}, right")
    tone = "" if not count else "e3" if 3 * count >= 2 * most else "e2" if 3 * count >= most else "e1"
    return Cell(
        count=count,
        tone=tone,
        says=f"{tickets}: {of} taken for {for_}",
        readable=bool(count) and readable,
        true=true,
        said=said,
    )
