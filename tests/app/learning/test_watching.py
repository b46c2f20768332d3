"""Drift of the model in use is found among the checks, in words an admin can act on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.learning.models import load
from app.learning.watching import watch
from connectors.installing import CHECKS, Finding, Health
from tests.app.learning.conftest import WORDS, School, hashing, text
from tests.connectors.store.test_examples import corrected, decided


@pytest.fixture
def school(school: School) -> School:
    """A desk whose own model is in use."""
    school.solve(200)
    school.train()
    return school


def answer(school: School, count: int, *, first: int = 10_000, about: str | None = None) -> list[str]:
    """Tickets that come in and are decided by the champion, their numbers from `first` on."""
    stored = school.store.models.champion("acme")
    assert stored is not None
    known = load(school.store, "acme", stored, school.learner.encoder).classifier
    refs = [str(first + number) for number in range(count)]
    texts = [about or text(school.labels[int(ref) % len(WORDS)], int(ref)) for ref in refs]
    for ref, said in zip(refs, known.predict_many(texts, school.learner.encoder.encode(texts)), strict=True):
        decided(school.store, school.clock, ref, said.category, said=said)
    return refs


def found(school: School) -> dict[str, Finding]:
    watch(school.learner.deps, "acme", school.learner.encoder)
    return {each.finding.check: each.finding for each in school.store.findings.all("acme")}


def test_tickets_as_learned_are_no_drift(school: School) -> None:
    answer(school, 120)
    seen = found(school)
    assert (seen["model"].state, seen["model"].health) == ("In use", Health.GOOD)
    assert (seen["drift"].state, seen["drift"].health) == ("Unchanged", Health.GOOD), seen["drift"].detail
    assert set(seen) <= set(CHECKS)


def test_few_answers_say_nothing(school: School) -> None:
    answer(school, 10)
    assert found(school)["drift"].state == "Too few yet"


def test_other_tickets_are_drift_and_the_fix_is_named(school: School) -> None:
    answer(school, 120, about="qqq xyxyx zzvz 000 kkjk")
    drift = found(school)["drift"]
    assert drift.health is Health.WARN
    assert "Other tickets" in drift.state
    assert "deskhand triage train" in drift.fix


def test_more_corrections_than_before_are_drift(school: School) -> None:
    answer(school, 200)
    school.clock.forward(days=8)
    for ref in answer(school, 100, first=20_000)[:30]:
        corrected(school.store, school.clock, ref, "outage")
    drift = found(school)["drift"]
    assert drift.state == "More corrections"
    assert "30 of 100" in drift.detail
    school.clock.forward(days=8)
    assert found(school)["drift"].state == "Too few yet"


def test_without_an_own_model_nothing_is_said(school: School) -> None:
    school.store.models.rollback("acme", by="Ana", why="", now=school.clock() + timedelta(minutes=1))
    assert found(school) == {}


def test_what_was_found_of_a_model_no_longer_counts_without_it(school: School) -> None:
    answer(school, 120, about="qqq xyxyx zzvz 000 kkjk")
    assert found(school)["drift"].health is Health.WARN
    school.store.models.rollback("acme", by="Ana", why="", now=school.clock() + timedelta(minutes=1))
    assert {each.state for each in found(school).values()} == {"No own model"}


def test_a_model_that_cannot_be_used_is_said_instead(school: School) -> None:
    watch(school.learner.deps, "acme", hashing("another"))
    [stored] = school.store.findings.all("acme")
    assert (stored.finding.check, stored.finding.health) == ("model", Health.WARN)
