"""Reasons that are true: without the words they name, the answer is less sure; and short enough for a note."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from connectors.defaults import load_examples, load_taxonomy
from connectors.encoder import Encoder, load, prepare
from connectors.kept import encode_kept
from tests.conftest import ROOT
from triage.classify import TicketClassifier
from triage.decisions import Alternative, Neighbour, Prediction
from triage.explain import NOTE_LIMIT, explain, note, quoted
from triage.metadata import clean

MODELS = ROOT / "var" / "models"
WORD = re.compile(r"\b\w\w+\b")


@dataclass
class Desk:
    """The default examples, learned from but for every fifth; `found` is what is said of those."""

    encoder: Encoder
    model: TicketClassifier
    texts: list[str]
    shares: NDArray[np.float64]
    found: list[Prediction]

    def falls(self, changed: list[str], column: NDArray[np.int64]) -> NDArray[np.float64]:
        """How much the share of each text's class in `column` falls when the text is changed to that."""
        shares = self.model.predict_proba(changed, self.encoder.encode(changed))
        rows = np.arange(len(changed))
        return np.asarray(self.shares[rows, column] - shares[rows, column])


@pytest.fixture(scope="module")
def desk() -> Desk:
    prepare(MODELS)
    encoder, examples = load(MODELS), load_examples()
    texts = [clean(one.subject, one.body)[1] for one in examples]
    vectors = encode_kept(encoder, texts, MODELS / "encoder")
    known = [at for at in range(len(texts)) if at % 5]
    asked = [at for at in range(len(texts)) if at % 5 == 0]
    described = load_taxonomy().label_texts
    with threadpool_limits(1):  # More threads wait for each other where cores are shared.
        model = TicketClassifier(encoder_id=encoder.id).fit(
            [texts[at] for at in known],
            vectors[known],
            [examples[at].category for at in known],
            label_texts=described,
            label_vectors=encoder.encode(list(described.values())),
        )
    chosen = [texts[at] for at in asked]
    shares = model.predict_proba(chosen, vectors[asked])
    return Desk(encoder, model, chosen, shares, model.predict_many(chosen, vectors[asked]))


def without(text: str, pieces: tuple[str, ...]) -> str:
    for piece in pieces:
        text = text.replace(piece, " ")
    return text


def without_random(text: str, count: int, random: np.random.Generator) -> str:
    words = [match.span() for match in WORD.finditer(text)]
    for at in sorted(random.permutation(len(words))[:count], reverse=True):
        text = text[: words[at][0]] + text[words[at][1] :]
    return text


def test_without_the_named_words_the_answer_is_less_sure(desk: Desk) -> None:
    """Asked of examples that the model did not learn from, encoded anew; the control loses as many words by chance."""
    named = [at for at, one in enumerate(desk.found) if one.phrases]
    assert len(named) >= 0.97 * len(desk.found)
    top = desk.shares.argmax(axis=1)
    falls = desk.falls([without(text, one.phrases) for text, one in zip(desk.texts, desk.found, strict=True)], top)
    random = np.random.default_rng(0)
    counts = [sum(len(WORD.findall(piece)) for piece in one.phrases) for one in desk.found]
    chance = desk.falls(
        [without_random(text, count, random) for text, count in zip(desk.texts, counts, strict=True)], top
    )
    assert np.mean(falls[named] > 0) >= 0.95
    assert falls[named].mean() > 2 * chance[named].mean()
    assert np.mean(chance[named] > 0) < 0.95


def test_without_the_words_against_it_the_second_answer_is_less_likely(desk: Desk) -> None:
    second = np.argsort(-desk.shares, axis=1, kind="stable")[:, 1]
    told = [at for at, one in enumerate(desk.found) if one.against and one.alternatives[1].confidence >= 0.05]
    falls = desk.falls([without(text, one.against) for text, one in zip(desk.texts, desk.found, strict=True)], second)
    assert len(told) >= 30
    assert np.mean(falls[told] > 0) >= 0.8


def test_pieces_are_verbatim_and_apart(desk: Desk) -> None:
    for text, one in zip(desk.texts, desk.found, strict=True):
        assert len(one.phrases) <= 3
        assert len(one.against) <= 2
        assert all(piece in text for piece in (*one.phrases, *one.against))


def prediction(**changes: object) -> Prediction:
    values: dict[str, object] = {
        "category": "webhook",
        "confidence": 0.8,
        "alternatives": (
            Alternative(category="webhook", confidence=0.8),
            Alternative(category="bug", confidence=0.15),
        ),
        "phrases": ("no events\nsince", "endpoint", "third"),
        "neighbours": (Neighbour(text="Events\nstop", category="webhook", similarity=0.9),),
        "model_version": "abc",
        "against": ("a button",),
    }
    return Prediction(**(values | changes))  # type: ignore[arg-type]


NAMES = {"webhook": "Webhook delivery", "bug": "Bug"}


def test_the_lines_are_short_sentences() -> None:
    found = explain(prediction(), NAMES, rules=("P2: usual for Webhook delivery.", ""))
    assert found.lines == (
        "They wrote “no events since” and “endpoint”.",
        "Against it: “a button” (Bug, 15\u00a0%).",
        "P2: usual for Webhook delivery.",
        "Closest known example: “Events stop” (Webhook delivery).",
    )
    assert (found.answer, found.confidence) == ("Webhook delivery", 0.8)


def test_a_second_answer_that_is_unlikely_says_nothing() -> None:
    weak = (Alternative(category="webhook", confidence=0.8), Alternative(category="bug", confidence=0.02))
    found = explain(prediction(alternatives=weak), NAMES)
    assert (found.second, found.contra, found.against) == (None, (), "")
    assert explain(prediction(alternatives=()), NAMES).against == ""


def test_solved_tickets_are_named_by_number_and_not_quoted() -> None:
    near = Neighbour(text="Anna's salary", category="hr", similarity=0.9, ref="71")
    found = explain(prediction(neighbours=(near, replace(near, ref="72"))), NAMES)
    assert found.closest == "Nearest solved tickets: #71 (hr), #72 (hr)."
    assert found.nearest[0].text == "Anna's salary"
    assert explain(prediction(neighbours=(), phrases=(), against=()), NAMES).lines == ()


@given(st.lists(st.text(max_size=700), max_size=6), st.integers(1, 700))
def test_a_note_fits(lines: list[str], limit: int) -> None:
    shown = note(lines, limit)
    assert len(shown) <= limit
    assert bool(shown) is any(lines)


def test_a_note_leaves_out_what_has_no_room() -> None:
    assert note(["first", "", "x" * NOTE_LIMIT, "last"]) == "first\nlast"
    assert note(["a" * 601]) == "a" * 599 + "…"
    assert note(["a" * 300, "b" * 299]) == "a" * 300 + "\n" + "b" * 299
    assert quoted(("word " * 40,)).endswith("word…”")
    assert len(quoted(("x" * 200,))) == 82
