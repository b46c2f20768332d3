"""The nightly lesson: what people made of tickets becomes the next model, if it is a better one."""

from __future__ import annotations

from app.learning.nightly import learn as learn_nightly
from app.learning.training import Learner, most_rows
from connectors.store.inbox import InboxRow
from jobs.line import inbox_job
from jobs.runtime import Runtime


@inbox_job
def learn(run: Runtime, row: InboxRow) -> None:
    """Import, train, compare, promote; safe to run twice: the same tickets give the same model."""
    triager, settings = run.triager, run.deps.settings
    learner = Learner(deps=run.deps, encoder=triager.encoder, taxonomy=triager.taxonomy, shipped=triager.shipped)
    told = learn_nightly(learner, row.tenant, limit=most_rows(settings.worker_memory_mb))
    run.store.inbox.finish(row, "done", now=run.now(), note="\n".join(told))
