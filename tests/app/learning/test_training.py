"""A model is made, measured on what it had not seen, and put where it belongs."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from app.learning.models import Kept, encode
from app.learning.training import MOST_BESIDE, MOST_ROWS, SHIPPED, most_rows, train
from connectors.store.examples import Example
from connectors.store.models import CHALLENGER, CHAMPION, REFUSED, RETIRED
from tests.app.learning.conftest import School, hashing, text
from tests.connectors.store.test_examples import decided
from triage.classify.history import Taught
from triage.comparing import Verdict, compare
from triage.training import OneLabel, TooFewTickets


def test_the_first_model_that_beats_doing_without_is_put_into_use(school: School) -> None:
    school.solve(200)
    trained = school.train()
    stored = trained.stored
    assert (stored.state, trained.is_new, trained.comparison) == (CHAMPION, True, None)
    card = stored.card
    assert (card.learned, card.held_out) == (150, 50)
    assert card.learned_from[1] < card.held_out_from[0]
    assert card.accuracy.count > max(each.accuracy.count for each in card.rivals)
    assert SHIPPED in {each.name for each in card.rivals}
    file = school.store.models.file("acme", stored.id)
    assert file is not None
    kept = Kept.from_bytes(file)
    assert kept.classifier.model_version_ == stored.version
    assert len(kept.classifier.texts_) == 200, "what is kept learned from the newest too"
    assert any("learned from all 200" in note for note in card.notes)


def test_one_that_is_no_better_is_refused_with_the_reason(school: School) -> None:
    dice = random.Random(3)
    school.solve(200, lambda _number, _about: dice.choices(["login_problem", "billing_question"], (19, 1))[0])
    stored = school.train().stored
    assert stored.state == REFUSED
    assert "held-out tickets" in stored.why
    assert school.store.models.champion("acme") is None


def test_the_same_tickets_make_no_second_model(school: School) -> None:
    school.solve(150)
    first = school.train()
    again = school.train()
    assert (again.is_new, again.stored) == (False, first.stored)
    school.solve(1)
    assert school.train().is_new


def test_a_later_model_waits_and_is_compared_only_on_tickets_that_the_first_did_not_learn(school: School) -> None:
    school.solve(150)
    first = school.train().stored
    fresh = school.solve(20)
    later = school.train()
    assert later.stored.state == CHALLENGER
    assert later.comparison is not None
    assert later.comparison.rows == len(fresh)
    assert later.stored.card.rivals[0].accuracy.of == len(fresh)
    champion = school.store.models.champion("acme")
    assert champion is not None
    assert champion.version == first.version


def test_corrections_alone_make_another_model(school: School) -> None:
    refs = school.solve(200)
    first = school.train().stored
    school.store.examples.correct("acme", "category", dict.fromkeys(refs[:20], "feature_request"))
    later = school.train()
    assert later.is_new
    assert later.stored.version != first.version
    assert any("20 tickets with the category that an agent gave" in note for note in later.stored.card.notes)
    file = school.store.models.file("acme", later.stored.id)
    assert file is not None
    classifier = Kept.from_bytes(file).classifier
    names = [str(classifier.classes_[at]) for at in classifier.labels_]
    assert names[:20] == ["feature_request"] * 20


def test_after_going_back_to_the_shipped_model_no_new_one_is_put_into_use_by_itself(school: School) -> None:
    school.solve(150)
    school.train()
    assert school.store.models.rollback("acme", by="Ana", why="not yet", now=school.clock()) is None
    school.solve(10)
    assert school.train(judges=True).stored.state == CHALLENGER
    assert school.store.models.champion("acme") is None


def test_the_better_challenger_is_promoted_and_one_within_noise_is_refused(school: School) -> None:
    """The desk's tickets change their meaning: what was a log-in problem is a question about bills from now on."""
    school.solve(150)
    first = school.train(judges=True).stored
    assert first.state == CHAMPION
    school.solve(3)
    noise = school.train(judges=True).stored
    assert noise.state == REFUSED
    assert "no more than noise" in noise.why
    turned = {"login_problem": "billing_question", "billing_question": "login_problem"}
    school.solve(300, lambda _number, about: turned.get(about, about))
    better = school.train(judges=True)
    assert better.comparison is not None
    assert better.comparison.verdict is Verdict.BETTER
    assert better.stored.why == f"Promoted by the nightly comparison: {better.comparison.why}"
    states = {each.version: each.state for each in school.store.models.versions("acme")}
    assert states == {first.version: RETIRED, noise.version: REFUSED, better.stored.version: CHAMPION}
    back = school.store.models.rollback("acme", by="Ana", why="", now=school.clock())
    assert back is not None
    assert back.version == first.version


