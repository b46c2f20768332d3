"""A job that never comes back: its row is let go and its process ends, but no other job pays for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from app.bootstrap import Deps
from app.settings import Settings
from connectors import queue, redis_server
from connectors.queue import PLAN, QUEUE, SEND, OurJob
from connectors.store import Store
from connectors.store.tallies import JOBS_REFUSED, NOBODY
from jobs import line, own_threads, runtime
from jobs.own_threads import OwnThreads
from jobs.runtime import Runtime, given_up_after_s
from jobs.worker import LineWorker, has_grown, work
from tests.conftest import ROOT, ToldClock
from tests.connectors.store.test_line import claim, receive, start


@pytest.fixture
def run(store: Store, clock: ToldClock, tmp_path: Path) -> Runtime:
    chosen = Runtime(Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock))
    chosen.__dict__["triager"] = None
    runtime.use(chosen)
    return chosen


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


@pytest.fixture
def threads(run: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[OwnThreads, list[int], threading.Event]]:
    """Own threads whose plans hang until the event, and whose end is noted instead of met."""
    back, ended = threading.Event(), list[int]()
    jobs: dict[str, Callable[[int, str], object]] = {
        PLAN: lambda _row, _token: back.wait(60),
        SEND: lambda _row, _token: None,
    }
    monkeypatch.setattr(OwnThreads, "find", staticmethod(jobs.__getitem__))
    own = OwnThreads(run, end=ended.append)
    yield own, ended, back
    back.set()
    own.stop()


def test_own_threads_take_nothing_beside_a_lost_job_and_end_when_the_other_has(
    threads: tuple[OwnThreads, list[int], threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, ended, _ = threads
    monkeypatch.setattr(own_threads, "given_up_after_s", lambda job: 0.0 if job == PLAN else 60.0)
    healthy = threading.Event()
    monkeypatch.setattr(
        OwnThreads, "find", staticmethod({PLAN: OwnThreads.find(PLAN), SEND: lambda *_: healthy.wait(60)}.__getitem__)
    )
    own.wake(SEND, 1, "token")
    own.wake(PLAN, 2, "token")
    until(lambda: own._lost() == 1, "the plan was not given up")
    assert own.room() == 0
    assert ended == []
    healthy.set()
    until(lambda: own.room() == 0 and ended != [], "the process did not end")
    assert set(ended) == {1}


def test_own_threads_that_come_back_take_more(
    threads: tuple[OwnThreads, list[int], threading.Event],
) -> None:
    own, ended, back = threads
    own.wake(PLAN, 1, "token")
    assert own.room() == own_threads.THREADS - 1
    back.set()
    until(lambda: own.room() == own_threads.THREADS, "the thread did not come back")
    assert ended == []


def test_a_row_is_kept_while_its_job_may_run_and_no_longer(
    run: Runtime, store: Store, tenant: str, clock: ToldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "RUNNING_LEASE", runtime.RUNNING_LEASE / 1000)
    renewed: list[object] = []
    renew = store.inbox.renew
    monkeypatch.setattr(store.inbox, "renew", lambda *given: renewed.append(given) or renew(*given))
    receive(store, tenant, clock)
    row = start(store, clock, claim(store, clock)[0])
    before = set(threading.enumerate())
    with line.keeping(run, store.inbox, row.held, for_s=0.2):
        [keeper] = set(threading.enumerate()) - before
        until(lambda: not keeper.is_alive(), "it went on renewing for a job that never comes back")
    assert len(renewed) > 1


def test_a_job_gets_more_than_its_own_timer_before_it_is_given_up() -> None:
    assert all(given_up_after_s(job) > limit for job, limit in queue.TIMEOUT_S.items())
    assert given_up_after_s("os.system") > 0


def test_an_allocation_beyond_the_limit_raises_and_the_process_lives() -> None:
    code = (
        "from jobs.worker import limit_memory; limit_memory(768)\n"
        "try: bytearray(1 << 30)\n"
        "except MemoryError: print('refused')\n"
        "bytearray(1 << 20)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.returncode) == ("refused\n", 0), done.stderr


def test_a_process_has_grown_when_it_holds_more_than_half_of_its_limit(tmp_path: Path) -> None:
    status = tmp_path / "statm"
    status.write_text(f"999999 {(100 << 20) // os.sysconf('SC_PAGESIZE')} 1 1 0 1 0", encoding="ascii")
    assert has_grown(199, status)
    assert not has_grown(201, status)
    assert not has_grown(0, status)
    assert not has_grown(199, tmp_path / "another system")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[redis.Redis]:
    process = subprocess.Popen(redis_server.command(tmp_path), stdout=subprocess.DEVNULL)
    connected = queue.connect(redis_server.url_for("", tmp_path), timeout_s=30)

    def answers() -> bool:
        try:
            return bool(connected.ping())
        except redis.RedisError:
            return False

    until(answers, "the server did not start")
    yield connected
    process.terminate()
    process.wait(10)


def test_a_worker_counts_refused_jobs_and_keeps_no_text_of_an_error(
    run: Runtime, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_row: int, _token: str) -> None:
        raise ValueError("kanarienvogel")

    monkeypatch.setattr("jobs.send.send", fail)
    waiting = Queue(QUEUE, connection=client, job_class=OurJob, serializer=JSONSerializer)
    foreign = Job.create("os.system", args=("true",), connection=client, serializer=JSONSerializer, timeout=86_400)
    waiting.enqueue_job(foreign)
    queue.WakeUps(client).wake(SEND, 1, "token")
    worker = LineWorker([waiting], connection=client, job_class=OurJob, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="WARNING")
    counted = {(each.tenant, each.name): each.value for each in run.store.tallies.all()}
    assert counted == {(NOBODY, JOBS_REFUSED): 1}
    kept = [result for job in waiting.failed_job_registry.get_job_ids() for result in _results(client, job)]
    assert sorted(text.split(" at ")[0] for text in kept) == ["RefusedJob", "ValueError"]
    assert not any("kanarienvogel" in text or "os.system" in text for text in kept)
    assert queue.WakeUps(client).look() == (0, 0)


def _results(client: redis.Redis, job_id: str) -> list[str]:
    job = OurJob.fetch(job_id, connection=client, serializer=JSONSerializer)
    return [str(result.exc_string) for result in job.results()]


def test_a_worker_told_to_stop_while_redis_goes_away_ends(
    run: Runtime, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise redis.ConnectionError("refused")

    def stopped(self: LineWorker, **_: object) -> None:
        self.request_stop(signal.SIGTERM, None)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(LineWorker, "work", stopped)
    monkeypatch.setattr(LineWorker, "get_state", gone)
    try:
        assert work(run, client), "it would wait for a Redis that was stopped with it"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
