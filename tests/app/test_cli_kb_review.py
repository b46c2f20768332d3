"""`deskhand kb review`, `kb release` and `kb set` as somebody types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from connectors.store import Store
from connectors.store.tenants import RELEASE_SECRETS
from tests.conftest import ToldClock
from tests.connectors.store.test_articles import article, keep
from triage.articles import State

Run = Callable[..., Result]


@pytest.fixture
def run(store: Store, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DESKHAND_VAR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", store.database.url)

    def typed(*words: str, given: str | None = None) -> Result:
        return CliRunner().invoke(cli, ["kb", *words], input=given)

    return typed


@pytest.fixture
def number(store: Store, tenant: str) -> int:
    """An article in two languages, the English one due."""
    clock = ToldClock(datetime.now(UTC))
    text = "Invoices are paid by card. The invoice lists VAT."
    pay = [
        article("7", title=title, locale=locale, body_html=text) for title, locale in (("Pay", "en"), ("Zahlen", "de"))
    ]
    keep(store, clock, *pay)
    found = next(each.id for each in store.articles.find(tenant, locale="en"))
    opened(store, found, "release:1", clock() - timedelta(days=11))
    return found


def opened(
    store: Store, number: int, cause: str, at: datetime, owner: str | None = "ana", kind: str = "release"
) -> None:
    with store.database.write() as transaction:
        assert store.reviews.open_in(
            transaction,
            "acme",
            number,
            cause=cause,
            kind=kind,
            why="Release 4.6 renamed the menu",
            evidence={"score": 0.9},
            owner=owner,
            due_at=at + timedelta(days=10),
            next_at=None,
            now=at,
        )


def listed(run: Run, *words: str) -> list[dict[str, Any]]:
    answer = run("review", "list", "--json", *words)
    assert answer.exit_code == 0, answer.output
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


def test_the_queue_is_listed_and_filtered(run: Run, store: Store, number: int) -> None:
    [found] = listed(run)
    assert (found["article"], found["locale"], found["reason"], found["owner"]) == ("7", "en", "release", "ana")
    assert (found["overdue"], found["areas_guessed"], found["edited_at"], found["told"]) == (True, True, None, 0)
    assert listed(run, "--reason", "flag") == listed(run, "--owner", "") == listed(run, "--area", "security") == []
    assert listed(run, "--owner", "ana") == [found]
    assert run("set", "7", "--area", "security", "--area", "api").exit_code == 0
    assert [each["areas"] for each in listed(run, "--area", "security")] == [["security", "api"]]
    told = run("review", "list").output
    assert "Release 4.6 renamed the menu" in told
    assert "security, api; ana, whom no mail reaches; due " in told
    assert "overdue" in told
    assert "1 to check, of 1 articles." in told
    opened(store, number, "flag:1", datetime.now(UTC), owner=None, kind="flag")
    assert "no owner" in run("review", "list").output
    assert "no such option" in run("review", "list", "--why").output.lower()


def test_somebody_says_that_it_is_right_or_outdated(run: Run, store: Store, number: int) -> None:
    answer = run("review", "right", "7", "--by", "Ana Lind")
    assert (answer.exit_code, answer.output) == (0, "7 is still right. Closed: 1.\n")
    kept = {each.article.locale: each for each in store.articles.find("acme")}
    assert {each.verified_by for each in kept.values()} == {"Ana Lind"}
    assert listed(run) == []
    assert run("review", "outdated", "7", "--locale", "de", "--json").output == '{"closed": 0}\n'
    assert store.articles.counts("acme")[State.OUTDATED] == 1
    missing = run("review", "right", "8")
    assert (missing.exit_code, "There is no article 8" in missing.output) == (1, True)
    assert run("review", "right", "7", "--locale", "fr").exit_code == 1


def test_an_owner_is_set_for_now_or_for_good(run: Run, store: Store, number: int) -> None:
    answer = run("review", "assign", "7", "ben@example.com")
    assert answer.output == "1 to check went to ben@example.com.\n"
    assert "No mail reaches nobody" in run("review", "assign", "7", "nobody").output
    assert [each["owner"] for each in listed(run)] == ["nobody"]
    answer = run("set", "7", "--owner", "cleo@example.com", "--role", "admin", "--from", "4.2", "--to", "5")
    assert answer.output == "Set, in 2 languages.\n"
    facts = [each.facts for each in store.articles.find("acme")]
    assert {(each.owner, each.roles, each.applies_from, each.applies_to) for each in facts} == {
        ("cleo@example.com", ("admin",), "4.2", "5")
    }
    assert [each["owner"] for each in listed(run)] == ["cleo@example.com"]
    run("set", "7", "--owner", "", "--to", "", "--role", "")
    facts = [each.facts for each in store.articles.find("acme")]
    assert {(each.owner, each.roles, each.applies_from, each.applies_to) for each in facts} == {(None, (), "4.2", None)}
    assert "there is no sso" in run("set", "7", "--area", "sso").output


def test_facts_of_a_file_are_changed_there(run: Run, store: Store, clock: ToldClock) -> None:
    keep(store, clock, article("a.md"), source="folder:handbook", facts={})
    answer = run("set", "folder:handbook/a.md", "--owner", "ana")
    assert (answer.exit_code, "folder:handbook" in answer.output) == (1, True)


def test_a_release_is_added_once_and_listed(run: Run, store: Store, tenant: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("- Renamed Export\n", encoding="utf-8")
    added = ("release", "add", "4.6", "--notes", str(notes), "--title", "Autumn", "--area", "api")
    assert "within seconds" in run(*added, "--released-at", "2026-11-01").output
    with store.database.write() as transaction:
        store.releases.read_in(transaction, tenant, store.releases.waiting(tenant)[0], now=datetime.now(UTC))
    assert "did not change" in run(*added).output
    other = json.loads(run("release", "add", "4.7", "--notes", "-", "--json", given="- Removed it").output)
    assert (other["version"], other["waits"]) == ("4.7", True)
    found = json.loads(run("release", "list", "--json").output)
    assert [(each["version"], each["source"], each["reviews"]) for each in found] == [
        ("4.7", "cli", 0),
        ("4.6", "cli", 0),
    ]
    assert found[1]["released_at"] == "2026-11-01T00:00:00+00:00"
    lines = run("release", "list").output
    assert "not read yet" in lines
    assert "0 to check, 0 still open  Autumn" in lines
    assert "there is no sso" in run(*added, "--area", "sso").output
    assert run("release", "add", " ", "--notes", str(notes)).exit_code == 2
    notes.write_bytes(b"\xff\xfe\xff")
    assert "UTF-8" in run(*added).output


@pytest.mark.parametrize("source", RELEASE_SECRETS)
def test_a_webhooks_secret_is_shown_once(run: Run, store: Store, tenant: str, source: str) -> None:
    first = run("release", "webhook", source).output
    kept = store.tenants.secret(tenant, RELEASE_SECRETS[source])
    assert kept is not None
    assert f"/webhooks/releases/{source}/" in first
    assert kept in first
    again = run("release", "webhook", source).output
    assert kept not in again
    assert "not shown again" in again
    assert "Secret " in run("release", "webhook", source, "--new").output
    assert store.tenants.secret(tenant, RELEASE_SECRETS[source]) != kept
    assert "is removed" in run("release", "webhook", source, "--remove").output
    assert store.tenants.secret(tenant, RELEASE_SECRETS[source]) is None
    assert run("release", "webhook", source, "--remove", "--new").exit_code == 2
