"""The regular check of a connection: what it finds is what the console shows."""

from __future__ import annotations

from app import install
from connectors.installing import Health
from connectors.store.inbox import InboxRow
from jobs.line import inbox_job
from jobs.runtime import Runtime


@inbox_job
def doctor(run: Runtime, row: InboxRow) -> None:
    """Check one tenant and keep the findings; nothing is mended without a person. Safe to run twice."""
    findings = install.diagnose(run.deps, row.tenant, in_worker=True)
    run.store.findings.save(row.tenant, findings, run.now())
    bad = [each.check for each in findings if each.health is Health.BAD]
    run.store.inbox.finish(row, "done", now=run.now(), note=f"Broken: {', '.join(bad)}." if bad else None)
