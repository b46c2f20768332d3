"""SLA policies and business hours (platform notes 2.12, 2.13)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from connectors.simulator.records import Schedule, SlaPolicy
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire
from connectors.simulator.zendesk.auth import check_admin
from connectors.simulator.zendesk.errors import not_found
from connectors.simulator.zendesk.paging import base_url, page_of
from connectors.time_zones import RAILS_NAMES

DAY, WEEK = 24 * 60, 7 * 24 * 60


def register(api: Blueprint, state: HelpdeskState) -> None:
    """Add the routes to the API."""

    def found(schedule_id: int) -> Schedule:
        schedule = state.schedules.get(schedule_id)
        if schedule is None:
            raise not_found()
        return schedule

    @api.get("/slas/policies")
    def policies() -> ResponseReturnValue:
        check_admin(g.user)
        rows = sorted(state.policies.values(), key=lambda policy: policy.position)
        return page_of("sla_policies", rows, show_policy)

    @api.get("/slas/policies/<int:policy_id>")
    def policy(policy_id: int) -> ResponseReturnValue:
        check_admin(g.user)
        if policy_id not in state.policies:
            raise not_found()
        return {"sla_policy": show_policy(state.policies[policy_id])}

    @api.get("/business_hours/schedules")
    def schedules() -> ResponseReturnValue:
        return {"schedules": [show_schedule(state, each) for each in state.schedules.values()], "url": _address()}

    @api.get("/business_hours/schedules/<int:schedule_id>")
    def schedule(schedule_id: int) -> ResponseReturnValue:
        return {"schedule": show_schedule(state, found(schedule_id))}

    @api.get("/business_hours/schedules/<int:schedule_id>/holidays")
    def holidays(schedule_id: int) -> ResponseReturnValue:
        rows = [
            {"id": schedule_id * 100 + number, "name": name, "start_date": first, "end_date": last}
            for number, (name, first, last) in enumerate(found(schedule_id).holidays, start=1)
        ]
        return {"holidays": rows, "url": _address(f"/{schedule_id}/holidays")}


def show_policy(policy: SlaPolicy) -> dict[str, Any]:
    named = [str(each) for each in policy.organization_ids]
    conditions = [{"field": "organization_id", "operator": "includes" if named[1:] else "is",
                   "value": named if named[1:] else named[0]}] if named else []  # fmt: skip
    metrics = [
        {"priority": priority, "metric": metric, "target": minutes, "business_hours": in_business_hours}
        for priority, (first_reply, resolution, in_business_hours) in policy.targets.items()
        for metric, minutes in (("first_reply_time", first_reply), ("total_resolution_time", resolution))
    ]
    return {
        "id": policy.id,
        "url": f"{base_url()}/api/v2/slas/policies/{policy.id}.json",
        "title": policy.title,
        "description": "",
        "position": policy.position,
        "filter": {"all": conditions, "any": []},
        "policy_metrics": metrics,
        "created_at": wire.stamp(policy.created_at),
        "updated_at": wire.stamp(policy.updated_at),
    }


def show_schedule(state: HelpdeskState, schedule: Schedule) -> dict[str, Any]:
    at = wire.stamp(state.second())
    return {
        "id": schedule.id,
        "name": schedule.name,
        "time_zone": zone_name(schedule.time_zone),
        "intervals": [{"start_time": start, "end_time": end} for start, end in from_sunday(schedule.intervals)],
        "created_at": at,
        "updated_at": at,
    }


def zone_name(iana: str) -> str:
    """Rails' name of the zone; one that has none is shown as it is."""
    return RAILS_NAMES.get(iana, (iana,))[-1]


def from_sunday(intervals: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Minutes since Monday turned into minutes since Sunday, cut at midnight: an interval never spans days."""
    cut = [
        (max(start, day * DAY), min(end, (day + 1) * DAY))
        for start, end in intervals
        for day in range(start // DAY, -(-end // DAY))
    ]
    moved = [((start + DAY) % WEEK, (start + DAY) % WEEK + end - start) for start, end in cut]
    return sorted(moved)


def _address(rest: str = "") -> str:
    return f"{base_url()}/api/v2/business_hours/schedules{rest}.json"
