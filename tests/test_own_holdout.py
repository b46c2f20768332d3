"""The 500 tickets that measure the shipped model are well formed, and are not the tickets that it learned from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml
from sklearn.feature_extraction.text import TfidfVectorizer

from bench.own_holdout import FOLDER, Held, fingerprint, load_holdout
from connectors.defaults import load_examples, load_taxonomy
from triage.tickets import Priority

TAXONOMY = load_taxonomy()
HELD = load_holdout()
PAGE = Path(__file__).parent.parent / "docs" / "holdout.md"


def text(one: Held) -> str:
    return f"{one.subject}\n{one.body}".strip()


def test_every_category_has_its_file_and_tickets() -> None:
    keys = {category.key for category in TAXONOMY.categories}
    assert {file.stem for file in FOLDER.glob("*.yaml")} == keys
    for file in FOLDER.glob("*.yaml"):
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert {row["category"] for row in rows} == {file.stem}
        assert 15 <= len(rows) <= 50
        for row in rows:
            assert {"subject", "body", "category", "priority", "group"} <= set(row)


def test_five_hundred_different_tickets_with_labels_the_taxonomy_knows() -> None:
    assert len(HELD) == 500
    assert [
        found for found, count in Counter(" ".join(text(one).lower().split()) for one in HELD).items() if count > 1
    ] == []
    assert all(any(letter.isalnum() for letter in text(one)) for one in HELD)
    assert {one.group for one in HELD} <= {area.group for area in TAXONOMY.product_areas}
    assert {one.priority for one in HELD} == set(Priority)
    assert {one.language for one in HELD} == {"en", "de"}


def test_no_ticket_is_a_near_copy_of_one_the_model_learned_from() -> None:
    """Letter cosine above 0.9, as cross-validation keeps copies together."""
    held = [text(one) for one in HELD]
    learned = [f"{example.subject}\n{example.body}" for example in load_examples()]
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    vectors = letters.fit_transform([*held, *learned])
    nearest = (vectors[: len(held)] @ vectors[len(held) :].T).max(axis=1).toarray().ravel()
    assert [one for one, alike in zip(held, nearest, strict=True) if alike > 0.9] == []


def test_the_page_tells_of_these_tickets() -> None:
    assert fingerprint(HELD) in PAGE.read_text(encoding="utf-8")
