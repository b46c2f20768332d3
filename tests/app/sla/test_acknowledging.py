"""Acknowledging: once, for what began before, and the timer rings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.bootstrap import Deps
from app.settings import Settings
from app.sla.acknowledging import acknowledge, held
from connectors.store import Store
from tests.app.sla.ground import REF, keep, opened, with_people
from tests.conftest import ToldClock, new_tenant
from triage.escalation.taking import Taking
from triage.sla.log import Acknowledged, StatusSet
from triage.tickets import Status


@pytest.fixture
def deps(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Deps:
    made = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)
    with_people(made)
    opened(made, clock() - timedelta(hours=2))
    return made


def taken(deps: Deps) -> list[Acknowledged]:
    return [event for event in deps.store.ticket_log.read("acme", REF) if isinstance(event, Acknowledged)]


def test_whoever_says_so_has_it_and_the_next_sweep_looks(deps: Deps, clock: ToldClock) -> None:
    assert acknowledge(deps, "acme", REF, by="Priya Nair", way="panel", now=clock())
    assert taken(deps) == [Acknowledged(at=clock(), by="Priya Nair", way="panel")]
    assert deps.store.timers.take("acme", clock(), 10) == {REF: clock()}


def test_saying_it_again_changes_nothing(deps: Deps, clock: ToldClock) -> None:
    acknowledge(deps, "acme", REF, by="Priya Nair", way="panel", now=clock())
    clock.forward(minutes=1)
    assert not acknowledge(deps, "acme", REF, by="Mei Tanaka", way="mail", now=clock())
    assert [each.by for each in taken(deps)] == ["Priya Nair"]


def test_what_gets_late_afterwards_can_be_taken_again(deps: Deps, clock: ToldClock) -> None:
    late_at, clock.at = clock(), clock() - timedelta(minutes=100)
    assert acknowledge(deps, "acme", REF, by="Priya Nair", way="panel", now=clock())
    clock.at = late_at
    assert acknowledge(deps, "acme", REF, by="Mei Tanaka", way="panel", now=clock())


def test_a_solved_ticket_is_nobodys_to_take(deps: Deps, clock: ToldClock) -> None:
    keep(deps, StatusSet(at=clock() - timedelta(minutes=1), status=Status.SOLVED))
    assert not acknowledge(deps, "acme", REF, by="Priya Nair", way="mail", now=clock())
    assert taken(deps) == []
    assert deps.store.timers.take("acme", clock(), 10) == {}


def test_it_counts_from_when_it_was_said(deps: Deps, clock: ToldClock) -> None:
    """A pager's word that comes late, or again, says nothing about what began since."""
    before_due = clock() - timedelta(minutes=90)
    assert acknowledge(deps, "acme", REF, by="Priya Nair", way="page", now=clock(), at=before_due)
    assert not acknowledge(deps, "acme", REF, by="Priya Nair", way="page", now=clock(), at=before_due)
    assert held(deps, "acme", REF, now=clock()).taken.state is Taking.OPEN


def test_nobody_says_it_ahead_of_time(deps: Deps, clock: ToldClock) -> None:
    acknowledge(deps, "acme", REF, by="Priya Nair", way="page", now=clock(), at=clock() + timedelta(days=1))
    assert [each.at for each in taken(deps)] == [clock()]


def test_anothers_ticket_of_the_same_number_is_left_alone(deps: Deps, clock: ToldClock) -> None:
    deps.store.tenants.add(new_tenant("globex"), webhook_token="other", now=clock())
    opened(deps, clock() - timedelta(hours=2), tenant="globex")
    acknowledge(deps, "globex", REF, by="Mei Tanaka", way="panel", now=clock())
    assert taken(deps) == []
