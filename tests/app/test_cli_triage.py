"""`deskhand triage` as typed, on a desk with a past of its own; the encoder only counts letters, to be quick."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from app import cli, cli_triage
from app.bootstrap import Deps
from app.learning.training import Learner
from connectors.defaults import load_taxonomy
from connectors.simulator import history
from connectors.store import Store
from connectors.store.models import CHALLENGER, CHAMPION, RETIRED
from tests.app.learning.conftest import hashing, shipped
from tests.conftest import new_tenant
from tests.jobs.conftest import Desk, desk, triager, vendor
from tests.model_cards import card
from triage.classify import TicketClassifier

__all__ = ["desk", "shipped", "triager", "vendor"]
SOLVED = 260


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.cli, ["triage", *args])


def out(*args: str) -> dict[str, object]:
    """What a command printed as JSON."""
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


@pytest.fixture
def here(desk: Desk, shipped: TicketClassifier, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The install that the command finds in its environment."""
    desk.clock.at = datetime.now(UTC) + timedelta(minutes=2)
    learner = Learner(deps=desk.run.deps, encoder=hashing(), taxonomy=load_taxonomy(), shipped=shipped)
    monkeypatch.setattr(cli_triage, "start", lambda: desk.run.deps)
    monkeypatch.setattr(cli_triage, "_learner", lambda deps: learner)
    return desk


@pytest.fixture
def only_store(store: Store, tenant: str, here_settings: Deps) -> Store:
    return store


@pytest.fixture
def here_settings(store: Store, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Deps:
    """An install that is connected to nothing that answers."""
    from app.settings import Settings

    deps = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store)
    monkeypatch.setattr(cli_triage, "start", lambda: deps)
    return deps


def test_from_solved_tickets_to_a_model_and_what_it_would_have_done(here: Desk) -> None:
    history.fill(here.helpdesk.simulator.state, count=SOLVED, seed=1, days=60)
    result = run("train")
    assert result.exit_code == 0, result.output
    assert f"{SOLVED:,} of them solved" in result.stdout
    assert "champion" in result.stdout
    assert "Learning …" in result.stderr
    assert "Learning …" not in result.stdout
    [model] = out("evaluate")["models"]  # type: ignore[misc]
    assert (model["state"], model["card"]["target"]) == (CHAMPION, "category")
    assert model["version"] in run("evaluate").stdout
    assert run("train").stdout.endswith(f"Nothing has changed since {model['version']} was trained.\n")

    tried = out("backtest", "--days", "10")
    assert tried["model"] == "A model trained on what was solved before", "the champion learned these very tickets"
    assert sum(row["tickets"] for row in tried["labels"]) == tried["automated"]["of"]  # type: ignore[attr-defined, index]
    assert "wrong" in run("backtest", "--days", "10").stdout

    ref = here.ticket("Cannot sign in", "The password reset mail never arrives, I am locked out.")
    told = run("explain", ref)
    assert f"your own model, {model['version']}" in told.stdout
    assert out("explain", ref)["prediction"]["model_version"] == model["version"]  # type: ignore[index]
    assert here.effects(ref) == []


def test_too_short_a_history_ends_with_1_and_says_what_to_do(here: Desk) -> None:
    history.fill(here.helpdesk.simulator.state, count=20, seed=1, days=60)
    result = run("train")
    assert result.exit_code == 1
    assert "at least 100 are needed" in result.stderr
    asked = run("train", "--json")
    assert asked.exit_code == 1
    assert "at least 100" in json.loads(asked.stdout)["problem"]
    assert run("backtest").exit_code == 0, "the shipped model can be tried on few"


def test_promote_and_rollback_are_one_command_each_and_kept_with_who_and_why(only_store: Store) -> None:
    models = only_store.models
    models.save("acme", card(version="aaa1"), b"file", state=CHAMPION, why="First.")
    later = replace(card(version="bbb2"), trained_at=datetime(2026, 3, 2, tzinfo=UTC))
    models.save("acme", later, b"file", state=CHALLENGER, why="Waits.")
    assert out("promote", "--why", "looks right")["version"] == "bbb2"
    assert models.champion("acme").why.endswith(": looks right")  # type: ignore[union-attr]
    assert "aaa1 answers for category" in run("rollback").stdout
    assert "bbb2 answers for category" in run("promote", "bbb").stdout
    states = {each.version: each.state for each in models.versions("acme")}
    assert states == {"aaa1": RETIRED, "bbb2": CHAMPION}
    assert run("promote", "ccc").exit_code == 1
    run("rollback")
    assert "The shipped model answers for category" in run("rollback").stdout
    ended = run("rollback", "--json")
    assert ended.exit_code == 1
    assert "nothing to go back from" in json.loads(ended.stdout)["problem"]


def test_evaluate_shows_every_part_of_a_card(only_store: Store) -> None:
    only_store.models.save("acme", card(version="aaa1"), b"file", state=CHAMPION, why="First.")
    shown = run("evaluate").stdout
    for part in ("90 of 100", "50 of 100", "Keywords", "F1 0.90", "taken for login", "A note.", "First."):
        assert part in shown
    assert run("evaluate", "--version", "aaa").exit_code == 0
    assert run("evaluate", "--version", "zzz").exit_code == 1
    assert run("evaluate", "--target", "group").exit_code == 1
    only_store.models.save("acme", card(version="g1", target="group", floor=None), b"f", state=CHAMPION, why="First.")
    assert "automates   nothing" in run("evaluate", "--target", "group").stdout


def test_without_a_model_evaluate_says_that_nobody_measured(only_store: Store) -> None:
    result = run("evaluate")
    assert result.exit_code == 1
    assert "nobody measured it on these tickets" in result.stdout


@pytest.mark.parametrize(
    "args", [("train", "--target", "colour"), ("train", "--target", "field:"), ("train", "--limit", "5"), ("explain",)]
)
def test_wrong_usage_ends_with_2(only_store: Store, args: tuple[str, ...]) -> None:
    assert run(*args).exit_code == 2


def test_which_helpdesk_has_to_be_said_when_there_are_several(only_store: Store) -> None:
    only_store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=datetime(2026, 3, 1, tzinfo=UTC))
    result = run("evaluate")
    assert result.exit_code == 2
    assert "acme, other" in result.stderr
    assert run("evaluate", "--tenant", "nobody").exit_code == 2
    assert run("evaluate", "--tenant", "other").exit_code == 1
