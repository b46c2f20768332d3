"""A process that has loaded everything once and forks a child for each piece of work that may be killed.

The encoder takes seconds to load and a run of a crash test milliseconds. One JSON object comes in a line on stdin, an
`Order`; when its child has ended, `{"ended": status}` goes out on stdout, with -9 for one that was killed.

Only a process with one thread may be forked: a lock that another thread holds would stay locked in the child for ever.
`CRASH_AT` has to be set from the start, to a point that is never reached, so that the points are armed at all.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import select
import signal
import sqlite3
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import urllib3.connection
from flask import Flask
from sqlalchemy import event

from app import logs, webhooks
from app.bootstrap import Deps
from app.settings import Settings
from bench.spool import Spool
from connectors.crash import Armed, crash_point
from connectors.http import READS
from connectors.store import Store
from connectors.store.schema import EPOCH
from jobs import escalate, plan, reconcile, renew, send  # noqa: F401  what the clock would import in a child
from jobs.clock import Clock
from jobs.own_threads import OwnThreads
from jobs.runtime import Runtime, use
from jobs.triager import Triager

TICK = timedelta(milliseconds=1)
SENT, ANSWERED = "http.sent", "http.answered"
"""Points in the HTTP library, counted in writes: when the request is out, and when its answer is there unread."""
ON_THE_WIRE = (SENT, ANSWERED)
STATEMENT = "migrate.statement"
"""Before the n-th statement of a migration."""
ANSWERED_WITHIN_S, ALONE_WITHIN_S = 20, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one child does: `roles` in turn, on the store in `folder`, at `now`, dying at `crash` (`point:n`).

    One that is `rehearsed` is done by the zygote itself, so that later children find everything imported and compiled.
    """

    folder: str
    now: str
    roles: list[str]
    crash: str | None = None
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    timed: list[str] = field(default_factory=list)
    workers: int = 1
    rehearsed: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass
class Ticking:
    """A told clock on which a millisecond passes between two looks."""

    at: datetime

    def __call__(self) -> datetime:
        self.at += TICK
        return self.at


class Home:
    """What is made once for a folder and inherited by each child: all of it but open connections."""

    def __init__(self, folder: str) -> None:
        settings = Settings.from_env(
            {
                "DESKHAND_VAR": folder,
                "DATABASE_URL": f"sqlite:///{folder}/store.sqlite3",
                "DESKHAND_MESSAGES": "record",
                "DESKHAND_BACKUP_S": "0",  # hours pass between two runs, and each would begin with a copy
            }
        )
        self.now = Ticking(EPOCH)
        self.store = Store.open(settings.database_url, var=settings.var)
        self.deps = Deps(settings, self.store, self.now)
        self.app = Flask("receiver")
        self.app.register_blueprint(webhooks.create_blueprint(self.deps))


@dataclass
class Child:
    """The roles a child can have, each a process of the product."""

    order: Order
    home: Home
    run: Runtime
    spool: Spool

    def receive(self) -> None:
        """The web process: each delivery is posted, and noted in `acknowledged` when it was answered 2xx."""
        if not self.order.deliveries:
            return
        client = self.home.app.test_client()
        with (Path(self.order.folder) / "acknowledged").open("a", buffering=1) as noted:
            for each in self.order.deliveries:
                answer = client.post(each["path"], data=each["body"].encode(), headers=each["headers"])
                if 200 <= answer.status_code < 300:
                    noted.write(f"{each['number']}\n")

    def line(self) -> None:
        """The clock and the workers, until nothing is due; first what an earlier clock left in the queue."""
        clock = Clock(self.run, self.spool)  # type: ignore[arg-type]
        clock.timetable = tuple(each for each in clock.timetable if each.name in self.order.timed)
        self.work()
        while clock.turn():
            self.work()
        clock.stop()

    def work(self) -> None:
        """Workers until the queue is empty, as many at once as the order says."""
        if self.order.workers == 1:
            self._one_worker()
            return
        with ThreadPoolExecutor(self.order.workers) as pool:
            for ended in [pool.submit(self._one_worker) for _ in range(self.order.workers)]:
                ended.result()

    def _one_worker(self) -> None:
        while (job := self.spool.take()) is not None:
            name, row_id, token = job
            OwnThreads.find(name)(row_id, token)

    def migrate(self) -> None:
        """`deskhand migrate`."""
        self.run.store.database.migrate()

    def ahead(self) -> None:
        """Another process brings the tables to the shape of a version that is not written yet, while this one runs."""
        database = sqlite3.connect(Path(self.order.folder) / "store.sqlite3", isolation_level=None)
        for table in ("tenant", "inbox", "outbox", "decision", "leader"):
            database.execute(f"ALTER TABLE {table} ADD COLUMN of_a_later_version TEXT")
        database.execute("CREATE TABLE of_a_later_version (id INTEGER PRIMARY KEY)")
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.close()

    def park(self) -> None:
        """An operator sets everything aside that waits."""
        rows = self.run.store.deliveries.newest(limit=1000)
        waiting = [row.id for row in rows if row.state in ("new", "pending", "unknown")]
        self.run.store.replays.park(waiting, now=self.run.now())

    def replay(self) -> None:
        """An operator puts everything back to work that was set aside."""
        self.run.store.replays.replay(self.run.store.replays.parked(), now=self.run.now())


