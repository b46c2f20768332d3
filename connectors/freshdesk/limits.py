"""Which limit a request counts in, and what each Freshdesk plan allows in a minute. Pure.

Source: https://developers.freshdesk.com/api/#ratelimit
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from connectors.limits import EVERYTHING, UPDATES

PREFIX = "/api/v2"
FAMILIES = (EVERYTHING, "ticket_create", UPDATES, "tickets_list", "contacts_list")
# A trial states its sum only; below it the lowest plan's numbers hold, so that they are there once the sum grows.
LIMITS = {
    "trial": (50, 80, 80, 20, 20),
    "growth": (200, 80, 80, 20, 20),
    "pro": (400, 160, 160, 100, 100),
    "enterprise": (700, 280, 280, 200, 200),
}
LOWEST = "trial"
# Listing tickets with one `include` costs 2 more, and each of a single ticket's 1.
INCLUDE_COST = 2
# What old accounts may do is stated for an hour; no account may do as much in a minute.
HOURLY_LIMITS = frozenset({3000.0, 5000.0})


def plan_limits(plan: str | None) -> Mapping[str, float]:
    """Requests a minute by family; the lowest plan's for one that is not known."""
    words = (plan or "").lower().replace("_", " ").replace("-", " ").split()
    known = next((word for word in words if word in LIMITS), LOWEST)
    return dict(zip(FAMILIES, map(float, LIMITS[known]), strict=True))


def families(method: str, path: str) -> tuple[str, ...]:
    """The limits that a request counts in, one entry for each count."""
    path, _, query = path.partition("?")
    parts = path.partition(PREFIX)[2].strip("/").split("/")
    if method == "GET" and parts == ["tickets"]:
        return (*(EVERYTHING,) * (1 + INCLUDE_COST), "tickets_list")
    if method == "GET" and len(parts) == 2 and parts[0] == "tickets":
        included = ",".join(parse_qs(query).get("include", [])).split(",")
        return (EVERYTHING,) * (1 + len([each for each in included if each]))
    if method == "GET" and parts == ["contacts"]:
        return (EVERYTHING, "contacts_list")
    if method == "POST" and parts == ["tickets"]:
        return (EVERYTHING, "ticket_create")
    if method == "PUT" and len(parts) == 2 and parts[0] == "tickets":
        return (EVERYTHING, UPDATES)
    return (EVERYTHING,)


def limits_in(headers: Mapping[str, str]) -> Mapping[str, float]:
    """The account's requests a minute as an answer states them; the header's case varies."""
    stated = next((value for name, value in headers.items() if name.lower() == "x-ratelimit-total"), "")
    if not stated.strip().isdecimal() or float(stated) <= 0:
        return {}
    total = float(stated)
    return {EVERYTHING: total / 60 if total in HOURLY_LIMITS else total}
