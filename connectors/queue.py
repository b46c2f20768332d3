"""The wake-up line to the workers: which jobs there are, and the only way to start one.

Redis holds nothing that matters: every job is an id and a lease token of a database row, and the clock
hands a row out again when its lease ends. So no job is retried, scheduled or reported by RQ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseTimeoutException

QUEUE = "deskhand"
MAX_QUEUED = 50
"""Enough for two seconds. What is queued cannot be overtaken by something urgent, and is late when Redis loses it."""
MARK = "deskhand:mark"
WORKERS = "rq:workers"
"""RQ's list of its workers; a dead one stays on it for a while, without its own key."""

TimedOut = BaseTimeoutException
"""What a job's own timer raises in it: not a failure of what it was just doing."""

PLAN = "jobs.plan.plan"
SEND = "jobs.send.send"
RECONCILE = "jobs.reconcile.reconcile"
RENEW = "jobs.renew.renew"
DOCTOR = "jobs.doctor.doctor"
TIDY = "jobs.tidy.tidy"
DRY_RUN = "jobs.dry_run.dry_run"
LEARN = "jobs.learn.learn"
ESCALATE = "jobs.escalate.escalate"
ARTICLES = "jobs.articles.articles"
REVIEWS = "jobs.reviews.reviews"
GAPS = "jobs.gaps.gaps"
SEARCH = "jobs.search.search"

TIMEOUT_S = {
    PLAN: 60,
    SEND: 60,
    RECONCILE: 300,
    RENEW: 60,
    DOCTOR: 120,
    TIDY: 300,
    DRY_RUN: 60,
    LEARN: 900,
    ESCALATE: 120,
    ARTICLES: 900,
    REVIEWS: 600,
    GAPS: 600,
    SEARCH: 900,
}
INBOX_JOBS = {
    "reconcile": RECONCILE,
    "renew": RENEW,
    "doctor": DOCTOR,
    "tidy": TIDY,
    "dry_run": DRY_RUN,
    "learn": LEARN,
    "escalate": ESCALATE,
    "articles": ARTICLES,
    "reviews": REVIEWS,
    "gaps": GAPS,
    "search": SEARCH,
}
"""Which job works an inbox row of a given kind; every other kind is a ticket event and is planned."""


def job_for(kind: str | None) -> str:
    """The job that works an inbox row of this kind."""
    return INBOX_JOBS.get(kind or "", PLAN)


class RefusedJob(Exception):
    """A queue entry that is not one of ours: somebody else writes to our Redis."""


class QueueDown(Exception):
    """Redis did not take the job in time; it may or may not have it."""


class OurJob(Job):
    """A job whose function is on our list and that carries nothing else to run.

    RQ imports a job's function and its callbacks by name and posts to any URL in its webhooks, so
    whoever can write to Redis could run code here (measured: a job named `os.system` ran).
    """

    @property
    def func(self) -> Callable[..., Any]:
        if self.func_name not in TIMEOUT_S:
            raise RefusedJob(f"Job {self.id} asks for a function that is not on the list.")
        if self._success_callback_name or self._failure_callback_name or self._stopped_callback_name:
            raise RefusedJob(f"Job {self.id} carries a callback.")
        return super().func  # type: ignore[no-any-return]

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None

    @property
    def webhooks(self) -> list[Any]:
        return []

    @webhooks.setter
    def webhooks(self, value: list[Any]) -> None:
        """Whatever a queue entry says, nothing is posted anywhere."""


def connect(url: str, *, timeout_s: float = 1.0) -> redis.Redis:
    """A client that fails at once: a silent retry would put a job in the queue twice."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=timeout_s,
        socket_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


@dataclass(frozen=True, slots=True)
class WakeUps:
    """Sends work to the workers."""

    client: redis.Redis

    def room(self) -> int:
        """How many more jobs the queue should hold; the rest waits in the database, in order of urgency."""
        try:
            return max(0, MAX_QUEUED - int(self.client.llen(f"rq:queue:{QUEUE}")))
        except redis.RedisError as error:
            raise QueueDown(str(error)) from error

    def look(self) -> tuple[int, int]:
        """How many jobs wait in the queue, and how many workers are alive; raises `QueueDown`."""
        try:
            known = list(self.client.smembers(WORKERS))
            alive = int(self.client.exists(*known)) if known else 0
            return int(self.client.llen(f"rq:queue:{QUEUE}")), alive
        except redis.RedisError as error:
            raise QueueDown(str(error)) from error

    def forgot(self) -> bool:
        """Whether Redis lost what was queued since this was last asked: it was emptied, or came back without its file.

        Seen by a mark of ours that is gone. The answer is True only once.
        """
        try:
            return bool(self.client.set(MARK, "1", nx=True))
        except redis.RedisError as error:
            raise QueueDown(str(error)) from error

    def wake(self, job: str, row_id: int, token: str) -> None:
        """Ask a worker to run `job` on a row; raises `QueueDown`."""
        try:
            queue = Queue(QUEUE, connection=self.client, job_class=OurJob, serializer=JSONSerializer)
            queue.enqueue_call(
                job, args=(row_id, token), timeout=TIMEOUT_S[job], result_ttl=0, failure_ttl=86_400, description=job
            )
        except redis.RedisError as error:
            raise QueueDown(str(error)) from error