def serve(triager: Triager) -> None:
    homes: dict[str, Home] = {}
    for line in sys.stdin:
        order = Order(**json.loads(line))
        if order.folder not in homes:
            homes[order.folder] = Home(order.folder)
        home = homes[order.folder]
        if order.rehearsed:
            _live(order, home, triager)
            ended = 0
        else:
            _must_be_alone()
            gc.freeze()  # a collection in the child would touch, and so copy, every page it inherited
            pid = os.fork()
            if pid == 0:
                _live_and_end(order, home, triager)
            ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps({"ended": ended}), flush=True)


def _must_be_alone() -> None:
    """A thread of the rehearsal is just ending; any other would make the fork unsafe."""
    deadline = time.monotonic() + ALONE_WITHIN_S
    while os.listdir("/proc/self/task") != [str(os.getpid())]:
        if time.monotonic() > deadline:
            raise SystemExit("this process has more than one thread, so it cannot be forked safely")
        time.sleep(0.001)


def _live_and_end(order: Order, home: Home, triager: Triager) -> NoReturn:
    """Nothing of the parent's may run in the child's end, whatever happens."""
    status = 1
    try:
        _live(order, home, triager)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _live(order: Order, home: Home, triager: Triager) -> None:
    home.now.at = datetime.fromisoformat(order.now)
    run = Runtime(home.deps)
    run.__dict__["triager"] = triager
    use(run)
    if order.crash is not None:
        _arm(order.crash, home)
    child = Child(order, home, run, Spool(Path(order.folder) / "queue"))
    for role in order.roles:
        getattr(child, role)()
    home.store.database.close()


def _arm(spec: str, home: Home) -> None:
    assert isinstance(crash_point, Armed), "start this process with CRASH_AT"
    point, _, count = spec.partition(":")
    if point in ON_THE_WIRE:
        _arm_the_wire(point, int(count))
    elif point == STATEMENT:
        passed = itertools.count(1)

        @event.listens_for(home.store.database.engine, "before_cursor_execute")
        def die_before_the_nth(*_: object) -> None:
            if next(passed) == int(count):
                _die()

    else:
        crash_point.at(spec)


def _arm_the_wire(point: str, count: int) -> None:
    """Die between the last byte of the n-th write and the first look at its answer; the product has no code for it."""
    usual = urllib3.connection.HTTPConnection.getresponse
    left = [count]
    lock = threading.Lock()

    def getresponse(connection: Any) -> Any:
        if connection._response_options.request_method not in READS:
            with lock:
                left[0] -= 1
                if left[0] == 0:
                    if point == ANSWERED:
                        select.select([connection.sock], [], [], ANSWERED_WITHIN_S)
                    _die()
        return usual(connection)

    urllib3.connection.HTTPConnection.getresponse = getresponse  # type: ignore[method-assign,assignment]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    logs.configure("ERROR")
    loaded = Triager.load(Path(sys.argv[1]))
    print("{}", flush=True)
    serve(loaded)
