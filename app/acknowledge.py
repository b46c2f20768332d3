"""`/a/<token>`: the page behind "I have it" in a mail, a chat or a page.

Looking changes nothing, for programs that scan mails open every link; only the button does. Whoever has the link may
press it: it was sent to one person and opens nothing else.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from urllib.parse import quote

from flask import Blueprint, Response, make_response, render_template, request

from app.bootstrap import Deps
from app.sla.acknowledging import UNREADABLE, Held, acknowledge, held
from app.sla.links import AckLink, LinkExpired, LinkForged, read_ack_link
from connectors import registry
from connectors.store.tenants import CONNECTED, TenantSummary, UnknownTenant
from triage.escalation.taking import Taking
from triage.sla.clocks import Reading
from triage.sla.saying import NAMES, city, time_left, when
from triage.words import zone_named

SECURITY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
MAX_BODY = 1024
SOMEBODY = "Whoever is on duty"


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("acknowledge", __name__, template_folder="templates")
    blueprint.after_request(_protect)

    @blueprint.get("/a/<token>")
    def look(token: str) -> Response:
        return _page(deps, token)

    @blueprint.post("/a/<token>")
    def take(token: str) -> Response:
        request.max_content_length = MAX_BODY
        return _page(deps, token, take=True)

    return blueprint


def _page(deps: Deps, token: str, *, take: bool = False) -> Response:
    now = deps.now()
    try:
        link = read_ack_link(deps, token, now)
        tenant = deps.store.tenants.summary(link.tenant)
    except LinkForged:
        return _render("forged", 404)
    except LinkExpired:
        return _render("expired", 410)
    except UnknownTenant:
        return _render("gone", 410)
    if not tenant.settings.get(CONNECTED, True):
        return _render("gone", 410)
    try:
        found = held(deps, link.tenant, link.ref, climb=link.climb, now=now)
    except UNREADABLE:
        return _render("unreadable", 503)
    took = False
    if take and found.taken.state is Taking.OPEN:
        who = _name(found, link.person)
        took = acknowledge(deps, link.tenant, link.ref, by=who, way=link.way, now=now)
        found = held(deps, link.tenant, link.ref, climb=link.climb, now=now)
    return _render(found.taken.state.value, 200, **_said(found, link, tenant, now), took=took)


def _said(found: Held, link: AckLink, tenant: TenantSummary, now: datetime) -> dict[str, object]:
    """What the page says: no more than the message said that brought the link."""
    person = found.rules.escalation.people.get(link.person)
    zone = person.time_zone if person is not None else found.standing.schedule.time_zone
    here = zone_named(zone) or UTC
    last = found.taken.last
    path = registry.vendor(tenant.vendor).ticket_path.format(ref=quote(link.ref, safe=""))
    return {
        "ref": link.ref,
        "ticket_url": tenant.origin + path,
        "priority": found.standing.priority.value if found.standing.priority else "",
        "clocks": [_clock(each, now, here) for each in _shown(found)],
        "city": city(zone),
        "has_it": last.by if last is not None else "",
        "since": when(last.at, now=now, here=here) if last is not None else "",
        "you": _name(found, link.person),
    }


def _shown(found: Held) -> list[Reading]:
    """The clocks that are late, else the one that will be first."""
    on = [each for each in found.standing.clocks.values() if not each.is_done and each.due is not None]
    ordered = sorted(on, key=lambda each: (str(each.due), each.metric.value))
    return [each for each in ordered if each.is_late] or ordered[:1]


def _clock(reading: Reading, now: datetime, here: tzinfo) -> dict[str, object]:
    assert reading.due is not None  # noqa: S101
    left = reading.left
    return {
        "name": NAMES[reading.metric],
        "due": when(reading.due, now=now, here=here),
        "late": reading.is_late,
        "left": "" if left is None else time_left(left),
    }


def _name(found: Held, person: str) -> str:
    known = found.rules.escalation.people.get(person)
    return known.name if known is not None else SOMEBODY


def _render(state: str, status: int, **values: object) -> Response:
    page = render_template("acknowledge.html", state=state, design_url="/sidebar/static", **values)
    return make_response(page, status)


def _protect(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = SECURITY
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Robots-Tag"] = "noindex, nofollow"
    headers["Cache-Control"] = "no-store"
    return response
