"""What customers ask and no article answers: found at night from real tickets, drafted from what agents replied."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app import cli, cli_kb_gaps
from app.knowledge.gaps import NoSuchGap, NothingToRead, draft
from connectors.errors import RateLimited
from connectors.registry import VENDORS
from connectors.store.gaps import StoredGap
from connectors.store.schema import inbox
from jobs.schedule import timetable
from tests.jobs.conftest import Desk
from tests.triage.search.shelf import article
from triage.article_findings import Kind
from triage.articles import State as ArticleState
from triage.gaps import State
from triage.suggestions import Act

ON_EACH = pytest.mark.parametrize("vendor", VENDORS)

ASKED = (
    ("nadja.krueger@nordlicht.example", "Parquet export misses columns", "The parquet export misses columns. Why?"),
    ("marcus@kestrelrobotics.example", "Columns missing in parquet export", "How do I get all columns of the export?"),
    ("c.roussel@ostara-health.example", "Parquet export without columns", "Columns are missing in the parquet export."),
    ("lou@kestrelrobotics.example", "Export to parquet: missing columns", "Some columns are missing in parquet."),
)
OTHERS = (
    ("nadja.krueger@nordlicht.example", "Invoice has a wrong address", "Please change the billing address."),
    ("marcus@kestrelrobotics.example", "Password mail", "The mail to reset my password never comes."),
)
REPLIES = (
    "Hi Nadja,\n\nOpen Settings > Exports.\nSet the schema to full and run the export again.\n\nBest regards\nAna Lind",
    "Hello Marcus,\n1. Open Settings > Exports.\n2. Set the schema to full and run the export again.\nCall 030901820.",
)


def ask(desk: Desk, tickets: tuple[tuple[str, str, str], ...], key: str) -> list[str]:
    refs = []
    for number, (requester, subject, body) in enumerate(tickets):
        given = desk.control("POST", "tickets", {"requester": requester, "subject": subject, "body": body})
        refs.append(str(given["id"]))
        desk.event(refs[-1], f"{key}-{number}")
    desk.work()
    return refs


def answer(desk: Desk, ref: str, text: str, key: str) -> None:
    desk.control("POST", f"tickets/{ref}", {"comment": text, "status": "solved"})
    desk.event(ref, key)
    desk.work()


def night(desk: Desk) -> list[tuple[str, str | None]]:
    """Let the night's work come, and say what its rows note."""
    before = desk.sweeper.timetable
    desk.clock.forward(seconds=2)
    desk.sweeper.timetable = tuple(each for each in timetable(desk.run.deps.settings) if each.name == "gaps")
    desk.work()
    desk.sweeper.timetable = before
    with desk.store.database.read() as connection:
        rows = connection.execute(select(inbox).where(inbox.c.kind == "gaps").order_by(inbox.c.id)).all()
    return [(row.state, row.error) for row in rows]


@pytest.fixture
def asked(desk: Desk) -> list[str]:
    """Four tickets on one matter, two of them answered and solved, and two on others."""
    desk.helpdesk.simulator.state.now = desk.clock
    refs = ask(desk, ASKED, "asked")
    ask(desk, OTHERS, "other")
    desk.clock.forward(minutes=5)
    for number, text in enumerate(REPLIES):
        answer(desk, refs[number], text, f"answer-{number}")
    return refs


@pytest.fixture
def found(desk: Desk, asked: list[str]) -> StoredGap:
    night(desk)
    [gap] = desk.store.gaps.open("acme")
    return gap


@ON_EACH
def test_a_night_finds_what_several_ask_and_says_what_it_costs(desk: Desk, asked: list[str]) -> None:
    [(state, note)] = night(desk)
    assert (state, note) == ("done", "1 new gaps, 0 known, 0 gone. Articles to look at: none.")
    [found] = desk.store.gaps.open("acme")
    assert sorted(found.gap.tickets) == sorted(asked)
    assert (found.gap.people, found.gap.replies, found.gap.before) == (4, 2, None)
    assert "parquet" in found.gap.title.lower()
    assert "nadja" not in found.gap.title.lower()


def test_it_runs_once_a_day_and_twice_changes_nothing(desk: Desk, found: StoredGap) -> None:
    desk.clock.forward(hours=20)
    assert len(night(desk)) == 1
    desk.clock.forward(hours=5)
    assert night(desk)[1] == ("done", "0 new gaps, 1 known, 0 gone. Articles to look at: none.")
    assert desk.store.gaps.find("acme") == [found]


def test_what_nobody_asked_for_four_weeks_is_gone(desk: Desk, found: StoredGap) -> None:
    desk.clock.forward(days=29)
    night(desk)
    [gone] = desk.store.gaps.find("acme")
    assert (gone.id, gone.state) == (found.id, State.GONE)
    ask(desk, ASKED, "again")
    desk.clock.forward(days=1)
    night(desk)
    [new] = desk.store.gaps.open("acme")
    assert new.gap.before == 4


def test_a_tenant_without_searches_has_no_night(desk: Desk) -> None:
    assert night(desk) == []


@ON_EACH
def test_a_draft_is_what_agents_replied_and_goes_to_who_owns_the_area(desk: Desk, found: StoredGap) -> None:
    writes = len(desk.control("GET", "effects")["effects"])
    made = draft(desk.run.deps, "acme", found.id, author="ida@fieldline.example", by="me")
    assert (made.state, made.author, made.changed_by) == (State.DRAFTED, "ida@fieldline.example", "me")
    assert made.draft is not None
    for wanted in ("Set the schema to full and run the export again.", "How do I get all columns of the export?"):
        assert wanted in made.draft
    for secret in ("Nadja", "Marcus", "Ana", "Lind", "901820", "Krüger", "nordlicht", "kestrel"):
        assert secret.lower() not in made.draft.lower()
    assert len(desk.control("GET", "effects")["effects"]) == writes, "nothing is written into the helpdesk"


