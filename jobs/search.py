"""Every day where agents insert articles: how often search was right, and an order learned from that."""

from __future__ import annotations

from app.knowledge.learning import learn_order
from app.knowledge.measuring import measure
from connectors.store.inbox import InboxRow
from jobs.line import inbox_job
from jobs.runtime import Runtime


@inbox_job
def search(run: Runtime, row: InboxRow) -> None:
    """Learn, then measure with what is used now; safe to run twice: the same inserts give the same order."""
    learned = learn_order(run.deps, row.tenant)
    measured = measure(run.deps, row.tenant, run.triager.encoder)
    run.store.inbox.finish(row, "done", now=run.now(), note=f"{learned}\n{measured}")
