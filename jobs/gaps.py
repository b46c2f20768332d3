"""Once a night: what customers ask and no article answers, and articles that somebody should look at."""

from __future__ import annotations

from app.knowledge.article_findings import find_articles
from app.knowledge.gaps import find
from connectors.store.inbox import InboxRow
from jobs.line import inbox_job
from jobs.runtime import Runtime


@inbox_job
def gaps(run: Runtime, row: InboxRow) -> None:
    """Reads the database only; safe to run twice, and the second time changes nothing."""
    counts, kinds = find(run.deps, row.tenant), find_articles(run.deps, row.tenant)
    told = f"{counts.new:,} new gaps, {counts.same:,} known, {counts.gone:,} gone."
    looks = ", ".join(f"{count:,} {kind.value.replace('_', ' ')}" for kind, count in kinds.items() if count)
    note = f"{told} Articles to look at: {looks or 'none'}."
    run.store.inbox.finish(row, "done", now=run.now(), note=note)
