"""The janitor: our marker tags come off tickets once they have served, a day's worth at a time.

That a marker is taken off is not an effect with a row of its own: it undoes what the effect's row left, no customer
sees it, and it is the same however often it is done. So it is recorded on that row: `tidying_at` before the helpdesk
is asked, `tidied_at` after. A process that dies in between leaves a marker that is looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from connectors.base import ItemResult
from connectors.crash import crash_point
from connectors.errors import ConnectorError, Forbidden, NotFound, OutcomeUnknown, OverBudget, Rejected
from connectors.queue import TIDY, TIMEOUT_S
from connectors.store.inbox import InboxRow
from connectors.store.markers import Mark
from jobs.line import inbox_job
from jobs.runtime import Runtime

CHUNK, CHUNKS = 100, 2
"""What one run takes off at most; the next one follows minutes later while there is more. Other work comes between."""
REFUSED = (NotFound, Rejected, Forbidden)
"""The ticket is gone or closed, or the helpdesk will not have it changed: that stays so."""


@inbox_job
def tidy(run: Runtime, row: InboxRow) -> None:
    """Take old markers off until none is left, the run is full or the budget is used up; safe to run twice."""
    note = None
    for _ in range(CHUNKS):
        lease = timedelta(seconds=TIMEOUT_S[TIDY])
        marks = run.store.markers.begin(row.tenant, now=run.now(), lease=lease, limit=CHUNK)
        if not marks:
            break
        failed = take_off(run, row.tenant, marks)
        if isinstance(failed, (OverBudget, Forbidden)):
            note = str(failed)
            break
        if failed is not None:
            raise failed
    run.store.inbox.finish(row, "done", now=run.now(), note=note)


def take_off(run: Runtime, tenant: str, marks: Sequence[Mark]) -> ConnectorError | None:
    """One chunk, recorded whatever comes of it; returns why the rest of it has to wait, None when nothing has to."""
    keys: dict[str, list[str]] = {}
    for mark in marks:
        keys.setdefault(mark.ticket_ref, []).append(mark.key)
    failed: ConnectorError | None = None
    results: Sequence[ItemResult] = ()
    try:
        results = run.helpdesk(tenant).unmark(keys)
    except ConnectorError as error:
        failed = error
    crash_point("tidy.written")
    off = {each.ticket_ref for each in results if each.error is None or isinstance(each.error, REFUSED)}
    unsure = {each.ticket_ref for each in results if isinstance(each.error, OutcomeUnknown)}
    run.store.markers.end(marks, now=run.now(), off=off, unsure=unsure)
    return failed or next((each.error for each in results if each.error and each.ticket_ref not in off), None)
