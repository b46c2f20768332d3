"""The classifier learns a toy desk, knows what it does not know, says why, and is the same every time."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.tickets import hashed
from triage.classify import OneCategory, TicketClassifier, UnknownRecipe, classifier
from triage.classify.heads import KernelOdds
from triage.decisions import Prediction

WORDS = {
    "billing": ["invoice", "charged", "payment", "card", "refund", "receipt", "vat", "amount"],
    "login": ["password", "reset", "locked", "login", "account", "code", "mail", "link"],
    "webhook": ["webhook", "event", "delivery", "endpoint", "retry", "signature", "payload", "queue"],
}
FILLER = "we have the since today please can you help our team with this again and it is".split()  # noqa: SIM905


def desk(rows: int, seed: int = 0, noise: float = 0.0) -> tuple[list[str], list[str]]:
    """Made-up tickets: a few words of the category among filler; `noise` is the share with a wrong label."""
    rng = random.Random(seed)
    texts, labels = [], []
    for number in range(rows):
        label = sorted(WORDS)[number % 3]
        words = rng.sample(WORDS[label], 3) + rng.sample(FILLER, 6)
        rng.shuffle(words)
        texts.append(" ".join(words))
        labels.append(rng.choice(sorted(WORDS)) if rng.random() < noise else label)
    return texts, labels


def fitted(rows: int = 90, noise: float = 0.0, **settings: int) -> TicketClassifier:
    texts, labels = desk(rows, noise=noise)
    described = {label: f"{label} {' '.join(words)}" for label, words in WORDS.items()}
    vectors = hashed(list(described.values()))
    return TicketClassifier(encoder_id="hashing/64", **settings).fit(
        texts, hashed(texts), labels, label_texts=described, label_vectors=vectors
    )


def ask(model: TicketClassifier, text: str) -> Prediction:
    return model.predict(text, hashed([text])[0])


MODEL = fitted()


def test_learns_the_desk() -> None:
    texts, labels = desk(60, seed=1)
    found = MODEL.predict_many(texts, hashed(texts))
    assert sum(one.category == label for one, label in zip(found, labels, strict=True)) >= 58
    assert list(MODEL.classes_) == sorted(WORDS)
    assert MODEL.quality_.accuracy > 0.9
    assert MODEL.quality_.rows == 90


def test_a_prediction_carries_its_reasons() -> None:
    text = "Hello,\nour webhook delivery stopped, every event has a wrong signature.\nThe team"
    found = ask(MODEL, text)
    assert found.category == "webhook"
    assert found.alternatives[0].category == "webhook"
    assert found.alternatives[0].confidence == found.confidence
    confidences = [alternative.confidence for alternative in found.alternatives]
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) <= 1 + 1e-9
    assert found.phrases
    assert all(phrase in text and 2 <= len(phrase.split()) <= 7 for phrase in found.phrases)
    assert any("webhook" in phrase for phrase in found.phrases)
    assert [near.category for near in found.neighbours].count("webhook") >= 2
    assert found.neighbours[0].similarity == max(near.similarity for near in found.neighbours) <= 1
    assert found.model_version == MODEL.model_version_


def test_is_less_sure_of_what_is_unlike_every_example() -> None:
    assert ask(MODEL, "giraffe sunset violin marmalade").confidence < 0.5
    assert ask(MODEL, "").confidence < 0.9
    assert ask(MODEL, "invoice payment refund card").confidence > 0.8


def test_confidence_is_roughly_the_share_right() -> None:
    model = fitted(600, noise=0.3)
    texts, labels = desk(300, seed=5, noise=0.3)
    found = model.predict_many(texts, hashed(texts))
    right = np.mean([one.category == label for one, label in zip(found, labels, strict=True)])
    assert abs(np.mean([one.confidence for one in found]) - right) < 0.1
    assert model.quality_.calibration_error < 0.1


def test_confidence_rises_with_the_share_and_never_adds_up_to_more_than_one() -> None:
    model = fitted(300, noise=0.2)
    shares = model.predict_proba(["invoice card", "giraffe"], hashed(["invoice card", "giraffe"]))
    assert (shares >= 0).all()
    assert (shares.sum(axis=1) <= 1 + 1e-9).all()
    assert shares[0].max() > shares[1].max()


def test_is_the_same_every_time() -> None:
    again = fitted()
    assert again.model_version_ == MODEL.model_version_
    assert ask(again, "the card was charged twice") == ask(MODEL, "the card was charged twice")
    assert again.quality_ == MODEL.quality_


def test_the_version_follows_data_and_settings() -> None:
    versions = {MODEL.model_version_, fitted(93).model_version_, fitted(seed=1).model_version_}
    texts, labels = desk(90)
    other = TicketClassifier(encoder_id="other").fit(texts, hashed(texts), labels)
    assert len({*versions, other.model_version_}) == 4


def test_one_or_many_at_once_give_the_same_answer() -> None:
    texts, _ = desk(8, seed=3)
    together = MODEL.predict_many(texts, hashed(texts))
    for text, found in zip(texts, together, strict=True):
        alone = ask(MODEL, text)
        assert alone.category == found.category
        assert alone.confidence == pytest.approx(found.confidence, abs=1e-6)
    assert MODEL.predict_many([], hashed([])) == []


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "a", "b"], ["a", "b", "c"], ["a"] * 9 + ["b"] * 5 + ["c"]])
def test_learns_from_very_few(labels: list[str]) -> None:
    texts = [f"{label} word {number}" for number, label in enumerate(labels)]
    model = TicketClassifier().fit(texts, hashed(texts), labels)
    found = ask(model, "a word")
    assert found.category in labels
    assert 0 <= found.confidence <= 1


def test_learns_even_from_texts_without_a_word() -> None:
    texts = ["", "!!", "?", "ab", "xyz"]
    model = TicketClassifier().fit(texts, hashed(texts), ["p", "q", "p", "q", "p"])
    assert ask(model, "").phrases == ()


def test_two_categories_work_both_ways() -> None:
    texts, labels = desk(60)
    pairs = [(text, label) for text, label in zip(texts, labels, strict=True) if label != "login"]
    texts, labels = [text for text, _ in pairs], [label for _, label in pairs]
    model = TicketClassifier().fit(texts, hashed(texts), labels)
    assert ask(model, "refund the invoice payment").category == "billing"
    found = ask(model, "webhook endpoint signature")
    assert found.category == "webhook"
    assert "webhook endpoint" in found.phrases[0]
    assert "invoice" in ask(model, "refund the invoice payment").phrases[0]


def test_words_speak_with_few_examples_too() -> None:
    model = fitted(45)
    assert any(isinstance(head, KernelOdds) for head in model.heads_)
    found = ask(model, "hello, the webhook delivery stopped and we paid")
    assert found.category == "webhook"
    assert "webhook delivery" in found.phrases[0]


SYNONYMS = {"billing": "debit levy", "login": "signin credentials", "webhook": "callback hook"}


def with_history(count: int = 300, **settings: int) -> TicketClassifier:
    """Learned from 45 labelled tickets and `count` unlabelled ones, which use a second vocabulary beside the first."""
    texts, labels = desk(45)
    old, about = desk(count, seed=11)
    more = [f"{text} {SYNONYMS[label]}" for text, label in zip(old, about, strict=True)]
    return TicketClassifier(encoder_id="hashing/64", **settings).fit(
        texts, hashed(texts), labels, more_texts=more, more_vectors=hashed(more)
    )


TAUGHT = with_history()


def test_unlabelled_tickets_teach_words_that_no_labelled_one_has() -> None:
    texts, labels = desk(45)
    without = TicketClassifier(encoder_id="hashing/64").fit(texts, hashed(texts), labels)
    strange = [f"{FILLER[number]} {words} {FILLER[-number]}" for words in SYNONYMS.values() for number in range(1, 9)]
    wanted = [label for label in SYNONYMS for _ in range(8)]

    def right(asked: TicketClassifier) -> int:
        found = asked.predict_many(strange, hashed(strange))
        return sum(one.category == label for one, label in zip(found, wanted, strict=True))

    assert right(TAUGHT) == 24
    assert right(without) <= 16


def test_unlabelled_tickets_are_never_shown_nor_measured() -> None:
    texts, _ = desk(45)
    assert TAUGHT.texts_ == tuple(texts)
    assert len(TAUGHT.held_out_) == len(TAUGHT.labels_) == TAUGHT.quality_.rows == 45
    old, about = desk(300, seed=11)
    asked = [f"{text} {SYNONYMS[label]}" for text, label in zip(old, about, strict=True)][:20]
    for found in TAUGHT.predict_many(asked, hashed(asked)):
        assert {near.text for near in found.neighbours} <= set(texts)


def test_unlabelled_tickets_that_do_not_count_change_nothing() -> None:
    texts, labels = desk(45)
    alone = TicketClassifier(encoder_id="hashing/64").fit(texts, hashed(texts), labels)
    fewer = with_history(44)
    more, _ = desk(100, seed=11)
    many_texts, many_labels = desk(90)
    many = TicketClassifier().fit(many_texts, hashed(many_texts), many_labels)
    given = TicketClassifier().fit(
        many_texts, hashed(many_texts), many_labels, more_texts=more, more_vectors=hashed(more)
    )
    for one, other in ((alone, fewer), (many, given)):
        (arrays, facts), (arrays_too, facts_too) = one.to_state(), other.to_state()
        assert facts == facts_too
        assert arrays.keys() == arrays_too.keys()
        assert all(np.array_equal(arrays[name], arrays_too[name]) for name in arrays)


def test_the_newest_unlabelled_tickets_count(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, labels = desk(45)
    old, _ = desk(200, seed=11)
    monkeypatch.setattr(classifier, "MOST", 60)
    bounded = TicketClassifier().fit(texts, hashed(texts), labels, more_texts=old, more_vectors=hashed(old))
    newest = TicketClassifier().fit(texts, hashed(texts), labels, more_texts=old[-60:], more_vectors=hashed(old[-60:]))
    assert bounded.model_version_ == newest.model_version_
    assert ask(bounded, "the card was charged twice") == ask(newest, "the card was charged twice")


def test_with_unlabelled_tickets_it_is_the_same_every_time_and_after_a_restart() -> None:
    again = with_history()
    arrays, facts = TAUGHT.to_state()
    restored = TicketClassifier.from_state(arrays, json.loads(json.dumps(facts)))
    asked = [*desk(20, seed=7)[0], "callback hook", "", "giraffe sunset"]
    assert again.predict_many(asked, hashed(asked)) == TAUGHT.predict_many(asked, hashed(asked))
    assert restored.predict_many(asked, hashed(asked)) == TAUGHT.predict_many(asked, hashed(asked))
    assert again.model_version_ == TAUGHT.model_version_ != with_history(299).model_version_


def test_no_fold_can_be_taught_by_what_it_is_asked() -> None:
    """Labels thrown at random stay unlearnable: the pupil's held-out answers come from the other folds' labels."""
    texts, labels = desk(60, noise=1.0)
    more, _ = desk(200, seed=11)
    model = TicketClassifier().fit(texts, hashed(texts), labels, more_texts=more, more_vectors=hashed(more))
    assert model.quality_.accuracy < 0.55


def test_says_what_it_cannot_learn_from() -> None:
    vectors = hashed(["a", "b"])
    with pytest.raises(OneCategory, match="fewer than two categories"):
        TicketClassifier().fit(["a", "b"], vectors, ["x", "x"])
    with pytest.raises(ValueError, match="give one of each"):
        TicketClassifier().fit(["a"], vectors, ["x", "y"])
    with pytest.raises(ValueError, match="1 unlabelled texts"):
        TicketClassifier().fit(["a", "b"], vectors, ["x", "y"], more_texts=["c"])
    with pytest.raises(ValueError, match="label texts"):
        TicketClassifier().fit(
            ["a", "b"], vectors, ["x", "y"], label_texts={"x": "x"}, label_vectors=hashed(["x", "y"])
        )


def test_copies_stay_together_in_folds() -> None:
    texts, labels = desk(30)
    model = TicketClassifier().fit(texts * 3, hashed(texts * 3), labels * 3)
    alone = TicketClassifier().fit(texts, hashed(texts), labels)
    assert model.quality_.accuracy == pytest.approx(alone.quality_.accuracy, abs=0.15)


def test_more_rows_than_are_compared_with_each_other() -> None:
    model = TicketClassifier(n_folds=2).fit(*_many(3_200))
    assert ask(model, "webhook event delivery").category == "webhook"


def _many(rows: int) -> tuple[list[str], np.ndarray, list[str]]:
    texts, labels = desk(rows)
    return texts, hashed(texts), labels


@given(st.text(max_size=400))
@settings(max_examples=80, deadline=None)
def test_any_text_gets_an_answer(text: str) -> None:
    found = ask(MODEL, text)
    assert 0 <= found.confidence <= 1
    assert all(phrase in text for phrase in found.phrases)
    assert len(found.neighbours) == 3


@pytest.mark.parametrize("rows", [5, 120])
def test_a_restored_model_predicts_the_same_to_the_last_bit(rows: int) -> None:
    model = fitted(rows, noise=0.1)
    arrays, facts = model.to_state()
    assert not any(array.dtype.hasobject for array in arrays.values())
    again = TicketClassifier.from_state(arrays, json.loads(json.dumps(facts)))
    texts, _ = desk(30, seed=7)
    texts += ["", "giraffe sunset", "é invoice", "webhook " * 300]
    assert again.predict_many(texts, hashed(texts)) == model.predict_many(texts, hashed(texts))
    assert np.array_equal(again.predict_proba(texts, hashed(texts)), model.predict_proba(texts, hashed(texts)))
    assert np.array_equal(again.belonging(texts, hashed(texts)), model.belonging(texts, hashed(texts)))
    assert np.array_equal(again.held_out_, model.held_out_)
    assert np.array_equal(again.labels_, model.labels_)
    assert (again.quality_, again.model_version_) == (model.quality_, model.model_version_)
    assert list(again.classes_) == list(model.classes_)
    arrays_again, facts_again = again.to_state()
    assert facts_again == facts
    assert all(np.array_equal(arrays_again[name], arrays[name]) for name in arrays)


def test_a_state_of_another_format_is_refused() -> None:
    arrays, facts = MODEL.to_state()
    with pytest.raises(UnknownRecipe, match="train it again"):
        TicketClassifier.from_state(arrays, {**facts, "format": 0})
