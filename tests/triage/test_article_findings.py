"""Articles to look at: by their use, and those that are there twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from tests.triage.search.shelf import WordEncoder
from triage.article_findings import ArticleFinding, Kind, by_usage, of_twins
from triage.twins import Whole, twins, word_numbers

NOW = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
LONG = NOW - timedelta(days=91)


@dataclass(frozen=True)
class Use:
    shown: int = 0
    inserted: int = 0
    judged: int = 0
    inserted_judged: int = 0


def kinds(
    ever: Use | None, lately: Use | None = None, *, since: datetime = LONG, watched: datetime = LONG
) -> list[Kind]:
    found = by_usage(
        {7: since},
        {7: ever} if ever else {},
        {7: lately} if lately else {},
        searched_since=watched,
        now=NOW,
    )
    assert all(each.article_id == 7 for each in found)
    return [each.kind for each in found]


def test_what_nobody_saw_for_long_is_told_once_that_can_be_known() -> None:
    assert kinds(None) == [Kind.NEVER_SHOWN]
    assert kinds(Use(shown=3)) == [Kind.NEVER_SHOWN]
    assert kinds(Use(shown=3), Use(shown=1)) == []
    assert kinds(None, since=NOW - timedelta(days=89)) == []
    assert kinds(None, watched=NOW - timedelta(days=89)) == []
    assert by_usage({7: LONG}, {}, {}, searched_since=None, now=NOW) == []


def test_often_shown_and_never_inserted() -> None:
    seen = Use(shown=1)
    assert kinds(Use(shown=20), seen) == [Kind.NEVER_USED]
    assert kinds(Use(shown=19), seen) == []
    assert kinds(Use(shown=200, inserted=1), seen) == []


def test_not_helpful_on_a_fifth_of_ten() -> None:
    seen = Use(shown=1)
    assert kinds(Use(inserted=8, judged=2), seen) == [Kind.UNHELPFUL]
    assert kinds(Use(inserted=10, judged=2, inserted_judged=2), seen) == [Kind.UNHELPFUL]
    assert kinds(Use(inserted=10, judged=1, inserted_judged=1), seen) == []
    assert kinds(Use(inserted=7, judged=2), seen) == [], "nine uses say little"


def whole(number: int, text: str, *, key: str | None = None, language: str = "en") -> Whole:
    return Whole(
        id=number,
        key=key or str(number),
        language=language,
        vector=WordEncoder().encode([text])[0],
        words=word_numbers([text], "english"),
    )


RESET = "Open the sign-in page, choose forgot password, enter your address, open the mail and pick a new password"
EXPORT = "Exports run every night; set the largest number of rows, save it, and download the file from the archive page"


def test_an_article_that_repeats_an_older_one_is_found_with_it() -> None:
    copy = RESET.replace("pick a new", "choose another")
    [(number, other, share)] = twins([whole(9, copy), whole(2, EXPORT), whole(1, RESET)])
    assert (number, other) == (9, 1)
    assert 0.7 < share < 1
    [found] = of_twins([(number, other, share)])
    assert found == ArticleFinding(kind=Kind.DUPLICATE, article_id=9, other_id=1, why=found.why)
    assert twins([]) == twins([whole(1, RESET), whole(2, EXPORT)]) == []


def test_of_many_copies_each_is_told_once() -> None:
    found = twins([whole(number, RESET) for number in range(1, 6)])
    assert [(number, share) for number, _, share in found] == [(number, 1.0) for number in range(2, 6)]


def test_languages_of_one_article_are_no_duplicates_nor_are_other_languages_nor_stubs() -> None:
    assert twins([whole(1, RESET, key="a"), whole(2, RESET, key="a")]) == []
    assert twins([whole(1, RESET), whole(2, RESET, language="de")]) == []
    assert twins([whole(1, "See there"), whole(2, "See there")]) == []


def test_alike_in_meaning_alone_or_in_words_alone_is_not_enough() -> None:
    one, other = whole(1, RESET), whole(2, EXPORT)
    same_meaning = Whole(id=2, key="2", language="en", vector=one.vector, words=other.words)
    same_words = Whole(id=3, key="3", language="en", vector=np.roll(one.vector, 7), words=one.words)
    assert twins([one, same_meaning]) == []
    assert twins([one, same_words]) == []
