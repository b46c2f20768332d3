"""`python -m jobs.clock`: one leader that hands due rows to the workers and starts what the timetable says."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from app.logs import Sentence
from connectors.crash import crash_point
from connectors.queue import SEND, QueueDown, WakeUps, connect, job_for
from connectors.redis_server import url_for
from connectors.store.clockwork import LEADER_LEASE, Leadership
from connectors.store.leases import Claim
from jobs.backup import Backups
from jobs.own_threads import OwnThreads
from jobs.runtime import Runtime, begin, log
from jobs.schedule import timetable

GRACE = timedelta(seconds=10)
"""How long Redis may be away before the clock runs the jobs itself: slower, and nothing waits for a person."""
BATCH = 50
STOP_S = 5.0
"""How long a clock that ends waits for a backup under way."""


class Clock:
    """Sweeps until told to stop; `turn` is one sweep, so that tests can step it."""

    def __init__(self, run: Runtime, queue: WakeUps) -> None:
        self.run = run
        self.queue = queue
        self.own_threads = OwnThreads(run)
        self.backups = Backups(run)
        self.leadership = Leadership(run.store.database, run.owner, LEADER_LEASE)
        self.lease = timedelta(seconds=run.deps.settings.lease_s)
        self.timetable = timetable(run.deps.settings)
        self.lead_again_at: datetime | None = None
        self.timetable_at: datetime | None = None
        self.redis_down_since: datetime | None = None

    def turn(self) -> int:
        """Lead, start what is due, hand out rows; returns how many were handed out."""
        now = self.run.now()
        self.own_threads.tend()
        if _is_time(self.lead_again_at, now):
            leads = self.leadership.hold(now)
            self.lead_again_at = now + (LEADER_LEASE / 3 if leads else timedelta(seconds=1))
        if self.leadership.token is None:
            return 0
        if _is_time(self.timetable_at, now):
            self.start_timed(now)
            self.backups.tend(now)
            self.timetable_at = now + timedelta(seconds=1)
        try:
            # Also after an outage: what Redis had not yet written when it died is gone.
            if self.queue.forgot() or self.redis_down_since is not None:
                self.take_back()
            handed = self.hand_out(self.queue, now)
            self.redis_down_since = None
        except QueueDown as error:
            if self.redis_down_since is None:
                log.warning("Redis is away: %s", Sentence(error))
            self.redis_down_since = self.redis_down_since or now
            handed = 0
        if self.redis_down_since is not None and now - self.redis_down_since >= GRACE:
            handed = self.hand_out(self.own_threads, now)
        return handed

    def start_timed(self, now: datetime) -> None:
        wanted = {timed.name: timed.tenants(self.run.store, now) for timed in self.timetable if timed.tenants}
        for tenant in self.run.store.tenants.all():
            for timed in self.timetable:
                if timed.tenants is None or tenant.id in wanted[timed.name]:
                    self.run.store.schedule.run_due(tenant.id, timed.name, timed.every, now=now, rank=timed.rank)

    def take_back(self) -> None:
        """Rows whose wake-ups Redis lost are due again now, not when their leases end."""
        lost = self.run.store.inbox.release_queued() + self.run.store.outbox.release_queued()
        if lost:
            log.warning("Redis lost what was queued: %s rows are handed out again", lost)

    def hand_out(self, workers: WakeUps | OwnThreads, now: datetime) -> int:
        """Lease due rows and give them to `workers`; raises `QueueDown` with everything not given released."""
        room = min(BATCH, workers.room())
        inbox, outbox = self.run.store.inbox, self.run.store.outbox
        handed = 0
        if room and outbox.has_due(now):
            effects = outbox.claim(now=now, lease=self.lease, limit=room)
            handed += _give(workers, [(SEND, claim) for claim in effects], outbox.release)
        if room and inbox.has_due(now):
            events = inbox.claim(now=now, lease=self.lease, limit=room)
            jobs = [(job_for(kind), claim) for claim, kind in events]
            handed += _give(workers, jobs, inbox.release)
        return handed

    def stop(self) -> None:
        self.own_threads.stop()
        self.backups.wait(STOP_S)
        self.leadership.resign()


def _is_time(at: datetime | None, now: datetime) -> bool:
    """Also when `at` is further ahead than it was ever set: the machine's clock went back."""
    return at is None or not now < at <= now + LEADER_LEASE


def _give(
    workers: WakeUps | OwnThreads, jobs: Sequence[tuple[str, Claim]], release: Callable[[Sequence[Claim]], None]
) -> int:
    if jobs:
        crash_point("clock.claimed")
    for position, (job, claim) in enumerate(jobs):
        try:
            workers.wake(job, claim.id, claim.token)
            crash_point("clock.woken")
        except QueueDown:
            release([left for _, left in jobs[position:]])
            raise
    return len(jobs)


def main() -> int:
    run = begin()
    settings = run.deps.settings
    clock = Clock(run, WakeUps(connect(url_for(settings.redis_url, settings.var))))
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    log.info("ready")
    while not stopping.is_set():
        try:
            clock.turn()
        except SQLAlchemyError as error:
            log.warning("the database is busy or away: %s", type(error).__name__)
            stopping.wait(1.0)
        stopping.wait(settings.sweep_s)
    with suppress(SQLAlchemyError):  # without the database its lead ends by itself
        clock.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
