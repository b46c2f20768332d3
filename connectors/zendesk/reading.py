"""Tickets as Zendesk has them now: one, its conversation, its incidents, and all that changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from connectors.errors import Unavailable
from connectors.zendesk import wire
from connectors.zendesk.answers import asking
from connectors.zendesk.api import Api, known_id
from connectors.zendesk.changes import AUDIT_KEY
from triage.tickets import Comment, Ticket

logger = logging.getLogger(__name__)

EXPORT_PAGE = 500
# https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/
EXPORT_DELAY = timedelta(seconds=61)


class Reading(Api):
    """The verbs that read tickets; see `connectors.base.Helpdesk`."""

    def ticket(self, ref: str) -> Ticket:
        return self._read(ref).normalised(self._field_ids)

    def comments(self, ref: str) -> tuple[Comment, ...]:
        with asking("comments"):
            answers = self._tickets.comments(known_id(ref))
            found = [wire.Comment.model_validate(each.to_dict()).normalised() for each in answers]
        return tuple(sorted(found, key=lambda comment: (comment.created_at, int(comment.id))))

    def linked_tickets(self, incident_ref: str) -> tuple[str, ...]:
        with asking("linked_tickets"):
            answers = self._tickets.incidents(known_id(incident_ref))
            refs = {wire.Reference.model_validate(each.to_dict()).id for each in answers}
        return tuple(sorted(refs))

    def tickets(self, *, cursor: str | None, updated_since: datetime) -> Iterator[tuple[tuple[Ticket, ...], str]]:
        """Pages of the incremental export; the address of the next page in the answer is never followed.

        A ticket that cannot be read is logged and left out, so that it cannot hold up all others.
        """
        while True:
            with asking("tickets"):
                answer = self._tickets.incremental(**self._export_place(cursor, updated_since), per_page=EXPORT_PAGE)
                page = wire.Page.model_validate(vars(answer))
                rows = [each.to_dict() for each in answer.values or ()]
            if page.after_cursor is None:
                if rows:
                    raise Unavailable("Zendesk sent a page without a cursor", vendor=self.name, operation="tickets")
                return
            yield tuple(self._readable(rows)), page.after_cursor
            if page.end_of_stream or page.after_cursor == cursor:
                return
            cursor = page.after_cursor

    def _read(self, ref: str) -> wire.Ticket:
        with asking("ticket"):
            return wire.Ticket.model_validate(self._tickets(id=known_id(ref)).to_dict())

    def _audit_of(self, ref: str, key: str) -> str | None:
        """The id of the audit that an earlier try of ours left."""
        with asking("audits"):
            audits = (wire.Audit.model_validate(each.to_dict()) for each in self._tickets.audits(known_id(ref)))
            return next((audit.id for audit in audits if audit.carries(AUDIT_KEY, key)), None)

    def _export_place(self, cursor: str | None, updated_since: datetime) -> dict[str, Any]:
        if cursor is not None:
            return {"cursor": cursor}
        return {"start_time": max(0, int(min(updated_since, self._now() - EXPORT_DELAY).timestamp()))}

    def _readable(self, rows: list[dict[str, Any]]) -> Iterator[Ticket]:
        for row in rows:
            try:
                yield wire.Ticket.model_validate(row).normalised(self._field_ids)
            except ValidationError as error:
                fields = sorted({str(problem["loc"][0]) for problem in error.errors()})
                logger.warning("ticket %s of the export cannot be read: %s", row.get("id"), ",".join(fields))
