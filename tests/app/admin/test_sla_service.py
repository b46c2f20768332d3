"""The SLA page over the real store: whose rules and log, and what is wrong with them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.bootstrap import Deps
from app.console import ConsoleService
from app.settings import Settings
from connectors.defaults import load_sla
from connectors.store import Store
from connectors.store.config import SLA
from connectors.store.tenants import UnknownTenant
from tests.conftest import ToldClock, new_tenant
from triage.sla.log import PrioritySet, StatusSet
from triage.sla.policies import Metric
from triage.tickets import Priority, Status

pytestmark = pytest.mark.on_both


@pytest.fixture
def service(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> ConsoleService:
    return ConsoleService(Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock))


def begin(store: Store, clock: ToldClock, ref: str, tenant: str = "acme") -> None:
    since = clock() - timedelta(minutes=5)
    events = [StatusSet(at=since, status=Status.OPEN), PrioritySet(at=since, priority=Priority.P1)]
    with store.database.write() as transaction:
        store.ticket_log.append_in(transaction, tenant, ref, events, now=clock())


def test_a_fresh_install_shows_the_shipped_rules(service: ConsoleService) -> None:
    page = service.sla_page(None, "", compare=False)
    assert page
    assert page.rules
    assert (page.is_default, page.asked, page.case) == (True, "", None)
    assert [policy.title for policy in page.rules.policies] == ["Standard"]


def test_a_ticket_is_explained_from_its_own_tenants_log(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    store.tenants.add(new_tenant("globex"), webhook_token="other", now=clock())
    begin(store, clock, "7")
    mine, theirs = (service.sla_page(name, "7", compare=False) for name in ("acme", "globex"))
    assert mine
    assert mine.case
    assert mine.case.standing.clocks[Metric.FIRST_REPLY_TIME].ran == timedelta(minutes=5)
    assert theirs
    assert theirs.case
    assert theirs.case.standing.created_at is None


def test_own_rules_are_those_that_are_shown(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    body = {**load_sla(), "policies": [{**load_sla()["policies"][0], "title": "Ours"}]}
    store.config.save("acme", SLA, body, by="Ana", why="", now=clock())
    page = service.sla_page("acme", "", compare=False)
    assert page
    assert page.rules
    assert (page.is_default, page.rules.policies[0].title, page.rules.version) == (False, "Ours", "1")


def test_rules_of_a_later_version_are_a_problem_and_no_crash(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    store.config.save("acme", SLA, {"policies": 7}, by="Ana", why="", now=clock())
    page = service.sla_page("acme", "7", compare=False)
    assert page
    assert page.rules is None
    assert "policies" in page.problem


def test_comparing_with_a_helpdesk_that_is_away_says_so(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    begin(store, clock, "7")
    page = service.sla_page("acme", "7", compare=True)
    assert page
    assert page.native
    assert page.native.problem.startswith("The helpdesk does not answer.")


def test_a_tenant_that_is_not_there_raises(service: ConsoleService) -> None:
    with pytest.raises(UnknownTenant):
        service.sla_page("nobody", "", compare=False)
