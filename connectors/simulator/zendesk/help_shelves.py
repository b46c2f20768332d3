"""Where articles stand and who may read them: categories, sections and user segments (platform notes 2.17)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.simulator.records import HelpSection
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import help_wire
from connectors.simulator.zendesk.errors import not_found
from connectors.simulator.zendesk.help_wire import HOME_LOCALE, HelpNames
from connectors.simulator.zendesk.paging import base_url, page_of

ONE = {"categories": "category", "sections": "section"}


def register(api: Blueprint, state: HelpdeskState, names: HelpNames) -> None:
    """Add the routes to the API."""

    def show(record: HelpSection, locale: str) -> dict[str, Any]:
        return help_wire.shelf(record, state, locale, base_url())

    def shelves(kind: str) -> dict[int, HelpSection]:
        """The categories, or the sections."""
        top = kind == "categories"
        return {number: each for number, each in state.sections.items() if (each.parent_id is None) is top}

    def listed(kind: str, rows: list[HelpSection], locale: str) -> dict[str, Any]:
        return page_of(kind, rows, lambda row: show(row, locale))

    @api.get("/help_center/<any(categories, sections):kind>")
    @api.get("/help_center/<locale>/<any(categories, sections):kind>")
    def list_shelves(kind: str, locale: str = HOME_LOCALE) -> ResponseReturnValue:
        return listed(kind, list(shelves(kind).values()), locale)

    @api.get("/help_center/<any(categories, sections):kind>/<int:number>")
    @api.get("/help_center/<locale>/<any(categories, sections):kind>/<int:number>")
    def one_shelf(kind: str, number: int, locale: str = HOME_LOCALE) -> ResponseReturnValue:
        if number not in shelves(kind):
            raise not_found()
        return {ONE[kind]: show(state.sections[number], locale)}

    @api.get("/help_center/categories/<int:number>/sections")
    @api.get("/help_center/<locale>/categories/<int:number>/sections")
    def sections_of(number: int, locale: str = HOME_LOCALE) -> ResponseReturnValue:
        if number not in shelves("categories"):
            raise not_found()
        rows = [each for each in shelves("sections").values() if help_wire.category_of(each, state) == number]
        return listed("sections", rows, locale)

    @api.get("/help_center/user_segments")
    @api.get("/help_center/user_segments/applicable", endpoint="applicable_segments")
    def segments() -> ResponseReturnValue:
        return page_of("user_segments", _asked(names.segments()), dict)

    @api.get("/help_center/user_segments/<int:segment_id>")
    def segment(segment_id: int) -> ResponseReturnValue:
        known = names.segments()
        if segment_id not in known:
            raise not_found()
        return {"user_segment": known[segment_id]}

    @api.get("/help_center/users/<int:user_id>/user_segments")
    def segments_of(user_id: int) -> ResponseReturnValue:
        """What this person may see."""
        if user_id not in state.users:
            raise not_found()
        rows = [each for each in _asked(names.segments()) if help_wire.belongs(state.users[user_id], each)]
        return page_of("user_segments", rows, dict)


def _asked(segments: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    wanted = request.args.get("built_in")
    return [each for each in segments.values() if wanted is None or each["built_in"] == (wanted == "true")]
