"""Redis only wakes workers up: emptied, killed or without its file, it takes nothing with it."""

from __future__ import annotations

import os
import signal
import time

import pytest
import redis

from app.rehearsal import Rehearsal
from connectors import redis_server
from tests.system.conftest import Start

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]
TICKETS, TIMES = 80, 5


def client(rehearsal: Rehearsal) -> redis.Redis:
    settings = rehearsal.settings
    return redis.Redis.from_url(redis_server.url_for(settings.redis_url, settings.var), socket_timeout=5)


class Emptier:
    """Empties Redis each time that so many more changes are in the helpdesk's log."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.times = 0

    def __call__(self) -> None:
        changed = sum(effect["kind"] == "update" for effect in self.rehearsal.effects())
        if self.times < TIMES and changed >= 3 + 12 * self.times:
            assert client(self.rehearsal).flushall()
            self.times += 1


def all_once(rehearsal: Rehearsal) -> None:
    score = rehearsal.score()
    assert (score.tickets, score.updates, score.notes) == (TICKETS, TICKETS, TICKETS)
    assert (score.lost, score.duplicated) == (0, 0)
    assert rehearsal.deps.store.replays.parked() == []


def test_emptied_five_times_it_loses_nothing(start: Start) -> None:
    rehearsal = start(DESKHAND_RECONCILE_S="86400")
    rehearsal.helpdesk("POST", "arrivals", {"per_second": 60, "count": TICKETS})
    emptier = Emptier(rehearsal)
    rehearsal.settle(tickets=TICKETS, within_s=120, step=emptier)
    assert emptier.times == TIMES
    all_once(rehearsal)


def test_killed_and_its_file_cut_it_comes_back(start: Start) -> None:
    """The end of the file is what a power cut leaves half written."""
    rehearsal = start(DESKHAND_RECONCILE_S="86400")
    rehearsal.helpdesk("POST", "arrivals", {"per_second": 60, "count": TICKETS})
    deadline = time.monotonic() + 60
    while not any(effect["kind"] == "update" for effect in rehearsal.effects()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(rehearsal.supervisor.pid("redis"), signal.SIGSTOP)
    [log] = (rehearsal.settings.var / "redis" / "appendonlydir").glob("*.incr.aof")
    os.kill(rehearsal.supervisor.pid("redis"), signal.SIGKILL)
    os.truncate(log, max(0, log.stat().st_size - 700))
    rehearsal.settle(tickets=TICKETS, within_s=120)
    assert rehearsal.supervisor.restarts["redis"] >= 1
    all_once(rehearsal)
