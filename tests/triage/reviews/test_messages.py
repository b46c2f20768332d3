"""Mails to owners: one for each occasion, however many articles, and nothing in them that is not escaped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from triage.escalation.people import Person
from triage.reviews.course import Occasion, Step
from triage.reviews.messages import LISTED, Item, mails, reachable

AT = datetime(2026, 12, 2, 23, 30, tzinfo=UTC)
ANA = Person(id="ana", name="Ana Lind", email="ana@desk.example", time_zone="Europe/Berlin")
QUEUE = "https://deskhand.example/console/knowledge/acme"


def item(number: int, occasion: Occasion = Occasion.OPENED, step: int = 1, **changes: Any) -> Item:
    values: dict[str, Any] = {
        "review_id": number,
        "step": Step(number=step, occasion=occasion, at=AT),
        "title": f"Article {number}",
        "locale": "en",
        "why": "Release 4.6 renamed Export",
        "due_at": AT,
        "url": f"https://help.example/{number}",
    }
    return Item(**(values | changes))


def test_an_owner_gets_one_mail_for_each_occasion() -> None:
    items = [item(1), item(2), item(3, Occasion.SOON, 2), item(4, Occasion.LATE, 3), item(5, Occasion.LATE, 4)]
    told = mails("ana", ANA, items, QUEUE)
    assert [each.mail.subject for each in told] == [
        "2 articles to check by 3 December 2026",
        "Still to check by 3 December 2026: 1 article",
        "Check overdue: 2 articles",
    ]
    assert {each.mail.to for each in told} == {"ana@desk.example"}
    first = told[0].mail.text
    for part in (
        "Article 1 (en)",
        "Release 4.6 renamed Export",
        "Due 3 December 2026.",
        "https://help.example/2",
        QUEUE,
    ):
        assert part in first


def test_the_cause_is_the_same_for_the_same_tellings_and_owner_only() -> None:
    def cause(owner: str, *items: Item) -> str:
        [told] = mails(owner, ANA, items, QUEUE)
        return told.cause

    assert cause("ana", item(1), item(2)) == cause("ana", item(2), item(1, why="Other words"))
    others = {
        cause("ana", item(1)),
        cause("ana", item(1), item(2)),
        cause("ben", item(1)),
        cause("ana", item(1, Occasion.LATE, 3)),
        cause("ana", item(1, Occasion.LATE, 4)),
        cause("ana", item(11)),
    }
    assert len(others) == 6
    assert "ana" not in "".join(others)


def test_hostile_titles_are_only_text() -> None:
    hostile = item(1, title='<img src=x onerror="alert(1)">', why="<script>alert(2)</script>", url='https://x/"><b>')
    [told] = mails("ana", ANA, [hostile], QUEUE)
    assert told.mail.html is not None
    for part in ("<img", "<script", '"><b>'):
        assert part not in told.mail.html
    assert "&lt;script&gt;" in told.mail.html


def test_a_long_list_is_cut_and_says_so() -> None:
    items = [item(number, due_at=AT + timedelta(days=number)) for number in range(LISTED + 3)]
    [told] = mails("ana", ANA, [*items, item(999, edited=True)], QUEUE)
    assert "And 4 more in the review queue." in told.mail.text
    assert "Edited since" in told.mail.text
    assert told.mail.text.count("Due ") == LISTED


def test_whom_a_mail_reaches() -> None:
    people = {"ana": ANA, "ben": Person(id="ben", name="Ben")}
    assert reachable("ana", people) == ANA
    assert [reachable(each, people) for each in (None, "ben", "cleo")] == [None, None, None]
    found = reachable("docs@example.com", people)
    assert found is not None
    assert found.email == "docs@example.com"
