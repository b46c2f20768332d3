"""What the panel's section Customer says.

Organization fields read: tier city seats seats_used arr currency renewal_on owner.
"""

from __future__ import annotations

from datetime import UTC, datetime

from triage.panel_view import Fact
from triage.tickets import Organization, Requester
from triage.words import capital, date_in, day, in_days, money, thousands, zone_named


def heading(requester: Requester | None, organization: Organization | None) -> str:
    """Whose ticket this is: the company, else the address, else the name."""
    if organization:
        return organization.name
    if requester:
        return requester.email or requester.name
    return "Requester not known"


def subline(organization: Organization | None) -> str:
    """The customer's tier, or that there is no customer."""
    return capital(organization.tier or "") if organization else "Not matched to a customer"


def text(requester: Requester | None, organization: Organization | None) -> str:
    """What is not known about the customer, and what to do about it; empty when all is."""
    if organization is None and requester is None:
        return "The ticket names no requester: no contract and no local time."
    if organization is None:
        return "The helpdesk has no company for this requester. Set it there once and the next mail is known."
    return ""


def facts(
    requester: Requester | None, organization: Organization | None, now: datetime, zone: str | None
) -> tuple[Fact, ...]:
    """What the requester's company has agreed with us, from the helpdesk's organization fields."""
    lines = []
    if requester:
        lines.append(Fact(label="Asked by", value=requester.name, aside=requester.email or ""))
    if organization is None:
        return tuple(lines)
    known = organization.fields
    if organization.tier:
        lines.append(Fact(label="Tier", value=capital(organization.tier)))
    if city := known.get("city"):
        lines.append(Fact(label="City", value=city))
    if seats := known.get("seats"):
        used = known.get("seats_used")
        lines.append(
            Fact(label="Seats", value=f"{thousands(used)} of {thousands(seats)}" if used else thousands(seats))
        )
    if arr := known.get("arr"):
        lines.append(Fact(label="Contract", value=f"{money(arr, known.get('currency'))} a year"))
    if renewal := known.get("renewal_on"):
        lines.append(_renewal_fact(renewal, now, zone))
    if owner := known.get("owner"):
        lines.append(Fact(label="Owner", value=owner))
    return tuple(lines)


def _renewal_fact(renewal: str, now: datetime, zone: str | None) -> Fact:
    on = date_in(renewal)
    if on is None:
        return Fact(label="Renewal", value=renewal)
    today = now.astimezone(zone_named(zone) or UTC).date()
    return Fact(label="Renewal", value=day(on, today=today), aside=in_days((on - today).days))


def summary(organization: Organization | None, now: datetime) -> str:
    """One line for the closed section."""
    if organization is None:
        return "No customer yet"
    known = organization.fields
    parts = []
    if on := date_in(known.get("renewal_on", "")):
        parts.append(f"Renewal {in_days((on - now.date()).days)}")
    if arr := known.get("arr"):
        parts.append(money(arr, known.get("currency")))
    return ", ".join(parts) or capital(organization.tier or "") or "No contract fields"
