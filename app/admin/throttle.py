"""How long a log-in has to wait after failures: pure arithmetic.

Source: OWASP ASVS 5.0, 6.3 (brute force): slow down per account and address, lock for minutes, never for good.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.admin.views_model import Attempts

FREE_TRIES = 3
LOCK_AFTER = 10
ADDRESS_LOCK_AFTER = 30
LONGEST = timedelta(minutes=15)


def wait(attempts: Attempts, *, now: datetime) -> timedelta:
    """Time left until the next try is looked at; zero when it is looked at now.

    After three failures 1 s, 2 s, 4 s and so on; from the tenth, or the thirtieth of one address, 15 min.
    """
    if attempts.last_failed_at is None:
        return timedelta(0)
    return max(timedelta(0), attempts.last_failed_at + _pause(attempts) - now)


def _pause(attempts: Attempts) -> timedelta:
    if attempts.failures >= LOCK_AFTER or attempts.address_failures >= ADDRESS_LOCK_AFTER:
        return LONGEST
    if attempts.failures < FREE_TRIES:
        return timedelta(0)
    return min(LONGEST, timedelta(seconds=2 ** (attempts.failures - FREE_TRIES)))
