"""The helpdesk's articles, read page by page into the store. A walk that is cut off goes on where it was.

A page and the cursor after it are one transaction. What a complete listing lacks was deleted; half of one, and a list
of changes, say nothing about that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.bootstrap import Deps
from app.learning.progress import Progress, silent
from connectors.base import Feature
from connectors.errors import RateLimited, Rejected, Unsupported
from connectors.store import Store
from connectors.store.article_rows import HELPDESK
from connectors.store.article_writes import Counts
from connectors.store.articles import NEXT

STREAM = "articles"
LISTED, CHANGES = timedelta(days=1), timedelta(hours=1)
"""How often everything is listed, and how often the changes are asked for where the helpdesk tells them."""
OVERLAP = timedelta(minutes=5)
"""Changes are asked for from so long before the last reading on: clocks differ."""
SHORTEST_WAIT_S, LONGEST_WAIT_S, GIVES_UP_S = 0.5, 60.0, 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A reading under way: of all, or of what changed `since`. `at` is the connector's cursor."""

    began: datetime
    since: datetime | None
    at: str | None = None
    counts: Counts = Counts()  # noqa: RUF009 - frozen and empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """How far a tenant's articles are read. `listed_at` and `read_at` are when the last complete listing and the last
    complete walk of any kind began.
    """

    walk: Walk | None = None
    listed_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one call did, counted over the whole walk. `complete` is False when there is more to read."""

    counts: Counts
    complete: bool
    full: bool

    def __str__(self) -> str:
        told = f"{said(self.counts)}{'' if self.full else ' since the last time'}."
        return told if self.complete else f"{told} There is more to read."


def read_helpdesk(
    deps: Deps,
    tenant: str,
    *,
    full: bool = False,
    waits: bool = False,
    most: timedelta | None = None,
    progress: Progress = silent,
    sleep: Callable[[float], None] = time.sleep,
) -> Reading:
    """Go on with the walk that was cut off, or begin one: of everything when `full`, the first time and once a day,
    else of what changed.

    With `waits` a spent budget and a 429 are waited for; else `RateLimited` is raised, and the next call goes on at
    the page it came to; so it does after `most` of it. Raises `Unsupported` where the helpdesk has no articles.
    """
    helpdesk, store = deps.helpdesk(tenant), deps.store
    if Feature.ARTICLES not in helpdesk.features:
        raise Unsupported("This helpdesk has no articles.", vendor=helpdesk.name)
    tells_changes = Feature.ARTICLE_CHANGES in helpdesk.features
    before = _load(store, tenant)
    walk = _next_walk(before, full=full or not tells_changes, now=deps.now())
    waited_s, pages, until = 0.0, 0, None if most is None else deps.now() + most
    while True:
        try:
            for found, after in helpdesk.article_pages(cursor=walk.at, updated_since=walk.since):
                reads, now = store.articles.compare(tenant, HELPDESK, found), deps.now()
                with store.database.write() as transaction:
                    counts = store.articles.keep_in(transaction, tenant, HELPDESK, reads, now=now)
                    walk = replace(walk, at=after, counts=walk.counts + counts)
                    store.cursors.set_in(transaction, tenant, STREAM, _dump(replace(before, walk=walk)), now=now)
                pages, waited_s = pages + 1, 0.0
                progress("Reading articles", _read(walk.counts), None)
                if until is not None and now >= until:
                    return Reading(counts=walk.counts, complete=False, full=walk.since is None)
            break
        except RateLimited as error:
            wait_s = min(LONGEST_WAIT_S, max(error.retry_after_s or 0.0, SHORTEST_WAIT_S))
            waited_s += wait_s
            if not waits or waited_s > GIVES_UP_S:
                raise
            progress("Waiting for the helpdesk", _read(walk.counts), None)
            sleep(wait_s)
        except Rejected:
            if walk.at is None or pages:
                raise
            # It no longer knows the place where the walk stood: begin again.
            walk = Walk(began=deps.now(), since=walk.since)
    counts = walk.counts + _finish(deps, tenant, before, walk, tells_changes=tells_changes)
    return Reading(counts=counts, complete=True, full=walk.since is None)


def rest(deps: Deps, tenant: str, span: timedelta) -> None:
    """Leave the tenant's helpdesk alone for a while: it has no articles for us."""
    now = deps.now()
    with deps.store.database.write() as transaction:
        deps.store.cursors.set_in(transaction, tenant, NEXT, (now + span).isoformat(), now=now)


def how_far(store: Store, tenant: str) -> tuple[datetime | None, int | None]:
    """When the helpdesk's articles were last read whole or for changes, and how many a reading under way has seen."""
    state = _load(store, tenant)
    return state.read_at, None if state.walk is None else _read(state.walk.counts)


def said(counts: Counts) -> str:
    """What became of the articles, in words."""
    return f"{counts.new:,} new, {counts.changed:,} changed, {counts.deleted:,} deleted, {counts.unchanged:,} unchanged"


def _next_walk(before: Progressed, *, full: bool, now: datetime) -> Walk:
    listed_at, walk = before.listed_at, before.walk
    # A listing in the future is from before the clock was put right.
    wants_all = full or listed_at is None or before.read_at is None or not now - LISTED < listed_at <= now
    if walk is not None and now - LISTED < walk.began <= now and (walk.since is None or not wants_all):
        return walk
    if wants_all or before.read_at is None:
        return Walk(began=now, since=None)
    return Walk(began=now, since=before.read_at - OVERLAP)


def _finish(deps: Deps, tenant: str, before: Progressed, walk: Walk, *, tells_changes: bool) -> Counts:
    """Mark what a complete listing lacks as deleted, and say when to read again."""
    store, now, gone = deps.store, deps.now(), 0
    after = replace(before, walk=None, read_at=walk.began)
    with store.database.write() as transaction:
        if walk.since is None:
            gone = store.articles.delete_unseen_in(transaction, tenant, HELPDESK, since=walk.began, now=now)
            after = replace(after, listed_at=walk.began)
        store.cursors.set_in(transaction, tenant, STREAM, _dump(after), now=now)
        again = walk.began + (CHANGES if tells_changes else LISTED)
        store.cursors.set_in(transaction, tenant, NEXT, again.isoformat(), now=now)
    return Counts(deleted=gone)


def _read(counts: Counts) -> int:
    return counts.new + counts.changed + counts.unchanged


def _load(store: Store, tenant: str) -> Progressed:
    kept = store.cursors.get(tenant, STREAM)
    if kept is None:
        return Progressed()
    found: dict[str, Any] = json.loads(kept)
    walk = found["walk"]
    return Progressed(
        walk=walk
        and Walk(
            began=datetime.fromisoformat(walk["began"]),
            since=_instant(walk["since"]),
            at=walk["at"],
            counts=Counts(**walk["counts"]),
        ),
        listed_at=_instant(found["listed_at"]),
        read_at=_instant(found["read_at"]),
    )


def _dump(state: Progressed) -> str:
    return json.dumps(asdict(state), default=lambda value: value.isoformat())


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
