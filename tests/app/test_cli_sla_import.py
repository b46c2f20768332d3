"""`deskhand sla import` as typed, on a helpdesk with policies and schedules of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import cli, cli_sla_import
from app.sla.importing import compare
from app.sla.rules import default_rules, rules_for
from connectors.base import Feature
from connectors.registry import VENDORS
from connectors.simulator.state import Draft, Origin
from tests.jobs.conftest import Desk, desk, triager
from triage.sla import Metric
from triage.tickets import Priority

__all__ = ["desk", "triager"]


@pytest.fixture(params=sorted(VENDORS))
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def here(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The install that the command finds in its environment, at the same time as the helpdesk: a Tuesday at 14:46."""
    desk.helpdesk.simulator.state.now = desk.clock
    desk.control("POST", "knobs", {"due_lag_s": 0})
    monkeypatch.setattr(cli_sla_import, "start", lambda: desk.run.deps)
    return desk


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.cli, ["sla", "import", *args])


def out(*args: str) -> dict[str, Any]:
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def tells_holidays(here: Desk) -> bool:
    return Feature.HOLIDAYS in here.run.helpdesk("acme").features


def test_the_helpdesks_policies_and_schedules_become_our_rules(here: Desk) -> None:
    result = run("--tickets", "0")
    assert result.exit_code == 0, result.output
    assert "Version 1 holds from now on." in result.stdout
    rules = rules_for(here.store, "acme")
    assert rules.version == "1"
    gold, standard, *_ = rules.policies
    assert (gold.title, standard.title) == ("Gold", "Standard")
    assert set(gold.applies_to) == {"organization_id"}
    assert not standard.applies_to
    berlin = rules.schedules[rules.default_schedule]
    assert (berlin.name, berlin.time_zone) == ("Berlin", "Europe/Berlin")
    assert ("Christmas" in {each.name for each in berlin.holidays}) is tells_holidays(here)
    assert ("add them under its `holidays`" in result.stdout) is not tells_holidays(here)
    promised = rules.promised({"organization_id": gold.applies_to["organization_id"][:1]}, Priority.P3)
    assert promised[Metric.FIRST_REPLY_TIME][0] == timedelta(hours=4)
    assert rules.escalation.ladders, "who is told stays as it was"
    again = out("--tickets", "0")
    assert (again["version"], again["changes"]) == (None, [])


def test_a_dry_run_saves_nothing(here: Desk) -> None:
    told = out("--dry-run", "--tickets", "0")
    assert told["version"] is None
    assert told["changes"]
    assert rules_for(here.store, "acme") is default_rules()


def opened(here: Desk, priority: str = "normal") -> str:
    """A ticket of a gold customer."""
    state = here.helpdesk.simulator.state
    gold = next(each for each in state.policies.values() if each.title == "Gold").organization_ids
    who = next(each for each in state.users.values() if each.organization_id in gold and not each.is_staff)
    draft = Draft(requester_id=who.id, subject="Export", body="It stops at 40 %.", attributes={"priority": priority})
    return str(state.create_ticket(draft, Origin(actor_id=who.id, channel="mail"))[0].id)


def clocks(ref: str) -> dict[str, tuple[bool, str]]:
    return {each["metric"]: (each["agrees"], each["why"]) for each in out()["compared"]["tickets"][ref]}


def promise(here: Desk, title: str, **changes: Any) -> None:
    """Change a policy in the helpdesk."""
    state = here.helpdesk.simulator.state
    (policy,) = (each for each in state.policies.values() if each.title == title)
    state.put(state.policies, replace(policy, **changes))


def test_due_times_of_open_tickets_are_the_helpdesks_own(here: Desk) -> None:
    urgent = opened(here, "urgent")
    here.clock.forward(minutes=1)
    normal = opened(here)
    told = out()["compared"]
    assert (told["skipped"], told["stopped"]) == (0, "")
    for ref in (urgent, normal):
        read = {each["metric"]: each for each in told["tickets"][ref]}
        assert {"first_reply_time", "full_resolution_time"} <= set(read)
        for name in ("first_reply_time", "full_resolution_time"):
            assert (read[name]["agrees"], read[name]["why"], read[name]["by_s"]) == (True, "", 0)
    assert "open tickets, ours and the helpdesk's own" in run().stdout
    assert list(out("--tickets", "1")["compared"]["tickets"]) == [normal]


def test_why_a_due_time_differs_is_said(here: Desk) -> None:
    """The reply is due by Tuesday at 18:46 in calendar hours, by Wednesday at 08:46 in the desk's own."""
    run("--tickets", "0")
    ref = opened(here)
    state = here.helpdesk.simulator.state
    (gold,) = (each for each in state.policies.values() if each.title == "Gold")
    promise(here, "Gold", targets={**gold.targets, "normal": (240, 1440, False)})
    compared = compare(here.run.deps, "acme", rules_for(here.store, "acme"), most=5).tickets[ref]
    told = {each.metric: (each.agrees, each.why) for each in compared}
    assert told[Metric.FIRST_REPLY_TIME] == (False, "the helpdesk counts day and night")
    assert told[Metric.FULL_RESOLUTION_TIME] == (False, "the helpdesk counts day and night")
    assert clocks(ref)["first_reply_time"] == (True, ""), "taken over with the next import"


def test_a_spent_budget_ends_the_comparison_early_and_says_so(here: Desk) -> None:
    opened(here)
    run("--tickets", "0")
    here.control("POST", "knobs", {"error_5xx_share": 1.0})
    report = compare(here.run.deps, "acme", rules_for(here.store, "acme"), most=5)
    assert report.stopped
    assert report.tickets == {}


def test_policies_that_cannot_be_used_are_refused_with_their_problems(here: Desk) -> None:
    state = here.helpdesk.simulator.state
    for schedule in list(state.schedules.values()):
        state.put(state.schedules, replace(schedule, intervals=()))
    result = run()
    assert result.exit_code == 1
    assert "has no weekly hours" in result.stderr
    assert "Nothing was saved" in result.stderr
    assert rules_for(here.store, "acme") is default_rules()
