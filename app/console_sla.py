"""What the SLA page needs, from the store; the helpdesk is asked only to compare."""

from __future__ import annotations

from app.admin.sla_model import SlaPage
from app.admin.triage_model import Place
from app.console_connect import ConnectService
from app.sla.looking import ClocksUnreadable, case_of
from app.sla.native import native_of
from app.sla.rules import rules_for
from connectors import registry
from connectors.store.config import SLA
from triage.sla.case import Case
from triage.sla.reading import SlaRulesError
from triage.sla.rules import SlaRules


class SlaService(ConnectService):
    """Implements `app.admin.sla_model.SlaDeps`."""

    def sla_page(self, tenant: str | None, ticket: str, *, compare: bool) -> SlaPage | None:
        desks = self.store.tenants.all()
        if tenant is None and not desks:
            return None
        summary = self.connected(tenant or desks[0].id)
        rules: SlaRules | None = None
        problem = case_problem = ""
        case: Case | None = None
        try:
            rules = rules_for(self.store, summary.id)
        except SlaRulesError as error:
            problem = str(error)
        if ticket and rules:
            try:
                case = case_of(self.store, summary.id, ticket, self.deps.now())
            except ClocksUnreadable as error:
                case_problem = str(error)
        vendor = registry.vendor(summary.vendor)
        return SlaPage(
            desk=Place(id=summary.id, name=summary.name),
            helpdesk=vendor.title,
            others=tuple(Place(id=each.id, name=each.name) for each in desks if each.id != summary.id),
            at=self.deps.now(),
            rules=rules,
            problem=problem,
            is_default=self.store.config.current_number(summary.id, SLA) is None,
            asked=ticket,
            case=case,
            case_problem=case_problem,
            native=native_of(self.deps, summary.id, ticket, case) if case and compare and case.clocks else None,
            ticket_url=f"{summary.origin}{vendor.ticket_path}",
        )
