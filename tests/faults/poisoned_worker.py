"""`python -m tests.faults.poisoned_worker`: the worker itself, with a triager that fails as a ticket's subject says.

Its limits are shorter, so that a test need not wait for the real ones.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from itertools import repeat
from typing import Any

import jobs.runtime
from connectors.queue import PLAN, TIMEOUT_S
from triage.decisions import Decision
from triage.tickets import Ticket

# Before anything takes them from there.
jobs.runtime.RUNNING_LEASE = timedelta(seconds=2)
jobs.runtime.MARGIN_S = 1.0
TIMEOUT_S[PLAN] = 3

from jobs.triager import Triager  # noqa: E402
from jobs.worker import main  # noqa: E402


def fail(ticket: Ticket) -> None:
    """With a message that quotes the ticket, as parsers do."""
    raise ValueError(f"cannot read {ticket.subject} {ticket.description}")


def hang(_ticket: Ticket) -> None:
    while True:
        pass


def stick(_ticket: Ticket) -> None:
    """In C, holding the interpreter: no signal and no other thread of Python's gets through."""
    deque(repeat(None), maxlen=0)


def leave(_ticket: Ticket) -> None:
    os._exit(3)


def hog(_ticket: Ticket) -> None:
    bytearray(4 << 30)


POISON: dict[str, Callable[[Ticket], None]] = {
    "poison-raise": fail,
    "poison-hang": hang,
    "poison-stick": stick,
    "poison-exit": leave,
    "poison-hog": hog,
}
decide = Triager.decide


def poisoned(self: Triager, ticket: Ticket, *rest: Any) -> Decision:
    POISON.get(ticket.subject.split()[0], lambda _: None)(ticket)
    return decide(self, ticket, *rest)


if __name__ == "__main__":
    Triager.decide = poisoned  # type: ignore[method-assign]
    sys.exit(main())
