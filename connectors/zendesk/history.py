"""What happened to a ticket, and when Zendesk's own SLA clocks are due."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from connectors.base import Happening
from connectors.happenings import oldest_first
from connectors.zendesk import mapping, wire
from connectors.zendesk.answers import asking
from connectors.zendesk.api import PAGE, Api, known_id, next_query
from connectors.zendesk.audits import Audit, authors, happenings, readable
from triage.sla import Metric

logger = logging.getLogger(__name__)

MOST_PAGES = 10
"""So many from the beginning, and where that is not all, so many from the end."""
MOST_USERS = 100
STAGES = ("achieved", "paused", "active")
"""Of two clocks of one metric the later in this list is the one that counts."""


class History(Api):
    """`history` and `native_due` of `connectors.base.Helpdesk`."""

    def history(self, ref: str) -> tuple[Happening, ...]:
        """The ticket's audits: 1 request for each 100, which brings the authors as well.

        Authors who do not come along cost 1 more for each 100 of them. A ticket with more than 2,000 audits is told
        by its first and its last thousand; what held when the last begin is told, when it came to hold is not.
        Source: https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/
        """
        path = f"tickets/{known_id(ref)}/audits.json"
        roles: dict[str, str] = {}
        first, more = self._audits(path, "created_at", roles)
        last: list[Audit] = []
        if more:
            known = {audit.id for audit in first}
            newest, _ = self._audits(path, "-created_at", roles)
            last = [audit for audit in reversed(newest) if audit.id not in known]
            if len(last) == len(newest):
                logger.warning("ticket %s has a longer history than is read: its middle is left out", ref)
        self._add_roles(authors([*first, *last]) - roles.keys(), roles)
        with asking("history"):
            return oldest_first(happenings(first, last, roles))

    def native_due(self, ref: str) -> Mapping[Metric, datetime | None]:
        """1 request. Empty on a plan without SLA policies, and for a ticket that fits none.

        Source: https://developer.zendesk.com/documentation/ticketing/using-the-zendesk-api/side_loading/ (slas)
        """
        with asking("native_due"):
            body, _ = self._call("GET", f"tickets/{known_id(ref)}.json", query={"include": "slas"})
            told = body["ticket"].get("slas") or body.get("slas") or {}
            clocks = [_Clock.model_validate(row) for row in told.get("policy_metrics") or ()]
            clocks.sort(key=lambda clock: (clock.rank, clock.breach_at or ""))
            return {mapping.METRIC[clock.metric]: clock.due for clock in clocks if clock.metric in mapping.METRIC}

    def _audits(self, path: str, sort: str, roles: dict[str, str]) -> tuple[list[Audit], bool]:
        """The audits in this order, with whether there are more; the users that come along are put into `roles`."""
        query = {"include": "users", "page[size]": str(PAGE), "sort": sort}
        found: list[Audit] = []
        following: Mapping[str, str] | None = query
        for _ in range(MOST_PAGES):
            with asking("history"):
                body, _answer = self._call("GET", path, query=following)
                found += readable(body["audits"])
                roles |= _roles(body.get("users") or ())
                following = next_query(body, query)
            if following is None:
                return found, False
        return found, True

    def _add_roles(self, missing: Iterable[str], roles: dict[str, str]) -> None:
        """https://developer.zendesk.com/api-reference/ticketing/users/users/#show-many-users"""
        ids = sorted(missing, key=int)
        for start in range(0, len(ids), MOST_USERS):
            with asking("history"):
                query = {"ids": ",".join(ids[start : start + MOST_USERS])}
                body, _ = self._call("GET", "users/show_many.json", query=query)
                roles |= _roles(body["users"])


class _Clock(wire.Wire):
    """`stage` is `active`, `paused` or `achieved`; one that is done still says when it was due."""

    metric: str
    stage: str | None = None
    breach_at: str | None = None

    @property
    def due(self) -> datetime | None:
        return mapping.parse_instant(self.breach_at) if self.breach_at else None

    @property
    def rank(self) -> int:
        return STAGES.index(self.stage) if self.stage in STAGES else -1


def _roles(rows: Iterable[Any]) -> dict[str, str]:
    users = [wire.User.model_validate(row) for row in rows]
    return {user.id: role for user in users if (role := mapping.ROLE.get((user.role or "").lower())) is not None}
