"""Words as search compares them: identifiers whole and in parts, stems by language, scripts without spaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.search.words import forms, language_of, stem, tokens, written


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("getUserName", ("getusername", "get", "user", "name")),
        ("HTTPServer2", ("httpserver2", "http", "server", "2")),
        ("max_rows", ("max_rows", "max", "rows")),
        ("fs.s3a.path", ("fs.s3a.path", "fs", "s", "3", "a", "path")),
        ("C++", ("c++",)),
        ("export", ("export",)),
        ("漢字テスト", ("漢字", "字テ", "テス", "スト")),
        ("हिन्दी", ("हिन्दी",)),
        ("größer", ("grösser",)),
    ],
)
def test_forms(word: str, expected: tuple[str, ...]) -> None:
    assert forms(word) == expected
    assert written(word) == [word]


@pytest.mark.parametrize(
    ("first", "second", "locale"),
    [
        ("exporting", "exports", "en-GB"),
        ("Rechnungen", "Rechnung", "de"),
        ("résumés", "resume", "fr"),
        ("ä", "a", "xx"),
    ],
)
def test_words_that_are_found_as_each_other(first: str, second: str, locale: str) -> None:
    language = language_of(locale)
    assert stem(forms(first)[0], language) == stem(forms(second)[0], language)


@pytest.mark.parametrize(("locale", "language"), [("pt-BR", "portuguese"), ("de_AT", "german"), ("ja", ""), ("", "")])
def test_language_of(locale: str, language: str) -> None:
    assert language_of(locale) == language


@given(st.text(max_size=300))
def test_any_text_has_words_that_stand_in_it(text: str) -> None:
    end = 0
    for token in tokens(text):
        assert end <= token.start < token.end <= len(text)
        assert token.forms
        assert all(token.forms)
        end = token.end


def test_a_very_long_word_is_not_kept_as_a_whole() -> None:
    assert forms("Ab" * 500) == ("ab",)
    assert forms("a" * 500) == ()
