"""YAML as admins write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.yaml_text import YamlError, dump, parse

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(plain)
def test_what_is_written_is_read_the_same(data: Any) -> None:
    assert parse(dump(data)) == data


@pytest.mark.parametrize(
    "text", ["NO", "off", "10:30", "2026-12-24", "2026-12-24 09:00:00", "1_000", "0x10", ".5", "=", "09"]
)
def test_what_only_looks_like_something_else_is_text(text: str) -> None:
    assert parse(f"key: {text}") == {"key": text}


def test_keys_are_text_and_numbers_numbers() -> None:
    assert parse("{360012: a, NO: b, 2026-12-24: c, true: d}") == {
        "360012": "a",
        "NO": "b",
        "2026-12-24": "c",
        "true": "d",
    }
    assert parse("[1, -2, 1.5, true, False, null, ~, ]") == [1, -2, 1.5, True, False, None, None]
    assert parse("key:") == {"key": None}


def test_shared_parts_are_written_out() -> None:
    found = parse("day: &day ['09:00-17:00']\nother: *day\nmore: {<<: {a: 1, b: 2}, b: 3}")
    assert found == {"day": ["09:00-17:00"], "other": ["09:00-17:00"], "more": {"a": 1, "b": 3}}
    assert "*" not in dump(found)
    assert json.loads(json.dumps(found)) == found


def test_short_entries_stand_in_one_line_and_long_texts_in_several() -> None:
    assert dump({"a": {"x": 1, "y": "2 h"}, "b": "one\ntwo\n"}) == "a: {x: 1, y: 2 h}\nb: |\n  one\n  two\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, column 1: “a” stands here twice."),
        ("a: [1", "line 1, column 6: "),
        ("a: !!python/object:os.system x", "line 1, column 4: could not determine a constructor"),
        ("a: !!timestamp 2026-12-24", "a kind that is not taken: date"),
        ("? [a]\n: b", "line 1, column 3: a key has to be a text."),
        ("a: \x00", "The file cannot be read"),
        ("[" * 2_000, "nested deeper"),
        ("a: &a [*a]", "too large, or nested"),
        ("a: " + "x" * 2_000_001, "longer than 2000000 letters"),
        ("a: &a [" + "x," * 99 + "]\n" + "b: &b [" + "*a," * 99 + "]\nc: [" + "*b," * 99 + "]", "too large"),
    ],
    ids=lambda value: value[:20],
)
def test_what_cannot_be_read_says_where(text: str, said: str) -> None:
    with pytest.raises(YamlError) as error:
        parse(text)
    assert said in str(error.value)
