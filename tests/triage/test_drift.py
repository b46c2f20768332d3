"""An alarm for what changed beyond chance and enough to matter, and for nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from triage.drift import FEWEST, Now, Spread, Then, corrections, label_mix, look
from triage.words import percent

LABELS = {"billing": 200, "login": 200, "bugs": 100}


def drawn(count: int, seed: int = 0, mean: float = 0.6) -> list[float]:
    return list(np.random.default_rng(seed).normal(mean, 0.1, count))


def labels(count: int, seed: int = 0, share: tuple[float, float, float] = (0.4, 0.4, 0.2)) -> list[str]:
    return [str(each) for each in np.random.default_rng(seed).choice(list(LABELS), count, p=share)]


def then(corrected: int = 20, decided: int = 1_000) -> Then:
    then = Spread(mean=0.6, deviation=0.1, count=500)
    return Then(nearest=then, confidence=then, labels=LABELS, corrected=corrected, decided=decided)


def alarms(**changes: object) -> list[str]:
    count = 400
    values: dict[str, object] = {
        "nearest": drawn(count),
        "confidence": drawn(count, 1),
        "labels": labels(count),
        "corrected": 8,
        "decided": count,
    }
    return [each.what for each in look(then(), Now(**(values | changes))) if each.alarm]  # type: ignore[arg-type]


def test_nothing_changed_is_no_alarm() -> None:
    assert alarms() == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"nearest": drawn(400, mean=0.45)}, "input"),
        ({"confidence": drawn(400, mean=0.45)}, "confidence"),
        ({"labels": labels(400, share=(0.1, 0.4, 0.5))}, "labels"),
        ({"corrected": 60}, "corrections"),
    ],
)
def test_each_look_sees_its_own_change(changes: dict[str, object], what: str) -> None:
    assert alarms(**changes) == [what]


def test_a_change_for_the_better_is_no_alarm() -> None:
    assert alarms(nearest=drawn(400, mean=0.9), confidence=drawn(400, mean=0.9), corrected=0) == []


def test_too_few_recent_decisions_say_nothing() -> None:
    few = FEWEST - 1
    now = Now(nearest=[0.0] * few, confidence=[0.0] * few, labels=["login"] * few, corrected=few, decided=few)
    assert look(then(), now) == ()


def test_a_difference_too_small_to_matter_is_none_however_many_tickets() -> None:
    many = Now(
        nearest=drawn(50_000, mean=0.58),
        confidence=drawn(50_000, mean=0.58),
        labels=labels(50_000, share=(0.42, 0.38, 0.2)),
        corrected=1_250,
        decided=50_000,
    )
    assert [each.what for each in look(then(corrected=20_000, decided=1_000_000), many) if each.alarm] == []


def test_the_label_mix_of_few_tickets_varies_by_chance() -> None:
    """At 50 tickets over 30 labels the index is large by chance alone: the limit has to know that."""
    names = [f"label_{number}" for number in range(30)]
    dice = np.random.default_rng(4)
    before = dict.fromkeys(names, 10)
    raised = sum(label_mix(before, [str(each) for each in dice.choice(names, 50)]).alarm for _ in range(300))
    assert raised <= 3
    assert label_mix(before, names[:5] * 10).alarm


def test_a_label_that_was_never_given_before_is_no_division_by_zero() -> None:
    found = label_mix({"login": 300}, ["login"] * 100 + ["refund"] * 100)
    assert found.alarm
    assert f"refund went from {percent(0.0)} to {percent(0.5)}" in found.said
    assert not label_mix({}, ["login"]).alarm


def test_corrections_need_something_to_compare_with() -> None:
    assert not corrections(0, 0, 50, 100).alarm
    assert not corrections(5, 1_000, 0, 0).alarm
    assert corrections(5, 1_000, 20, 200).alarm
    assert "20 of 200" in corrections(5, 1_000, 20, 200).said
