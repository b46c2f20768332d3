"""`python -m jobs.worker`: one process, one queue, the model loaded once, one compute thread."""

from __future__ import annotations

import os

# Before numpy and the model engines are imported: more threads only fight over the cores here.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import logging
import sys

import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from connectors.queue import QUEUE, OurJob, connect
from connectors.redis_server import url_for
from jobs.runtime import begin, log

RECYCLE_AFTER_JOBS = 20_000


class LineWorker(SimpleWorker):
    """RQ's in-process worker; it looks for a lost Redis every 2 s instead of up to every minute."""

    max_connection_wait_time = 2.0


def main() -> int:
    run = begin()
    settings = run.deps.settings
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    log.info("loading the model")
    _ = run.triager
    client = connect(url_for(settings.redis_url, settings.var), timeout_s=30.0)
    queue = Queue(QUEUE, connection=client, job_class=OurJob, serializer=JSONSerializer)
    worker = LineWorker(
        [queue],
        name=run.owner,
        connection=client,
        job_class=OurJob,
        serializer=JSONSerializer,
        log_job_description=False,
    )
    log.info("ready")
    try:
        worker.work(logging_level="WARNING", max_jobs=RECYCLE_AFTER_JOBS)
    except redis.RedisError as error:
        log.warning("Redis is away (%s); starting again", type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
