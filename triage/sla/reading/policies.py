"""What is promised, and to whom."""

from __future__ import annotations

from enum import Enum

from triage.hours.schedule import zone
from triage.sla.facts import OF_ORGANIZATION, OUR_TAGS
from triage.sla.policies import Metric, Policy, Target
from triage.sla.reading.durations import Length, length_of
from triage.sla.reading.node import Node, said, way_out
from triage.tickets import Channel, Priority

METRICS = {
    "first_reply": Metric.FIRST_REPLY_TIME,
    "next_reply": Metric.NEXT_REPLY_TIME,
    "update": Metric.PAUSABLE_UPDATE_TIME,
    "periodic_update": Metric.PERIODIC_UPDATE_TIME,
    "requester_wait": Metric.REQUESTER_WAIT_TIME,
    "agent_work": Metric.AGENT_WORK_TIME,
    "resolution": Metric.FULL_RESOLUTION_TIME,
    "full_resolution": Metric.FULL_RESOLUTION_TIME,
}
SUBJECTS = (
    "organization_id",
    "organization",
    "tier",
    "group_id",
    "group",
    "assignee_id",
    "channel",
    "type",
    "tag",
    "requester_id",
    "requester_zone",
    "category",
    "product_area",
)


class Counted(Enum):
    """In whose hours a target counts: the schedule's, or day and night."""

    BUSINESS = "business"
    CALENDAR = "calendar"


def policies(node: Node) -> tuple[Policy, ...]:
    found = [_policy(row, position) for position, row in enumerate(node.rows(), start=1)]
    for name in sorted({each.id for each in found if sum(other.id == each.id for other in found) > 1}):
        node.wrong(f"the id {said(name)} is used more than once. Rename all but one.")
    return tuple(found)


def _policy(node: Node, position: int) -> Policy:
    name = ""
    targets: tuple[Target, ...] = ()
    if node.has(("id", "title", "applies_to", "targets", "hours", "active", "note")):
        name = node.at("id").id(node.at("id").text())
        targets = _targets(node.at("targets"), _hours(node, Counted.BUSINESS))
        node.at("note").text("")
    return Policy(
        id=name,
        title=node.at("title").text(name),
        position=position,
        targets=targets,
        applies_to=dict(condition(subject, each) for subject, each in node.at("applies_to").entries()),
        is_active=node.at("active").flag(True),
    )


def condition(subject: str, node: Node) -> tuple[str, tuple[str, ...]]:
    """What has to fit; a condition that no ticket can meet is a problem."""
    values = node.texts()
    if subject == "priority":
        node.wrong("policies are chosen without looking at the priority. Write a target for each priority.")
    elif subject not in SUBJECTS and not (subject.startswith(OF_ORGANIZATION) and subject != OF_ORGANIZATION):
        known = (*SUBJECTS, f"{OF_ORGANIZATION}<field>")
        node.wrong(f"no ticket has this, so the policy would never hold. {way_out(subject, known)}")
    elif not values:
        node.wrong("no value would ever fit. List the values that do, or remove the line.")
    elif subject == "channel":
        channels = [each.value for each in Channel]
        for value in values:
            if value not in channels:
                node.wrong(f"no ticket comes by {said(value)}. {way_out(value, channels)}")
    elif subject == "tag":
        for value in values:
            if value.startswith(OUR_TAGS):
                node.wrong(f"{said(value)} is a tag that we write ourselves, and those are not looked at. Use another.")
    elif subject == "requester_zone":
        for value in values:
            known_zone(node, value)
    return subject, values


def _targets(node: Node, counted: Counted) -> tuple[Target, ...]:
    if not node.is_given or not node.has([each.value for each in Priority]):
        return ()
    return tuple(
        target
        for priority in Priority
        if node.at(priority.value).is_given
        for target in _of_priority(node.at(priority.value), priority, counted)
    )


def _of_priority(node: Node, priority: Priority, counted: Counted) -> list[Target]:
    if not node.has((*METRICS, "hours")):
        return []
    counted = _hours(node, counted)
    found: list[Target] = []
    for name, metric in METRICS.items():
        if not node.at(name).is_given:
            continue
        if any(target.metric is metric for target in found):
            node.at(name).wrong("is the same as `resolution`. Remove one of the two.")
        target = _target(node.at(name), metric, priority, counted)
        if target is not None:
            found.append(target)
    return found


def _target(node: Node, metric: Metric, priority: Priority, counted: Counted) -> Target | None:
    time = node
    if isinstance(node.value, dict):
        node.has(("time", "hours"))
        time, counted = node.at("time"), _hours(node, counted)
    found = length(time)
    if found is None:
        return None
    if found.in_days and counted is Counted.BUSINESS:
        time.wrong(
            "a day of 24 hours in business hours is hardly meant. Write business days, or hours, or `hours: calendar`."
        )
    return Target(
        metric=metric,
        priority=priority,
        target_minutes=found.minutes,
        in_business_hours=counted is Counted.BUSINESS or found.business_days is not None,
        business_days=found.business_days,
    )


def _hours(node: Node, default: Counted) -> Counted:
    hours = node.at("hours")
    return hours.one_of(Counted, default) if hours.is_given else default


def length(node: Node) -> Length | None:
    """A length of time; None, and a problem, for what is none."""
    try:
        return length_of(node.value)
    except ValueError as error:
        node.wrong(f"{said(node.value)} {error}" if node.is_given else f"is missing. {error}")
        return None


def known_zone(node: Node, name: str) -> None:
    try:
        zone(name)
    except ValueError as error:
        node.wrong(str(error))
