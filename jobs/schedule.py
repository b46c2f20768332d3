"""What runs when. Each run is an inbox row, so a missed one is made up when a clock is back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.settings import Settings
from connectors.store import Store
from connectors.store.clockwork import FIRST, LAST
from connectors.store.inbox import ANY_RANK, ESCALATE

LATELY = timedelta(days=2)
"""Search is measured while agents use it."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A job for each tenant; `name` is the inbox kind that `connectors.queue.INBOX_JOBS` maps to a job.

    `tenants` names those that need it now; None means all. `rank` is its place in the queue.
    """

    name: str
    every: timedelta
    rank: int = ANY_RANK
    tenants: Callable[[Store, datetime], Collection[str]] | None = None


def timetable(settings: Settings) -> tuple[Timed, ...]:
    return (
        Timed("reconcile", timedelta(seconds=settings.reconcile_s)),
        Timed("doctor", timedelta(minutes=5)),
        Timed("tidy", timedelta(minutes=5), LAST, tenants=lambda store, now: store.markers.due(now)),
        Timed("learn", timedelta(days=1), LAST, tenants=lambda store, now: store.examples.resting(now)),
        Timed("articles", timedelta(minutes=5), LAST, tenants=lambda store, now: store.articles.due(now)),
        Timed("search", timedelta(days=1), LAST, tenants=lambda store, now: store.inserts.tenants(now - LATELY)),
        Timed("gaps", timedelta(days=1), LAST, tenants=lambda store, now: store.gaps.due()),
        Timed("reviews", timedelta(seconds=5), tenants=lambda store, now: store.reviews.due(now)),
        Timed(ESCALATE, timedelta(seconds=1), FIRST, tenants=lambda store, now: store.timers.due(now)),
        Timed("renew", timedelta(minutes=1), FIRST, tenants=lambda store, now: store.access.due(now)),
    )
