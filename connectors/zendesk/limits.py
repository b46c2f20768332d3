"""How often Zendesk may be asked, and what each request counts against. Pure.

Source: https://developer.zendesk.com/api-reference/introduction/rate-limits/
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from connectors.limits import EVERYTHING, UPDATES

EXPORTS, SEARCH, HELP_CENTER = "exports", "search", "help_center"

# Requests a minute for the account; the Help Center has as many again, counted apart.
PLANS = {
    "team": 200,
    "growth": 400,
    "professional": 400,
    "enterprise": 700,
    "enterprise plus": 2500,
}
LOWEST = 200
# The same on every plan. An add-on raises exports to 30: the answers' headers do not tell, so 10 it is.
ENDPOINTS = {UPDATES: 100, EXPORTS: 10, SEARCH: 100}

TICKET_WRITE = re.compile(r"/api/v2/tickets/(\d+(/tags)?|update_many)(\.json)?\Z")


def limits(plan: str | None) -> dict[str, float]:
    """Requests a minute by family; the lowest plan's for one that is not known. "Suite" and "Support" may lead."""
    name = re.sub(r"\A(suite|support)\s+", "", " ".join((plan or "").lower().replace("_", " ").split()))
    everything = float(PLANS.get(name, LOWEST))
    return {EVERYTHING: everything, HELP_CENTER: everything, **{name: float(each) for name, each in ENDPOINTS.items()}}


def families(method: str, path: str) -> tuple[str, ...]:
    """What a request counts against."""
    path = path.partition("?")[0]
    place = path[path.find("/api/v2/") :]
    if place.startswith("/api/v2/help_center/"):
        return (HELP_CENTER,)
    if place.startswith("/api/v2/incremental/"):
        return (EVERYTHING, EXPORTS)
    if re.match(r"/api/v2/search[./]|/api/v2/search\Z", place):
        return (EVERYTHING, SEARCH)
    if method == "PUT" and TICKET_WRITE.match(place):
        return (EVERYTHING, UPDATES)
    return (EVERYTHING,)


def limits_in(headers: Mapping[str, str]) -> dict[str, float]:
    """The account's limit, from the answers of the ticketing API: only they carry `ratelimit-limit` as well."""
    return account_limit(headers) if "ratelimit-limit" in headers else {}


def account_limit(headers: Mapping[str, str]) -> dict[str, float]:
    """What `X-Rate-Limit` says; nothing when it is missing or no number."""
    try:
        stated = float(headers.get("X-Rate-Limit", ""))
    except ValueError:
        return {}
    return {EVERYTHING: stated} if math.isfinite(stated) and stated > 0 else {}