def test_a_draft_that_is_there_is_not_read_again(desk: Desk, found: StoredGap) -> None:
    made = draft(desk.run.deps, "acme", found.id)
    before = requests(desk)
    assert draft(desk.run.deps, "acme", found.id) == made
    assert requests(desk) == before
    assert draft(desk.run.deps, "acme", found.id, again=True).draft == made.draft
    assert requests(desk) > before


def test_a_spent_budget_says_when_to_come_back_and_changes_nothing(desk: Desk, found: StoredGap) -> None:
    desk.control("POST", "knobs", {"faults_on": "reads", "rate_429_next": 1, "retry_after_s": 40})
    with pytest.raises(RateLimited) as refused:
        draft(desk.run.deps, "acme", found.id)
    assert refused.value.retry_after_s
    assert desk.store.gaps.get("acme", found.id) == found


def test_what_cannot_be_drafted_says_why(desk: Desk) -> None:
    desk.helpdesk.simulator.state.now = desk.clock
    ask(desk, ASKED, "asked")
    night(desk)
    [gap] = desk.store.gaps.open("acme")
    with pytest.raises(NothingToRead, match="None of its tickets is solved"):
        draft(desk.run.deps, "acme", gap.id)
    with pytest.raises(NoSuchGap, match="no gap 4711"):
        draft(desk.run.deps, "acme", 4711)
    assert desk.store.gaps.get("acme", gap.id) == gap


@ON_EACH
def test_a_ticket_that_was_deleted_meanwhile_is_left_out(desk: Desk, asked: list[str], found: StoredGap) -> None:
    desk.control("DELETE", f"tickets/{asked[0]}")
    made = draft(desk.run.deps, "acme", found.id)
    assert made.draft is not None
    assert "Made from 1 solved ticket." in made.draft


def test_articles_to_look_at_are_found_with_the_gaps(desk: Desk, asked: list[str]) -> None:
    store, now = desk.store, desk.clock()
    text = "Open the archive page, choose a month, press download, unpack the file and open the table with the costs."
    shelf = [
        article("1", "Download costs", text),
        article("2", "Costs, downloaded", f"{text} Done."),
        article("3", "VAT"),
    ]
    with store.database.write() as transaction:
        store.articles.keep_in(
            transaction, "acme", "helpdesk", store.articles.compare("acme", "helpdesk", shelf), now=now
        )
    first, second, third = sorted(each.id for each in store.articles.find("acme"))
    from app.knowledge.indexing import place_of
    from connectors.index import build

    build(store.articles.to_index("acme"), desk.run.triager.encoder, place_of(desk.run.deps, "acme"))
    for number in range(20):
        store.article_events.add("acme", f"t{number}", third, Act.SHOWN, now=now)
    night(desk)
    kinds = {each.finding.article_id: each.finding.kind for each in store.article_findings.find("acme")}
    assert kinds == {second: Kind.DUPLICATE, third: Kind.NEVER_USED}
    store.articles.set_state("acme", first, ArticleState.OUTDATED, now=now)
    desk.clock.at += timedelta(days=91)
    for number in range(3):
        store.article_events.add("acme", f"u{number}", third, Act.INSERT_LINK, now=desk.clock())
    night(desk)
    [alone] = store.article_findings.find("acme")
    assert (alone.finding.article_id, alone.finding.kind) == (second, Kind.NEVER_SHOWN)


def run(desk: Desk, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    monkeypatch.setattr(cli_kb_gaps, "start", lambda: desk.run.deps)
    return CliRunner().invoke(cli.cli, ["kb", *words])


def test_the_commands(desk: Desk, found: StoredGap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def said(*words: str, exit_code: int = 0) -> Any:
        result = run(desk, monkeypatch, *words)
        assert result.exit_code == exit_code, result.output
        return result.output

    assert said("gaps") == said("gaps", "list")
    assert "4 tickets by 4 people; 2 replies; open" in said("gaps")
    number, out = str(found.id), tmp_path / "draft.md"
    assert "in the queue of ida" in said("gaps", "draft", number, "--author", "ida", "--out", str(out))
    assert out.read_text(encoding="utf-8").startswith("# ")
    assert '"state": "drafted"' in said("gaps", "list", "--author", "ida", "--json")
    assert said("gaps", "list", "--author", "bo", "--json").strip() == "[]"
    assert "is dismissed" in said("gaps", "dismiss", number)
    assert "There is no gap." in said("gaps")
    assert found.gap.title in said("gaps", "list", "--all")
    assert "is open again" in said("gaps", "reopen", number)
    assert "There is no gap 99" in said("gaps", "dismiss", "99", exit_code=1)
    assert '"problem"' in said("gaps", "draft", "99", "--json", exit_code=1)
    assert "0 new gaps, 1 known, 0 gone; 0 findings" in said("gaps", "find")
    assert '"gaps": {"new": 0, "same": 1, "gone": 0}' in said("gaps", "find", "--json")
    assert "Nothing was found." in said("findings")
    assert said("findings", "--kind", "duplicate", "--json").strip() == "[]"
    desk.control("POST", "knobs", {"faults_on": "reads", "rate_429_next": 1, "retry_after_s": 40})
    assert "Try again in" in said("gaps", "draft", number, "--again", exit_code=1)


def requests(desk: Desk) -> int:
    return int(desk.helpdesk.simulator.face.summary()["requests"])
