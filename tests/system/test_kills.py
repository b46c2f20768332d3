"""Any process may be killed at any moment: nothing is lost and nothing happens twice."""

from __future__ import annotations

import os
import signal

import pytest

from app.rehearsal import Rehearsal
from connectors.store.schema import EPOCH
from tests.system.conftest import Start

pytestmark = pytest.mark.system
TICKETS = 66


class Killer:
    """Kills each process once, after so many tickets were decided."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.left = {"web": 6, "worker.1": 18, "clock": 30, "redis": 42}

    def __call__(self) -> None:
        decided = sum(self.rehearsal.deps.store.deliveries.outcomes(since=EPOCH).values())
        for name, after in list(self.left.items()):
            if decided >= after:
                os.kill(self.rehearsal.supervisor.pid(name), signal.SIGKILL)
                del self.left[name]


def test_each_process_killed_once_while_tickets_arrive(start: Start) -> None:
    rehearsal = start(DESKHAND_LEASE_S="4", DESKHAND_RECONCILE_S="2")
    rehearsal.helpdesk("POST", "arrivals", {"per_second": 8, "count": TICKETS})
    killer = Killer(rehearsal)
    rehearsal.settle(tickets=TICKETS, within_s=90, step=killer)
    assert killer.left == {}
    assert set(rehearsal.supervisor.restarts) == {"web", "worker.1", "clock", "redis"}
    score = rehearsal.score()
    assert (score.tickets, score.updates, score.notes) == (TICKETS, TICKETS, TICKETS)
    assert (score.lost, score.duplicated) == (0, 0)
    assert rehearsal.deps.store.replays.parked() == []
