"""Pages that need nobody any more: what was paged about is taken, answered or solved."""

from __future__ import annotations

from collections.abc import Iterator

from triage.escalation.messages import page_cause
from triage.escalation.people import Via
from triage.escalation.taking import Taking, taken
from triage.messages import PageAction
from triage.sla.standing import Standing

ENDS = {
    Taking.TAKEN: PageAction.ACKNOWLEDGE,
    Taking.ANSWERED: PageAction.RESOLVE,
    Taking.SOLVED: PageAction.RESOLVE,
}


def page_ends(ticket_ref: str, standing: Standing) -> Iterator[tuple[str, PageAction]]:
    """The cause of each page that somebody need not look at any more, with what to do about it; the same each time."""
    for told in standing.told:
        if Via.PAGE.value not in told.by:
            continue
        climb, _, _ = told.key.rpartition("/level/")
        action = ENDS.get(taken(standing, climb).state)
        if action is not None:
            yield page_cause(ticket_ref, told.key), action
