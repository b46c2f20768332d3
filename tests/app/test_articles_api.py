"""What a customer's app is given before a ticket is written, and how it is known whether one was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.bootstrap import Deps
from app.intake_auth import signature
from app.knowledge.readers import person_of
from app.knowledge.refreshing import refresh_index
from app.settings import Settings
from connectors.store import Store
from connectors.store.api_keys import OpenKey
from connectors.store.article_rows import HELPDESK
from tests.conftest import ToldClock, new_tenant
from tests.triage.search.shelf import SHELF, WordEncoder, article
from triage.articles import Article, Audience

SHOWN = (
    *SHELF,
    article("members", "Password rules for members", "<p>A password has 12 letters.</p>", audience=Audience.SIGNED_IN),
    article(
        "one", "Password rules of Acme", "<p>Your password.</p>", audience=Audience.RESTRICTED, allowed=("tag:acme",)
    ),
    article("secret", "Reset a password for a caller", "<p>Ask for the password.</p>", audience=Audience.AGENTS),
    article("draft", "Reset your password, new", "<p>A new password.</p>", is_draft=True),
    article("old", "Reset your password, old", "<p>An old password.</p>", is_outdated=True),
)
QUERY = {"query": "reset my password", "person": "Kim@Fieldline.example", "limit": 5}


class App:
    """The customer's app."""

    def __init__(self, client: FlaskClient, deps: Deps, key: OpenKey) -> None:
        self.client, self.deps, self.key = client, deps, key

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        raw, stamp = json.dumps(body).encode(), str(int(self.deps.now().timestamp()))
        sent = {
            "X-Deskhand-Key": self.key.id,
            "X-Deskhand-Timestamp": stamp,
            "X-Deskhand-Signature": signature(self.key.secret, stamp, raw),
            "Content-Type": "application/json",
        }
        return self.client.post(f"/api/articles/{path}", data=raw, headers=sent | headers)

    def search(self, **changes: Any) -> Any:
        answer = self.post("search", QUERY | changes)
        assert answer.status_code == 200, answer.text
        return answer.json

    def titles(self, **changes: Any) -> set[str]:
        return {each["title"] for each in self.search(**changes)["articles"]}


@pytest.fixture
def deps(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Deps:
    return Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)


@pytest.fixture
def app(deps: Deps) -> App:
    client = create_app(deps.settings, deps).test_client()
    return App(client, deps, deps.store.api_keys.add("acme", "app", now=deps.now()))


def keep(deps: Deps, *articles: Article, index: bool = True) -> None:
    reads = deps.store.articles.compare("acme", HELPDESK, articles)
    with deps.store.database.write() as transaction:
        deps.store.articles.keep_in(transaction, "acme", HELPDESK, reads, now=deps.now())
    if index:
        refresh_index(deps, "acme", WordEncoder)


def test_the_best_are_told_with_their_paragraph(app: App) -> None:
    keep(app.deps, *SHOWN)
    found = app.search()
    first = found["articles"][0]
    assert first["title"] == "Reset your password"
    assert "Forgot password" in first["paragraph"]
    assert [first["paragraph"][start:end].lower() for start, end in first["highlights"]].count("password") >= 1
    assert 0 <= first["sure"] <= 1
    assert len(found["visit"]) > 15


def test_only_what_they_may_read_by_themselves(app: App) -> None:
    keep(app.deps, *SHOWN)
    assert app.titles(query="password rules") & {each.title for each in SHOWN[-5:]} == set()
    assert app.titles(query="password rules", signed_in=True) & {each.title for each in SHOWN[-5:]} == {
        "Password rules for members"
    }


def test_what_was_hidden_after_the_index_was_made_is_not_told(app: App, clock: ToldClock) -> None:
    keep(app.deps, *SHOWN)
    assert "Reset your password" in app.titles()
    clock.forward(minutes=1)
    keep(app.deps, replace(SHELF[0], audience=Audience.AGENTS), index=False)
    assert "Reset your password" not in app.titles(signed_in=True)


def test_nothing_is_told_rather_than_what_does_not_fit(app: App) -> None:
    keep(app.deps, *SHOWN)
    assert app.search(query="giraffes, zebras")["articles"] == []


def test_what_was_shown_and_opened_is_kept_without_the_address(app: App, deps: Deps, tmp_path: Path) -> None:
    keep(deps, *SHOWN)
    found = app.search()
    number = found["articles"][0]["id"]
    assert app.post("read", {"visit": found["visit"], "article": number}).status_code == 204
    assert app.post("read", {"visit": found["visit"], "article": number}).status_code == 204
    shown = deps.store.readings.shown("acme", since=deps.now() - timedelta(minutes=1))
    assert [each.read_at is not None for each in shown].count(True) == 1
    assert {each.person for each in shown} == {person_of(deps, " kim@fieldline.example ")}
    assert b"kim@fieldline" not in b"".join(path.read_bytes().lower() for path in tmp_path.glob("store.sqlite3*"))


def test_only_what_was_shown_can_be_opened_and_only_by_its_tenant(app: App, deps: Deps) -> None:
    keep(deps, *SHOWN)
    found = app.search(limit=1)
    visit, number = found["visit"], found["articles"][0]["id"]
    deps.store.tenants.add(new_tenant("other"), webhook_token="other-token", now=deps.now())
    other = App(app.client, deps, deps.store.api_keys.add("other", "app", now=deps.now()))
    for asking, body in (
        (app, {"visit": visit, "article": number + 1}),
        (app, {"visit": "another", "article": number}),
        (other, {"visit": visit, "article": number}),
    ):
        answer = asking.post("read", body)
        assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"query": ""}, "query"),
        ({"query": "x" * 4001}, "query"),
        ({"person": "nobody"}, "person"),
        ({"limit": 6}, "limit"),
        ({"signed_in": "yes"}, "signed_in"),
        ({"organization": 7}, "organization"),
    ],
)
def test_what_is_wrong_is_named(app: App, changes: dict[str, Any], place: str) -> None:
    answer = app.post("search", QUERY | changes)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"]["code"] == "not_a_search"
    assert [each["place"] for each in answer.json["error"]["problems"]] == [place]


def test_who_does_not_sign_gets_nothing(app: App) -> None:
    keep(app.deps, *SHOWN)
    assert app.post("search", QUERY, **{"X-Deskhand-Signature": "0" * 64}).status_code == 401
    assert app.post("read", {"visit": "v", "article": 1}, **{"X-Deskhand-Key": "none"}).status_code == 401
    assert app.post("search", QUERY, **{"Content-Type": "text/plain"}).status_code == 415


def test_before_the_first_articles_it_says_what_to_do(app: App) -> None:
    answer = app.post("search", QUERY)
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "no_articles")  # type: ignore[index]
    assert "kb sync" in answer.json["error"]["message"]  # type: ignore[index]
