"""The control: webhooks and RQ as its documentation shows them, with retries and without this project's rows.

The web process enqueues a job for each event. The job reads the ticket, decides with the same model and writes through
the same connector, each try with a key of its own, as code does that does not ask whether an earlier try landed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import json
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import redis
from flask import Flask, Response, request
from rq import Queue, Retry, SimpleWorker
from rq.registry import ScheduledJobRegistry, StartedJobRegistry

from app.settings import Settings
from connectors import registry
from connectors.base import Connection, read_or_none
from jobs.triager import Triager

CONNECTION = "PLAIN_RQ_CONNECTION"
QUEUE = "plain"
RETRY = Retry(max=8, interval=[1, 2, 4, 8, 15, 30, 30, 30])
# RQ's defaults find the job of a killed worker after 13 minutes.
WORKER_TTL_S, MAINTENANCE_S = 20, 5
TICKET_ID = re.compile(rb'"(?:ticket_)?id": ?"?(\d+)')

_triager: Triager | None = None


def create_app() -> Flask:
    app = Flask(__name__)

    @app.post("/hook")
    def hook() -> Response:
        found = TICKET_ID.search(request.get_data())
        if found is None or b"created" not in request.get_data():
            return Response("nothing to do\n")
        try:
            queue().enqueue(handle, found[1].decode(), retry=RETRY)
        except redis.RedisError:
            return Response("later\n", 503, headers={"Retry-After": "1"})
        return Response("queued\n")

    return app


def handle(ticket_ref: str) -> None:
    """Read, decide by the text, write."""
    connection = Connection(**json.loads(Path(os.environ[CONNECTION]).read_text(encoding="utf-8")))
    helpdesk = registry.vendor(connection.vendor).connect(connection, now=lambda: datetime.now(UTC))
    ticket = helpdesk.ticket(ticket_ref)
    organization = read_or_none(helpdesk.organization, ticket.organization_id)
    fresh = replace(ticket, priority=None, group_id=None, tags=(), fields={})
    for action in triager().decide(fresh, organization, connection).actions:
        helpdesk.update_ticket(action, key=uuid4().hex)


def triager() -> Triager:
    global _triager
    if _triager is None:
        _triager = Triager.load(Settings.from_env(os.environ).models)
    return _triager


def queue() -> Queue:
    return Queue(QUEUE, connection=redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5))


def left(url: str) -> int:
    """Jobs that wait, run or will be tried again."""
    connection = redis.Redis.from_url(url, socket_timeout=5)
    waiting = Queue(QUEUE, connection=connection)
    registries = (ScheduledJobRegistry, StartedJobRegistry)
    return waiting.count + sum(kind(QUEUE, connection=connection).count for kind in registries)


def main() -> int:
    connection = redis.Redis.from_url(os.environ["REDIS_URL"])
    triager()
    worker = SimpleWorker([QUEUE], connection=connection, worker_ttl=WORKER_TTL_S, maintenance_interval=MAINTENANCE_S)
    try:
        worker.work(with_scheduler=True, logging_level="WARNING")
    except redis.RedisError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
