"""Articles from files into the store: each source by its name, so that reading it again removes what is gone."""

from __future__ import annotations

import re
from pathlib import Path

from app.bootstrap import Deps
from app.learning.progress import Progress, silent
from connectors.article_files import Found
from connectors.store.article_writes import Counts

PAGE = 100


class NoSourceName(ValueError):
    """What a source was called cannot be its name."""


def source_name(kind: str, path: Path, given: str | None) -> str:
    """`folder:<name>` or `csv:<name>`, by default the file's own name. Raises `NoSourceName`."""
    name = re.sub(r"[^a-z0-9._-]+", "-", (given or path.resolve().stem).lower()).strip("-.")[:60]
    if not name:
        raise NoSourceName("Say what this source is called, with letters or digits: --name handbook.")
    return f"{kind}:{name}"


def keep_files(deps: Deps, tenant: str, source: str, found: Found, *, progress: Progress = silent) -> Counts:
    """Store what was read and remove what the source no longer has. Where nothing was found nothing is removed: the
    folder may be the wrong one.
    """
    store, began, counts = deps.store, deps.now(), Counts()
    for start in range(0, len(found.articles), PAGE):
        reads = store.articles.compare(tenant, source, found.articles[start : start + PAGE], found.facts)
        with store.database.write() as transaction:
            counts += store.articles.keep_in(transaction, tenant, source, reads, now=deps.now())
        progress("Reading articles", min(start + PAGE, len(found.articles)), len(found.articles))
    if not found.articles:
        return counts
    now = deps.now()
    with store.database.write() as transaction:
        store.articles.touch_in(transaction, tenant, source, found.unread, now)
        gone = store.articles.delete_unseen_in(transaction, tenant, source, since=began, now=now)
    return counts + Counts(deleted=gone)
