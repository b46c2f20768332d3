"""`deskhand config` as typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import cli, cli_config
from app.bootstrap import Deps
from app.settings import Settings
from app.sla.rules import rules_for
from connectors.defaults import knowledge_text, load_sla, sla_text
from connectors.store import Store
from connectors.yaml_text import dump, parse
from tests.conftest import ToldClock
from triage.sla.log import StatusSet
from triage.tickets import Status


@pytest.fixture
def desk(store: Store, tenant: str, clock: ToldClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    deps = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, now=clock)
    monkeypatch.setattr(cli_config, "start", lambda: deps)
    monkeypatch.setattr(cli_config, "user", lambda: "ana")
    return store


def run(*args: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli.cli, ["config", *args], input=given)


def out(*args: str, given: str | None = None, status: int = 0) -> dict[str, Any]:
    result = run(*args, "--json", given=given)
    assert result.exit_code == status, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def changed(first_reply: str = "10 min") -> str:
    return sla_text().replace("first_reply: 15 min", f"first_reply: {first_reply}")


def test_a_fresh_install_exports_the_shipped_rules_with_what_explains_them(desk: Store) -> None:
    result = run("export", "sla")
    assert (result.exit_code, result.stdout) == (0, sla_text())
    assert out("export", "sla")["version"] is None
    assert run("import", "sla", "-", given=result.stdout).stdout == "Nothing changes.\n"
    assert desk.config.versions("acme", "sla") == []


def test_a_file_is_put_into_use_and_comes_out_again(desk: Store, tmp_path: Path) -> None:
    file = tmp_path / "sla.yaml"
    file.write_text(changed(), encoding="utf-8")
    result = run("import", "sla", str(file), "--why", "promised in May")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "~ policies[standard].targets.P1.first_reply: 15 min -> 10 min",
        "Version 1 holds from now on.",
    ]
    stored = desk.config.current("acme", "sla")
    assert stored is not None
    assert (stored.by, stored.why) == ("ana on the command line", "promised in May")
    assert rules_for(desk, "acme").policies[0].targets[0].target_minutes == 10
    exported = run("export", "sla").stdout
    assert exported.startswith(
        "# Version 1 of the service-level rules, by ana on the command line on 2026-11-17 13:46 UTC: promised in May\n"
    )
    assert parse(exported) == parse(changed())
    assert run("import", "sla", "-", given=exported).stdout == "Nothing changes.\n"
    assert out("export", "sla")["body"] == parse(changed())


def test_every_version_can_be_looked_at_and_brought_back(desk: Store) -> None:
    for first_reply in ("10 min", "20 min"):
        assert out("import", "sla", "-", "--by", "Ben", given=changed(first_reply))["version"]
    assert "first_reply: 10 min" in run("export", "sla", "--version", "1").stdout
    result = run("diff", "sla", "--version", "1")
    assert (result.exit_code, result.stdout) == (
        1,
        "~ policies[standard].targets.P1.first_reply: 10 min -> 20 min\n",
    )
    run("import", "sla", "-", given=run("export", "sla", "--version", "1").stdout)
    assert [(each.version, each.by) for each in desk.config.versions("acme", "sla")] == [
        (3, "ana on the command line"),
        (2, "Ben"),
        (1, "Ben"),
    ]
    assert run("diff", "sla", "--version", "1").exit_code == 0


def test_a_dry_run_and_a_diff_save_nothing(desk: Store) -> None:
    result = run("import", "sla", "-", "--dry-run", given=changed())
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Nothing was saved."
    assert out("import", "sla", "-", "--dry-run", given=changed())["version"] is None
    told = out("diff", "sla", "-", given=changed(), status=1)
    assert told["changes"] == [
        {
            "kind": "changed",
            "place": "policies[standard].targets.P1.first_reply",
            "before": "15 min",
            "after": "10 min",
        }
    ]
    result = run("diff", "sla", "-", given=sla_text())
    assert (result.exit_code, result.stdout) == (0, "No difference.\n")
    assert desk.config.versions("acme", "sla") == []


def test_every_problem_is_shown_and_nothing_is_saved(desk: Store) -> None:
    wrong = {**load_sla(), "paused_in": ["solved"], "polices": []}
    result = run("import", "sla", "-", given=dump(wrong))
    assert result.exit_code == 1
    assert "paused_in: “solved” cannot pause a clock." in result.stderr
    assert "polices: is not known here. Did you mean `policies`?" in result.stderr
    assert result.stderr.endswith("2 problems. Nothing was saved.\n")
    assert len(out("diff", "sla", "-", given=dump(wrong), status=1)["problems"]) == 2
    twice = run("import", "sla", "-", given="policies: []\npolicies: []")
    assert (twice.exit_code, twice.stderr.splitlines()[0]) == (1, "line 2, column 1: “policies” stands here twice.")
    assert desk.config.versions("acme", "sla") == []


def test_whom_a_ladder_does_not_reach_is_said(desk: Store) -> None:
    result = run("import", "sla", "-", given=changed())
    assert "Note: Ladder “Late”, level 3, reaches nobody and is passed over: Support manager has no `email`." in (
        result.stderr.splitlines()
    )
    assert len(out("diff", "sla", "-", given=changed(), status=0)["notes"]) > 3


def test_tickets_are_looked_at_again_under_other_rules(desk: Store, clock: ToldClock) -> None:
    with desk.database.write() as connection:
        opened = StatusSet(at=clock(), status=Status.OPEN)
        desk.ticket_log.append_in(connection, "acme", "48213", [opened], now=clock())
    run("import", "sla", "-", "--dry-run", given=changed())
    assert desk.timers.take("acme", clock(), 10) == {}
    run("import", "sla", "-", given=changed())
    assert desk.timers.take("acme", clock(), 10) == {"48213": clock()}


def test_what_makes_no_sense_is_wrong_usage(desk: Store, tmp_path: Path) -> None:
    for wrong in (
        ["export", "nothing"],
        ["export", "sla", "--version", "3"],
        ["import", "sla", str(tmp_path / "missing.yaml")],
        ["diff", "sla"],
        ["diff", "sla", "-", "--version", "1"],
        ["export", "sla", "--tenant", "nobody"],
    ):
        assert run(*wrong, given="").exit_code == 2


def test_knowledge_rules_go_out_and_come_in(desk: Store) -> None:
    shipped = run("export", "knowledge")
    assert (shipped.exit_code, shipped.stdout) == (0, knowledge_text())
    changed_rules = knowledge_text().replace("within_days: 10 ", "within_days: 5 ")
    assert out("import", "knowledge", "-", given=changed_rules)["version"] == 1
    assert "within_days: 5" in run("export", "knowledge").stdout
    refused = out("import", "knowledge", "-", given="owners: {sso: mei}\nreview: {within_days: no}", status=1)
    assert [each.partition(":")[0] for each in refused["problems"]] == ["owners.sso", "review.within_days"]
    assert run("export", "sla").stdout == sla_text(), "another kind"
