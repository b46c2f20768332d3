"""The people endpoints: contacts, companies, agents, groups, and the account itself (platform notes 2.6, 2.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from connectors.simulator.freshdesk import people
from connectors.simulator.freshdesk.bodies import KINDS_OF_FIELD
from connectors.simulator.freshdesk.checks import mismatch, no_such, not_a_choice, only_admins, read_body, unknown_field
from connectors.simulator.freshdesk.errors import ApiError, FieldError, invalid, not_found
from connectors.simulator.freshdesk.fields import BUILT_IN_COMPANY, company_custom_fields
from connectors.simulator.freshdesk.paging import base_url, optional_number, page_of
from connectors.simulator.freshdesk.tickets import created, read_moment
from connectors.simulator.records import Group, Organization, User
from connectors.simulator.state import HelpdeskState
from connectors.time_zones import iana

CONTACT_KEYS = {
    **dict.fromkeys(("name", "email", "phone", "mobile", "twitter_id", "unique_external_id"), "text"),
    **dict.fromkeys(("address", "description", "job_title", "language", "time_zone"), "text"),
    **dict.fromkeys(("other_emails", "tags"), "texts"),
    "company_id": "number",
    "view_all_tickets": "flag",
    "other_companies": "objects",
    "custom_fields": "object",
}
COMPANY_KEYS = {
    **dict.fromkeys(("name", "description", "note", "health_score", "account_tier", "renewal_date"), "text"),
    "industry": "text",
    "domains": "texts",
    "custom_fields": "object",
}
GROUP_KEYS = {
    **dict.fromkeys(("name", "description", "unassigned_for", "group_type"), "text"),
    **dict.fromkeys(("business_hour_id", "escalate_to", "auto_ticket_assign"), "any"),
    "agent_ids": "numbers",
}


def register(api: Blueprint, state: HelpdeskState) -> None:
    """Add the routes to the API."""
    _add_contacts(api, state)
    _add_companies(api, state)
    _add_staff(api, state)

    @api.get("/account")
    def account() -> ResponseReturnValue:
        only_admins(g.user)
        domain = base_url().partition("://")[2]
        return {
            "organisation_id": state.account_id,
            "organisation_name": "Helpdesk",
            "account_id": state.account_id,
            "account_name": "Helpdesk",
            "account_domain": domain,
            "bundle_id": None,
            "hipaa_compliant": False,
            "tier_type": "Enterprise",
            "timezone": "Eastern Time (US & Canada)",
            "data_center": "US",
            "total_agents": {"full_time": len(people.agents(state)), "occasional": 0},
            "contact_person": {"firstname": "Simulated", "lastname": "Admin", "email": g.user.email},
        }

    @api.get("/settings/helpdesk")
    def settings() -> ResponseReturnValue:
        only_admins(g.user)
        locales = {locale for article in state.articles.values() for locale in article.translations}
        others = sorted(locales - {"en"})
        return {"primary_language": "en", "supported_languages": others, "portal_languages": others}


def _add_contacts(api: Blueprint, state: HelpdeskState) -> None:
    @api.get("/contacts")
    def contacts() -> ResponseReturnValue:
        rows, since = people.contacts(state), read_moment("updated_since")
        if email := request.args.get("email"):
            rows = [user for user in rows if user.email.lower() == email.lower()]
        if request.args.get("mobile") or request.args.get("phone"):
            rows = []
        if (company_id := optional_number("company_id")) is not None:
            rows = [user for user in rows if user.organization_id == company_id]
        if since is not None:
            rows = [user for user in rows if user.created_at >= since]
        return page_of(rows, people.contact)

    @api.post("/contacts")
    def create_contact() -> ResponseReturnValue:
        asked = read_body(CONTACT_KEYS, required=("name",))
        if not any(asked.get(key) for key in ("email", "phone", "mobile", "twitter_id", "unique_external_id")):
            raise invalid(FieldError("email", "Please fill at least 1 of email, mobile, phone, twitter_id, "
                                     "unique_external_id fields", "missing_field"))  # fmt: skip
        email = asked.get("email") or f"{state.next_id()}@unknown.example"
        if (known := state.user_by_email(email)) is not None:
            error = {
                "field": "email",
                "additional_info": {"user_id": known.id},
                "message": "It should be a unique value",
                "code": "duplicate_value",
            }
            raise ApiError(409, {"description": "Validation failed", "errors": [error]})
        if asked.get("company_id") not in (None, *state.organizations):
            raise invalid(no_such("company_id"))
        user = state.add_person(
            asked["name"], email, organization_id=asked.get("company_id"), locale=asked.get("language") or "en",
            time_zone=_zone(asked.get("time_zone")),
        )  # fmt: skip
        return created(people.contact(user), f"contacts/{user.id}")

    @api.get("/contacts/<int:contact_id>")
    def contact(contact_id: int) -> ResponseReturnValue:
        user = state.users.get(contact_id)
        if user is None or user.is_staff:
            raise not_found()
        return people.contact(user)


def _zone(name: str | None) -> str:
    try:
        return iana(name) if name else "America/New_York"
    except ValueError:
        raise invalid(FieldError("time_zone", "It should be one of the time zones of the account")) from None


def _add_companies(api: Blueprint, state: HelpdeskState) -> None:
    def found(company_id: int) -> Organization:
        if company_id not in state.organizations:
            raise not_found()
        return state.organizations[company_id]

    def values(asked: dict[str, Any]) -> dict[str, Any]:
        """Built-in and custom values by key; a value that is no choice is refused."""
        errors = [
            not_a_choice(name, choices)
            for name, choices in BUILT_IN_COMPANY.items()
            if choices and asked.get(name) is not None and asked[name] not in choices
        ]
        known = {field.key: field for field in company_custom_fields(state)}
        for name, value in (asked.get("custom_fields") or {}).items():
            if name not in known:
                errors.append(unknown_field(name))
            elif error := mismatch(name, value, KINDS_OF_FIELD.get(known[name].type, "any")):
                errors.append(error)
        if errors:
            raise invalid(*errors)
        return {
            **{name: asked[name] for name in BUILT_IN_COMPANY if name in asked},
            **(asked.get("custom_fields") or {}),
        }

    @api.get("/companies")
    def companies() -> ResponseReturnValue:
        since = read_moment("updated_since")
        rows = [one for one in list(state.organizations.values()) if since is None or one.updated_at >= since]
        return page_of(rows, lambda one: people.company(state, one))

    @api.get("/companies/<int:company_id>")
    def company(company_id: int) -> ResponseReturnValue:
        return people.company(state, found(company_id))

    @api.post("/companies")
    def create_company() -> ResponseReturnValue:
        asked, at = read_body(COMPANY_KEYS, required=("name",)), state.second()
        if any(one.name.lower() == asked["name"].lower() for one in state.organizations.values()):
            raise invalid(FieldError("name", "It should be a unique value", "duplicate_value"), status=409)
        record = Organization(
            id=state.next_id(), name=asked["name"], domains=tuple(asked.get("domains") or ()), fields=values(asked),
            created_at=at, updated_at=at,
        )  # fmt: skip
        state.put(state.organizations, record)
        return created(people.company(state, record), f"companies/{record.id}")

    @api.put("/companies/<int:company_id>")
    def update_company(company_id: int) -> ResponseReturnValue:
        before, asked = found(company_id), read_body(COMPANY_KEYS)
        after = replace(
            before,
            name=asked.get("name") or before.name,
            domains=tuple(asked["domains"]) if asked.get("domains") is not None else before.domains,
            fields={**before.fields, **values(asked)},
            updated_at=state.second(),
        )
        return people.company(state, state.put(state.organizations, after))


def _add_staff(api: Blueprint, state: HelpdeskState) -> None:
    @api.get("/agents/me")
    def me() -> ResponseReturnValue:
        return people.agent(g.user)

    @api.get("/agents")
    def agents() -> ResponseReturnValue:
        only_admins(g.user)
        rows = people.agents(state)
        if email := request.args.get("email"):
            rows = [user for user in rows if user.email.lower() == email.lower()]
        return page_of(rows, people.agent)

    @api.get("/agents/<int:agent_id>")
    def agent(agent_id: int) -> ResponseReturnValue:
        only_admins(g.user)
        user = state.users.get(agent_id)
        if user is None or not user.is_staff:
            raise not_found()
        return people.agent(user)

    @api.get("/roles")
    def roles() -> ResponseReturnValue:
        only_admins(g.user)
        return [people.role(one, g.user.created_at) for one in people.ROLES]

    @api.get("/roles/<int:role_id>")
    def role(role_id: int) -> ResponseReturnValue:
        only_admins(g.user)
        if role_id not in people.ROLES:
            raise not_found()
        return people.role(role_id, g.user.created_at)

    @api.get("/groups")
    def groups() -> ResponseReturnValue:
        only_admins(g.user)
        return page_of(list(state.groups.values()), lambda one: people.group(state, one))

    @api.get("/groups/<int:group_id>")
    def group(group_id: int) -> ResponseReturnValue:
        only_admins(g.user)
        if group_id not in state.groups:
            raise not_found()
        return people.group(state, state.groups[group_id])

    @api.post("/groups")
    def create_group() -> ResponseReturnValue:
        only_admins(g.user)
        asked = read_body(GROUP_KEYS, required=("name",))
        if any(one.name.lower() == asked["name"].lower() for one in state.groups.values()):
            raise invalid(FieldError("name", "It should be a unique value", "duplicate_value"), status=409)
        members = asked.get("agent_ids") or []
        staff: dict[int, User] = {user.id: user for user in people.agents(state)}
        if any(one not in staff for one in members):
            raise invalid(no_such("agent_ids"))
        record = state.put(state.groups, Group(id=state.next_id(), name=asked["name"], created_at=state.second()))
        for one in members:
            state.put(state.users, replace(staff[one], group_ids=(*staff[one].group_ids, record.id)))
        return created(people.group(state, record), f"groups/{record.id}")
