"""The whole file: policies, schedules, which schedule holds for whom, and who is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from triage.hours import Schedule
from triage.sla.policies import Policy, Target
from triage.sla.reading.escalation import escalation
from triage.sla.reading.node import Node, SlaRulesError, way_out
from triage.sla.reading.policies import known_zone, policies
from triage.sla.reading.schedules import schedules
from triage.sla.rules import ORDER, SlaRules
from triage.tickets import Status

SOURCES = ("organization", "requester_zone", "group")
PAUSING = (Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD)


def rules_from(mapping: Mapping[str, Any], *, version: str) -> SlaRules:
    """The rules that YAML or JSON holds. Raises `SlaRulesError` with every problem at once."""
    found: list[str] = []
    node = Node(mapping, "", found)
    if not node.has(("policies", "schedules", "which_schedule", "paused_in", "escalation")):
        raise SlaRulesError(found)
    if not node.at("policies").is_given:
        node.at("policies").wrong("is missing. List the policies, the first that fits wins; [] promises nothing.")
    promised = policies(node.at("policies"))
    hours = schedules(node.at("schedules"))
    which = _which(node.at("which_schedule"), hours)
    _open_somewhere(node.at("schedules"), promised, hours, which)
    rules = SlaRules(
        version=version,
        policies=promised,
        schedules=hours,
        paused_in=_paused_in(node.at("paused_in")),
        escalation=escalation(node.at("escalation")),
        **which,
    )
    if found:
        raise SlaRulesError(found)
    return rules


def _which(node: Node, known: Collection[str]) -> dict[str, Any]:
    """The fields of `SlaRules` that say which schedule holds."""
    if not node.is_given and len(known) == 1:
        return {"default_schedule": next(iter(known))}
    keys = ("order", "organizations", "zones", "groups", "requester_zone_copies", "default")
    if not node.has(keys):
        return {"default_schedule": ""}
    copies, order = node.at("requester_zone_copies"), node.at("order")
    listed = {
        name: {key: each.refers(known, "schedule") for key, each in node.at(key_of).entries()}
        for name, key_of in (("by_organization", "organizations"), ("by_zone", "zones"), ("by_group", "groups"))
    }
    for name in listed["by_zone"]:
        known_zone(node.at("zones"), name)
    return {
        "default_schedule": node.at("default").refers(known, "schedule"),
        "zone_copies": copies.refers(known, "schedule") if copies.is_given else None,
        "order": _order(order) if order.is_given else ORDER,
        **listed,
    }


def _order(node: Node) -> tuple[str, ...]:
    names = node.texts()
    for name in names:
        if name not in ORDER:
            node.wrong(f"there is no “{name[:60]}” to be asked. {way_out(name, SOURCES)}")
    if "default" in names[:-1]:
        node.wrong("what stands behind `default` is never asked. Put `default` last, or leave it out.")
    return names


def _paused_in(node: Node) -> frozenset[Status]:
    if not node.is_given:
        return frozenset({Status.PENDING})
    found = set()
    for name in node.texts():
        status = next((each for each in PAUSING if each.value == name), None)
        if status is None:
            node.wrong(f"“{name[:60]}” cannot pause a clock. {way_out(name, [each.value for each in PAUSING])}")
        else:
            found.add(status)
    return frozenset(found)


def _open_somewhere(
    node: Node, promised: tuple[Policy, ...], hours: Mapping[str, Schedule], which: Mapping[str, Any]
) -> None:
    """Business hours of a desk that never opens would never be over."""
    in_hours = [each.id for each in promised if each.is_active and any(_of_desk(target) for target in each.targets)]
    if not in_hours:
        return
    reached = {str(which.get(name)) for name in ("default_schedule", "zone_copies")}
    for listed in ("by_organization", "by_zone", "by_group"):
        reached.update(which.get(listed, {}).values())
    for name in sorted(each for each in reached if each in hours):
        if not hours[name].intervals:
            node.at(name).wrong(
                f"has no weekly hours, and policy “{in_hours[0]}” promises business hours: its time would never pass. "
                "Give the schedule hours, or use `hours: calendar` in the policy."
            )


def _of_desk(target: Target) -> bool:
    return target.in_business_hours or target.business_days is not None
