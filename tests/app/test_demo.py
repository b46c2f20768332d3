"""What the demo prints for a person to type."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from app import demo_releases
from app.demo import demo_rules, training_command
from app.knowledge.rules import areas
from app.settings import Settings
from connectors.defaults import load_sla
from triage import knowledge_reading
from triage.reviews.changes import changes_of
from triage.sla.reading import rules_from
from triage.sla.remarks import remarks


@pytest.mark.parametrize("folder", ["here", "there is a space"])
def test_the_line_to_train_reaches_the_demos_own_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setattr(os, "environ", {"DATABASE_URL": "sqlite:////elsewhere/other.sqlite3"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(tmp_path / "bin" / "deskhand"), "demo"])
    var = tmp_path / folder / "demo"
    demo = Settings.from_env({"DESKHAND_VAR": str(var), "DESKHAND_MODELS": "/models"})
    *given, program, group, command = shlex.split(training_command(demo))
    typed = Settings.from_env({**os.environ, **dict(word.split("=", 1) for word in given)})
    assert (typed.var, typed.models, typed.database_url) == (demo.var, demo.models, demo.database_url)
    assert (program, group, command) == ("bin/deskhand", "triage", "train")


def test_the_demos_ladders_reach_people() -> None:
    """But for the assignee: nobody is assigned to a ticket that has just come."""
    strange = list(remarks(rules_from(demo_rules(), version="demo")))
    assert all("level 1" in each and "helpdesk_id" in each for each in strange), strange
    assert load_sla()["escalation"]["leads"] == {}, "the shipped rules stay as they are"


def test_the_demos_articles_have_owners_whom_mails_reach_and_its_releases_tell_of_changes() -> None:
    rules = knowledge_reading.rules_from(demo_releases.demo_rules(), version="demo", areas=areas())
    people = rules_from(demo_rules(), version="demo").escalation.people
    assert {people[each].email for each in (*rules.owners.values(), rules.owner or "")} >= {
        "ana.lind@fieldline.example"
    }
    assert all(set(each["product_areas"]) <= set(areas()) for each in demo_releases.RELEASES)
    assert all(changes_of(each["notes"]) for each in demo_releases.RELEASES)
