"""Routes of the SLA page: what is promised to whom, and why a ticket is due when it is."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.admin import sla_rules_view, sla_view
from app.admin.connect_pages import Renderer
from app.admin.sla_model import SlaDeps, SlaPage
from triage.sla.policies import Metric

LONGEST = 60


def add_rules(blueprint: Blueprint, deps: SlaDeps, renderer: Renderer) -> None:
    pages = _SlaPages(deps, renderer)
    blueprint.add_url_rule("/sla", "sla", pages.overview, methods=["GET"])
    blueprint.add_url_rule("/sla/<tenant>", "sla", pages.overview, methods=["GET"])


class _SlaPages:
    def __init__(self, deps: SlaDeps, renderer: Renderer) -> None:
        self.deps = deps
        self.renderer = renderer

    def overview(self, tenant: str | None = None) -> Response:
        asked = request.args.get("ticket", "").strip().removeprefix("#")[:LONGEST]
        page = self.deps.sla_page(tenant, asked, compare=request.args.get("compare") == "1")
        if page is None:
            return self.renderer.page("sla", page=None, rules=None, ticket=None, nothing="", asked="")
        ticket, nothing = _ticket(page)
        return self.renderer.page(
            "sla",
            page=page,
            asked=asked,
            rules=sla_rules_view.rules_view(page, page.rules) if page.rules else None,
            ticket=ticket,
            nothing=nothing,
        )


def _ticket(page: SlaPage) -> tuple[sla_view.Ticket | None, str]:
    """The ticket's clock, or why there is none to show."""
    if page.case is None:
        return None, page.case_problem
    if page.case.standing.created_at is None:
        return None, (
            f"Nothing is known of ticket {page.asked} at {page.desk.name}. Check its number; a ticket is read when it"
            " changes, so any change of it in the helpdesk brings it here."
        )
    reading = page.case.chosen(_metric()) or page.case.chosen(None)
    if reading is None:
        return None, page.case.why_none
    return sla_view.ticket_view(page, page.case, reading), ""


def _metric() -> Metric | None:
    wanted = request.args.get("metric", "")
    return next((each for each in Metric if each.value == wanted), None)
