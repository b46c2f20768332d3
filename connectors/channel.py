"""What every way to tell somebody offers, and what an answer by HTTP means to all of them.

Rejected          refused for good; nothing was told
RateLimited       over its limit: later
Unavailable       nothing was told: later
OutcomeUnknown    perhaps told; what follows is the effect's policy (`jobs.send.EFFECTS`)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from connectors.base import Receipt
from connectors.errors import OutcomeUnknown, RateLimited, Rejected, Unavailable
from connectors.http import parse_retry_after
from connectors.outside import Answer

M = TypeVar("M", contravariant=True)
TOO_MANY = 429
LATER = (408, 425)
SHOWN = 300


class Channel(Protocol[M]):
    """One tenant's way to tell somebody something, made for one message and then forgotten."""

    def send(self, message: M, /, *, key: str, now: datetime) -> Receipt:
        """Tell it once. `key` is the effect's: the same for every try. Raises one of the errors named above."""
        ...


def receipt(
    answer: Answer, *, who: str, what: str, now: datetime, evidence: str, repeatable: bool, hide: Sequence[str] = ()
) -> Receipt:
    """What the answer to a POST comes to; raises one of the errors named above.

    `repeatable` is whether the other side knows a repetition: then a 5xx is simply tried again. `hide` are secrets that
    the answer may quote.
    """
    status = answer.status
    if 200 <= status < 300:
        return Receipt(applied=True, status=status, evidence=evidence)
    if status == TOO_MANY:
        wait_s = parse_retry_after(answer.headers.get("retry-after"), now=now.timestamp())
        raise RateLimited(f"{who} is over its limit", operation=what, status=status, retry_after_s=wait_s)
    if status >= 500 or status in LATER:
        error = Unavailable if repeatable or status in LATER else OutcomeUnknown
        raise error(f"{who} answered {status}", operation=what, status=status)
    said = answer.body.decode("utf-8", "replace")
    for each in hide:
        said = said.replace(each, "…")
    raise Rejected(f"{who[0].upper()}{who[1:]} answered {status}: {said[:SHOWN]}", operation=what, status=status)
