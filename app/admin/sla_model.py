"""What the SLA page shows, as data, and the Protocol behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.admin.triage_model import Place
from app.sla.native import Native
from triage.sla.case import Case
from triage.sla.rules import SlaRules


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaPage:
    """The page about one helpdesk, whose product is called `helpdesk`.

    `rules` are None where they cannot be used, and `problem` says why. `asked` is the ticket that was asked for; its
    `case` is None where it gives no clocks, and `case_problem` says why. `native` is None until it was asked for.
    `ticket_url` has "{ref}" where a ticket's number goes.
    """

    desk: Place
    helpdesk: str
    at: datetime
    rules: SlaRules | None
    problem: str = ""
    is_default: bool = False
    others: tuple[Place, ...] = ()
    asked: str = ""
    case: Case | None = None
    case_problem: str = ""
    native: Native | None = None
    ticket_url: str = ""


class SlaDeps(Protocol):
    """What the SLA page needs. A tenant that is not there raises a LookupError."""

    def sla_page(self, tenant: str | None, ticket: str, *, compare: bool) -> SlaPage | None:
        """The page about `tenant`, or about the first helpdesk; None when none is connected. `ticket` may be empty.

        With `compare` the helpdesk is asked for its own due times.
        """
