"""What runs when. Each run is an inbox row, so a missed one is made up when a clock is back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Timed:
    """A job for each tenant; `name` is the inbox kind that `connectors.queue.INBOX_JOBS` maps to a job."""

    name: str
    every: timedelta


def timetable(settings: Settings) -> tuple[Timed, ...]:
    return (Timed("reconcile", timedelta(seconds=settings.reconcile_s)),)
