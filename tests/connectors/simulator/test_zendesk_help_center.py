"""Help Center: articles and their languages, shelves, readers, labels, changes and search."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.simulator.server import Running
from connectors.simulator.state import utc_now

from .conftest import Desk

HELP = """
- category: Data
  sections:
    - name: Exports
      articles:
        - title: Export to CSV
          labels: [csv, export]
          updated_days_ago: 3
          body: <p>Choose <b>Export</b> &amp; wait.</p>
          translations:
            de: {title: Export als CSV, body: <p>Warten.</p>, outdated: true}
        - {title: Restart the worker, body: <p>Only for us.</p>, audience: agents, updated_days_ago: 2}
        - {title: Acme's own export, body: <p>For Acme.</p>, audience: restricted, organizations: [acme]}
        - {title: Not yet, body: <p>Export soon.</p>, draft: true}
- category: Access
  sections:
    - name: Signing in
      articles:
        - {title: Reset your password, body: <p>Ask for a mail.</p>, audience: signed_in, labels: [sign-in]}
"""
LISTED = ["Export to CSV", "Restart the worker", "Acme's own export", "Not yet", "Reset your password"]


@pytest.fixture(scope="module")
def library(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    shutil.copytree(company, folder, dirs_exist_ok=True)
    (folder / "help.yaml").write_text(HELP, encoding="utf-8")
    return folder


@pytest.fixture
def desk(library: Path) -> Iterator[Desk]:
    with Running(seed_folder=library) as running:
        made = Desk(running)
        made.connect("http://127.0.0.1:9/nobody")
        yield made


def get(desk: Any, path: str) -> Any:
    answer = desk.api("GET", f"help_center/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def titles(desk: Any, path: str) -> list[str]:
    return [row["title"] for row in get(desk, path)["articles"]]


def number_of(desk: Any, title: str) -> int:
    return int(next(row["id"] for row in get(desk, "articles.json")["articles"] if row["title"] == title))


@pytest.mark.parametrize("path", ["articles", "en/articles", "sections", "user_segments", "articles/search?query=x"])
def test_a_path_without_json_is_refused(desk: Any, path: str) -> None:
    assert desk.api("GET", f"help_center/{path}").status_code == 415


def test_articles_are_listed_in_their_own_or_a_named_language(desk: Any) -> None:
    assert titles(desk, "articles.json") == LISTED
    assert titles(desk, "de/articles.json") == ["Export als CSV"]
    csv = number_of(desk, "Export to CSV")
    article = get(desk, f"articles/{csv}.json")["article"]
    assert (article["locale"], article["source_locale"], article["outdated_locales"]) == ("en", "en", ["de"])
    assert (article["draft"], article["outdated"], article["label_names"]) == (False, False, ["csv", "export"])
    german = get(desk, f"de/articles/{csv}.json")["article"]
    assert (german["title"], german["outdated"]) == ("Export als CSV", True)
    assert desk.api("GET", f"help_center/fr/articles/{csv}.json").status_code == 404


def test_pages_lead_on_with_json(desk: Any) -> None:
    first = get(desk, "articles.json?page[size]=2")
    link = first["links"]["next"]
    assert link.startswith(f"{desk.url}/api/v2/help_center/articles.json?")
    headers = {"Authorization": f"Bearer {desk.connection['oauth_token']}"}
    second = requests.get(link, headers=headers, timeout=5).json()
    assert [row["title"] for row in second["articles"]] == LISTED[2:4]
    assert get(desk, "articles.json?per_page=2")["next_page"].startswith(f"{desk.url}/api/v2/help_center/articles.json")


def test_shelves_form_a_tree(desk: Any) -> None:
    categories = {row["name"]: row["id"] for row in get(desk, "categories.json")["categories"]}
    sections = {row["name"]: row for row in get(desk, "sections.json")["sections"]}
    assert set(categories) == {"Data", "Access"}
    assert sections["Exports"]["category_id"] == categories["Data"]
    assert sections["Exports"]["parent_section_id"] is None
    in_data = get(desk, f"categories/{categories['Data']}/sections.json")["sections"]
    assert [row["name"] for row in in_data] == ["Exports"]
    assert titles(desk, f"sections/{sections['Exports']['id']}/articles.json") == LISTED[:4]
    assert titles(desk, f"de/categories/{categories['Data']}/articles.json") == ["Export als CSV"]
    assert get(desk, f"sections/{sections['Exports']['id']}.json")["section"]["name"] == "Exports"
    assert get(desk, f"categories/{categories['Data']}.json")["category"]["name"] == "Data"
    assert desk.api("GET", f"help_center/categories/{sections['Exports']['id']}.json").status_code == 404


def test_segments_say_who_may_read(desk: Any) -> None:
    segments = {row["id"]: row for row in get(desk, "user_segments.json")["user_segments"]}
    by_title = {row["title"]: row["user_segment_id"] for row in get(desk, "articles.json")["articles"]}
    assert by_title["Export to CSV"] is None
    assert segments[by_title["Restart the worker"]]["user_type"] == "staff"
    assert segments[by_title["Reset your password"]]["user_type"] == "signed_in_users"
    acme = segments[by_title["Acme's own export"]]
    company = desk.api("GET", "organizations/search?external_id=acme").json()["organizations"][0]["id"]
    assert (acme["organization_ids"], acme["built_in"], acme["name"]) == ([company], False, "Acme Tools")
    assert get(desk, f"user_segments/{acme['id']}.json")["user_segment"] == acme
    people = desk.simulator.state
    seen = {
        name: {row["id"] for row in get(desk, f"users/{people.user_by_email(email).id}/user_segments.json")[
            "user_segments"
        ]}
        for name, email in (("kim", "kim@acme.example"), ("lee", "lee@alone.example"), ("ana", "ana@desk.example"))
    }  # fmt: skip
    assert seen["ana"] == set(segments)
    assert seen["kim"] == {by_title["Reset your password"], acme["id"]}
    assert seen["lee"] == {by_title["Reset your password"]}


def test_a_customer_is_shown_no_more_than_they_may_read(desk: Any) -> None:
    face, people = desk.simulator.face, desk.simulator.state
    for email, hidden in (("kim@acme.example", 1), ("lee@alone.example", 2)):
        headers = {"Authorization": face.agent_token(people.user_by_email(email).id)}
        answer = requests.get(f"{desk.url}/api/v2/help_center/articles.json", headers=headers, timeout=5)
        assert len(answer.json()["articles"]) == len(LISTED) - hidden
        secret = number_of(desk, "Restart the worker")
        one = requests.get(f"{desk.url}/api/v2/help_center/articles/{secret}.json", headers=headers, timeout=5)
        assert one.status_code == 404


def test_a_translation_is_made_changed_and_marked(desk: Any) -> None:
    csv = number_of(desk, "Export to CSV")
    path = f"help_center/articles/{csv}/translations"
    made = desk.api("POST", f"{path}.json", {"translation": {"locale": "fr", "title": "Exporter", "body": "<p>A</p>"}})
    assert made.status_code == 201
    twice = desk.api("POST", f"{path}.json", {"translation": {"locale": "fr", "title": "Encore"}})
    assert (twice.status_code, twice.json()["error"]) == (422, "RecordInvalid")
    changed = desk.api("PUT", f"{path}/en.json", {"translation": {"outdated": True, "draft": True}}).json()
    told = changed["translation"]
    assert (told["outdated"], told["draft"], told["title"]) == (True, True, "Export to CSV")
    assert get(desk, f"articles/{csv}.json")["article"]["outdated_locales"] == ["en", "de"]
    texts = {row["locale"]: row for row in get(desk, f"articles/{csv}/translations.json")["translations"]}
    assert set(texts) == {"en", "de", "fr"}
    outdated = get(desk, f"articles/{csv}/translations.json?outdated=true")["translations"]
    assert [row["locale"] for row in outdated] == ["en", "de"]
    assert get(desk, f"articles/{csv}/translations/de.json")["translation"]["title"] == "Export als CSV"
    assert desk.api("PUT", f"{path}/es.json", {"translation": {"title": "x"}}).status_code == 404
    assert get(desk, f"articles/{number_of(desk, 'Not yet')}/translations/missing.json")["locales"] == ["de", "fr"]


def test_changes_come_oldest_first_and_page_by_whole_seconds(desk: Any) -> None:
    assert titles(desk, "incremental/articles.json?start_time=0")[:2] == LISTED[:2]
    since = int((utc_now() - timedelta(days=1)).timestamp())
    assert titles(desk, f"incremental/articles.json?start_time={since}") == LISTED[2:]
    seen, path = [], "incremental/articles.json?start_time=0&per_page=1"
    while path:
        page = get(desk, path)
        seen += [row["title"] for row in page["articles"]]
        path = (page["next_page"] or "").partition("/help_center/")[2]
    assert seen == LISTED
    csv = number_of(desk, "Export to CSV")
    desk.api("PUT", f"help_center/articles/{csv}/translations/de.json", {"translation": {"outdated": False}})
    assert "Export to CSV" in titles(desk, f"incremental/articles.json?start_time={since}")


def test_a_deleted_article_just_disappears(desk: Any) -> None:
    csv, other = number_of(desk, "Export to CSV"), number_of(desk, "Not yet")
    assert desk.api("DELETE", f"help_center/articles/{csv}.json").status_code == 204
    desk.control("DELETE", f"articles/{other}")
    assert titles(desk, "articles.json") == [LISTED[1], LISTED[2], LISTED[4]]
    assert titles(desk, "incremental/articles.json?start_time=0") == [LISTED[1], LISTED[2], LISTED[4]]
    assert desk.api("GET", f"help_center/articles/{csv}.json").status_code == 404


def test_an_article_is_written_and_its_place_and_readers_changed(desk: Any) -> None:
    section = get(desk, "sections.json")["sections"][0]["id"]
    staff = next(row["id"] for row in get(desk, "user_segments.json")["user_segments"] if row["user_type"] == "staff")
    body = {"title": "New", "body": "<p>New.</p>", "user_segment_id": staff, "label_names": ["a"]}
    made = desk.api("POST", f"help_center/sections/{section}/articles.json", {"article": body})
    article = made.json()["article"]
    assert (made.status_code, article["user_segment_id"], article["label_names"]) == (201, staff, ["a"])
    path = f"help_center/articles/{article['id']}.json"
    changed = desk.api("PUT", path, {"article": {"title": "Other", "user_segment_id": None, "label_names": ["b"]}})
    told = changed.json()["article"]
    assert (told["title"], told["user_segment_id"], told["label_names"]) == ("New", None, ["b"])
    assert desk.api("PUT", path, {"article": {"section_id": 1}}).status_code == 422
    assert desk.api("PUT", path, {"article": {"user_segment_id": 1}}).status_code == 422
    blank = desk.api("POST", f"help_center/sections/{section}/articles.json", {"article": {"title": " "}})
    assert blank.status_code == 422


def test_labels_are_added_found_and_taken_off(desk: Any) -> None:
    csv = number_of(desk, "Export to CSV")
    path = f"help_center/articles/{csv}/labels"
    made = desk.api("POST", f"{path}.json", {"label": {"name": "review"}})
    assert made.status_code == 201
    assert [row["name"] for row in get(desk, f"articles/{csv}/labels.json")["labels"]] == ["csv", "export", "review"]
    assert titles(desk, "articles.json?label_names=review,sign-in") == ["Export to CSV", "Reset your password"]
    assert {row["name"] for row in get(desk, "articles/labels.json")["labels"]} == {
        "csv", "export", "review", "sign-in",
    }  # fmt: skip
    assert desk.api("DELETE", f"{path}/{made.json()['label']['id']}.json").status_code == 204
    assert titles(desk, "articles.json?label_names=review") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("query=export", ["Export to CSV", "Acme's own export"]),
        ("query=warten&locale=de", ["Export als CSV"]),
        ("query=mail", ["Reset your password"]),
        ("query=moon", []),
        ("label_names=sign-in", ["Reset your password"]),
    ],
)
def test_search_finds_the_best_first_and_no_drafts(desk: Any, query: str, found: list[str]) -> None:
    results = get(desk, f"articles/search.json?{query}")["results"]
    assert [row["title"] for row in results] == found
    assert {row["result_type"] for row in results} <= {"article"}


def test_a_snippet_marks_the_words_and_escapes_the_rest(desk: Any) -> None:
    (row, *_) = get(desk, "articles/search.json?query=wait")["results"]
    assert row["snippet"] == "Choose Export &amp; <em>wait</em>."
    assert desk.api("GET", "help_center/articles/search.json").status_code == 400


def test_help_center_has_a_limit_and_a_scope_of_its_own(desk: Any) -> None:
    desk.knobs(help_center_per_minute=2)
    answers = [desk.api("GET", "help_center/articles.json") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[0].headers["X-Rate-Limit"], answers[1].headers["X-Rate-Limit-Remaining"]) == ("2", "0")
    assert desk.api("GET", "groups").status_code == 200
    desk.knobs(help_center_per_minute=100, requests_per_minute=1)
    assert desk.api("GET", "groups").status_code == 429
    assert desk.api("GET", "help_center/articles.json").status_code == 200
    secrets = desk.control("GET", "credentials")["secrets"]
    for scope, status in (("hc:read", 200), ("tickets:read", 403)):
        body = {**secrets, "grant_type": "client_credentials", "scope": scope}
        token = requests.post(f"{desk.url}/oauth/tokens", json=body, timeout=5).json()["access_token"]
        answer = requests.get(
            f"{desk.url}/api/v2/help_center/articles.json", headers={"Authorization": f"Bearer {token}"}, timeout=5
        )
        assert answer.status_code == status
