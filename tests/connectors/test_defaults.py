"""The taxonomy and examples that ship are whole and fit each other."""

from __future__ import annotations

from collections import Counter

import pytest

from connectors import defaults


def test_the_default_taxonomy_and_examples_fit() -> None:
    taxonomy = defaults.load_taxonomy()
    examples = defaults.load_examples()
    counts = Counter(example.category for example in examples)
    assert set(counts) == {category.key for category in taxonomy.categories}
    assert min(counts.values()) >= 20
    assert all(example.subject or example.body for example in examples)
    assert defaults.load_examples() == examples


def test_an_empty_example_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "notes.txt").write_text("not an example")
    (tmp_path / "examples" / "bug.yaml").write_text("- subject: Ok\n  body: It fails\n- subject: ''\n")
    monkeypatch.setattr(defaults, "_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"bug\.yaml, entry 2: write a subject or a body"):
        defaults.load_examples()
