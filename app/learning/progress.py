"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is, and of how much; None where nobody knows."""


def silent(what: str, done: int, of: int | None) -> None:
    """For work that nobody watches."""
