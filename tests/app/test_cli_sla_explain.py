"""`deskhand sla explain` as typed, on a ticket whose log is stored; the helpdesk need not answer."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import cli, cli_sla_explain
from app.bootstrap import Deps
from app.settings import Settings
from app.sla import looking
from connectors.store import Store
from tests.conftest import ToldClock, new_tenant
from tests.triage.sla.stories import LADDERED, NOW, REF, WITH_LADDER, local
from triage.sla.log import StatusSet
from triage.tickets import Status


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.cli, ["sla", "explain", *args])


@pytest.fixture
def store_with_ticket(
    store: Store, tenant: str, clock: ToldClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Store:
    clock.at = NOW
    deps = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)
    monkeypatch.setattr(cli_sla_explain, "start", lambda: deps)
    monkeypatch.setattr(looking, "rules_for", lambda store, tenant: WITH_LADDER)
    with store.database.write() as connection:
        store.ticket_log.append_in(connection, tenant, REF, LADDERED, now=NOW)
        waits = [StatusSet(at=local(17, "09:00"), status=Status.NEW)]
        store.ticket_log.append_in(connection, tenant, "7", waits, now=NOW)
    return store


@pytest.mark.usefixtures("store_with_ticket")
def test_it_tells_every_minute_and_who_is_next() -> None:
    result = run(f"#{REF}", "--offline")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].endswith("Tue 17 Nov 2026 14:24 Amsterdam")
    assert lines[1] == "Policy “Enterprise”, priority P2, open. Rules: version 12."
    assert lines[2] == "Schedule “Amsterdam”, by the default: Mon to Fri 08:00–18:00, Amsterdam."
    assert "Resolution: 31 min left. Due 14:55 Amsterdam. Priya Nair was reminded." in lines
    assert "First reply: Met in 38 min. Replied Thu 15:58 Amsterdam, target 1 h." in lines
    assert "Thu 12 Nov 15:20  Opened                    Runs     2 h 40 min   2 h 40 min" in lines
    assert "Fri 11:05         Waiting for the customer  Paused        0 min   5 h 45 min" in lines
    assert "Tue 14:24         Now                                   of 24 h  23 h 29 min" in lines
    assert "Tue 17 Nov  ................############|!------............" in lines
    at = lines.index("Who is told next")
    assert lines[at + 1 : at + 4] == [
        "14:55  Priya Nair, group lead, by chat: level 1, resolution late",
        "15:25  Tomás Rey, duty officer, by page: level 2, resolution late",
        "16:25  Mei Tanaka, head of support, by mail: level 3, resolution late",
    ]


@pytest.mark.usefixtures("store_with_ticket")
def test_the_same_as_json_adds_up() -> None:
    found = json.loads(run(REF, "--offline", "--json").stdout)
    rows = found["ledger"]
    clock = next(each for each in found["clocks"] if each["metric"] == found["metric"])
    assert sum(row["gave_s"] for row in rows) == clock["ran_s"] == 23 * 3600 + 29 * 60
    assert all(one["to"] == other["from"] for one, other in pairwise(rows))
    assert [each["who"] for each in found["next"]] == [["Priya Nair"], ["Tomás Rey"], ["Mei Tanaka"]]
    assert found["native"] == []


@pytest.mark.usefixtures("store_with_ticket")
def test_another_clock_and_another_moment() -> None:
    assert "First reply, every minute and why" in run(REF, "--metric", "first_reply", "--offline").stdout
    earlier = run(REF, "--at", "2026-11-13T12:00+01:00", "--offline").stdout
    assert "Resolution: Paused, 18 h 15 min left. Waiting for the customer since 11:05." in earlier
    assert run(REF, "--metric", "agent_work", "--offline").exit_code == 1


@pytest.mark.usefixtures("store_with_ticket")
def test_a_helpdesk_that_does_not_answer_is_said_and_costs_nothing_else() -> None:
    result = run(REF)
    assert result.exit_code == 0
    assert "The helpdesk does not answer" in result.stdout


@pytest.mark.usefixtures("store_with_ticket")
def test_a_ticket_without_a_priority_says_so() -> None:
    assert "No clock runs: the ticket has no priority yet." in run("7", "--offline").stdout


@pytest.mark.usefixtures("store_with_ticket")
def test_what_is_not_known_ends_with_1_and_what_is_wrong_with_2(store: Store) -> None:
    unknown = run("99", "--offline")
    assert (unknown.exit_code, "Nothing is known of ticket 99 at" in unknown.stderr) == (1, True)
    assert json.loads(run("99", "--offline", "--json").stdout)["error"].startswith("Nothing is known")
    assert run(REF, "--at", "2026-11-01T00:00Z", "--offline").exit_code == 1
    assert run(REF, "--at", "tomorrow").exit_code == 2
    store.tenants.add(new_tenant("globex"), webhook_token="other", now=NOW)
    assert run(REF).exit_code == 2
    other = run(REF, "--tenant", "globex", "--offline")
    assert (other.exit_code, "at globex" in other.stderr) == (1, True)
