"""`deskhand kb` as typed, on a connected desk with a help centre, and with articles from files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import cli, cli_kb
from app.knowledge.refreshing import Refreshed
from connectors.registry import VENDORS
from connectors.store.suggestions import Suggestion
from tests.jobs.conftest import Desk, desk, triager
from triage.suggestions import Act

__all__ = ["desk", "triager"]


@pytest.fixture(params=sorted(VENDORS))
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def here(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The install that the command finds in its environment, with the encoder that is loaded already."""
    desk.clock.at = datetime.now(UTC)
    state = desk.helpdesk.simulator.state
    for article in list(state.articles.values())[6:]:
        del state.articles[article.id]
    monkeypatch.setattr(cli_kb, "start", lambda: desk.run.deps)
    monkeypatch.setattr(cli_kb, "_encoder", lambda deps: desk.run.triager.encoder)
    return desk


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    """Two files that can be read and one that cannot."""
    where = tmp_path / "Hand Book"
    (where / "sso").mkdir(parents=True)
    (where / "sso" / "okta.md").write_text(
        "---\ntitle: Okta for staff\nproduct_areas: [sso]\n---\nOpen the Okta console and rotate the certificate."
    )
    (where / "export.md").write_text("---\naudience: everyone\n---\n# Export to Parquet\n\nChoose Parquet.")
    (where / "bad.md").write_text("---\naudience: friends\n---\nB")
    return where


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.cli, ["kb", *args])


def out(*args: str, exit_code: int = 0) -> Any:
    """What a command printed as JSON."""
    result = run(*args, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def test_the_helpdesks_articles_are_read_listed_shown_and_found(here: Desk) -> None:
    articles = list(here.helpdesk.simulator.state.articles.values())
    count = sum(len(each.translations) for each in articles)
    result = run("sync")
    assert result.exit_code == 0, result.output
    assert f"helpdesk: {count} new, 0 changed, 0 deleted, 0 unchanged." in result.stdout
    assert "Reading articles …" in result.stderr
    assert "Making the search index …" in result.stderr
    edited = articles[1]
    text = replace(edited.translations[edited.locale], body="<h2>Now</h2><p>Another text.<script>alert(1)</script></p>")
    state = here.helpdesk.simulator.state
    state.put(state.articles, replace(edited, translations={**edited.translations, edited.locale: text}))
    here.clock.forward(minutes=1)
    told = out("sync", "--full")
    assert {name: told[name] for name in ("source", "full", "new", "changed", "deleted", "skipped")} == {
        "source": "helpdesk",
        "full": True,
        "new": 0,
        "changed": 1,
        "deleted": 0,
        "skipped": [],
    }
    assert out("sync", "--full")["index"] is None, "nothing changed"

    listed = out("list")
    assert len(listed) == count
    assert [each["title"] for each in out("list", "--words", "PASSWORD")] == [
        each["title"] for each in listed if "password" in each["title"].lower()
    ]
    outdated = {each["key"] for each in listed if each["state"] == "outdated"}
    assert {each["key"] for each in out("list", "--state", "outdated")} == outdated != set()
    assert f"{count} articles" in run("list").stderr

    english = english_of(here, edited.id)
    shown = run("show", str(edited.id), "--locale", english).stdout
    assert "## Now\n\nAnother text.\n" in shown
    assert "+## Now" in shown
    assert "alert(1)" not in shown
    [whole] = out("show", str(edited.id), "--locale", english)
    assert (whole["text"], len(whole["versions"])) == ("## Now\n\nAnother text.", 1)

    found = out("search", "I forgot my password and cannot sign in")
    assert found[0]["title"] == "Reset your password"
    assert found[0]["hit"]["passage"]
    assert run("search", "I forgot my password").stdout.startswith("1. ")


def english_of(here: Desk, article_id: int) -> str:
    """The English one's name with this helpdesk."""
    found = here.store.articles.languages("acme", str(article_id))
    return next(each.article.locale for each in found if each.article.locale.startswith("en"))


def test_a_folder_is_read_and_read_again(here: Desk, handbook: Path) -> None:
    result = run("sync", "--folder", str(handbook))
    assert result.exit_code == 1
    assert "folder:hand-book: 2 new, 0 changed, 0 deleted, 0 unchanged." in result.stdout
    assert "  bad.md:1: audience is “friends”; use one of" in result.stdout
    [first, *_] = out("search", "rotate the okta certificate", "--as", "agent")
    assert (first["key"], first["audience"]) == ("folder:hand-book/sso/okta.md", "agents")
    assert "folder:hand-book/sso/okta.md" not in {
        each["key"] for reader in ("customer", "visitor") for each in out("search", "okta", "--as", reader)
    }
    assert out("search", "parquet", "--as", "visitor")[0]["title"] == "Export to Parquet"

    (handbook / "sso" / "okta.md").unlink()
    (handbook / "bad.md").write_text("Fine now.")
    (handbook / "export.md").write_text("Broken: \ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "latin-1")
    here.clock.forward(minutes=1)
    told = out("sync", "--folder", str(handbook), exit_code=1)
    assert {name: told[name] for name in ("new", "changed", "deleted", "unchanged")} == {
        "new": 1,
        "changed": 0,
        "deleted": 1,
        "unchanged": 0,
    }
    assert [each["file"] for each in told["skipped"]] == ["export.md"]
    assert {each["key"] for each in out("list")} == {"folder:hand-book/bad.md", "folder:hand-book/export.md"}
    assert "folder:hand-book/sso/okta.md" not in {each["key"] for each in out("search", "okta certificate")}


def test_an_empty_folder_removes_nothing(here: Desk, handbook: Path, tmp_path: Path) -> None:
    run("sync", "--folder", str(handbook))
    here.clock.forward(minutes=1)
    (tmp_path / "empty").mkdir()
    result = run("sync", "--folder", str(tmp_path / "empty"), "--name", "hand-book")
    assert "No article was found, so nothing was removed." in result.stdout
    assert len(out("list")) == 2


def test_a_csv_file_is_read_and_measured(here: Desk, tmp_path: Path) -> None:
    (tmp_path / "faq.csv").write_text(
        "article_id,title,body,audience\n"
        "1,Reset your password,Choose Forgot password on the sign-in page.,everyone\n"
        "2,Export to CSV,Choose Export and then CSV.,everyone\n"
        "3,Rotate keys,Rotate the signing key every year.,\n"
    )
    assert run("sync", "--csv", str(tmp_path / "faq.csv")).exit_code == 0
    (tmp_path / "queries.csv").write_text(
        "query,article_id\n"
        "I forgot my password,csv:faq/1\n"
        "how do I export as csv,csv:faq/2;csv:faq/1\n"
        "rotate the signing key,csv:faq/2\n"
    )
    told = out("evaluate", str(tmp_path / "queries.csv"))
    assert (told["queries"], round(told["recall_at_1"], 2), told["recall_at_3"]) == (3, 0.67, 1.0)
    assert [each["query"] for each in told["worst"]] == ["rotate the signing key"]
    said = run("evaluate", str(tmp_path / "queries.csv")).stdout
    assert "first           2 of 3" in said
    assert "“rotate the signing key” wants csv:faq/2, first is csv:faq/3" in said
    (tmp_path / "queries.csv").write_text("query,article_id\nanything,csv:faq/9\n")
    assert "there is no article" in run("evaluate", str(tmp_path / "queries.csv")).output


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("search", "x"), 1, "deskhand kb sync"),
        (("show", "9"), 1, "There is no article 9."),
        (("sync", "--folder", "/nowhere/at/all"), 1, "is not a folder"),
        (("sync", "--folder", "/nowhere", "--csv", "x.csv"), 2, "Use one of"),
        (("sync", "--full", "--csv", "x.csv"), 2, "Use one of"),
        (("sync", "--csv", "x.csv", "--name", "!"), 1, "Say what this source is called"),
        (("list", "--tenant", "nobody"), 2, "No helpdesk called nobody"),
    ],
)
def test_wrong_use_ends_with_one_line(here: Desk, args: tuple[str, ...], status: int, said: str) -> None:
    result = run(*args)
    assert (result.exit_code, said in result.output) == (status, True), result.output


