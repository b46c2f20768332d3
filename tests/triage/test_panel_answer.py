"""What the section `Answer` says of each article."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.triage.test_suggestions import article, candidates, found, hit
from triage.articles import Facts, State
from triage.panel_answer import CHANGED, NONE_FITS, Offer, panel_answer
from triage.panel_view import PanelAnswer
from triage.suggestions import Act, ArticleEvent, Sending

NOW = datetime(2026, 11, 17, 13, 46, tzinfo=UTC)
NB = "\N{NO-BREAK SPACE}"
BOTH = Sending(quote=True, link=True)
CHECKED = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)


def offer(number: int = 1, *, passage: str = "Send the full chain.", **changes: object) -> Offer:
    marks = changes.pop("highlights", ())
    [candidate] = candidates([found(number, 1.0, hit=hit(1.0, passage=passage, highlights=marks))])
    values: dict[str, object] = {
        "candidate": candidate,
        "article": article(title=f"Article {number}", url=f"https://help.example/{number}"),
        "state": State.VERIFIED,
        "facts": Facts(),
        "sending": BOTH,
        "checked_at": CHECKED,
    }
    return Offer(**(values | changes))  # type: ignore[arg-type]


def event(act: Act, *, number: int = 1, by: str = "7", hours: float = 0.0, note: str = "") -> ArticleEvent:
    return ArticleEvent(
        ticket_ref="1",
        article_id=number,
        act=act,
        by_id=by,
        by_name="Mei Tanaka",
        note=note,
        at=NOW - timedelta(hours=hours),
    )


def answer(*offers: Offer, events: tuple[ArticleEvent, ...] = (), asked: str = "", locale: str = "") -> PanelAnswer:
    return panel_answer(offers, events, locale=locale, user_id="7", now=NOW, zone="Etc/UTC", asked=asked)


def test_one_article_says_its_title_when_closed_and_more_their_number() -> None:
    assert answer(offer()).summary == "Article 1"
    assert answer(offer(1), offer(2), offer(3)).summary == "3 articles"
    assert answer() == NONE_FITS


def test_typed_words_are_told_again() -> None:
    assert answer(offer(), asked="chain").summary == "1 article for “chain”"
    assert answer(offer(), asked="chain").asked == "chain"
    nothing = answer(asked="qwertz")
    assert (nothing.asked, nothing.articles) == ("qwertz", ())
    assert "“qwertz”" in nothing.note


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (Facts(applies_from="4.2", applies_to="4.6"), "For 4.2 to 4.6. "),
        (Facts(applies_from="4.4"), "For 4.4 and later. "),
        (Facts(applies_to="4.6"), "Up to 4.6. "),
        (Facts(applies_from="4.6", applies_to="4.6"), "For 4.6. "),
        (Facts(), ""),
    ],
)
def test_meta_says_what_it_applies_to_and_when_it_was_checked(facts: Facts, said: str) -> None:
    first, second = answer(offer(1, facts=facts), offer(2, facts=facts)).articles
    assert first.meta == f"Best match. {said}Checked 12{NB}Oct."
    assert second.meta == f"{said}Checked 12{NB}Oct."
    [typed] = answer(offer(1, facts=facts), asked="x").articles
    assert typed.meta == second.meta


def test_meta_of_one_nobody_checked_says_when_it_was_written() -> None:
    [seen] = answer(offer(checked_at=None)).articles
    assert seen.meta == f"Best match. Written 1{NB}Jan."


def test_meta_says_another_language_than_the_requesters() -> None:
    german = offer(article=article(locale="de"))
    assert "In German." in answer(german, locale="en-US").articles[0].meta
    assert "In German." not in answer(german, locale="de-AT").articles[0].meta
    assert "In German." not in answer(german).articles[0].meta


@pytest.mark.parametrize(
    ("state", "since", "warning"),
    [
        (State.VERIFIED, "", ""),
        (State.REVIEW_DUE, "", "Review due"),
        (State.REVIEW_DUE, "release 4.6", "Review due since release 4.6"),
        (State.OUTDATED, "release 4.6", "Outdated"),
    ],
)
def test_warnings(state: State, since: str, warning: str) -> None:
    assert answer(offer(state=state, due_since=since)).articles[0].warning == warning


def test_the_passage_is_cut_at_its_highlights() -> None:
    text = "Send the full chain."
    seen = answer(offer(highlights=((9, 13), (14, 19), (10, 12)))).articles[0]
    assert seen.passage == (("Send the ", False), ("full", True), (" ", False), ("chain", True), (".", False))
    assert "".join(run for run, _ in seen.passage) == text
    assert answer(offer(highlights=((0, 4), (4, 20)))).articles[0].passage == ((text, True),)
    assert answer(offer(highlights=((5, 99),))).articles[0].passage == (("Send ", False), ("the full chain.", True))


def test_signs_of_the_text_are_not_read_out_but_code_stays_code() -> None:
    passage = "Then:\n```\n# not a heading\nmake chain\n```\n## Later\n- Press **Resume**."
    at = passage.index("chain")
    seen = answer(offer(passage=passage, highlights=((at, at + 5),))).articles[0]
    plain = "Then:\n# not a heading\nmake chain\nLater\n- Press **Resume**."
    assert "".join(run for run, _ in seen.passage) == plain
    assert ("chain", True) in seen.passage
    assert seen.quote.startswith(plain)


def test_what_is_put_into_the_reply() -> None:
    [seen] = answer(offer()).articles
    assert seen.quote == "Send the full chain.\n\nArticle 1: https://help.example/1"
    assert seen.link == "Article 1: https://help.example/1"
    assert seen.withheld == ""


def test_what_may_not_be_sent_is_nowhere_to_insert() -> None:
    [seen] = answer(offer(sending=Sending(withheld="For agents only."))).articles
    assert (seen.quote, seen.link, seen.withheld) == ("", "", "For agents only.")
    [linked] = answer(offer(sending=Sending(link=True, withheld="Signed in."))).articles
    assert (linked.quote, linked.link) == ("", "Article 1: https://help.example/1")
    [quoted] = answer(offer(sending=Sending(quote=True, withheld="No address."))).articles
    assert (quoted.quote, quoted.link) == ("Send the full chain.", "")


def test_a_passage_that_is_not_there_any_more_is_neither_shown_nor_quoted() -> None:
    [seen] = answer(offer(is_current=False)).articles
    assert (seen.passage, seen.quote, seen.withheld) == ((), "", CHANGED)
    assert seen.link == "Article 1: https://help.example/1"


def test_what_was_done_is_said() -> None:
    events = (
        event(Act.SHOWN, by=""),
        event(Act.INSERT_TEXT, by="8", hours=30),
        event(Act.INSERT_LINK),
        event(Act.NOT_HELPFUL, by="8", hours=26),
        event(Act.FLAG, by="8", note="Wrong menu"),
        event(Act.FLAG, number=2),
    )
    first, second = answer(offer(1), offer(2), events=events).articles
    assert first.used == "Link inserted by you, 13:46"
    assert first.judged == f"Judged not helpful by Mei Tanaka, 16{NB}Nov"
    assert first.flagged == "Flagged by Mei Tanaka, 13:46: Wrong menu"
    assert (second.used, second.judged, second.flagged) == ("", "", "Flagged by you, 13:46")
    assert answer(replace(offer()), events=events[:2]).articles[0].used == f"Text inserted by Mei Tanaka, 16{NB}Nov"
