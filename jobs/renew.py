"""The timed renewal of a tenant's token, before it ends."""

from __future__ import annotations

from connectors.store.inbox import InboxRow
from jobs.access import exchange
from jobs.line import inbox_job
from jobs.runtime import Runtime

BROKEN = "The helpdesk refuses to renew the access: reconnect it."


@inbox_job
def renew(run: Runtime, row: InboxRow) -> None:
    """Renew the token when it has lived most of its life; safe to run twice."""
    needed = row.tenant in run.store.access.due(run.now())
    held = not needed or exchange(run.deps, row.tenant, used_since=run.now())
    run.store.inbox.finish(row, "done", now=run.now(), note=None if held else BROKEN)
