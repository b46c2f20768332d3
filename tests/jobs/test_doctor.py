"""The timed check: findings are kept for the console, and a broken helpdesk is a finding, not a failed job."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from connectors.installing import Health
from connectors.queue import DOCTOR, INBOX_JOBS
from connectors.store import Store
from connectors.store.leases import Claim
from connectors.store.schema import throttle
from jobs import runtime
from jobs.doctor import doctor
from jobs.runtime import Runtime
from jobs.schedule import timetable
from tests.app.install_site import Site, site, web


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Site]:
    with web(store, tmp_path) as deps, site(deps, "zendesk") as made:
        runtime.use(Runtime(deps))
        yield made


def run_due(desk: Site, tenant: str) -> dict[str, Any]:
    """Let the timetable start the check, work it, and show its row."""
    store, now = desk.deps.store, desk.deps.now()
    assert store.schedule.run_due(tenant, "doctor", timedelta(minutes=5), now=now)
    claims: list[tuple[Claim, str | None]] = []
    while not any(kind == "doctor" for _, kind in claims):
        claims = store.inbox.claim(now=desk.deps.now(), lease=timedelta(seconds=30), limit=10)
    claim = next(claim for claim, kind in claims if kind == "doctor")
    doctor(claim.id, claim.token)
    doctor(claim.id, claim.token)  # a doubled queue entry finds nothing to do
    return store.deliveries.show(f"in-{claim.id}")


def test_the_check_is_timed_for_every_helpdesk() -> None:
    timed = {each.name: each for each in timetable(Settings.from_env({}))}
    assert timed["doctor"].every == timedelta(minutes=5)
    assert timed["doctor"].tenants is None
    assert INBOX_JOBS["doctor"] == DOCTOR


def test_findings_are_kept_and_nothing_is_mended(desk: Site) -> None:
    tenant = desk.connect().tenant
    face: Any = desk.face
    face.hooks.webhooks.clear()
    row = run_due(desk, tenant)
    found = {each.finding.check: each.finding for each in desk.deps.store.findings.all(tenant)}
    assert (row["state"], found["webhook"].health) == ("done", Health.BAD)
    assert "webhook" in str(row["error"])
    assert not face.hooks.webhooks


def test_a_helpdesk_that_is_away_is_a_finding(desk: Site) -> None:
    tenant = desk.connect().tenant
    desk.running.stop()
    assert run_due(desk, tenant)["state"] == "done"
    found = {each.finding.check: each.finding for each in desk.deps.store.findings.all(tenant)}
    assert found["address"].health is Health.BAD


def test_a_worker_does_not_wait_for_a_helpdesk_that_asked_us_to(desk: Site) -> None:
    tenant = desk.connect().tenant
    now = desk.deps.now()
    desk.deps.store.budgets.hold(tenant, until=now + timedelta(minutes=2))
    before = {each.finding.check: each.checked_at for each in desk.deps.store.findings.all(tenant)}
    assert desk.deps.store.schedule.run_due(tenant, "doctor", timedelta(minutes=5), now=now)
    with desk.deps.store.database.write() as connection:
        connection.execute(throttle.delete())  # the clock hands no row out while a tenant is held: this one just before
    (claim,) = (
        claim
        for claim, kind in desk.deps.store.inbox.claim(now=desk.deps.now(), lease=timedelta(seconds=30), limit=10)
        if kind == "doctor"
    )
    desk.deps.store.budgets.hold(tenant, until=now + timedelta(minutes=2))
    doctor(claim.id, claim.token)
    row = desk.deps.store.deliveries.show(f"in-{claim.id}")
    assert (row["state"], row["tries"]) == ("new", 0)
    assert {each.finding.check: each.checked_at for each in desk.deps.store.findings.all(tenant)} == before
