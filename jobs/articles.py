"""The help centre, read again: what changed every hour where the helpdesk tells, everything once a day."""

from __future__ import annotations

from datetime import timedelta

from app.knowledge.reading import LISTED, read_helpdesk, rest
from app.knowledge.refreshing import refresh_index
from app.knowledge.suggesting import KEPT_FOR
from connectors.errors import Forbidden, NotFound, Rejected, Unsupported
from connectors.store.inbox import InboxRow
from jobs.line import inbox_job
from jobs.runtime import Runtime

MOST = timedelta(seconds=60)
"""What one run reads at most; the next one goes on minutes later. Other work comes between."""
REFUSED = (Forbidden, NotFound, Rejected, Unsupported)
"""No help centre, or not for us: that stays so for a while."""


@inbox_job
def articles(run: Runtime, row: InboxRow) -> None:
    """Read, then make the search index again; safe to run twice, and a run that was cut off is gone on with.

    It comes often enough to forget what was searched for and shown long ago.
    """
    run.store.suggestions.tidy(row.tenant, run.now() - KEPT_FOR)
    run.store.readings.tidy(row.tenant, before=run.now() - KEPT_FOR)
    try:
        found = read_helpdesk(run.deps, row.tenant, most=MOST)
    except REFUSED as error:
        rest(run.deps, row.tenant, LISTED)
        run.store.inbox.finish(row, "done", now=run.now(), note=str(error))
        return
    note = str(found)
    if found.complete and (refused := refresh_index(run.deps, row.tenant, lambda: run.triager.encoder).refused):
        note = f"{note} {refused}"
    run.store.inbox.finish(row, "done", now=run.now(), note=note)
