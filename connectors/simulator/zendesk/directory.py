"""People, organizations and groups (platform notes 2.7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid
from connectors.simulator.records import Group, User
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import bodies, wire
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
        if "external_id" in request.args:
            return users([])
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

    @api.post("/groups")
    def create_group() -> ResponseReturnValue:
        name = str(bodies.part(request.get_json(silent=True), "group").get("name") or "").strip()
        if not name or any(row.name == name for row in state.groups.values()):
            raise Invalid({"name": "Name: cannot be blank or taken"})
        made = state.put(state.groups, Group(id=state.next_id(), name=name, created_at=state.second()))
        return {"group": wire.group(made, base_url())}, 201

    @api.delete("/groups/<int:group_id>")
    def delete_group(group_id: int) -> ResponseReturnValue:
        state.delete_group(group_id)
        return "", 204


def _ids() -> list[int]:
    return [int(part) for part in request.args.get("ids", "").split(",") if part.strip().isdigit()][:100]


def _found(table: dict[int, Any], key: int) -> Any:
    if key not in table:
        raise not_found()
    return table[key]
