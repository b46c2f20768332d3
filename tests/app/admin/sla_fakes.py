"""The SLA page of one working day, in memory: a known ticket whose figures the other tests of clocks share."""

from __future__ import annotations

from datetime import timedelta

from app.admin.sla_model import SlaPage
from app.admin.triage_model import Place
from app.sla.native import Native
from connectors.store.tenants import UnknownTenant
from tests.app.admin.connect_fakes import OTHER, TENANT
from tests.triage.sla.stories import LADDERED, NOW, REF, STORY_RULES, local, service_down
from triage.sla.case import case
from triage.sla.log import Event, StatusSet
from triage.sla.native import Compared
from triage.sla.policies import Metric
from triage.tickets import Status

WHY = "its resolution time goes on while the ticket is pending"
LOGS: dict[str, tuple[Event, ...]] = {
    REF: LADDERED,
    "48301": service_down(1, 2),
    "48302": (StatusSet(at=local(17, "13:00"), status=Status.NEW),),
    "48303": (*LADDERED, StatusSet(at=local(17, "11:20"), status=Status.PENDING)),
    "48304": tuple(event for event in LADDERED if event.at < local(12, "15:50")),
}
"""By ticket: the known one, a service down, one without a priority, one that waits, one nobody answered."""


class FakeSla:
    """`sla` overrides what the page is made of; `compared` remembers which tickets the helpdesk was asked for."""

    def __init__(self) -> None:
        self.sla_connected = True
        self.sla_problem = ""
        self.sla_silent = False
        self.compared: list[str] = []

    def sla_page(self, tenant: str | None, ticket: str, *, compare: bool) -> SlaPage | None:
        if not self.sla_connected:
            return None
        if tenant not in (None, TENANT, OTHER):
            raise UnknownTenant(str(tenant))
        at = NOW if ticket != "48304" else NOW + timedelta(days=200)
        found = case(LOGS.get(ticket, ()), STORY_RULES, at) if ticket and not self.sla_problem else None
        native = None
        if compare and found:
            self.compared.append(ticket)
            due = found.standing.clocks[Metric.FULL_RESOLUTION_TIME].due
            compared = Compared(metric=Metric.FULL_RESOLUTION_TIME, ours=due, native=local(17, "09:20"), why=WHY)
            native = Native(problem="The helpdesk does not answer.") if self.sla_silent else Native(clocks=(compared,))
        return SlaPage(
            desk=Place(id=tenant or TENANT, name="Fieldline"),
            helpdesk="Tidedesk",
            at=at,
            rules=None if self.sla_problem else STORY_RULES,
            problem=self.sla_problem,
            others=(Place(id=OTHER, name="Fieldline EU"),),
            asked=ticket,
            case=found,
            native=native,
            ticket_url="https://fieldline.example/agent/tickets/{ref}",
        )