def test_search_is_measured_on_what_agents_inserted_and_its_history_is_told(here: Desk) -> None:
    assert "Nothing was measured yet." in run("evaluate", "--history").stdout
    run("sync")
    assert out("evaluate", exit_code=1)["problem"].startswith("No agent has inserted an article that is still there.")

    reset = next(each for each in here.store.articles.find("acme") if each.article.title == "Reset your password")
    other = next(each for each in out("search", "how do I") if each["title"] != reset.article.title)
    encoder = here.run.triager.encoder
    for ref, query in (("1", "I forgot my password and cannot sign in"), ("2", other["title"])):
        made = Suggestion(
            ticket_ref=ref,
            query=query,
            vector=encoder.encode([query])[0],
            encoder=encoder.id,
            index_version="",
            ranker="shipped",
            product_area=None,
            sure=0.5,
            found=(),
            made_at=here.clock.forward(minutes=1),
        )
        here.store.suggestions.keep("acme", made)
        here.store.article_events.add("acme", ref, reset.id, Act.INSERT_TEXT, now=here.clock(), by_id="7")
    told = out("evaluate")
    assert (told["queries"], told["recall_at_1"]) == (2, 0.5)
    assert told["worst"][0]["ticket_ref"] == "2"
    said = run("evaluate").stdout
    assert "2 of the newest inserts, index " in said
    assert "first           1 of 2" in said
    assert "wants " in said

    version = told["index"]
    here.store.rankers.add(
        "acme", weights={"score": 0.9, "before": 2.0}, measured={}, promoted=False, why="Noise.", now=here.clock()
    )
    listed = run("evaluate", "--history").stdout
    assert listed.count(f"index {version[:8]}  inserts  first 1 of 2, in three ") == 2
    assert "refused   the shipped order 0.9, used on alike tickets 2.0\n    Noise." in listed
    history = out("evaluate", "--history")
    assert [each["index_version"] for each in history["tests"]] == [version, version]
    assert history["orders"][0]["state"] == "refused"
    assert run("evaluate", "--history", __file__).exit_code == 2


def test_a_refused_index_is_told_and_can_be_used_anyway(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def refreshed(*_args: object, anyway: bool, **_how: object) -> Refreshed:
        asked.append(anyway)
        return Refreshed(judged="As good.") if anyway else Refreshed(refused="It is worse.")

    monkeypatch.setattr("app.knowledge.refreshing.refresh_index", refreshed)
    result = run("sync")
    assert result.exit_code == 1
    assert "It is worse. Use the new one anyway with --anyway." in result.stdout
    assert out("sync", exit_code=1)["refused"] == "It is worse."
    result = run("sync", "--anyway")
    assert (result.exit_code, asked) == (0, [False, False, True])
    assert "As good." in result.stdout
