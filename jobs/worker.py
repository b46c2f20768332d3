"""`python -m jobs.worker`: one process, one queue, the model loaded once, one compute thread.

A job may hang in C, take all memory or end the process. None of that is prevented here; it is bounded, so that the row
is tried elsewhere and parked when it goes on, and the other rows lose seconds:

* Python that takes too long is stopped by RQ's timer, like any failure.
* C code that takes too long ends the process: the watchdog is a thread of C's, which no lock of Python's stops.
* An allocation beyond the limit raises MemoryError here, instead of waking the kernel's memory killer.
* A process that has grown is replaced between two jobs.
"""

from __future__ import annotations

import os

# Before numpy and the model engines are imported: more threads only fight over the cores here.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import faulthandler
import resource
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

import redis
from rq import Queue, SimpleWorker
from rq.exceptions import DeserializationError, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from app.logs import without_texts
from connectors.queue import QUEUE, TIMEOUT_S, OurJob, RefusedJob, connect
from connectors.redis_server import url_for
from connectors.store.tallies import JOBS_REFUSED, NOBODY
from jobs.runtime import Runtime, begin, given_up_after_s, log, runtime

RECYCLE_AFTER_JOBS = 20_000
LOOK_AGAIN_S = 0.5
MB = 1 << 20


class LineWorker(SimpleWorker):
    """RQ's in-process worker; it looks for a lost Redis every 2 s instead of up to every minute."""

    max_connection_wait_time = 2.0
    is_asked_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """RQ asks Redis whether it is idle before it stops, and Redis may be stopped at the same moment."""
        self.is_asked_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def execute_job(self, job: Job, queue: Queue) -> None:
        """One job within its limits; the limits are ours, whatever the queue entry says."""
        asked = _function_of(job)
        job.timeout = TIMEOUT_S.get(asked, min(TIMEOUT_S.values()))
        faulthandler.dump_traceback_later(given_up_after_s(asked), exit=True)
        try:
            super().execute_job(job, queue)
        finally:
            faulthandler.cancel_dump_traceback_later()
        if has_grown(runtime().deps.settings.worker_memory_mb):
            log.info("this process has grown; another one goes on")
            raise StopRequested

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Our jobs note their failures on their rows; what still arrives here is told without its text."""
        error = exc_info[1]
        if isinstance(error, RefusedJob):
            runtime().store.tallies.add(NOBODY, JOBS_REFUSED)
        log.error("queue entry %s failed", job.id, exc_info=error)

    def handle_job_failure(self, job: Job, queue: Queue, *args: Any, **kwargs: Any) -> None:
        """RQ keeps the trace in Redis, where no text of an error belongs: it may quote a ticket."""
        kwargs["exc_string"] = without_texts(sys.exception())
        super().handle_job_failure(job, queue, *args, **kwargs)


def _function_of(job: Job) -> str:
    """Its name, also of an entry that cannot be read."""
    try:
        return str(job.func_name)
    except DeserializationError:
        return ""


def limit_memory(limit_mb: int) -> None:
    """No more writable memory than that for this process, where the system can bound it. 0 is no limit."""
    if limit_mb:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        asked = limit_mb * MB
        resource.setrlimit(resource.RLIMIT_DATA, (asked if most == resource.RLIM_INFINITY else min(asked, most), most))


def has_grown(limit_mb: int, status: Path = Path("/proc/self/statm")) -> bool:
    """Whether this process holds more than half of its limit; not where the system does not tell."""
    try:
        pages = int(status.read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return False
    return bool(limit_mb) and pages * resource.getpagesize() > limit_mb * MB // 2


def await_redis(client: redis.Redis) -> None:
    """Until it answers: whoever waits here has the model loaded and goes on at once."""
    while True:
        try:
            client.ping()
            return
        except redis.RedisError:
            time.sleep(LOOK_AGAIN_S)


def work(run: Runtime, client: redis.Redis) -> bool:
    """Take jobs until told to stop or this process should be replaced; False when Redis went away."""
    worker = LineWorker(
        [Queue(QUEUE, connection=client, job_class=OurJob, serializer=JSONSerializer)],
        # A new name each time: a Redis that came back may still know the one before.
        name=f"{run.owner}:{uuid4().hex[:4]}",
        connection=client,
        job_class=OurJob,
        serializer=JSONSerializer,
        log_job_description=False,
    )
    try:
        worker.work(logging_level="WARNING", max_jobs=RECYCLE_AFTER_JOBS)
    except redis.RedisError as error:
        if worker.is_asked_to_stop:
            return True
        log.warning("Redis is away (%s)", type(error).__name__)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)  # RQ's own handlers only ask its loop, which has ended
        return False
    return True


def main() -> int:
    run = begin()
    settings = run.deps.settings
    limit_memory(settings.worker_memory_mb)
    log.info("loading the model")
    _ = run.triager
    client = connect(url_for(settings.redis_url, settings.var), timeout_s=30.0)
    log.info("ready")
    await_redis(client)
    while not work(run, client):
        await_redis(client)
    return 0


if __name__ == "__main__":
    sys.exit(main())