def test_no_comparable_ticket_is_no_reason_to_promote() -> None:
    import numpy as np

    nothing = np.zeros(0, dtype=bool)
    assert compare(nothing, nothing).verdict is Verdict.SAME


def test_what_we_wrote_and_nobody_changed_is_counted(school: School) -> None:
    refs = school.solve(120)
    labels = {each.ref: each.label("category") for each in school.store.examples.newest("acme", "category", limit=500)}
    for ref in refs[:5]:
        decided(school.store, school.clock, ref, labels[ref])
    decided(school.store, school.clock, refs[6], "outage")
    decided(school.store, school.clock, refs[7], labels[refs[7]], shadow=True)
    assert any("5 tickets with the category that Deskhand wrote" in note for note in school.train().stored.card.notes)


def test_histories_that_cannot_be_learned_from_say_why(school: School) -> None:
    with pytest.raises(TooFewTickets, match="0 tickets"):
        school.train()
    school.solve(120, lambda _number, _about: "login_problem")
    with pytest.raises(OneLabel):
        school.train()
    with pytest.raises(TooFewTickets):
        school.train("field:99")


def test_the_limit_takes_the_newest(school: School) -> None:
    refs = school.solve(160)
    card = train(school.learner, "acme", limit=120).stored.card
    assert card.learned + card.held_out == 120
    kept = {each.ref for each in school.store.examples.newest("acme", "category", limit=120)}
    assert kept == set(refs[-120:])


def test_any_dropdown_can_be_learned(school: School) -> None:
    school.solve(150)
    school.keep(
        replace(each, labels={"field:42": "yes" if "invoice" in each.text else "no"})
        for each in school.store.examples.newest("acme", "category", limit=500)
    )
    stored = school.train("field:42").stored
    assert stored.target == "field:42"
    assert set(stored.card.labels) == {"yes", "no"}
    assert school.store.models.champion("acme") is None


def test_vectors_of_known_texts_are_not_made_again(school: School) -> None:
    school.solve(150)
    file = school.store.models.file("acme", school.train().stored.id)
    assert file is not None
    known = Kept.from_bytes(file).classifier
    encoder, asked = hashing(), list[str]()
    run = encoder._run
    encoder._run = lambda texts: asked.extend(texts) or run(texts)  # type: ignore[func-returns-value]
    vectors = encode([*known.texts_, "something new"], encoder, known)
    assert asked == ["something new"]
    assert vectors.shape == (151, encoder.dimensions)
    assert (vectors[:150] == known.vectors_).all()
    other = hashing("another")
    encode(known.texts_, other, known)
    assert encode(["a", "b", "a"], other, known).shape[0] == 3


def test_memory_bounds_the_rows() -> None:
    assert most_rows(0) == most_rows(100_000) == MOST_BESIDE < MOST_ROWS
    assert 2_000 < most_rows(512) < MOST_BESIDE


def halved(number: int, about: str) -> str:
    """Six labels for the three that texts tell apart, so that there are few tickets of each."""
    return f"{about}_{number // 3 % 2}"


def unfiled(school: School, count: int) -> list[Example]:
    found = [
        Example(ref=f"u{number}", text=text("login_problem", 1_000 + number), labels={}, created_at=now, solved_at=now)
        for number, now in enumerate([school.clock()] * count)
    ]
    school.keep(found)
    return found


def test_tickets_without_a_label_are_learned_from_where_few_have_one(school: School) -> None:
    school.solve(120, halved)
    without = school.train()
    unfiled(school, 119)
    assert not school.train().is_new, "fewer than the labelled ones do not count"
    unfiled(school, 130)
    assert not train(school.learner, "acme", limit=200).is_new, "what memory allows is for both kinds together"
    trained = school.train()
    assert trained.is_new
    assert any(note.startswith("130 tickets without a label") for note in trained.stored.card.notes)
    assert not any("without a label" in note for note in without.stored.card.notes)
    file = school.store.models.file("acme", trained.stored.id)
    assert file is not None
    classifier = Kept.from_bytes(file).classifier
    assert len(classifier.texts_) == 120
    assert any(isinstance(head, Taught) for head in classifier.heads_)
    assert not school.train().is_new


def test_with_many_labelled_tickets_those_without_a_label_change_nothing(school: School) -> None:
    school.solve(150)
    school.train()
    unfiled(school, 200)
    assert not school.train().is_new
