"""Articles: languages, shelves, and above all who may read them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from connectors import errors
from connectors.zendesk.audience import UserSegment, readers
from tests.connectors.zendesk.account import API, connect
from triage.articles import Audience

HC = f"{API}/help_center"
ARTICLES = f"{HC}/articles.json"
CHANGES = f"{HC}/incremental/articles.json"
LAST = {"has_more": False}


def translation(**changes: Any) -> dict[str, Any]:
    found = {
        "id": 1, "locale": "en-us", "title": "Export to CSV", "body": "<p>Choose Export.</p>", "draft": False,
        "outdated": False, "created_at": "2026-01-01T10:00:00Z", "updated_at": "2026-01-05T10:00:00Z",
    }  # fmt: skip
    return found | changes


def article(**changes: Any) -> dict[str, Any]:
    found = {
        "id": 1635, "locale": "en-us", "title": "Export to CSV", "body": "<p>Choose Export.</p>", "section_id": 22,
        "label_names": ["csv"], "user_segment_id": None, "outdated_locales": [], "draft": False,
        "html_url": "https://acme.zendesk.com/hc/en-us/articles/1635", "created_at": "2026-01-01T10:00:00Z",
        "updated_at": "2026-01-03T10:00:00Z", "translations": [translation()],
    }  # fmt: skip
    return found | changes


@pytest.fixture
def help_center(zendesk: responses.RequestsMock) -> responses.RequestsMock:
    zendesk.assert_all_requests_are_fired = False
    zendesk.get(f"{HC}/categories.json", json={"categories": [{"id": 1, "name": "Data"}]})
    sections = [
        {"id": 21, "name": "Exports", "category_id": 1, "parent_section_id": None},
        {"id": 22, "name": "CSV", "category_id": 1, "parent_section_id": 21},
        {"id": 23, "name": "Loop", "category_id": 9, "parent_section_id": 23},
    ]
    zendesk.get(f"{HC}/sections.json", json={"sections": sections, "next_page": None})
    segments = [
        {"id": 5, "user_type": "staff", "built_in": True},
        {"id": 6, "user_type": "signed_in_users", "organization_ids": [77, 78]},
    ]
    zendesk.get(f"{HC}/user_segments.json", json={"user_segments": segments})
    return zendesk


def test_one_article_for_each_language(help_center: responses.RequestsMock) -> None:
    german = translation(
        locale="de", title="Export als CSV", body=None, outdated=True, draft=True, updated_at="2026-01-02T10:00:00Z"
    )
    french = translation(locale="fr", html_url="javascript:alert(1)")
    row = article(translations=[translation(), german, french], outdated_locales=["fr"])
    help_center.get(ARTICLES, json={"articles": [row], "meta": LAST})
    ((english, deutsch, francais),) = connect().articles()
    assert (english.ref, english.locale, english.title, english.body_html) == (
        "1635", "en-us", "Export to CSV", "<p>Choose Export.</p>",
    )  # fmt: skip
    assert (english.section, english.labels, english.audience) == (
        ("Data", "Exports", "CSV"),
        ("csv",),
        Audience.EVERYONE,
    )
    assert english.url == "https://acme.zendesk.com/hc/en-us/articles/1635"
    assert english.updated_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert (deutsch.locale, deutsch.is_draft, deutsch.is_outdated, deutsch.body_html) == ("de", True, True, "")
    assert (deutsch.url, deutsch.updated_at) == (None, datetime(2026, 1, 3, 10, tzinfo=UTC))
    assert (francais.is_outdated, francais.is_draft, francais.url) == (True, False, None)


def test_every_path_carries_the_suffix(help_center: responses.RequestsMock) -> None:
    help_center.get(ARTICLES, json={"articles": [article(translations=None)], "meta": LAST})
    help_center.get(f"{HC}/articles/1635/translations.json", json={"translations": [translation()]})
    ((found,),) = connect().articles()
    assert found.title == "Export to CSV"
    assert len(help_center.calls) == 5
    assert all(urlsplit(str(call.request.url)).path.endswith(".json") for call in help_center.calls)


def test_an_article_deleted_while_it_is_read(help_center: responses.RequestsMock) -> None:
    help_center.get(ARTICLES, json={"articles": [article(translations=None)], "meta": LAST})
    help_center.get(f"{HC}/articles/1635/translations.json", status=404, json={})
    assert list(connect().articles()) == [()]


def test_all_pages_of_the_whole_list(help_center: responses.RequestsMock) -> None:
    more = {"has_more": True, "after_cursor": "c1"}
    help_center.get(ARTICLES, json={"articles": [article()], "meta": more, "links": {"next": "https://evil.example/"}})
    help_center.get(ARTICLES, json={"articles": [article(id=2)], "meta": LAST})
    assert [[each.ref for each in page] for page in connect().articles()] == [["1635"], ["2"]]
    asked = [parse_qs(urlsplit(str(call.request.url)).query) for call in help_center.calls][-2:]
    assert [each.get("page[after]") for each in asked] == [None, ["c1"]]
    assert all(each["include"] == ["translations"] for each in asked)


def test_changes_end_where_nothing_new_comes(help_center: responses.RequestsMock) -> None:
    later = f"https://help.acme.test{urlsplit(CHANGES).path}?start_time=1767434400"
    help_center.get(CHANGES, json={"articles": [article(), article(id=2)], "next_page": later, "end_time": 1767434400})
    help_center.get(CHANGES, json={"articles": [article(id=2)], "next_page": later, "end_time": 1767434400})
    since = datetime(2026, 1, 2, tzinfo=UTC)
    assert [[each.ref for each in page] for page in connect().articles(updated_since=since)] == [["1635", "2"]]
    asked = [parse_qs(urlsplit(str(call.request.url)).query) for call in help_center.calls][-2:]
    assert [each["start_time"] for each in asked] == [[str(int(since.timestamp()))], ["1767434400"]]


def test_changes_with_the_same_next_page_for_ever(help_center: responses.RequestsMock) -> None:
    later = f"{CHANGES}?start_time=1767434400"
    help_center.get(CHANGES, json={"articles": [article()], "next_page": later})
    help_center.get(CHANGES, json={"articles": [article(id=2)], "next_page": later})
    help_center.get(CHANGES, json={"articles": [article(id=3)], "next_page": later})
    pages = list(connect().articles(updated_since=datetime(2026, 1, 2, tzinfo=UTC)))
    assert [[each.ref for each in page] for page in pages] == [["1635"], ["2"]]


def test_an_article_that_cannot_be_read_does_not_hold_up_the_others(
    help_center: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    broken = article(id=9, updated_at="soon", title="canary-title")
    help_center.get(ARTICLES, json={"articles": [broken, article()], "meta": LAST})
    assert [[each.ref for each in page] for page in connect().articles()] == [["1635"]]
    assert "article 9 cannot be read: updated_at" in caplog.text
    assert "canary" not in caplog.text


def test_a_shelf_that_holds_itself(help_center: responses.RequestsMock) -> None:
    help_center.get(ARTICLES, json={"articles": [article(section_id=23), article(id=2, section_id=99)], "meta": LAST})
    ((looped, lost),) = connect().articles()
    assert (looped.section, lost.section) == (("Loop",), ())


@pytest.mark.parametrize(
    ("changes", "audience", "allowed"),
    [
        ({"user_segment_id": 5}, Audience.AGENTS, ()),
        ({"user_segment_id": 6}, Audience.RESTRICTED, ("organization:77", "organization:78")),
        ({"user_segment_id": 404}, Audience.RESTRICTED, ("segment:404",)),
        ({"user_segment_ids": [5, 6]}, Audience.RESTRICTED, ("organization:77", "organization:78")),
        ({"user_segment_id": 5, "user_segment_ids": []}, Audience.AGENTS, ()),
        ({"user_segment_id": None, "user_segment_ids": []}, Audience.EVERYONE, ()),
    ],
)  # fmt: skip
def test_who_may_read(
    help_center: responses.RequestsMock, changes: dict[str, Any], audience: Audience, allowed: tuple[str, ...]
) -> None:
    help_center.get(ARTICLES, json={"articles": [article(**changes)], "meta": LAST})
    ((found,),) = connect().articles()
    assert (found.audience, found.allowed) == (audience, allowed)


def test_without_a_word_about_readers_nobody_may() -> None:
    assert readers({"id": 1}, {}) == (Audience.RESTRICTED, ())


def test_where_segments_cannot_be_listed_nobody_is_let_in_by_one(zendesk: responses.RequestsMock) -> None:
    zendesk.get(f"{HC}/categories.json", json={"categories": []})
    zendesk.get(f"{HC}/sections.json", json={"sections": []})
    zendesk.get(f"{HC}/user_segments.json", status=403, json={"error": "Forbidden"})
    zendesk.get(ARTICLES, json={"articles": [article(user_segment_id=5), article(id=2)], "meta": LAST})
    ((staff, open_to_all),) = connect().articles()
    assert (staff.audience, staff.allowed) == (Audience.RESTRICTED, ("segment:5",))
    assert open_to_all.audience is Audience.EVERYONE


ITSELF = (Audience.RESTRICTED, ("segment:1",))


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ({"user_type": "staff"}, (Audience.AGENTS, ())),
        ({"user_type": "signed_in_users"}, (Audience.SIGNED_IN, ())),
        ({"user_type": "aliens"}, ITSELF),
        ({"user_type": "signed_in_users", "or_tags": ["a", "b"]}, (Audience.RESTRICTED, ("tag:a", "tag:b"))),
        ({"user_type": "signed_in_users", "tags": ["a"]}, (Audience.RESTRICTED, ("tag:a",))),
        ({"user_type": "signed_in_users", "tags": ["a", "b"]}, ITSELF),
        ({"user_type": "signed_in_users", "tags": ["a"], "or_tags": ["b"]}, ITSELF),
        ({"user_type": "signed_in_users", "tags": ["a"], "organization_ids": [7]}, ITSELF),
        ({"user_type": "signed_in_users", "added_user_ids": [7]}, ITSELF),
        (
            {"user_type": "signed_in_users", "organization_ids": [7], "added_user_ids": [8]},
            (Audience.RESTRICTED, ("organization:7",)),
        ),
        ({"user_type": "staff", "group_ids": [3]}, (Audience.RESTRICTED, ("group:3",))),
        # A customer of that organization must never get what only its agents may read.
        ({"user_type": "staff", "organization_ids": [7]}, ITSELF),
        ({"user_type": "staff", "tags": ["vip"]}, ITSELF),
    ],
)
def test_segments(segment: dict[str, Any], expected: object) -> None:
    assert UserSegment.model_validate({"id": 1, **segment}).readers() == expected


def test_the_widest_of_several_segments() -> None:
    signed_in = UserSegment(id="1", user_type="signed_in_users")
    staff = UserSegment(id="2", user_type="staff")
    segments = {"1": signed_in, "2": staff}
    assert readers({"user_segment_ids": [2, 1]}, segments) == (Audience.SIGNED_IN, ())


def test_no_help_center(zendesk: responses.RequestsMock) -> None:
    zendesk.get(f"{HC}/categories.json", status=404, json={"error": "RecordNotFound"})
    with pytest.raises(errors.NotFound) as raised:
        list(connect().articles())
    assert raised.value.operation == "articles"
