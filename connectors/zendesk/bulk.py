"""Many tickets in one request: Zendesk makes a job of it, whose result is told for each ticket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.base import ItemResult
from connectors.errors import Conflict, ConnectorError, Forbidden, NotFound, OutcomeUnknown, RateLimited, Rejected
from connectors.marks import marker_tag
from connectors.zendesk import wire
from connectors.zendesk.answers import asking
from connectors.zendesk.api import known_id
from connectors.zendesk.changes import build_body, without_marks
from connectors.zendesk.writing import FINAL, Writing, closed
from triage.actions import UpdateTicket

VERB = "update_tickets"
# https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#update-many-tickets
CHUNK = 100
# Seconds between two looks at a job: 20 in all, then its outcome counts as unknown.
LOOKS_S = (0.2, 0.4, 0.8, 1.6, 3.0, 4.0, 5.0, 5.0)
JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

# What an item's `error` says, by a word in it. The names are not documented: any other is a refusal.
# https://developer.zendesk.com/api-reference/ticketing/ticket-management/job_statuses/#results
ITEM_ERRORS: tuple[tuple[str, type[ConnectorError]], ...] = (
    ("notfound", NotFound),
    ("conflict", Conflict),
    ("forbidden", Forbidden),
    ("accessdenied", Forbidden),
    ("ratelimit", RateLimited),
    ("toomanyrequests", RateLimited),
)

Outcomes = dict[str, ConnectorError | None]


class Bulk(Writing):
    """The verb for many tickets; see `connectors.base.Helpdesk`."""

    def update_tickets(self, changes: Sequence[UpdateTicket], *, key: str) -> tuple[ItemResult, ...]:
        """A ticket that is named twice takes the first change only: both would carry the same mark."""
        first: dict[str, UpdateTicket] = {}
        for change in changes:
            first.setdefault(change.ticket_ref, change)
        distinct = list(first.values())
        outcomes: Outcomes = {}
        for start in range(0, len(distinct), CHUNK):
            outcomes |= self._update_chunk(distinct[start : start + CHUNK], key)
        twice = Rejected("the ticket is named twice in one call", vendor=self.name, operation=VERB)
        return tuple(
            ItemResult(
                ticket_ref=change.ticket_ref,
                error=outcomes[change.ticket_ref] if first[change.ticket_ref] is change else twice,
            )
            for change in changes
        )

    def unmark(self, marks: Mapping[str, Sequence[str]]) -> tuple[ItemResult, ...]:
        """A hundred tickets cost one read and one write, each ticket's tags under the version that was read."""
        refs = list(marks)
        outcomes: Outcomes = {}
        for start in range(0, len(refs), CHUNK):
            outcomes |= self._unmark_chunk({ref: marks[ref] for ref in refs[start : start + CHUNK]})
        return tuple(ItemResult(ticket_ref=ref, error=outcomes[ref]) for ref in refs)

    def _unmark_chunk(self, marks: Mapping[str, Sequence[str]]) -> Outcomes:
        current = self._read_many(list(marks))
        return self._each(marks, lambda ref: self._unmarked(ref, current.get(ref), marks[ref]))

    def _unmarked(self, ref: str, current: wire.Ticket | None, keys: Iterable[str]) -> dict[str, Any] | None:
        if current is None:
            raise NotFound(f"there is no ticket {ref[:40]!r}", vendor=self.name, operation="unmark")
        body = without_marks(current, keys)
        if body is not None and current.status in FINAL:
            raise closed(current, "unmark")
        return body

    def _update_chunk(self, changes: list[UpdateTicket], key: str) -> Outcomes:
        try:
            current = self._read_many([change.ticket_ref for change in changes])
        except ConnectorError as error:
            return dict.fromkeys((change.ticket_ref for change in changes), error)
        named = {change.ticket_ref: change for change in changes}
        return self._each(named, lambda ref: self._body(named[ref], current.get(ref), key))

    def _each(self, refs: Iterable[str], body_of: Callable[[str], dict[str, Any] | None]) -> Outcomes:
        """What became of each ticket; one with nothing to write and one that cannot be written are not sent."""
        outcomes: Outcomes = {}
        bodies: dict[str, dict[str, Any]] = {}
        for ref in refs:
            try:
                body = body_of(ref)
            except ConnectorError as error:
                outcomes[ref] = error
                continue
            outcomes[ref] = None
            if body is not None:
                bodies[ref] = body
        return outcomes | (self._run(bodies) if bodies else {})

    def _body(self, change: UpdateTicket, current: wire.Ticket | None, key: str) -> dict[str, Any] | None:
        """What to send for one ticket; None when there is nothing left to do."""
        if current is None:
            raise NotFound(f"there is no ticket {change.ticket_ref[:40]!r}", vendor=self.name, operation=VERB)
        if marker_tag(key) in (current.tags or ()):
            return None
        body = build_body(change, current, self._field_ids, key)
        if body is not None and current.status in FINAL:
            raise closed(current, VERB)
        return body

    def _read_many(self, refs: list[str]) -> dict[str, wire.Ticket]:
        ids = ",".join(ref for ref in refs if _is_id(ref))
        if not ids:
            return {}
        with asking(VERB):
            body, _ = self._call("GET", "tickets/show_many.json", query={"ids": ids})
            found = [wire.Ticket.model_validate(row) for row in body["tickets"]]
        return {ticket.id: ticket for ticket in found}

    def _run(self, bodies: Mapping[str, Mapping[str, Any]]) -> Outcomes:
        """One job, watched for a while; "completed" says nothing about a single ticket, its own result does."""
        tickets = [{"id": int(ref), **body} for ref, body in bodies.items()]
        try:
            with asking(VERB, write=True):
                body, _ = self._call("PUT", "tickets/update_many.json", body={"tickets": tickets})
                job = self._finished(wire.Job.model_validate(body["job_status"]))
                results = job.results_by_id()
        except ConnectorError as error:
            return dict.fromkeys(bodies, error)
        untold = OutcomeUnknown(
            f"Zendesk's job {job.id} is {job.status} and does not say what became of the ticket",
            vendor=self.name,
            operation=VERB,
        )
        return {ref: _error_of(results[ref]) if ref in results else untold for ref in bodies}

    def _finished(self, job: wire.Job) -> wire.Job:
        """The job when it is over, or as it was at the last look that worked."""
        if not JOB_ID.fullmatch(job.id):
            raise ValueError("not a job's id")
        for wait_s in LOOKS_S:
            if job.is_over:
                break
            self._pause(wait_s)
            try:
                body, _ = self._call("GET", f"job_statuses/{job.id}.json")
            except ConnectorError:
                break
            job = wire.Job.model_validate(body["job_status"])
        return job


def _error_of(result: wire.JobResult) -> ConnectorError | None:
    if result.success:
        return None
    said = ", ".join(part for part in (result.error, result.details) if part) or "no explanation"
    name = re.sub(r"[^a-z]", "", (result.error or "").lower())
    kind = next((kind for word, kind in ITEM_ERRORS if word in name), Rejected)
    message = f"Zendesk refused the change to ticket {result.id}: {said}"
    if kind is Rejected:
        return Rejected(message, details={"": said}, vendor="zendesk", operation=VERB)
    return kind(message, vendor="zendesk", operation=VERB)


def _is_id(ref: str) -> bool:
    try:
        known_id(ref)
    except NotFound:
        return False
    return True
