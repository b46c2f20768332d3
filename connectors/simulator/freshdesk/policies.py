"""SLA policies and business hours, as an admin's key reads and makes them (platform notes 2.7, 2.8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from connectors.simulator.freshdesk.checks import check, is_number, missing, only_admins, read_body
from connectors.simulator.freshdesk.codes import PRIORITY_WORDS
from connectors.simulator.freshdesk.due import default_schedule, policies
from connectors.simulator.freshdesk.errors import FieldError, invalid, not_found
from connectors.simulator.freshdesk.paging import page_of
from connectors.simulator.freshdesk.people import rails_zone
from connectors.simulator.freshdesk.wire import stamp
from connectors.simulator.records import Schedule, SlaPolicy
from connectors.simulator.state import HelpdeskState

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MIN = 1440
SHORTEST_S = 900
POLICY_KEYS = {
    **dict.fromkeys(("name", "description"), "text"),
    **dict.fromkeys(("sla_target", "applicable_to", "escalation"), "object"),
    "active": "flag",
    "position": "number",
}
APPLICABLE = dict.fromkeys(("company_ids", "group_ids", "sources", "product_ids"), "numbers") | {
    "ticket_types": "texts", "contact_segments": "numbers", "company_segments": "numbers",
}  # fmt: skip
TARGET_KEYS = {"respond_within": "number", "resolve_within": "number", "business_hours": "flag",
               "escalation_enabled": "flag", "next_respond_within": "number"}  # fmt: skip


def register(api: Blueprint, state: HelpdeskState) -> None:
    """Add the routes to the API. What a policy says beyond companies and targets is kept as it was sent."""
    as_sent: dict[int, dict[str, Any]] = {}

    @api.get("/sla_policies")
    def list_policies() -> ResponseReturnValue:
        only_admins(g.user)
        return [_shown(policy, as_sent.get(policy.id, {})) for policy in policies(state)]

    @api.post("/sla_policies")
    def create_policy() -> ResponseReturnValue:
        only_admins(g.user)
        asked = read_body(POLICY_KEYS, required=("name", "sla_target", "applicable_to"))
        at = state.second()
        policy = SlaPolicy(
            id=state.next_id(), title=asked["name"], position=asked.get("position") or len(state.policies) + 1,
            targets=_targets(asked["sla_target"]), organization_ids=_companies(asked["applicable_to"]),
            created_at=at, updated_at=at,
        )  # fmt: skip
        as_sent[policy.id] = asked
        return _shown(state.put(state.policies, policy), asked), 201

    @api.put("/sla_policies/<int:policy_id>")
    def update_policy(policy_id: int) -> ResponseReturnValue:
        only_admins(g.user)
        if policy_id not in state.policies:
            raise not_found()
        before, asked = state.policies[policy_id], read_body(POLICY_KEYS)
        after = replace(
            before,
            title=asked.get("name") or before.title,
            position=asked.get("position") or before.position,
            targets=_targets(asked["sla_target"]) if asked.get("sla_target") else before.targets,
            organization_ids=(
                _companies(asked["applicable_to"]) if asked.get("applicable_to") else before.organization_ids
            ),
            updated_at=state.second(),
        )
        as_sent[policy_id] = {**as_sent.get(policy_id, {}), **asked}
        return _shown(state.put(state.policies, after), as_sent[policy_id])

    @api.get("/business_hours")
    def business_hours() -> ResponseReturnValue:
        only_admins(g.user)
        return page_of(list(state.schedules.values()) or [default_schedule(state)], lambda one: calendar(state, one))

    @api.get("/business_hours/<int:schedule_id>")
    def business_hour(schedule_id: int) -> ResponseReturnValue:
        only_admins(g.user)
        usual = default_schedule(state)
        schedule = usual if usual.id == schedule_id else state.schedules.get(schedule_id)
        if schedule is None:
            raise not_found()
        return calendar(state, schedule)


def calendar(state: HelpdeskState, schedule: Schedule) -> dict[str, Any]:
    """A day has one stretch of hours, a closed day none, and the holidays are not told."""
    hours: dict[str, dict[str, str]] = {}
    for number, day in enumerate(DAYS):
        spans = [
            (max(opens, number * DAY_MIN), min(closes, (number + 1) * DAY_MIN))
            for opens, closes in schedule.intervals
            if opens < (number + 1) * DAY_MIN and closes > number * DAY_MIN
        ]
        if spans:
            opens, closes = min(span[0] for span in spans), max(span[1] for span in spans)
            hours[day] = {"start_time": clock(opens - number * DAY_MIN), "end_time": clock(closes - number * DAY_MIN)}
    at = stamp(state.users[state.integration_user_id].created_at) if state.integration_user_id else None
    return {
        "id": schedule.id,
        "name": schedule.name,
        "description": schedule.name,
        "time_zone": rails_zone(schedule.time_zone),
        "is_default": schedule.id == default_schedule(state).id,
        "business_hours": hours,
        "created_at": at,
        "updated_at": at,
    }


def clock(minutes: int) -> str:
    """ "08:00:00 am"; midnight at the end of a day is its last second."""
    if minutes >= DAY_MIN:
        return "11:59:59 pm"
    hour, minute = divmod(minutes, 60)
    return f"{(hour - 1) % 12 + 1:02}:{minute:02}:00 {'am' if hour < 12 else 'pm'}"


def _shown(policy: SlaPolicy, as_sent: dict[str, Any]) -> dict[str, Any]:
    is_default = policy.id == 1
    companies = {"company_ids": list(policy.organization_ids)} if policy.organization_ids else {}
    return {
        "id": policy.id,
        "name": policy.title,
        "description": as_sent.get("description") or policy.title,
        "active": as_sent.get("active", True) is not False,
        "is_default": is_default,
        "position": policy.position,
        "sla_target": {
            f"priority_{code}": _target(*policy.targets[word])
            for code, word in sorted(PRIORITY_WORDS.items(), reverse=True)
            if word in policy.targets
        },
        "applicable_to": {**(as_sent.get("applicable_to") or {}), **companies},
        "escalation": as_sent.get("escalation") or {},
        "created_at": stamp(policy.created_at),
        "updated_at": stamp(policy.updated_at),
    }


def _target(reply_min: int, resolution_min: int, in_hours: bool) -> dict[str, Any]:
    return {
        "respond_within": reply_min * 60,
        "resolve_within": resolution_min * 60,
        "business_hours": in_hours,
        "escalation_enabled": False,
    }


def _targets(asked: dict[str, Any]) -> dict[str, tuple[int, int, bool]]:
    """All four priorities, in whole minutes and from 15 of them."""
    found = {}
    for code, word in PRIORITY_WORDS.items():
        target = asked.get(f"priority_{code}")
        if not isinstance(target, dict):
            raise invalid(missing(f"priority_{code}"))
        check(target, TARGET_KEYS, required=("respond_within", "resolve_within"))
        for name in ("respond_within", "resolve_within"):
            if not is_number(target[name]) or target[name] % 60 or target[name] < SHORTEST_S:
                raise invalid(FieldError(name, "It should be a multiple of 60 and greater than 900"))
        found[word] = (
            target["respond_within"] // 60,
            target["resolve_within"] // 60,
            bool(target.get("business_hours")),
        )
    return found


def _companies(applicable: dict[str, Any]) -> tuple[int, ...]:
    check(applicable, APPLICABLE)
    if not any(applicable.values()):
        raise invalid(missing("applicable_to"))
    return tuple(applicable.get("company_ids") or ())
