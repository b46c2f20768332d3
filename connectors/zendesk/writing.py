"""Writes to one ticket: each leaves a marker with the change itself, and a marked ticket is not written again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from connectors.base import Receipt
from connectors.errors import Conflict, Rejected
from connectors.marks import marker_tag, tag_text
from connectors.zendesk import mapping, wire
from connectors.zendesk.answers import asking
from connectors.zendesk.api import known_id
from connectors.zendesk.changes import AUDIT_KEY, build_body, guarded, number
from connectors.zendesk.reading import Reading
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket

MAX_WRITES = 3
FINAL = frozenset({"closed", "deleted"})
LONGEST_KEY = 255

# What to PUT on the ticket as it is now; None when it is already as asked for.
Body = Callable[[wire.Ticket], dict[str, Any] | None]


class Writing(Reading):
    """The verbs that write one ticket; see `connectors.base.Helpdesk`."""

    def update_ticket(self, change: UpdateTicket, *, key: str, verify: bool = False) -> Receipt:
        """A 409 is answered by reading again, up to 3 writes in all; so in every write below."""

        def body(current: wire.Ticket) -> dict[str, Any] | None:
            return build_body(change, current, self._field_ids, key)

        return self._once("update_ticket", change.ticket_ref, body, key=key, verify=verify)

    def add_comment(self, comment: AddComment, *, key: str, verify: bool = False) -> Receipt:
        """`public` is always sent: left out, Zendesk takes the first comment's."""

        def body(current: wire.Ticket) -> dict[str, Any]:
            said = {"comment": {"body": comment.body, "public": comment.public}}
            return said | guarded(current, current.tags or (), key)

        return self._once("add_comment", comment.ticket_ref, body, key=key, verify=verify)

    def link_incident(self, link: LinkIncident, *, key: str, verify: bool = False) -> Receipt:
        """Zendesk calls the incident a `problem` and each linked ticket an `incident`.

        Solving a problem solves all that is linked to it, so nothing here ever touches a status.
        Source: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#list-ticket-incidents
        """
        if link.ticket_ref == link.incident_ref:
            raise Rejected("a ticket cannot be linked to itself", vendor=self.name, operation="link_incident")
        with asking("link_incident"):
            problem_id = known_id(link.incident_ref)

        def as_problem(incident: wire.Ticket) -> dict[str, Any] | None:
            if incident.type == "problem":
                return None
            if incident.problem_id:
                raise _unlinkable(f"ticket {incident.id} is itself linked to {incident.problem_id}")
            return {"type": "problem", **guarded(incident, None, key)}

        def linked(current: wire.Ticket) -> dict[str, Any] | None:
            if current.type == "incident" and current.problem_id == problem_id:
                return None
            if current.status in FINAL:
                raise closed(current, "link_incident")
            if current.has_incidents:
                raise _unlinkable(f"other tickets are linked to ticket {current.id}")
            # Only now: a link that is there already must not touch the incident again.
            self._once("link_incident", problem_id, as_problem, key=None)
            wanted = {"type": "incident", "problem_id": int(problem_id)}
            return wanted | guarded(current, current.tags or (), key)

        return self._once("link_incident", link.ticket_ref, linked, key=key, verify=verify)

    def create_ticket(self, draft: CreateTicket, *, key: str, verify: bool = False) -> Receipt:
        """The key travels as idempotency key, which Zendesk keeps for 2 hours, and stays as the ticket's external id.

        Source: https://developer.zendesk.com/api-reference/ticketing/introduction/#idempotency
        """
        external_id = _external_id(key)
        if verify and (ref := self._created_before(external_id)):
            return Receipt(applied=False, status=None, evidence=f"ticket {ref} carries the key", ref=ref)
        ticket: dict[str, Any] = {
            "subject": draft.subject,
            "comment": {"body": draft.body, "public": True},
            "requester": {"name": draft.requester_name or draft.requester_email, "email": draft.requester_email},
            "tags": [tag_text(tag) for tag in draft.tags],
            "external_id": external_id,
            "metadata": {AUDIT_KEY: key},
        }
        if draft.priority is not None:
            ticket["priority"] = mapping.PRIORITY_OUT[draft.priority]
        if draft.group_id is not None:
            ticket["group_id"] = number(draft.group_id)
        with asking("create_ticket", write=True):
            headers = {"Idempotency-Key": external_id}
            body, answer = self._call("POST", "tickets.json", body={"ticket": ticket}, headers=headers)
            ref = wire.Reference.model_validate(body["ticket"]).id
        again = answer.headers.get("x-idempotency-lookup") == "hit"
        return Receipt(applied=not again, status=answer.status_code, evidence=f"ticket {ref}", ref=ref)

    def _once(self, operation: str, ref: str, body_for: Body, *, key: str | None, verify: bool = False) -> Receipt:
        """Read, look for our traces, write under the version that was read. Without `key` no trace is looked for."""
        for _ in range(MAX_WRITES):
            current = self._read(ref)
            if key is not None and (trace := self._trace(current, key, verify=verify)):
                return Receipt(applied=False, status=None, evidence=trace)
            body = body_for(current)
            if body is None:
                return Receipt(applied=False, status=None, evidence="the ticket is already as asked for")
            if current.status in FINAL:
                raise closed(current, operation)
            try:
                return self._write(operation, current.id, body)
            except Conflict as conflict:
                last = conflict
        raise last

    def _trace(self, current: wire.Ticket, key: str, *, verify: bool) -> str | None:
        marker = marker_tag(key)
        if marker in (current.tags or ()):
            return f"tag {marker} is on the ticket"
        audit = self._audit_of(current.id, key) if verify else None
        return f"audit {audit} carries the key" if audit else None

    def _write(self, operation: str, ref: str, body: Mapping[str, Any]) -> Receipt:
        """Without zenpy, which repeats the ticket's id in the body, where it is read-only."""
        with asking(operation, write=True):
            answer, _ = self._call("PUT", f"tickets/{known_id(ref)}.json", body={"ticket": body})
            if audit := answer.get("audit"):
                evidence = f"audit {wire.Reference.model_validate(audit).id}"
            else:
                evidence = f"ticket {wire.Reference.model_validate(answer['ticket']).id}"
        return Receipt(applied=True, status=200, evidence=evidence)

    def _created_before(self, external_id: str) -> str | None:
        """The ticket that an earlier try made; the first one should there be two."""
        with asking("create_ticket"):
            body, _ = self._call("GET", "tickets.json", query={"external_id": external_id})
            rows = [row for row in body["tickets"] if row.get("external_id") == external_id]
            ours = [wire.Reference.model_validate(row).id for row in rows]
        return min(ours, key=int, default=None)


def closed(current: wire.Ticket, operation: str) -> Rejected:
    return Rejected(
        f"ticket {current.id} is {current.status} and takes no change",
        details={"status": current.status},
        vendor="zendesk",
        operation=operation,
    )


def _unlinkable(why: str) -> Rejected:
    return Rejected(why, details={"problem_id": why}, vendor="zendesk", operation="link_incident")


def _external_id(key: str) -> str:
    """The key where a header and Zendesk's column can hold it, else its hash."""
    if len(key) <= LONGEST_KEY and key.isascii() and key.isprintable():
        return key
    return hashlib.sha256(key.encode()).hexdigest()
