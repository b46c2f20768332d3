"""What is suggested for a ticket, and what of it may be sent to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from tests.triage.knowledge import rules
from triage.articles import Article, Audience
from triage.search.audience import agent_reader, may_read
from triage.search.ranking import Hit
from triage.suggestions import (
    KEPT,
    SHOWN,
    SHOWN_TYPED,
    Candidate,
    Found,
    as_of_now,
    candidates,
    may_send,
    shown,
    shown_for_words,
    sureness,
)
from triage.tickets import Channel, Organization, Requester

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
ALLOWED: tuple[tuple[str, ...], ...] = (
    (),
    ("organization:7",),
    ("organization:8", "tag:beta"),
    ("segment:1",),
    ("group:2", "organization:None", "organization:"),
)
MEMBER = Requester(id="1", name="Nadja", email="nadja@nordlicht.example", organization_id="7")
REQUESTERS = (
    None,
    MEMBER,
    replace(MEMBER, organization_id="8"),
    replace(MEMBER, organization_id=None),
    replace(MEMBER, role="agent"),
    replace(MEMBER, role="admin", organization_id=None),
)
ORGANIZATIONS = (
    None,
    Organization(id="7", name="Nordlicht"),
    Organization(id="7", name="Nordlicht", tags=("beta",)),
    Organization(id="8", name="Kestrel", tags=("beta",)),
)


def article(**changes: object) -> Article:
    values: dict[str, object] = {
        "ref": "1",
        "locale": "en",
        "title": "Webhooks stop",
        "body_html": "",
        "section": (),
        "labels": (),
        "audience": Audience.EVERYONE,
        "url": "https://help.example/1",
        "created_at": WRITTEN,
        "updated_at": WRITTEN,
    }
    return Article(**(values | changes))  # type: ignore[arg-type]


def hit(score: float = 1.0, **changes: object) -> Hit:
    values: dict[str, object] = {
        "ref": "1",
        "locale": "en",
        "title": "As it was indexed",
        "score": score,
        "sure": min(score / 4, 1.0),
        "passage": "Send the full chain.",
        "headings": (),
        "start": 0,
        "end": 20,
        "highlights": (),
        "why": "Same words: chain",
        "signals": {"passage": 0.5, "title": 0.4, "words": 0.3, "passage_words": 0.2},
    }
    return Hit(**(values | changes))  # type: ignore[arg-type]


def found(number: int, score: float, *, key: str = "", locale: str = "en", **changes: object) -> Found:
    values: dict[str, object] = {
        "article_id": number,
        "key": key or str(number),
        "article": article(locale=locale, title=f"Article {number}"),
        "hit": hit(score, locale=locale),
    }
    return Found(**(values | changes))  # type: ignore[arg-type]


def ids(made: tuple[Candidate, ...]) -> list[int]:
    return [each.article_id for each in made]


def test_candidates_are_the_best_in_order_with_all_that_the_order_was_made_from() -> None:
    made = candidates([found(1, 1.0), found(2, 3.0, product_areas=("webhooks",))], product_area="webhooks")
    assert ids(made) == [2, 1]
    assert [each.place for each in made] == [1, 2]
    assert made[0].title == "Article 2"
    assert made[0].signals == {
        "passage": 0.5,
        "title": 0.4,
        "words": 0.3,
        "passage_words": 0.2,
        "score": 3.0,
        "sure": 0.75,
        "area": 1.0,
        "late": 0.0,
    }
    assert made[1].signals["area"] == 0.0


def test_no_area_is_not_the_same_area() -> None:
    assert candidates([found(1, 1.0)])[0].signals["area"] == 0.0


def test_only_so_many_are_kept() -> None:
    made = candidates([found(number, number) for number in range(1, KEPT + 5)])
    assert len(made) == KEPT
    assert made[0].article_id == KEPT + 4


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (("de",), (12, "de")),
        (("de-AT", "en"), (12, "de")),
        (("fr", "en-GB"), (11, "en-us")),
        (("fr",), (13, "pt-BR")),
        ((), (13, "pt-BR")),
        (("pt_PT",), (13, "pt-BR")),
    ],
)
def test_the_languages_of_an_article_are_one_suggestion(languages: tuple[str, ...], expected: tuple[int, str]) -> None:
    hits = [
        found(13, 3.0, key="a", locale="pt-BR"),
        found(2, 2.5),
        found(11, 2.0, key="a", locale="en-us"),
        found(12, 1.0, key="a", locale="de"),
    ]
    made = candidates(hits, languages=languages)
    assert len(made) == 2
    assert (made[0].article_id, made[0].locale) == expected
    assert (made[0].score, made[0].sure) == (3.0, 0.75), "it fits as well as its best language does"


def test_an_overdue_article_loses_rank_and_sureness() -> None:
    made = candidates([found(1, 2.0), found(2, 1.7)])
    assert ids(as_of_now(made, late=())) == [1, 2]
    late = as_of_now(made, late={1})
    assert ids(late) == [2, 1]
    assert [each.place for each in late] == [1, 2]
    assert sureness(late[1]) < made[0].sure
    assert ids(as_of_now(late, late=())) == [1, 2], "once it was checked it is where it was"
    assert ids(candidates([found(1, 2.0, is_late=True), found(2, 1.7)])) == [2, 1]


def test_another_order_may_be_learned() -> None:
    made = candidates([found(1, 2.0), found(2, 1.7)], order=lambda some: [-each.score for each in some])
    assert ids(made) == [2, 1]


def test_only_what_is_sure_enough_is_shown_and_at_most_three() -> None:
    made = candidates([found(number, number * 0.4) for number in range(1, 7)])
    assert ids(shown(made, rules(shown_from=0.0))) == [6, 5, 4]
    assert ids(shown(made, rules(shown_from=0.45))) == [6, 5]
    assert shown(made, rules(shown_from=0.9)) == ()
    assert len(shown(made, rules(shown_from=0.0))) == SHOWN


def test_an_overdue_article_has_to_be_surer() -> None:
    made = candidates([found(1, 2.0)])  # 0.5 sure
    assert shown(made, rules(shown_from=0.45))
    assert not shown(as_of_now(made, late={1}), rules(shown_from=0.45))


def test_typed_words_also_show_what_has_them() -> None:
    unsure = hit(0.1, signals={"words": 0.6})
    made = candidates([found(1, 0.1, hit=unsure), found(2, 0.1, hit=hit(0.1, signals={"words": 0.05}))])
    assert ids(shown(made, rules(shown_from=0.4))) == []
    assert ids(shown_for_words(made, rules(shown_from=0.4))) == [1]
    many = candidates([found(number, 4.0) for number in range(1, 9)])
    assert len(shown_for_words(many, rules())) == SHOWN_TYPED


@pytest.mark.parametrize(
    ("changes", "channel", "quote", "link", "withheld"),
    [
        ({}, Channel.EMAIL, True, True, ""),
        ({"url": None}, Channel.EMAIL, True, False, "It has no address to link to."),
        ({"audience": Audience.SIGNED_IN}, Channel.IN_APP, True, True, ""),
        (
            {"audience": Audience.SIGNED_IN},
            Channel.EMAIL,
            False,
            True,
            "Its text is for customers who are signed in. The link asks them to.",
        ),
        (
            {"audience": Audience.SIGNED_IN, "url": None},
            Channel.EMAIL,
            False,
            False,
            "Its text is for customers who are signed in.",
        ),
        ({"audience": Audience.RESTRICTED, "allowed": ("organization:7",)}, Channel.IN_APP, True, True, ""),
        (
            {"audience": Audience.RESTRICTED, "allowed": ("organization:8",)},
            Channel.IN_APP,
            False,
            False,
            "This customer may not read it.",
        ),
        ({"audience": Audience.AGENTS}, Channel.IN_APP, False, False, "For agents only."),
        ({"is_draft": True}, Channel.IN_APP, False, False, "A draft: customers cannot read it yet."),
        ({"is_outdated": True}, Channel.IN_APP, False, False, "Outdated: not for customers."),
    ],
)
def test_what_may_be_sent(changes: dict[str, object], channel: Channel, quote: bool, link: bool, withheld: str) -> None:
    sending = may_send(article(**changes), MEMBER, ORGANIZATIONS[1], channel)
    assert (sending.quote, sending.link, sending.withheld) == (quote, link, withheld)


def entitled(asked: Article, requester: Requester | None, organization: Organization | None) -> bool:
    """Whether the helpdesk would show it to them once they are signed in; written without the code under test."""
    if asked.is_draft or asked.is_outdated or asked.audience is Audience.AGENTS:
        return False
    if asked.audience is Audience.EVERYONE:
        return True
    if requester is None:
        return False
    if asked.audience is Audience.SIGNED_IN:
        return True
    mine = [f"organization:{requester.organization_id}"] if requester.organization_id else []
    if organization and organization.id == requester.organization_id:
        mine += [f"tag:{tag}" for tag in organization.tags]
    return any(mark in asked.allowed for mark in mine)


def test_nothing_goes_to_whom_it_is_not_for() -> None:
    """Every audience, mark, state, requester, organization and channel."""
    every = product(Audience, ALLOWED, (False, True), (False, True), (None, "https://help.example/1"))
    articles = [
        article(audience=audience, allowed=allowed, is_draft=is_draft, is_outdated=is_outdated, url=url)
        for audience, allowed, is_draft, is_outdated, url in every
    ]
    sent = 0
    for asked, requester, organization, channel in product(articles, REQUESTERS, ORGANIZATIONS, Channel):
        sending = may_send(asked, requester, organization, channel)
        later = entitled(asked, requester, organization)
        now = later and (asked.audience is Audience.EVERYONE or channel is Channel.IN_APP)
        assert sending.quote == now
        assert sending.link == (later and asked.url is not None)
        assert bool(sending.withheld) == (not (sending.quote and sending.link))
        sent += sending.quote
    assert sent > 0


def test_an_agent_reads_for_one_requester_only() -> None:
    theirs = article(audience=Audience.RESTRICTED, allowed=("organization:7",))
    assert may_read(theirs, agent_reader("7", None))
    assert not may_read(theirs, agent_reader("8", None))
    assert not may_read(theirs, agent_reader(None, None))
    assert may_read(article(audience=Audience.AGENTS), agent_reader(None, None))
    tagged = article(audience=Audience.RESTRICTED, allowed=("tag:beta",))
    assert may_read(tagged, agent_reader("7", ORGANIZATIONS[2]))
    assert not may_read(tagged, agent_reader("8", ORGANIZATIONS[2])), "another organization's tags"
