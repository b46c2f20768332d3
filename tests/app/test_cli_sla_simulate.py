"""`deskhand sla simulate` as typed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import cli, cli_sla_simulate
from app.bootstrap import Deps
from app.settings import Settings
from connectors.defaults import load_sla, sla_text
from connectors.store import Store
from tests.conftest import ToldClock
from triage.sla.log import PrioritySet, Reply, StatusSet
from triage.tickets import Priority, Status


@pytest.fixture
def known(store: Store, tenant: str, clock: ToldClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deps:
    """One P1 that was answered after twenty minutes."""
    deps = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, now=clock)
    monkeypatch.setattr(cli_sla_simulate, "start", lambda: deps)
    now = deps.now()
    began = now - timedelta(hours=2)
    log = (
        StatusSet(at=began, status=Status.NEW),
        PrioritySet(at=began, priority=Priority.P1),
        Reply(at=began + timedelta(minutes=20), by_agent=True),
    )
    with store.database.write() as transaction:
        store.ticket_log.append_in(transaction, tenant, "7", log, now=now)
    return deps


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.cli, ["sla", "simulate", *args])


def test_what_a_longer_promise_would_have_changed(known: Deps, tmp_path: Path) -> None:
    assert "15 min" in sla_text()
    file = tmp_path / "longer.yaml"
    file.write_text(sla_text().replace("15 min", "25 min"), encoding="utf-8")
    result = run(str(file), "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["tickets"], found["better"], found["worse"]) == (1, 1, 0)
    assert found["before"]["metrics"]["first_reply_time"]["late"] == 1
    assert found["after"]["metrics"]["first_reply_time"]["late"] == 0
    assert "1 late of 1" in run(str(file)).stdout


def test_rules_that_cannot_be_read_are_named(known: Deps, tmp_path: Path) -> None:
    assert load_sla()
    file = tmp_path / "broken.yaml"
    file.write_text("policies: 3", encoding="utf-8")
    result = run(str(file))
    assert result.exit_code == 1
    assert "policies" in result.stderr


def test_nothing_to_look_at(known: Deps, tmp_path: Path) -> None:
    file = tmp_path / "same.yaml"
    file.write_text(sla_text(), encoding="utf-8")
    with known.store.database.write() as transaction:
        transaction.exec_driver_sql("DELETE FROM ticket_event")
    result = run(str(file))
    assert result.exit_code == 1
    assert "No ticket was seen" in result.stderr
