"""A model card against cases worked out by hand; comparing models; labels that neighbours contradict."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.triage.tickets import hashed
from triage.classify.metrics import calibration_error
from triage.comparing import Verdict, compare
from triage.doubtful import suspects
from triage.measuring import (
    Holdout,
    calibration_floor,
    cut,
    measure,
    reliability,
    risk_points,
    wilson,
)
from triage.model_card import ModelCard
from triage.risk import Guarantee, choose_floor

MARCH, MAY, JUNE = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 5, 6))
CLASSES = ("billing", "login", "webhook")
SHARES = np.array(
    [
        [0.9, 0.05, 0.05],
        [0.1, 0.8, 0.1],
        [0.2, 0.1, 0.7],
        [0.6, 0.3, 0.1],
        [0.95, 0.03, 0.02],
        [0.2, 0.3, 0.5],
    ]
)
LABELS = ("billing", "login", "webhook", "login", "webhook", "travel")


def holdout(**changes: Any) -> Holdout:
    values: dict[str, Any] = {
        "labels": LABELS,
        "classes": CLASSES,
        "shares": SHARES,
        "refs": tuple("123456"),
        "texts": ("Card", "Password", "Event\nlost", "Login " * 40, "Signature", "Trip"),
    }
    return Holdout(**(values | changes))


def card(held: Holdout | None = None, **changes: Any) -> ModelCard:
    values: dict[str, Any] = {
        "target": "category",
        "version": "abc",
        "encoder_id": "hashing/64",
        "trained_at": JUNE,
        "learned_from": (MARCH, MAY),
        "held_out_from": (MAY, JUNE),
        "learned": 900,
    }
    return measure(held or holdout(), **(values | changes))


def test_accuracy_counts_labels_never_learned_as_wrong() -> None:
    found = card()
    assert (found.accuracy.count, found.accuracy.of, found.held_out, found.learned) == (3, 6, 6, 900)
    assert "1 of the 6 tickets have a label the model never learned: counted as wrong." in found.notes
    assert found.without_copies is None
    apart = card(holdout(copies=np.array([True, False, False, False, True, False])))
    assert apart.without_copies is not None
    assert (apart.without_copies.count, apart.without_copies.of) == (2, 4)


def test_labels_by_hand() -> None:
    rows = {row.label: row for row in card().by_label}
    assert list(rows) == ["billing", "login", "travel", "webhook"]
    billing, login, travel = rows["billing"], rows["login"], rows["travel"]
    assert ((billing.precision.count, billing.precision.of), billing.recall.value) == ((1, 3), 1.0)
    assert billing.f1 == pytest.approx(0.5)
    assert (login.recall.value, login.taken_for, login.taken) == (0.5, "billing", 1)
    assert (billing.taken_for, billing.taken) == (None, 0)
    assert (travel.recall.of, travel.precision.of, travel.f1) == (1, 0, 0)
    assert card().macro_f1 == pytest.approx(np.mean([0.5, 2 / 3, 0.0, 0.5]))
    assert card().confusion == ((1, 0, 0), (1, 1, 0), (1, 0, 1))


def test_the_worst_are_the_surest_mistakes() -> None:
    worst = card().worst
    assert [(one.ref, one.label, one.said) for one in worst] == [
        ("5", "webhook", "billing"),
        ("4", "login", "billing"),
        ("6", "travel", "webhook"),
    ]
    assert len(worst[1].text) <= 120
    assert worst[1].text.endswith("…")
    assert cut(" two\n\tlines ") == "two lines"


def test_rivals_answer_the_same_tickets() -> None:
    found = card(rivals={"Keywords": ("billing",) * 6, "In use": LABELS}).rivals
    assert [(one.name, one.accuracy.count) for one in found] == [("Keywords", 1), ("In use", 6)]


def test_automation_shows_what_the_floor_did_here() -> None:
    given_floor = Guarantee(floor=0.8, promise=0.05, certainty=0.9, rows=900, answered=500, wrong=9, why="So it is.")
    found = card(guarantee=given_floor).automation
    assert (found.floor, found.answered.count, found.wrong.count, found.wrong.of) == (0.8, 3, 1, 3)
    assert (found.promise, found.certainty, found.why) == (0.05, 0.9, "So it is.")
    dearer = card(guarantee=given_floor, chosen=choose_floor(given_floor, 20)).automation
    assert (dearer.floor, dearer.answered.count) == (0.95, 1)


def test_too_few_tickets_automate_nothing() -> None:
    found = card()
    assert (found.automation.floor, found.automation.answered.count, found.automation.wrong.of) == (None, 0, 0)
    assert found.automation.why.startswith("At least 45 solved tickets")
    assert any("found on the same tickets" in note for note in found.notes)
    with pytest.raises(ValueError, match="at least one"):
        card(holdout(labels=(), shares=np.zeros((0, 3)), refs=(), texts=()))


def test_wilson_by_the_textbook() -> None:
    share = wilson(81, 263)  # Newcombe 1998, table I, method 3: https://pubmed.ncbi.nlm.nih.gov/9595616/
    assert (round(share.low, 4), round(share.high, 4)) == (0.2553, 0.3662)
    assert (wilson(0, 20).low, round(wilson(0, 20).high, 4)) == (0.0, 0.1611)
    assert (wilson(20, 20).high, wilson(0, 0).low, wilson(0, 0).high) == (1.0, 0.0, 1.0)


@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share(counted: tuple[int, int]) -> None:
    share = wilson(*counted)
    assert 0 <= share.low <= share.value <= share.high <= 1


def rows(count: int, seed: int = 0, bend: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    random = np.random.default_rng(seed)
    confidence = random.beta(3, 0.6, count)
    return confidence, random.random(count) < confidence - bend


def test_risk_points_run_from_the_surest_to_all() -> None:
    confidence, right = rows(3_000)
    points = risk_points(confidence, right)
    assert 90 <= len(points) <= 100
    assert (points[-1].answered, points[-1].wrong.of) == (1.0, 3_000)
    assert points[-1].wrong.count == (~right).sum()
    for point in points[::10]:
        answered = confidence >= point.confidence
        assert (point.wrong.of, point.wrong.count) == (answered.sum(), (~right[answered]).sum())
    tied = risk_points(np.array([0.9, 0.8, 0.8]), np.array([True, True, False]))
    assert [(point.confidence, point.wrong.of) for point in tied] == [(0.9, 1), (0.8, 3)]


def test_reliability_steps_hold_about_equally_many() -> None:
    confidence, right = rows(1_000)
    steps = reliability(confidence, right)
    assert [step.right.of for step in steps] == [100] * 10
    assert [step.said for step in steps] == sorted(step.said for step in steps)
    assert all(step.right.low - 0.05 <= step.said <= step.right.high + 0.05 for step in steps)
    assert len(reliability(confidence[:70], right[:70])) == 3
    same = reliability(np.full(300, 0.9), np.full(300, True))
    assert [(step.said, step.right.count) for step in same] == [(pytest.approx(0.9), 300)]
    assert sum(step.right.of for step in reliability(np.round(confidence, 1), right)) == 1_000


def test_the_calibration_floor_is_what_a_true_confidence_shows() -> None:
    """On fresh draws from the confidence itself: the mean is met and 5 % lie above the 95th percentile."""
    confidence, _ = rows(500)
    mean, most = calibration_floor(confidence)
    random = np.random.default_rng(7)
    seen = [calibration_error(confidence, random.random(500) < confidence) for _ in range(300)]
    assert np.mean(seen) == pytest.approx(mean, rel=0.05)
    assert 0.02 < np.mean(np.array(seen) > most) < 0.09
    assert calibration_floor(confidence) == (mean, most)
    bent = rows(500, bend=0.15)
    assert calibration_error(*bent) > calibration_floor(bent[0])[1]


def test_better_only_beyond_noise() -> None:
    champion = np.array([True] * 60 + [False] * 40)
    better, lucky = champion.copy(), champion.copy()
    better[60:75], better[:3] = True, False
    lucky[60:68], lucky[:4] = True, False
    found = compare(champion, better)
    assert (found.verdict, found.only_challenger, found.only_champion, found.rows) == (Verdict.BETTER, 15, 3, 100)
    assert found.p == pytest.approx(0.00754, abs=1e-5)  # 2 * P(at most 3 of 18 heads)
    assert found.why == (
        "Of 100 tickets only the challenger got 15 right, only the champion 3: better beyond noise (p = 0.008)."
    )
    assert compare(better, champion).verdict is Verdict.WORSE
    assert compare(champion, lucky).verdict is Verdict.SAME
    assert (compare(champion, champion).p, compare(champion, champion).verdict) == (1.0, Verdict.SAME)
    with pytest.raises(ValueError, match="same ones"):
        compare(champion, champion[:5])


def test_equal_models_are_seldom_called_better() -> None:
    random = np.random.default_rng(0)
    verdicts = [compare(random.random(300) < 0.8, random.random(300) < 0.8).verdict for _ in range(400)]
    assert verdicts.count(Verdict.SAME) >= 0.93 * 400


def test_labels_that_neighbours_contradict() -> None:
    topics = {"billing": "invoice card refund", "login": "password reset locked", "webhook": "event endpoint retry"}
    texts, labels = [], []
    for number in range(60):
        label = sorted(topics)[number % 3]
        texts.append(f"{topics[label]} case{number % 7}")
        labels.append(label)
    labels[4] = "webhook"  # A login ticket with the wrong label.
    refs = [str(number) for number in range(60)]
    (found,) = suspects(refs, texts, labels, hashed(texts))
    assert (found.ref, found.label, found.neighbours) == ("4", "webhook", "login")
    assert found.agreement >= 0.8
    assert suspects(refs[:5], texts[:5], labels[:5], hashed(texts[:5])) == ()
    assert suspects(refs, texts, labels, hashed(texts), limit=0) == ()
