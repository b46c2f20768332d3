"""People, organizations, groups and fields (platform notes 2.7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid
from connectors.simulator.records import Option, OrganizationField, TicketField, User
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire
from connectors.simulator.zendesk.errors import not_found
from connectors.simulator.zendesk.paging import base_url, page_of


def register(api: Blueprint, state: HelpdeskState) -> None:
    """Add the routes to the API."""

    def users(rows: list[User]) -> dict[str, Any]:
        return page_of("users", rows, lambda row: wire.user(row, base_url()))

    @api.get("/users")
    def list_users() -> ResponseReturnValue:
        roles = set(request.args.getlist("role") + request.args.getlist("role[]"))
        return users([user for user in state.users.values() if not roles or user.role in roles])

    @api.get("/users/me")
    def me() -> ResponseReturnValue:
        return {"user": wire.user(g.user, base_url())}

    @api.get("/users/<int:user_id>")
    def user(user_id: int) -> ResponseReturnValue:
        return {"user": wire.user(_found(state.users, user_id), base_url())}

    @api.get("/users/show_many")
    def many_users() -> ResponseReturnValue:
        return users([state.users[key] for key in _ids() if key in state.users])

    @api.get("/users/search")
    def search_users() -> ResponseReturnValue:
        words = request.args.get("query", "").lower().replace("email:", "").replace("type:user", "").split()
        return users(
            [
                user
                for user in state.users.values()
                if words and all(w in f"{user.email} {user.name}".lower() for w in words)
            ]
        )

    @api.get("/organizations")
    def list_organizations() -> ResponseReturnValue:
        return page_of("organizations", list(state.organizations.values()), lambda o: wire.organization(o, base_url()))

    @api.get("/organizations/<int:organization_id>")
    def organization(organization_id: int) -> ResponseReturnValue:
        return {"organization": wire.organization(_found(state.organizations, organization_id), base_url())}

    @api.put("/organizations/<int:organization_id>")
    def update_organization(organization_id: int) -> ResponseReturnValue:
        before = _found(state.organizations, organization_id)
        asked = (request.get_json(silent=True) or {}).get("organization") or {}
        fields = {**before.fields, **(asked.get("organization_fields") or {})}
        after = replace(before, fields=fields, name=asked.get("name", before.name), updated_at=state.second())
        return {"organization": wire.organization(state.put(state.organizations, after), base_url())}

    @api.get("/organizations/show_many")
    def many_organizations() -> ResponseReturnValue:
        rows = [state.organizations[key] for key in _ids() if key in state.organizations]
        return page_of("organizations", rows, lambda o: wire.organization(o, base_url()))

    @api.get("/organizations/search")
    def search_organizations() -> ResponseReturnValue:
        external, name = request.args.get("external_id"), request.args.get("name", "").lower()
        rows = [
            row for row in state.organizations.values()
            if (external and row.external_id == external) or (name and row.name.lower() == name)
        ]  # fmt: skip
        return page_of("organizations", rows, lambda o: wire.organization(o, base_url()))

    @api.get("/organizations/<int:organization_id>/tickets")
    def organization_tickets(organization_id: int) -> ResponseReturnValue:
        _found(state.organizations, organization_id)
        rows = [ticket for ticket in state.live_tickets() if ticket.organization_id == organization_id]
        return page_of("tickets", rows, lambda t: wire.ticket(state, t, base_url()))

    @api.get("/organizations/<int:organization_id>/users")
    def organization_users(organization_id: int) -> ResponseReturnValue:
        _found(state.organizations, organization_id)
        return users([user for user in state.users.values() if user.organization_id == organization_id])

    @api.get("/groups")
    @api.get("/groups/assignable", endpoint="assignable_groups")
    def list_groups() -> ResponseReturnValue:
        return page_of("groups", list(state.groups.values()), lambda row: wire.group(row, base_url()))

    @api.get("/groups/<int:group_id>")
    def group(group_id: int) -> ResponseReturnValue:
        return {"group": wire.group(_found(state.groups, group_id), base_url())}

    @api.delete("/groups/<int:group_id>")
    def delete_group(group_id: int) -> ResponseReturnValue:
        state.delete_group(group_id)
        return "", 204

    @api.get("/ticket_fields")
    def list_ticket_fields() -> ResponseReturnValue:
        rows = list(state.ticket_fields.values())
        return page_of("ticket_fields", rows, lambda row: wire.ticket_field(row, base_url()))

    @api.get("/ticket_fields/<int:field_id>")
    def ticket_field(field_id: int) -> ResponseReturnValue:
        return {"ticket_field": wire.ticket_field(_found(state.ticket_fields, field_id), base_url())}

    @api.post("/ticket_fields")
    def create_ticket_field() -> ResponseReturnValue:
        asked = (request.get_json(silent=True) or {}).get("ticket_field") or {}
        if not asked.get("title") or not asked.get("type"):
            raise Invalid({"title": "Title: cannot be blank"})
        field = TicketField(
            id=state.next_id(), title=asked["title"], type=asked["type"], options=options_of(asked),
            created_at=state.second(),
        )  # fmt: skip
        return {"ticket_field": wire.ticket_field(state.put(state.ticket_fields, field), base_url())}, 201

    @api.put("/ticket_fields/<int:field_id>")
    def update_ticket_field(field_id: int) -> ResponseReturnValue:
        before = _found(state.ticket_fields, field_id)
        asked = (request.get_json(silent=True) or {}).get("ticket_field") or {}
        options = options_of(asked) if "custom_field_options" in asked else before.options
        after = replace(before, title=asked.get("title", before.title), options=options)
        return {"ticket_field": wire.ticket_field(state.put(state.ticket_fields, after), base_url())}

    @api.delete("/ticket_fields/<int:field_id>")
    def delete_ticket_field(field_id: int) -> ResponseReturnValue:
        _found(state.ticket_fields, field_id)
        with state.lock:
            del state.ticket_fields[field_id]
        return "", 204

    @api.get("/organization_fields")
    def list_organization_fields() -> ResponseReturnValue:
        rows = list(state.organization_fields.values())
        return page_of("organization_fields", rows, lambda row: wire.organization_field(row, base_url()))

    @api.post("/organization_fields")
    def create_organization_field() -> ResponseReturnValue:
        asked = (request.get_json(silent=True) or {}).get("organization_field") or {}
        if not asked.get("key") or any(field.key == asked["key"] for field in state.organization_fields.values()):
            raise Invalid({"key": "Key: is blank or already used"})
        field = OrganizationField(
            id=state.next_id(), key=asked["key"], title=asked.get("title") or asked["key"],
            type=asked.get("type") or "text", created_at=state.second(),
        )  # fmt: skip
        return {
            "organization_field": wire.organization_field(state.put(state.organization_fields, field), base_url())
        }, 201


def options_of(asked: dict[str, Any]) -> tuple[Option, ...]:
    listed = asked.get("custom_field_options") or ()
    return tuple(Option(name=str(option["name"]), value=str(option["value"])) for option in listed)


def _ids() -> list[int]:
    return [int(part) for part in request.args.get("ids", "").split(",") if part.strip().isdigit()][:100]


def _found(table: dict[int, Any], key: int) -> Any:
    if key not in table:
        raise not_found()
    return table[key]
