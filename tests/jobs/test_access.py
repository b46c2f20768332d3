"""Tokens that end: renewed in time, renewed once after a 401, by one process; else "reconnect needed"."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.bootstrap import Deps
from app.settings import Settings
from connectors import registry
from connectors.store import Store
from connectors.store.database import Database
from connectors.store.schema import secret
from jobs import runtime
from jobs.access import FRESH, OVERLAP, exchange, renewed
from jobs.clock import Clock
from jobs.own_threads import OwnThreads
from jobs.runtime import Runtime
from tests.conftest import ToldClock, new_tenant
from tests.jobs import renewing_vendor
from tests.jobs.conftest import Direct
from tests.jobs.renewing_vendor import LIFE, RenewingVendor


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> RenewingVendor:
    monkeypatch.setitem(registry.VENDORS, "renewing", "tests.jobs.renewing_vendor:VENDOR")
    monkeypatch.setattr(renewing_vendor, "VENDOR", RenewingVendor())
    return renewing_vendor.VENDOR


@pytest.fixture
def deps(store: Store, clock: ToldClock, tmp_path: Path, vendor: RenewingVendor) -> Deps:
    store.tenants.add(new_tenant(vendor="renewing"), webhook_token="path-token", now=clock())
    store.access.save("acme", "oauth", {"client_secret": "ours"}, vendor.first(clock()))
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path)})
    return Deps(settings, store, clock)


class Line:
    """The clock and the jobs of one process, stepped by hand; only renewal and reconciliation run."""

    def __init__(self, deps: Deps) -> None:
        run = Runtime(deps)
        runtime.use(run)
        self.queue = Direct()
        self.clock = Clock(run, self.queue)  # type: ignore[arg-type]
        runs = ("renew", "reconcile")
        self.clock.timetable = tuple(each for each in self.clock.timetable if each.name in runs)

    def work(self) -> list[str]:
        names = []
        for _ in range(5):
            self.clock.turn()
            jobs, self.queue.waiting = self.queue.waiting, []
            for job, row_id, token in jobs:
                OwnThreads.find(job)(row_id, token)
                names.append(job.rpartition(".")[2])
        return names


def token(deps: Deps) -> str:
    return deps.store.tenants.connection("acme").token


def is_broken(deps: Deps) -> bool:
    status = deps.store.access.status("acme")
    return status is not None and status.broken_at is not None


def test_a_token_is_renewed_before_it_ends_and_not_sooner(deps: Deps, clock: ToldClock, vendor: RenewingVendor) -> None:
    line = Line(deps)
    clock.at += LIFE * 0.79
    assert "renew" not in line.work()
    clock.at += LIFE * 0.02
    assert line.work()[0] == "renew"
    assert (token(deps), vendor.exchanges) == ("access-2", 1)
    clock.forward(minutes=2)
    assert "renew" not in line.work()
    clock.at += LIFE
    line.work()
    assert (token(deps), vendor.exchanges) == ("access-3", 2)


def test_a_helpdesk_that_is_away_is_asked_again_and_the_old_token_stays(
    deps: Deps, clock: ToldClock, vendor: RenewingVendor
) -> None:
    line = Line(deps)
    vendor.down = 2
    clock.at += LIFE * 0.85
    for _ in range(3):
        line.work()
        assert not is_broken(deps)
        clock.forward(seconds=20)
    line.work()
    assert (token(deps), vendor.exchanges) == ("access-2", 1)


def test_a_refused_renewal_says_reconnect_needed(deps: Deps, clock: ToldClock, vendor: RenewingVendor) -> None:
    line = Line(deps)
    vendor.revoke()
    clock.at += LIFE * 0.85
    line.work()
    status = deps.store.access.status("acme")
    assert status is not None
    assert status.broken_reason == "invalid_grant: the refresh token was used before"
    clock.forward(hours=5)
    assert line.work() == []
    assert vendor.exchanges == 1


def test_a_401_in_a_job_renews_once_and_the_row_goes_on(deps: Deps, clock: ToldClock, vendor: RenewingVendor) -> None:
    line = Line(deps)
    clock.forward(minutes=30)
    vendor.valid = set()
    line.work()
    assert (token(deps), vendor.exchanges) == ("access-2", 1)
    clock.forward(seconds=1)
    assert line.work() == ["reconcile"]
    [row] = deps.store.deliveries.newest()
    assert (row.state, row.tries, vendor.exchanges) == ("done", 1, 1)


def test_a_fresh_token_that_is_refused_is_not_renewed_for_ever(
    deps: Deps, clock: ToldClock, vendor: RenewingVendor
) -> None:
    line = Line(deps)
    clock.forward(minutes=30)
    for _ in range(12):
        vendor.valid = set()
        line.work()
        clock.forward(seconds=1)
    assert vendor.exchanges == 1
    assert is_broken(deps)


def test_a_token_that_cannot_be_renewed_is_given_up_at_once(
    deps: Deps, store: Store, clock: ToldClock, vendor: RenewingVendor
) -> None:
    store.tenants.set_secret("acme", "api_token", "by hand")
    with store.database.write() as connection:
        connection.execute(secret.delete().where(secret.c.name == "refresh_token"))
    clock.at += FRESH * 2
    assert not renewed(deps, "acme", "401: revoked", used_since=clock())
    assert (is_broken(deps), vendor.exchanges) == (True, 0)


def test_what_began_before_or_just_after_a_renewal_only_tries_again(
    deps: Deps, clock: ToldClock, vendor: RenewingVendor
) -> None:
    began = clock.forward(minutes=50)
    assert exchange(deps, "acme", used_since=clock.forward(seconds=1))
    for used_since in (began, clock(), clock() + OVERLAP):
        clock.at = max(clock.at, used_since)
        assert renewed(deps, "acme", "401", used_since=used_since)
    assert (vendor.exchanges, is_broken(deps)) == (1, False)


def test_of_two_processes_that_are_refused_at_once_one_renews(
    deps: Deps, store: Store, clock: ToldClock, vendor: RenewingVendor
) -> None:
    second = Deps(deps.settings, Store(Database(store.database.url), store.vault), clock)
    clock.forward(minutes=50)
    vendor.takes_s = 0.1
    answers: list[bool] = []
    together = threading.Barrier(6)

    def refused(process: Deps) -> None:
        together.wait(10)
        answers.append(renewed(process, "acme", "401", used_since=clock()))

    threads = [threading.Thread(target=refused, args=(process,)) for process in (deps, second) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    second.store.database.close()
    assert answers == [True] * 6
    assert (vendor.exchanges, token(deps), is_broken(deps)) == (1, "access-2", False)


def test_while_one_process_renews_the_timed_job_of_another_does_not(
    deps: Deps, clock: ToldClock, vendor: RenewingVendor
) -> None:
    line = Line(deps)
    clock.at += LIFE * 0.85
    vendor.meanwhile = lambda: seen.append(exchange(deps, "acme", used_since=clock()))
    seen: list[bool] = []
    line.work()
    assert (seen, vendor.exchanges, token(deps)) == ([True], 1, "access-2")


def test_after_reconnecting_the_line_goes_on_by_itself(deps: Deps, clock: ToldClock, vendor: RenewingVendor) -> None:
    line = Line(deps)
    clock.forward(minutes=30)
    vendor.revoke()
    line.work()
    assert is_broken(deps)
    clock.forward(seconds=1)
    vendor.valid, vendor.refresh = {"access-1"}, "refresh-1"
    deps.store.access.save("acme", "oauth", {"client_secret": "ours"}, vendor.first(clock()))
    assert line.work() == ["reconcile"]
    [row] = deps.store.deliveries.newest()
    assert row.state == "done"
