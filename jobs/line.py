"""The frame around every job: keep the lease while working, and turn a failure into the row's next state."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from connectors.errors import ConnectorError, OverBudget
from connectors.queue import SEND, job_for
from connectors.store.inbox import InboxRow
from connectors.store.installations import SET_ASIDE
from connectors.store.leases import Claim, LeaseLost
from connectors.store.outbox import OutboxRow
from connectors.store.tenants import CONNECTED
from jobs.access import renewed
from jobs.outcomes import Park, TryAgain, after_failure
from jobs.runtime import RUNNING_LEASE, Runtime, given_up_after_s, log, runtime

AFTER_RENEWAL = timedelta(seconds=1)


R = TypeVar("R", InboxRow, OutboxRow, contravariant=True)


class Line(Protocol[R]):
    """What inbox and outbox have in common for whoever works on a row."""

    def renew(self, held: Claim, until: datetime) -> bool: ...

    def retry(self, row: R, *, at: datetime, unknown: bool, status: int | None, error: str, counted: bool) -> None: ...

    def park(self, row: R, *, now: datetime, status: int | None, reason: str) -> None: ...


@contextmanager
def keeping(run: Runtime, line: Line[R], held: Claim, *, for_s: float) -> Iterator[None]:
    """Renew the lease three times in its length until the block ends, but no longer than `for_s`: what hangs in C
    until then never comes back, and this thread would keep the row from everybody else.
    """
    ended = threading.Event()
    until = time.monotonic() + for_s

    def renew() -> None:
        while not ended.wait(RUNNING_LEASE.total_seconds() / 3) and time.monotonic() < until:
            try:
                if not line.renew(held, run.now() + RUNNING_LEASE):
                    return
            except SQLAlchemyError as error:
                log.warning("lease of %s %s not renewed: %s", _name(line), held.id, type(error).__name__)

    keeper = threading.Thread(target=renew, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()


def inbox_job(work: Callable[[Runtime, InboxRow], None]) -> Callable[[int, str], None]:
    """A job on an inbox row, named by its id and the token of its lease.

    Safe to run twice: the token lets one of them through, and `work` is done under the lease.
    """

    def job(inbox_id: int, token: str) -> None:
        run = runtime()
        claimed = Claim(id=inbox_id, token=token)
        row = run.store.inbox.start(claimed, now=run.now(), owner=run.owner, lease=RUNNING_LEASE)
        if row is not None:
            with working(run, run.store.inbox, row, since=row.received_at):
                work(run, row)

    job.__name__, job.__doc__ = work.__name__, work.__doc__
    return job


@contextmanager
def working(run: Runtime, line: Line[R], row: R, *, since: datetime) -> Iterator[None]:
    """Work on a row. The worker's outer edge: no failure leaves the row without a next state.

    `since` is what a row's age counts from when it is to be given up.
    """
    began = run.now()
    try:
        try:
            job = SEND if isinstance(row, OutboxRow) else job_for(row.kind)
            with keeping(run, line, row.held, for_s=given_up_after_s(job)):
                yield
        except LeaseLost:
            raise
        except Exception as error:
            _note(error, line, row.held.id)
            status, text = getattr(error, "status", None), _in_words(error)
            match _next_step(run, error, row, since=since, began=began):
                case Park(reason=reason):
                    line.park(row, now=run.now(), status=status, reason=reason)
                case TryAgain(at=at, unknown=unknown, counted=counted):
                    line.retry(row, at=at, unknown=unknown, status=status, error=text, counted=counted)
    except LeaseLost:
        _lease_lost(line, row.held.id)


def _next_step(
    run: Runtime, error: Exception, row: InboxRow | OutboxRow, *, since: datetime, began: datetime
) -> TryAgain | Park:
    """The row's next state, after what concerns its whole tenant is done."""
    jitter = random.random()  # noqa: S311
    step = after_failure(error, tries=row.tries, since=since, now=run.now(), jitter_0_1=jitter)
    if isinstance(step, TryAgain) and step.hold_tenant:
        run.store.budgets.hold(row.tenant, until=step.at)
    if isinstance(step, TryAgain) and step.refused:
        if not run.store.tenants.summary(row.tenant).settings.get(CONNECTED, True):
            return Park(reason=SET_ASIDE)
        try:
            if renewed(run.deps, row.tenant, str(error), used_since=began):
                return replace(step, at=run.now() + AFTER_RENEWAL)
        except ConnectorError as away:
            return after_failure(away, tries=row.tries, since=since, now=run.now(), jitter_0_1=jitter)
    return step


def _lease_lost(line: Line[R], row_id: int) -> None:
    """Another process took the row over while this one worked: what it was about to write is discarded."""
    log.info("%s %s was taken over", _name(line), row_id)


def _note(error: Exception, line: Line[R], row_id: int) -> None:
    if isinstance(error, OverBudget):
        log.info("%s %s waits for its budget", _name(line), row_id)
    elif hasattr(error, "retryable"):
        log.warning("%s %s: %s", _name(line), row_id, type(error).__name__)
    else:
        log.exception("%s %s failed", _name(line), row_id)


def _in_words(error: Exception) -> str:
    """What a row's history says. Only our own messages are known to hold nothing personal."""
    return str(error) if isinstance(error, ConnectorError) else f"{type(error).__name__}: see the worker's log."


def _name(line: object) -> str:
    return type(line).__name__.lower()
