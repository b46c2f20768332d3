"""What policies, schedules and ladders look at in a ticket. No free text and no names of people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from triage.hours.schedule import zone
from triage.sla.policies import Facts
from triage.sla.rules import SlaRules
from triage.tickets import Organization, Requester, Ticket

OUR_TAGS = ("deskhand_", "hx_")
"""How tags begin that we write ourselves: what we make of a ticket must not change what it was promised."""
ORGANIZATION, REQUESTER_ZONE = "organization", "requester_zone"
OF_ORGANIZATION = "organization."
LONGEST = 100
"""A longer value is prose."""


def facts_of(
    ticket: Ticket,
    requester: Requester | None,
    organization: Organization | None,
    groups: Mapping[str, str],
    looked_at: Collection[str] = (),
) -> Facts:
    """Subject -> values. `groups` maps names of queues to the helpdesk's group ids. Of an organization's own fields
    only those are taken that are `looked_at` (`organization_fields`): others may hold whatever people wrote there.

    What was asked for and is not set is there, and empty: `requester_zone` where the requester is known, fields where
    the organization is.
    """
    found: dict[str, Sequence[str | None]] = {
        "organization_id": [ticket.organization_id],
        "requester_id": [ticket.requester_id],
        "group_id": [ticket.group_id],
        "group": sorted(name for name, group_id in groups.items() if group_id == ticket.group_id),
        "assignee_id": [ticket.assignee_id],
        "channel": [ticket.channel.value],
        "type": [ticket.kind],
        "tag": sorted({tag for tag in ticket.tags if not tag.startswith(OUR_TAGS)}),
        "category": [ticket.fields.get("category")],
        "product_area": [ticket.fields.get("product_area")],
    }
    if organization is not None:
        found |= {ORGANIZATION: [organization.name], "tier": [organization.tier]}
    facts = {subject: _values(values) for subject, values in found.items()}
    known = {subject: values for subject, values in facts.items() if values}
    if organization is not None:
        asked = {each: organization.fields.get(each.removeprefix(OF_ORGANIZATION)) for each in sorted(looked_at)}
        known |= {subject: _values([value]) for subject, value in asked.items()}
    if requester is not None:
        known[REQUESTER_ZONE] = _values([requester.time_zone]) if is_zone(requester.time_zone) else ()
    return known


def still_known(before: Facts, ticket: Ticket) -> Facts:
    """What facts found earlier say of the requester and the organization, where those are the same people still."""
    kept: dict[str, tuple[str, ...]] = {}
    if ticket.requester_id is not None and before.get("requester_id") == (ticket.requester_id,):
        kept |= {subject: before[subject] for subject in (REQUESTER_ZONE,) if subject in before}
    if ticket.organization_id is not None and before.get("organization_id") == (ticket.organization_id,):
        theirs = (ORGANIZATION, "tier")
        kept |= {each: before[each] for each in before if each in theirs or each.startswith(OF_ORGANIZATION)}
    return kept


def looks_at_requester(rules: SlaRules) -> bool:
    """Whether anything depends on the requester's zone, which costs a request to know."""
    by_zone = REQUESTER_ZONE in rules.order and (bool(rules.by_zone) or rules.zone_copies is not None)
    return by_zone or any(REQUESTER_ZONE in policy.applies_to for policy in rules.policies)


def organization_fields(rules: SlaRules) -> frozenset[str]:
    """The organization's own fields that policies look at, as subjects."""
    return frozenset(
        subject for policy in rules.policies for subject in policy.applies_to if subject.startswith(OF_ORGANIZATION)
    )


def is_zone(name: str | None) -> bool:
    """Whether it can be reckoned with: helpdesks hold what somebody typed years ago."""
    try:
        return bool(name) and bool(zone(name or ""))
    except ValueError:
        return False


def _values(values: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(value for value in values if value and len(value) <= LONGEST)
