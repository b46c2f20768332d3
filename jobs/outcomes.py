"""What becomes of a row whose work failed: a pure table of outcome classes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as StoreBusy

from connectors.errors import (
    AuthFailed,
    Conflict,
    ConnectorError,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    OverBudget,
    RateLimited,
    Rejected,
    Unavailable,
    Unsupported,
)

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
MOST_TRIES, LONGEST_AGE = 20, timedelta(hours=24)
VERIFY_WAIT = timedelta(seconds=2)
"""Helpdesk stamps have whole seconds: a late landing is told from ours only after the second has passed."""
LANDING = timedelta(seconds=20)
"""How long a helpdesk may be at work on a write whose sender was interrupted: the longest that we wait for answers."""
LEASE_OUTLIVES = timedelta(seconds=8)
"""How long a lease lasts at least after its process died: it is renewed for 12 s, every 4."""
MOST_BUGS = 3
RECONNECT_WAIT = timedelta(minutes=5)
"""How long a row waits at most after an admin connected again."""


class AfterUnknown(Enum):
    """What to do about an effect that may have happened, or may not."""

    VERIFY = "verify"
    """Look for its traces, then repeat it if there are none."""
    REPEAT = "repeat"
    """Repeat it: the other side knows a repetition by its key."""
    NEVER = "never"
    """Leave it to a person: there are no traces to look for, and nobody would know a repetition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """At `at`; `unknown` means the next try must first look for this one's traces.

    `hold_tenant` means the helpdesk asked for the pause, so it holds for everything sent to it. `counted` is False
    when nothing was tried: it does not bring the row closer to being given up. `refused` means that our credentials
    were: whether they can be renewed is found out first.
    """

    at: datetime
    unknown: bool = False
    hold_tenant: bool = False
    counted: bool = True
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """A person decides; `reason` says what happened and what to do next."""

    reason: str


def may_still_land() -> OutcomeUnknown:
    """What the successor of a process that died raises where no version check refuses what lands late.

    The row's lease ran out, so the process ended some time ago: at least `LEASE_OUTLIVES`.
    """
    wait_s = (LANDING - LEASE_OUTLIVES).total_seconds()
    return OutcomeUnknown("the process that was sending this ended, and it may still land", retry_after_s=wait_s)


def under(policy: AfterUnknown, error: Exception) -> Exception:
    """The same failure as its effect's policy sees it. Only a connector's own word says that nothing was sent."""
    if policy is AfterUnknown.NEVER and (isinstance(error, OutcomeUnknown) or not isinstance(error, ConnectorError)):
        what = str(error) if isinstance(error, ConnectorError) else type(error).__name__
        return Rejected(f"It may have been sent ({what}). Replay it only if you are sure that it was not.")
    if policy is not AfterUnknown.VERIFY and isinstance(error, RateLimited):
        # Another's limit is no reason to hold up what goes to the helpdesk.
        return Unavailable(str(error), status=error.status, retry_after_s=error.retry_after_s)
    return error


def after_failure(
    error: Exception, *, tries: int, since: datetime, now: datetime, jitter_0_1: float
) -> TryAgain | Park:
    """The next step for a row that failed `tries` times, the first time at `since`.

    Back-off doubles from 1 s to 5 min with full jitter; rows are parked after 24 h or 20 tries,
    whichever is later. Our own budget and a lost log-in are nobody's failure: such a row only waits.
    """
    match error:
        case OverBudget():
            return TryAgain(at=now + timedelta(seconds=error.retry_after_s or FIRST_WAIT_S), counted=False)
        case AuthFailed():
            return TryAgain(at=now + RECONNECT_WAIT, counted=False, refused=True)
    if tries >= MOST_TRIES and now - since >= LONGEST_AGE:
        return Park(reason=f"Gave up after {tries} tries: {error}")
    wait = timedelta(seconds=max(0.2, jitter_0_1 * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(tries, 10))))
    if isinstance(error, ConnectorError) and error.probe_s is not None:
        # All wait for the same helpdesk: its circuit says how long, or rows would sleep on when it is back.
        wait = timedelta(seconds=error.probe_s)
    match error:
        case RateLimited():
            asked = timedelta(seconds=error.retry_after_s or LONGEST_WAIT_S / 10)
            return TryAgain(at=now + asked, hold_tenant=True)
        case Unavailable():
            asked = timedelta(seconds=error.retry_after_s or 0)
            return TryAgain(at=now + max(wait, asked))
        case Conflict():
            return TryAgain(at=now + wait)
        case OutcomeUnknown():
            asked = timedelta(seconds=error.retry_after_s or 0)
            return TryAgain(at=now + max(wait, asked, VERIFY_WAIT), unknown=True)
        case Forbidden():
            return Park(reason=f"{error} Give Deskhand's user this right in the helpdesk, then replay.")
        case NotFound() | Rejected() | Unsupported():
            return Park(reason=str(error))
        case ConnectorError():
            return Park(reason=f"{type(error).__name__}: {error}")
        case OperationalError() | InterfaceError() | StoreBusy():
            # The database was busy or away: no bug of this row's. Any request was answered before its row is written.
            return TryAgain(at=now + max(wait, VERIFY_WAIT), unknown=True)
    if tries >= MOST_BUGS:
        return Park(reason=f"Failed {tries} times with {type(error).__name__}. The worker's log has the trace.")
    # A time-out may have cut a write off that is on its way.
    least = LANDING if isinstance(error, JobTimeoutException) else VERIFY_WAIT
    return TryAgain(at=now + max(wait, least), unknown=True)
