"""A brake on loops: automations that answer each other's changes end here instead of filling a ticket."""

from __future__ import annotations

from datetime import timedelta

MOST_EFFECTS, SPAN = 5, timedelta(hours=1)


MOST_MARKS = 20
"""Changes of marks alone within `SPAN`: a lively ticket goes to and fro, but not every minute."""


def why_stopped(earlier: int, *, planned: int) -> str | None:
    """Why a ticket that got `earlier` automatic effects within `SPAN` gets no more; None when it may.

    What people asked for is not counted.
    """
    if not planned or earlier + planned <= MOST_EFFECTS:
        return None
    return (
        f"Deskhand changed this ticket {earlier} times within an hour, and stops here. "
        "An automation in the helpdesk may be answering its changes: look there, then replay."
    )
