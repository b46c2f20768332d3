"""Many changes at once: equal ones as one bulk job, all others one by one.

A bulk job sets the same properties on every ticket, so whatever needs a ticket's own tags or a note goes alone.
https://developers.freshdesk.com/api/#bulk_update_tickets
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connectors.base import ItemResult
from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
    Unsupported,
)
from connectors.freshdesk.answers import asking
from connectors.freshdesk.api import Api, known_id
from connectors.freshdesk.changes import bulk_properties
from connectors.freshdesk.fields import Fields
from connectors.freshdesk.wire_setup import BulkAnswer, Job
from connectors.freshdesk.writes import Writes
from triage.actions import UpdateTicket

CHUNK = 100
# How long a finished job is waited for, 2 s in all; a longer one is looked at again by the next try.
WAITS_S = (0.1, 0.3, 0.6, 1.0)
# After one of these the next request would fail as well.
STOPS = (AuthFailed, RateLimited, Unavailable)

Outcomes = dict[str, ConnectorError | None]


class BulkWrites:
    """`update_tickets` of `connectors.base.Helpdesk`."""

    def __init__(
        self,
        api: Api,
        writes: Writes,
        fields: Fields,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = api
        self._writes = writes
        self._fields = fields
        self._sleep = sleep

    def update_tickets(self, changes: Sequence[UpdateTicket], *, key: str) -> tuple[ItemResult, ...]:
        """One result for each change, in order; of two for one ticket the first counts.

        A bulk job leaves no marker. It sets properties, so doing it twice changes nothing more.
        """
        first: dict[str, UpdateTicket] = {}
        for change in changes:
            first.setdefault(change.ticket_ref, change)
        outcomes: Outcomes = {}
        for refs, properties in self._together(first.values()):
            outcomes |= self._bulk(refs, properties)
        for ref, change in first.items():
            if isinstance(outcomes.get(ref), Rejected) or ref not in outcomes:
                outcomes[ref] = self._alone(change, key)
        twice = Rejected("the ticket is named twice in one call", vendor="freshdesk", operation="update_tickets")
        return tuple(
            ItemResult(
                ticket_ref=change.ticket_ref,
                error=outcomes[change.ticket_ref] if first[change.ticket_ref] is change else twice,
            )
            for change in changes
        )

    def unmark(self, marks: Mapping[str, Sequence[str]]) -> tuple[ItemResult, ...]:
        """One by one, as each ticket keeps tags of its own. What stops one from being sent stops the rest."""
        outcomes: Outcomes = {}
        stopped: ConnectorError | None = None
        for ref, keys in marks.items():
            try:
                if stopped is None:
                    self._writes.unmark(ref, keys)
                outcomes[ref] = stopped
            except STOPS as error:
                outcomes[ref] = stopped = error
            except ConnectorError as error:
                outcomes[ref] = error
        return tuple(ItemResult(ticket_ref=ref, error=outcomes[ref]) for ref in marks)

    def _together(self, changes: Iterable[UpdateTicket]) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
        """Tickets of which the same is asked, with the properties that say it; nothing for those that go alone."""
        groups: dict[str, tuple[list[str], Mapping[str, Any]]] = {}
        for change in changes:
            try:
                properties = bulk_properties(change, self._fields)
            except Rejected:
                continue  # alone, it is refused for itself
            if properties is not None:
                groups.setdefault(repr(sorted(properties.items())), ([], properties))[0].append(change.ticket_ref)
        for refs, properties in groups.values():
            for start in range(0, len(refs), CHUNK):
                chunk = refs[start : start + CHUNK]
                if len(chunk) > 1:
                    yield chunk, properties

    def _bulk(self, refs: list[str], properties: Mapping[str, Any]) -> Outcomes:
        """What became of each ticket: None for done; empty when the account takes no bulk job."""
        try:
            body = {"bulk_action": {"ids": [int(known_id(ref)) for ref in refs], "properties": properties}}
            answer = self._api.post("update_tickets", "/tickets/bulk_update", body)
            with asking("update_tickets", write=True):
                job_id = BulkAnswer.model_validate(answer).job_id
            job = self._finished(job_id)
        except (Rejected, Unsupported, Forbidden, NotFound):
            return {}
        except ConnectorError as error:
            return dict.fromkeys(refs, error)
        if job is None:
            waiting = OutcomeUnknown(
                "the bulk job is still running; look again", vendor="freshdesk", operation="update_tickets"
            )
            return dict.fromkeys(refs, waiting)
        if job.is_failed:
            return {}
        refused = Rejected("the bulk job left the ticket out", vendor="freshdesk", operation="update_tickets")
        return {ref: refused if ref in job.failed_ids else None for ref in refs}

    def _finished(self, job_id: str) -> Job | None:
        for wait_s in WAITS_S:
            answer = self._api.get("update_tickets", f"/jobs/{quote(job_id, safe='')}")
            with asking("update_tickets"):
                job = Job.model_validate(answer)
            if job.is_done or job.is_failed:
                return job
            self._sleep(wait_s)
        return None

    def _alone(self, change: UpdateTicket, key: str) -> ConnectorError | None:
        """Also where a bulk job left a ticket out: the refusal then names the reason."""
        try:
            self._writes.update_ticket(change, key=key, verify=False)
        except ConnectorError as error:
            return error
        return None
