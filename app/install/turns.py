"""One at a time: two that install in the same helpdesk at once would each make what the other makes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from app.bootstrap import Deps
from connectors.errors import Unavailable
from connectors.store.clockwork import Leadership

LONGEST_TURN = timedelta(minutes=3)
"""So long a process that died keeps the others out."""


@contextmanager
def alone(deps: Deps, vendor: str, base_url: str) -> Iterator[None]:
    """The only installation at this address, in whatever process; raises `Unavailable` while there is another."""
    address = hashlib.sha256(f"{vendor} {base_url}".encode()).hexdigest()[:24]
    turn = Leadership(deps.store.database, "install", LONGEST_TURN, name=f"install:{address}")
    if not turn.hold(deps.now()):
        raise Unavailable("this helpdesk is being connected or mended by somebody else just now.", operation="install")
    try:
        yield
    finally:
        turn.resign()
