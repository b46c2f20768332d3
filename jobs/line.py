"""The frame around every job: keep the lease while working, and turn a failure into the row's next state."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from connectors.errors import ConnectorError, OverBudget
from connectors.store.inbox import Inbox, InboxRow
from connectors.store.installations import SET_ASIDE
from connectors.store.leases import Claim, LeaseLost
from connectors.store.outbox import Outbox, OutboxRow
from connectors.store.tenants import CONNECTED
from jobs.access import renewed
from jobs.outcomes import Park, TryAgain, after_failure
from jobs.runtime import RUNNING_LEASE, Runtime, log, runtime

AFTER_RENEWAL = timedelta(seconds=1)


@contextmanager
def keeping(run: Runtime, table: Inbox | Outbox, held: Claim) -> Iterator[None]:
    """Renew the lease three times in its length until the block ends."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(RUNNING_LEASE.total_seconds() / 3):
            try:
                if not table.renew(held, run.now() + RUNNING_LEASE):
                    return
            except SQLAlchemyError as error:
                log.warning("lease of %s %s not renewed: %s", type(table).__name__, held.id, type(error).__name__)

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
            with planning(run, row):
                work(run, row)

    job.__name__, job.__doc__ = work.__name__, work.__doc__
    return job


@contextmanager
def planning(run: Runtime, row: InboxRow) -> Iterator[None]:
    """Work on an inbox row. The worker's outer edge: no failure leaves the row without a next state."""
    began = run.now()
    try:
        with keeping(run, run.store.inbox, row.held):
            yield
    except LeaseLost:
        log.info("inbox %s was taken over", row.held.id)
    except Exception as error:
        _note(error, "inbox", row.held.id)
        with suppress(LeaseLost):
            match _next_step(run, error, row, since=row.received_at, began=began):
                case Park(reason=reason):
                    run.store.inbox.finish(row, "parked", now=run.now(), note=reason)
                case TryAgain(at=at, counted=counted):
                    run.store.inbox.retry(row, at=at, error=str(error), counted=counted)


@contextmanager
def sending(run: Runtime, row: OutboxRow) -> Iterator[None]:
    """Carry an outbox row out, with the same edge; an unknown outcome is marked to be verified first."""
    began = run.now()
    try:
        with keeping(run, run.store.outbox, row.held):
            yield
    except LeaseLost:
        log.info("outbox %s was taken over", row.held.id)
    except Exception as error:
        _note(error, "outbox", row.held.id)
        status = getattr(error, "status", None)
        with suppress(LeaseLost):
            match _next_step(run, error, row, since=row.first_attempt_at, began=began):
                case Park(reason=reason):
                    run.store.outbox.park(row, now=run.now(), status=status, reason=reason)
                case TryAgain(at=at, unknown=unknown, counted=counted):
                    run.store.outbox.retry(
                        row, at=at, unknown=unknown or row.verify, status=status, error=str(error), counted=counted
                    )


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


def _note(error: Exception, table: str, row_id: int) -> None:
    if isinstance(error, OverBudget):
        log.info("%s %s waits for its budget", table, row_id)
    elif hasattr(error, "retryable"):
        log.warning("%s %s: %s", table, row_id, type(error).__name__)
    else:
        log.exception("%s %s failed", table, row_id)
