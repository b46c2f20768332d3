"""The frame around every job: keep the lease while working, and turn a failure into the row's next state."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from connectors.store.inbox import Inbox, InboxRow
from connectors.store.leases import Claim, LeaseLost
from connectors.store.outbox import Outbox, OutboxRow
from jobs.outcomes import Park, TryAgain, after_failure
from jobs.runtime import RUNNING_LEASE, Runtime, log


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


@contextmanager
def planning(run: Runtime, row: InboxRow) -> Iterator[None]:
    """Work on an inbox row. The worker's outer edge: no failure leaves the row without a next state."""
    try:
        with keeping(run, run.store.inbox, row.held):
            yield
    except LeaseLost:
        log.info("inbox %s was taken over", row.held.id)
    except Exception as error:
        _note(error, "inbox", row.held.id)
        match _next_step(error, row.tries, row.received_at, run.now):
            case Park(reason=reason):
                run.store.inbox.finish(row, "parked", now=run.now(), note=reason)
            case TryAgain(at=at, hold_tenant=hold):
                if hold:
                    run.store.outbox.hold_tenant(row.tenant, until=at)
                run.store.inbox.retry(row, at=at, error=str(error))


@contextmanager
def sending(run: Runtime, row: OutboxRow) -> Iterator[None]:
    """Carry an outbox row out, with the same edge; an unknown outcome is marked to be verified first."""
    try:
        with keeping(run, run.store.outbox, row.held):
            yield
    except LeaseLost:
        log.info("outbox %s was taken over", row.held.id)
    except Exception as error:
        _note(error, "outbox", row.held.id)
        status = getattr(error, "status", None)
        match _next_step(error, row.tries, row.first_attempt_at, run.now):
            case Park(reason=reason):
                run.store.outbox.park(row, now=run.now(), status=status, reason=reason)
            case TryAgain(at=at, unknown=unknown, hold_tenant=hold):
                if hold:
                    run.store.outbox.hold_tenant(row.tenant, until=at)
                run.store.outbox.retry(row, at=at, unknown=unknown or row.verify, status=status, error=str(error))


def _next_step(error: Exception, tries: int, since: datetime, now: Callable[[], datetime]) -> TryAgain | Park:
    return after_failure(error, tries=tries, since=since, now=now(), jitter_0_1=random.random())  # noqa: S311


def _note(error: Exception, table: str, row_id: int) -> None:
    if hasattr(error, "retryable"):
        log.warning("%s %s: %s", table, row_id, type(error).__name__)
    else:
        log.exception("%s %s failed", table, row_id)
