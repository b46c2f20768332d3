"""Search over a small shelf: what is found, why, and where the words stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.triage.search.shelf import SHELF, SIGN_ON, article, corpus, found, refs
from triage.search.corpus import Corpus
from triage.search.query import Synonyms


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return corpus(Path(tmp_path_factory.mktemp("index")))


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("I forgot my password", "reset"),
        ("exported tickets", "export"),  # stems
        ("export.maxRows", "export"),  # an identifier as it is written
        ("max rows", "export"),  # and by its parts
        ("GETEXPORTSTATUS", "export"),
        ("get export status", "export"),
        ("bounced mails", "reset"),  # the second section
        ("kontos gelöscht einstellung", "konto"),  # a German article by its own stems
        ("losche konto", "konto"),  # without the dots
        ("webhook dropped", "untitled"),
        ("console language", "bodyless"),
        ("pasword forgoten", "reset"),  # two slips
        ("how to refund", "staff"),
    ],
)
def test_the_right_article_is_first(shelf: Corpus, query: str, first: str) -> None:
    assert refs(shelf, query)[0] == first


def test_every_article_has_its_place_up_to_the_limit(shelf: Corpus) -> None:
    assert sorted(refs(shelf, "password", limit=100)) == sorted(each.ref for each in SHELF)
    assert refs(shelf, "password", limit=3) == refs(shelf, "password", limit=100)[:3]
    hits = found(shelf, "password", limit=100)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 <= hit.sure <= 1 for hit in hits)
    assert hits[0].sure > max(hit.sure for hit in hits[1:])


def test_only_what_is_allowed_is_ranked(shelf: Corpus) -> None:
    allowed = np.array([entry.locale == "de" for entry in shelf.entries])
    assert refs(shelf, "reset your password", allowed=allowed) == ["konto"]
    assert refs(shelf, "password", allowed=~shelf.everything()) == []
    with pytest.raises(ValueError, match="8 articles"):
        refs(shelf, "password", allowed=np.ones(3, np.bool_))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("exporting max rows", ["Exports", "export", "max", "Rows", "Export"]),
        ("export.maxRows", ["Exports", "export.maxRows", "Export"]),
        ("bounced mail", ["mail", "bounced", "mails"]),
    ],
)
def test_highlights_stand_on_the_words(shelf: Corpus, query: str, words: list[str]) -> None:
    hit = found(shelf, query)[0]
    assert [hit.passage[start:end] for start, end in hit.highlights] == words


def test_the_best_passage_is_shown_with_its_headings(tmp_path: Path) -> None:
    long = "<p>" + "Open the page and choose what you want to see there. " * 9 + "</p>"
    body = f"{long}<h2>When no mail comes</h2><p>Look into the spam folder for it. {long}</p>"
    hit = found(corpus(tmp_path, [article("a", "Passwords", body), *SHELF[1:]]), "spam folder")[0]
    assert (hit.ref, hit.headings) == ("a", ("When no mail comes",))
    assert hit.passage.startswith("Look into the spam folder")
    assert hit.start > 400
    assert hit.end - hit.start == len(hit.passage)


def test_why_is_in_words(shelf: Corpus) -> None:
    assert found(shelf, "Reset your password")[0].why == "Same words: Reset, password, your; title alike"
    assert "password (for pasword)" in found(shelf, "pasword")[0].why
    assert found(shelf, "qqqq wwww")[0].why == "The nearest in meaning, not close"


def test_synonyms_go_both_ways(shelf: Corpus) -> None:
    for query in ("SSO", "federated login", "Single sign-on"):
        hit = found(shelf, query, synonyms=SIGN_ON)[0]
        assert hit.ref == "sso"
        assert "Same words" in hit.why
    assert "Same words" not in found(shelf, "SSO")[0].why
    assert refs(shelf, "federated login", synonyms=Synonyms((("unknown", "words"), ("", "!")))) is not None


def test_a_known_word_is_not_mended(shelf: Corpus) -> None:
    assert "(for" not in " ".join(hit.why for hit in found(shelf, "payment export console"))


@pytest.mark.parametrize("query", ["", "   ", "?!", "\n"])
def test_a_query_without_words_finds_nothing(shelf: Corpus, query: str) -> None:
    assert found(shelf, query) == []


@pytest.mark.parametrize("query", ["qqqq wwww", "漢字", "x" * 10_000, "\ud800 password", "a" * 65 + " b"])
def test_odd_queries_are_answered(shelf: Corpus, query: str) -> None:
    assert isinstance(found(shelf, query), list)


def test_an_empty_corpus_finds_nothing(tmp_path: Path) -> None:
    assert found(corpus(tmp_path, []), "password") == []


def test_articles_without_any_text_are_never_found(tmp_path: Path) -> None:
    empty = corpus(tmp_path / "one", [article("empty", "", "<p> </p>")])
    assert found(empty, "password") == []
    assert "empty" not in refs(corpus(tmp_path / "two", [article("empty", " "), *SHELF]), "password", limit=100)


def test_the_same_article_twice_is_found_twice(tmp_path: Path) -> None:
    twins = corpus(tmp_path, [*SHELF, replace(SHELF[0], ref="again")])
    assert refs(twins, "reset your password")[:2] == ["reset", "again"]


def test_a_very_long_article_is_found_by_what_stands_in_its_middle(tmp_path: Path) -> None:
    sentence = "The export of the billing console runs at night. "
    body = f"<p>{sentence * 10_000}</p><p>The turquoise giraffe is in the cellar.</p><p>{sentence * 10_000}</p>"
    assert len(body) > 900_000
    hit = found(corpus(tmp_path, [article("long", "Everything", body), *SHELF]), "turquoise giraffe")[0]
    assert hit.ref == "long"
    assert "turquoise giraffe" in hit.passage
