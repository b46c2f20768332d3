"""The shipped model is fitted once: what is kept of it answers the same, and never for other examples or code."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.learning import shipped
from app.learning.shipped import fit_shipped
from connectors.defaults import load_examples, load_taxonomy
from connectors.encoder import Encoder
from tests.app.learning.conftest import hashing
from triage.classify import TicketClassifier

EXAMPLES = load_examples()[::16]
ASKED = ["I was charged twice in March.", "the webhook gives an error 500 since the update", "", "完全に別の言語"]


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A version for each fit that was really made."""
    made: list[str] = []
    usual = TicketClassifier.fit

    def counted(self: TicketClassifier, *args: Any, **more: Any) -> TicketClassifier:
        fitted = usual(self, *args, **more)
        made.append(fitted.model_version_)
        return fitted

    monkeypatch.setattr(TicketClassifier, "fit", counted)
    return made


def load(folder: Path, encoder: Encoder | None = None, **changes: Any) -> TicketClassifier:
    given = {"taxonomy": load_taxonomy(), "examples": EXAMPLES} | changes
    return fit_shipped(encoder or hashing(), folder, **given)


def test_a_second_process_reads_the_model_and_answers_the_same(tmp_path: Path, fits: list[str]) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert fits == [first.model_version_] == [second.model_version_]
    vectors = hashing().encode(ASKED)
    assert [asdict(each) for each in second.predict_many(ASKED, vectors)] == [
        asdict(each) for each in first.predict_many(ASKED, vectors)
    ]
    np.testing.assert_array_equal(second.predict_proba(ASKED, vectors), first.predict_proba(ASKED, vectors))
    np.testing.assert_array_equal(second.belonging(ASKED, vectors), first.belonging(ASKED, vectors))
    np.testing.assert_array_equal(second.held_out_, first.held_out_)
    np.testing.assert_array_equal(second.labels_, first.labels_)
    assert second.quality_ == first.quality_
    assert list(second.classes_) == list(first.classes_)


def test_other_examples_another_encoder_or_another_code_are_fitted_anew(
    tmp_path: Path, fits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tmp_path)
    taxonomy = load_taxonomy()
    renamed = replace(taxonomy, categories=(replace(taxonomy.categories[0], name="X"), *taxonomy.categories[1:]))
    load(tmp_path, taxonomy=renamed)
    load(tmp_path, examples=[replace(EXAMPLES[0], category=EXAMPLES[-1].category), *EXAMPLES[1:]])
    load(tmp_path, examples=[replace(EXAMPLES[0], body="other words"), *EXAMPLES[1:]])
    load(tmp_path, hashing("another"))
    monkeypatch.setattr(shipped, "_code", lambda: ["changed"])
    load(tmp_path)
    monkeypatch.setattr(shipped, "version", lambda name: "later")
    load(tmp_path)
    assert len(fits) == 7
    load(tmp_path)
    assert len(fits) == 7


def test_every_part_of_the_classifier_counts_as_its_code() -> None:
    assert sum("class TicketClassifier" in each or "class WordMargins" in each for each in shipped._code()) == 2


def test_a_broken_file_is_made_anew(tmp_path: Path, fits: list[str]) -> None:
    load(tmp_path)
    [path] = (tmp_path / "encoder").glob("*.model")
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    load(tmp_path)
    assert len(fits) == 2
    assert path.read_bytes() == whole
