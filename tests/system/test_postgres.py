"""The real processes on PostgreSQL: a worker is killed, and every ticket is written to exactly once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from app.rehearsal import Rehearsal
from connectors.store.schema import EPOCH
from tests.postgres import Postgres
from tests.system.conftest import Start

pytestmark = pytest.mark.system
TICKETS = 66
KILL_AFTER = 18


@pytest.fixture
def server_url() -> Iterator[str]:
    with Postgres() as server:
        yield server.url(server.create())


class Killer:
    """Kills the worker once, after so many tickets were decided."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.killed = False

    def __call__(self) -> None:
        decided = sum(self.rehearsal.deps.store.deliveries.outcomes(since=EPOCH).values())
        if not self.killed and decided >= KILL_AFTER:
            os.kill(self.rehearsal.supervisor.pid("worker.1"), signal.SIGKILL)
            self.killed = True


def test_a_worker_killed_while_tickets_arrive(start: Start, server_url: str) -> None:
    rehearsal = start(DATABASE_URL=server_url, DESKHAND_LEASE_S="4", DESKHAND_RECONCILE_S="2")
    rehearsal.helpdesk("POST", "arrivals", {"per_second": 8, "count": TICKETS})
    killer = Killer(rehearsal)
    rehearsal.settle(tickets=TICKETS, within_s=90, step=killer)
    assert killer.killed
    assert set(rehearsal.supervisor.restarts) == {"worker.1"}
    score = rehearsal.score()
    assert (score.tickets, score.updates, score.notes) == (TICKETS, TICKETS, TICKETS)
    assert (score.lost, score.duplicated) == (0, 0)
    assert rehearsal.deps.store.replays.parked() == []
