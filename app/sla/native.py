"""The helpdesk's own due times beside ours, as far as it answers."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap import Deps
from connectors.base import Feature
from connectors.errors import ConnectorError, NotFound
from triage.sla.case import Case
from triage.sla.native import Compared, compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """`problem` says why nothing is known."""

    clocks: tuple[Compared, ...] = ()
    problem: str = ""


def native_of(deps: Deps, tenant: str, ref: str, case: Case) -> Native:
    """Asks the helpdesk, whose client bounds how long that takes; nothing is tried again, for a person waits."""
    try:
        helpdesk = deps.helpdesk(tenant, urgent=True)
        found = helpdesk.native_due(ref)
    except NotFound:
        return Native(problem="The helpdesk has no such ticket any more.")
    except ConnectorError:
        return Native(problem="The helpdesk does not answer. Ours needs no answer; compare later.")
    if not found:
        return Native(problem="The helpdesk has no SLA clock on this ticket.")
    tells_holidays = Feature.HOLIDAYS in helpdesk.features
    return Native(clocks=compared(case.log, case.rules, case.at, found, tells_holidays=tells_holidays))
