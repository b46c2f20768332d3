"""Ticket and company fields: how they are listed, made and changed (platform notes 2.6, 2.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from connectors.simulator.freshdesk import codes
from connectors.simulator.freshdesk.checks import check, missing, not_a_choice, only_admins, read_body
from connectors.simulator.freshdesk.errors import FieldError, invalid, not_found
from connectors.simulator.freshdesk.wire import stamp
from connectors.simulator.records import Option, OrganizationField, TicketField
from connectors.simulator.state import HelpdeskState

HEALTH, TIERS = ["At risk", "Doing okay", "Happy"], ["Basic", "Premium", "Enterprise"]
INDUSTRIES = ["Education Services", "Health Care Equipment and Supplies", "IT Services", "Media", "Software", "Other"]
BUILT_IN_COMPANY: dict[str, list[str] | None] = {
    "health_score": HEALTH,
    "account_tier": TIERS,
    "renewal_date": None,
    "industry": INDUSTRIES,
}
COMPANY_DEFAULTS = {
    "name": "Company Name",
    "description": "Description",
    "note": "Notes",
    "domains": "Domains for this company",
    "health_score": "Health score",
    "account_tier": "Account tier",
    "renewal_date": "Renewal date",
    "industry": "Industry",
}
TICKET_FIELD_KEYS = {
    **dict.fromkeys(("label", "label_for_customers", "type"), "text"),
    **dict.fromkeys(("customers_can_edit", "required_for_closure", "required_for_agents"), "flag"),
    **dict.fromkeys(("required_for_customers", "displayed_to_customers"), "flag"),
    "position": "number",
    "choices": "objects",
}
CHOICE_KEYS = {"id": "number", "value": "text", "position": "number", "choices": "objects", "_destroy": "flag"}
COMPANY_FIELD_KEYS = {
    **dict.fromkeys(("label", "type"), "text"),
    **dict.fromkeys(("required_for_agents", "quick_add_for_agent", "unique"), "flag"),
    "position": "number",
}
CHOICES_PER_FIELD = 1000


def company_custom_fields(state: HelpdeskState) -> list[OrganizationField]:
    return [field for field in state.organization_fields.values() if field.key not in BUILT_IN_COMPANY]


def register(api: Blueprint, state: HelpdeskState) -> None:
    """Add the routes to the API."""

    @api.get("/ticket_fields")
    def ticket_fields() -> ResponseReturnValue:
        return [*default_fields(state), *(custom_field(one) for one in state.ticket_fields.values())]

    @api.get("/admin/ticket_fields")
    def admin_ticket_fields() -> ResponseReturnValue:
        only_admins(g.user)
        return [*default_fields(state), *(admin_field(one) for one in state.ticket_fields.values())]

    @api.post("/admin/ticket_fields")
    def create_ticket_field() -> ResponseReturnValue:
        only_admins(g.user)
        asked = read_body(TICKET_FIELD_KEYS, required=("label", "type"))
        if asked["type"] not in codes.FIELD_WORDS:
            raise invalid(not_a_choice("type", codes.FIELD_WORDS))
        taken = {codes.slug(field.title) for field in state.ticket_fields.values()}
        if codes.slug(asked["label"]) in taken:
            raise invalid(FieldError("label", "It should be a unique value", "duplicate_value"))
        if asked["type"] == "custom_dropdown" and not asked.get("choices"):
            raise invalid(missing("choices"))
        word = codes.FIELD_WORDS[asked["type"]]
        field = TicketField(id=state.next_id(), title=asked["label"], type=word, created_at=state.second())
        return admin_field(state.put(state.ticket_fields, _changed(field, asked))), 201

    @api.get("/admin/ticket_fields/<int:field_id>")
    def ticket_field(field_id: int) -> ResponseReturnValue:
        only_admins(g.user)
        return admin_field(found(field_id))

    @api.put("/admin/ticket_fields/<int:field_id>")
    def update_ticket_field(field_id: int) -> ResponseReturnValue:
        only_admins(g.user)
        before = found(field_id)
        asked = read_body({name: kind for name, kind in TICKET_FIELD_KEYS.items() if name != "type"})
        return admin_field(state.put(state.ticket_fields, _changed(before, asked)))

    @api.delete("/admin/ticket_fields/<int:field_id>")
    def delete_ticket_field(field_id: int) -> ResponseReturnValue:
        only_admins(g.user)
        found(field_id)
        with state.lock:
            del state.ticket_fields[field_id]
        return "", 204

    @api.get("/company_fields")
    def company_fields() -> ResponseReturnValue:
        return [*_company_defaults(state), *(_company_field(one) for one in company_custom_fields(state))]

    @api.post("/company_fields")
    def create_company_field() -> ResponseReturnValue:
        only_admins(g.user)
        asked = read_body(COMPANY_FIELD_KEYS, required=("label", "type"))
        if asked["type"] not in codes.FIELD_WORDS:
            raise invalid(not_a_choice("type", codes.FIELD_WORDS))
        key = codes.slug(asked["label"])
        if key in COMPANY_DEFAULTS or any(field.key == key for field in state.organization_fields.values()):
            raise invalid(FieldError("label", "It should be a unique value", "duplicate_value"))
        field = OrganizationField(
            id=state.next_id(), key=key, title=asked["label"], type=codes.FIELD_WORDS[asked["type"]],
            created_at=state.second(),
        )  # fmt: skip
        return _company_field(state.put(state.organization_fields, field)), 201

    @api.delete("/company_field/<int:field_id>")
    def delete_company_field(field_id: int) -> ResponseReturnValue:
        only_admins(g.user)
        with state.lock:
            if state.organization_fields.pop(field_id, None) is None:
                raise not_found()
        return "", 204

    def found(field_id: int) -> TicketField:
        if field_id not in state.ticket_fields:
            raise not_found()
        return state.ticket_fields[field_id]


def _changed(field: TicketField, asked: dict[str, Any]) -> TicketField:
    return replace(
        field,
        title=field.title if field.options or not asked.get("label") else asked["label"],
        options=_choices(field, asked["choices"]) if asked.get("choices") is not None else field.options,
        required=bool(asked.get("required_for_agents", field.required)),
        required_to_solve=bool(asked.get("required_for_closure", field.required_to_solve)),
    )


def _choices(field: TicketField, asked: list[dict[str, Any]]) -> tuple[Option, ...]:
    """Choices named by id are changed or (`_destroy`) taken away, new ones added; the others stay."""
    kept = {field.id * CHOICES_PER_FIELD + number: option for number, option in enumerate(field.options)}
    added = []
    for choice in asked:
        check(choice, CHOICE_KEYS)
        if "id" in choice and choice["id"] not in kept:
            raise invalid(FieldError("choices", f"There is no choice {choice['id']}"))
        if choice.get("_destroy"):
            kept.pop(choice.get("id", 0), None)
            continue
        value = str(choice.get("value") or "")
        if not value:
            raise invalid(missing("value"))
        option = Option(name=value, value=value)
        if "id" in choice:
            kept[choice["id"]] = option
        else:
            added.append(option)
    options = (*kept.values(), *added)
    if len({option.value for option in options}) != len(options):
        raise invalid(FieldError("choices", "It should be a unique value", "duplicate_value"))
    return options


def custom_field(field: TicketField) -> dict[str, Any]:
    shown = _frame(field, position=20)
    if field.type == "tagger":
        shown["choices"] = [option.value for option in field.options]
    return shown


def admin_field(field: TicketField) -> dict[str, Any]:
    shown = _frame(field, position=20)
    if field.type == "tagger":
        first = field.id * CHOICES_PER_FIELD
        shown["choices"] = [
            {"id": first + number, "position": number + 1, "value": option.value, "parent_choice_id": field.id,
             "choices": []}
            for number, option in enumerate(field.options)
        ]  # fmt: skip
    return shown


def _frame(field: TicketField, *, position: int) -> dict[str, Any]:
    return {
        "id": field.id,
        "name": codes.field_name(field),
        "label": field.title,
        "label_for_customers": field.title,
        "description": "",
        "position": position,
        "type": codes.FIELD_TYPES.get(field.type, "custom_text"),
        "default": False,
        "customers_can_edit": False,
        "required_for_closure": field.required_to_solve,
        "required_for_agents": field.required,
        "required_for_customers": False,
        "displayed_to_customers": False,
        "archived": False,
        "created_at": stamp(field.created_at),
        "updated_at": stamp(field.created_at),
    }


def default_fields(state: HelpdeskState) -> list[dict[str, Any]]:
    """The form's own fields; each shapes its choices in its own way."""
    statuses = {str(one.code): [one.label, one.for_customers] for one in codes.STATUSES.values()}
    listed: list[tuple[str, str, Any]] = [
        ("requester", "Search a requester", None),
        ("subject", "Subject", None),
        ("ticket_type", "Type", list(codes.TYPE_WORDS)),
        ("source", "Source", {label: code for code, label in codes.SOURCE_LABELS.items()}),
        ("status", "Status", statuses),
        ("priority", "Priority", {label: code for code, label in codes.PRIORITY_LABELS.items()}),
        ("group", "Group", {group.name: group.id for group in state.groups.values()}),
        ("agent", "Agent", {user.name: user.id for user in state.users.values() if user.is_staff}),
        ("product", "Product", {}),
        ("description", "Description", None),
        ("company", "Company", None),
    ]
    at = stamp(state.users[state.integration_user_id].created_at) if state.integration_user_id else None
    return [
        {
            "id": number,
            "name": name,
            "label": label,
            "label_for_customers": label,
            "description": "",
            "position": number,
            "type": f"default_{name}",
            "default": True,
            "customers_can_edit": False,
            "required_for_closure": False,
            "required_for_agents": name in ("requester", "subject", "description", "status", "priority"),
            "required_for_customers": name in ("requester", "subject", "description"),
            "displayed_to_customers": True,
            "archived": False,
            "created_at": at,
            "updated_at": at,
            **({} if choices is None else {"choices": choices}),
        }
        for number, (name, label, choices) in enumerate(listed, start=1)
    ]


def _company_frame(number: int, name: str, label: str, kind: str, at: str | None) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "label": label,
        "position": number,
        "required_for_agents": name == "name",
        "agents_can_edit": True,
        "displayed_for_agents": True,
        "quick_add_for_agent": False,
        "unique": False,
        "type": kind,
        "default": kind.startswith("default_"),
        "created_at": at,
        "updated_at": at,
    }


def _company_defaults(state: HelpdeskState) -> list[dict[str, Any]]:
    at = stamp(state.users[state.integration_user_id].created_at) if state.integration_user_id else None
    shown = []
    for number, (name, label) in enumerate(COMPANY_DEFAULTS.items(), start=1):
        frame = _company_frame(number, name, label, f"default_{name}", at)
        choices = BUILT_IN_COMPANY.get(name)
        shown.append({**frame, "choices": choices} if choices else frame)
    return shown


def _company_field(field: OrganizationField) -> dict[str, Any]:
    kind = codes.FIELD_TYPES.get(field.type, "custom_text")
    return _company_frame(field.id, field.key, field.title, kind, stamp(field.created_at))
