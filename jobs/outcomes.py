"""What becomes of a row whose work failed: a pure table of outcome classes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

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
MOST_BUGS = 3
RECONNECT_WAIT = timedelta(minutes=5)
"""How long a row waits at most after an admin connected again."""


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
    if tries >= MOST_BUGS:
        return Park(reason=f"Failed {tries} times with {type(error).__name__}. The worker's log has the trace.")
    return TryAgain(at=now + max(wait, VERIFY_WAIT), unknown=True)
