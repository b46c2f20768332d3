"""Contacts, agents, groups and companies in Freshdesk's shapes (API reference samples; platform notes 2.6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.simulator.freshdesk.fields import BUILT_IN_COMPANY, company_custom_fields
from connectors.simulator.freshdesk.wire import stamp
from connectors.simulator.records import Group, Organization, User
from connectors.simulator.state import HelpdeskState
from connectors.time_zones import RAILS_NAMES

# An account's own ids: nobody may count on them, only on the names behind them.
ROLES = {7_101: "Account Administrator", 7_102: "Administrator", 7_103: "Supervisor", 7_104: "Agent"}
ROLE_OF = {"admin": 7_101, "agent": 7_104}


def rails_zone(zone: str) -> str:
    """The zone's name as Rails has it; one without such a name is UTC."""
    return RAILS_NAMES.get(zone, ("UTC",))[0]


def contacts(state: HelpdeskState) -> list[User]:
    return [user for user in list(state.users.values()) if not user.is_staff]


def agents(state: HelpdeskState) -> list[User]:
    return [user for user in list(state.users.values()) if user.is_staff]


def contact(user: User) -> dict[str, Any]:
    return {
        "active": False,
        "address": None,
        "company_id": user.organization_id,
        "view_all_tickets": False,
        "deleted": False,
        "description": None,
        "email": user.email,
        "id": user.id,
        "contact_type": "contact",
        "job_title": None,
        "language": user.locale,
        "mobile": None,
        "name": user.name,
        "phone": None,
        "time_zone": rails_zone(user.time_zone),
        "twitter_id": None,
        "unique_external_id": None,
        "social_handler": [],
        "other_emails": [],
        "other_companies": [],
        "custom_fields": {},
        "created_at": stamp(user.created_at),
        "updated_at": stamp(user.created_at),
        "tags": [],
        "avatar": None,
    }


def agent(user: User) -> dict[str, Any]:
    return {
        "available": True,
        "occasional": False,
        "signature": None,
        "group_ids": list(user.group_ids),
        "role_ids": [ROLE_OF.get(user.role, 7_104)],
        "skill_ids": [],
        "id": user.id,
        "ticket_scope": 1,
        "created_at": stamp(user.created_at),
        "updated_at": stamp(user.created_at),
        "available_since": None,
        "type": "support_agent",
        "contact": {
            "active": True,
            "email": user.email,
            "job_title": None,
            "language": user.locale,
            "last_login_at": None,
            "mobile": None,
            "name": user.name,
            "phone": None,
            "time_zone": rails_zone(user.time_zone),
            "created_at": stamp(user.created_at),
            "updated_at": stamp(user.created_at),
        },
        "focus_mode": True,
    }


def role(role_id: int, at: datetime) -> dict[str, Any]:
    return {
        "id": role_id,
        "name": ROLES[role_id],
        "description": f"What every {ROLES[role_id].lower()} may do.",
        "default": True,
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "agent_type": 1,
    }


def group(state: HelpdeskState, record: Group) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "description": None,
        "escalate_to": None,
        "unassigned_for": None,
        "business_hour_id": None,
        "group_type": "support_agent_group",
        "auto_ticket_assign": 0,
        "agent_ids": [user.id for user in agents(state) if record.id in user.group_ids],
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.created_at),
    }


def company(state: HelpdeskState, record: Organization) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "description": None,
        "domains": list(record.domains),
        "note": None,
        "custom_fields": {field.key: record.fields.get(field.key) for field in company_custom_fields(state)},
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        **{name: record.fields.get(name) for name in BUILT_IN_COMPANY},
    }
