"""Ticket and organization fields and their options (platform notes 2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid
from connectors.simulator.records import Option, OrganizationField, TicketField
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import bodies, wire
from connectors.simulator.zendesk.errors import not_found
from connectors.simulator.zendesk.paging import base_url, page_of


def register(api: Blueprint, state: HelpdeskState) -> None:
    """Add the routes to the API."""

    def found(field_id: int) -> TicketField:
        field = state.ticket_fields.get(field_id)
        if field is None:
            raise not_found()
        return field

    def shown(field: TicketField) -> dict[str, Any]:
        return wire.ticket_field(field, base_url())

    @api.get("/ticket_fields")
    def list_ticket_fields() -> ResponseReturnValue:
        return page_of("ticket_fields", list(state.ticket_fields.values()), shown)

    @api.get("/ticket_fields/<int:field_id>")
    def ticket_field(field_id: int) -> ResponseReturnValue:
        return {"ticket_field": shown(found(field_id))}

    @api.post("/ticket_fields")
    def create_ticket_field() -> ResponseReturnValue:
        asked = bodies.part(request.get_json(silent=True), "ticket_field")
        if not asked.get("title") or not asked.get("type"):
            raise Invalid({"title": "Title: cannot be blank"})
        field = TicketField(
            id=state.next_id(), title=asked["title"], type=asked["type"], options=options_of(asked),
            created_at=state.second(),
        )  # fmt: skip
        return {"ticket_field": shown(state.put(state.ticket_fields, field))}, 201

    @api.put("/ticket_fields/<int:field_id>")
    def update_ticket_field(field_id: int) -> ResponseReturnValue:
        """`custom_field_options` replaces the list: what it leaves out is gone."""
        before = found(field_id)
        asked = bodies.part(request.get_json(silent=True), "ticket_field")
        options = options_of(asked) if "custom_field_options" in asked else before.options
        after = replace(before, title=asked.get("title", before.title), options=options)
        return {"ticket_field": shown(state.put(state.ticket_fields, after))}

    @api.delete("/ticket_fields/<int:field_id>")
    def delete_ticket_field(field_id: int) -> ResponseReturnValue:
        found(field_id)
        with state.lock:
            del state.ticket_fields[field_id]
        return "", 204

    @api.get("/ticket_fields/<int:field_id>/options")
    def options(field_id: int) -> ResponseReturnValue:
        rows = shown(found(field_id)).get("custom_field_options", [])
        return page_of("custom_field_options", rows, dict)

    @api.post("/ticket_fields/<int:field_id>/options")
    def put_option(field_id: int) -> ResponseReturnValue:
        """Add an option, or rename the one with this value."""
        before = found(field_id)
        (option,) = options_of(
            {"custom_field_options": [bodies.part(request.get_json(silent=True), "custom_field_option")]}
        )
        known = option.value in {each.value for each in before.options}
        kept = tuple(option if each.value == option.value else each for each in before.options)
        after = state.put(state.ticket_fields, replace(before, options=kept if known else (*kept, option)))
        rows = {row["value"]: row for row in shown(after)["custom_field_options"]}
        return {"custom_field_option": rows[option.value]}, 200 if known else 201

    @api.delete("/ticket_fields/<int:field_id>/options/<int:option_id>")
    def delete_option(field_id: int, option_id: int) -> ResponseReturnValue:
        before = found(field_id)
        gone = [row["value"] for row in shown(before).get("custom_field_options", []) if row["id"] == option_id]
        if not gone:
            raise not_found()
        left = tuple(option for option in before.options if option.value not in gone)
        state.put(state.ticket_fields, replace(before, options=left))
        return "", 204

    @api.get("/organization_fields")
    def list_organization_fields() -> ResponseReturnValue:
        rows = list(state.organization_fields.values())
        return page_of("organization_fields", rows, lambda row: wire.organization_field(row, base_url()))

    @api.post("/organization_fields")
    def create_organization_field() -> ResponseReturnValue:
        asked = bodies.part(request.get_json(silent=True), "organization_field")
        if not asked.get("key") or any(field.key == asked["key"] for field in state.organization_fields.values()):
            raise Invalid({"key": "Key: is blank or already used"})
        field = OrganizationField(
            id=state.next_id(), key=asked["key"], title=asked.get("title") or asked["key"],
            type=asked.get("type") or "text", created_at=state.second(),
        )  # fmt: skip
        made = state.put(state.organization_fields, field)
        return {"organization_field": wire.organization_field(made, base_url())}, 201


def options_of(asked: Mapping[str, Any]) -> tuple[Option, ...]:
    """The options of a drop-down; raises `Invalid` for one without name or value, or a value listed twice."""
    listed = asked.get("custom_field_options") or ()
    if not all(isinstance(each, dict) and each.get("name") and each.get("value") for each in listed):
        raise Invalid({"custom_field_options": "Custom field options: need a name and a value"})
    options = tuple(Option(name=str(each["name"]), value=str(each["value"])) for each in listed)
    if len({option.value for option in options}) < len(options):
        raise Invalid({"custom_field_options": "Custom field options: a value is used twice"})
    return options
