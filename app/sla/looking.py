"""A ticket's clocks from what is stored: for the panel, the console and `deskhand sla explain`. Asks no helpdesk."""

from __future__ import annotations

from datetime import datetime

from app.sla.rules import rules_for
from connectors.store import Store
from triage.hours import NeverOpen, ScheduleError, TooFar
from triage.sla.case import Case, case
from triage.sla.reading import SlaRulesError


class ClocksUnreadable(Exception):
    """The tenant's rules give no due times; the message says why and what to do."""


def case_of(store: Store, tenant: str, ref: str, at: datetime) -> Case:
    """The ticket as it stood at `at`; its log is empty for one that was never read. Raises `ClocksUnreadable`."""
    try:
        return case(store.ticket_log.read(tenant, ref), rules_for(store, tenant), at)
    except SlaRulesError as error:
        raise ClocksUnreadable(
            "The SLA rules in use cannot be read. Mend them: deskhand config import sla FILE."
        ) from error
    except (NeverOpen, TooFar, ScheduleError) as error:
        raise ClocksUnreadable(str(error)) from error
