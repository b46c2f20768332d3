"""Links that we sign: the one by which whoever was told says "I have it", and the addresses for others' webhooks.

A link holds no more than ids. It opens nothing but one ticket's alarm, and only for so long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from app.bootstrap import Deps

VALID_FOR = timedelta(days=7)
LONGEST = 1000
MAIL, CHAT, PAGE = "mail", "chat", "page"
"""How a link is sent: see `triage.sla.log.Acknowledged.way`."""
AHEAD = timedelta(minutes=5)
"""How far the clock of whoever signed a link may be ahead of this one's."""


class LinkForged(Exception):
    """Not signed by us, or cut off on the way."""


class LinkExpired(Exception):
    """Signed by us, too long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AckLink:
    """`person` is an id of the tenant's rules, empty where nobody by name was told; `climb` is `Step.climb`, empty
    where the message was about several.
    """

    tenant: str
    ref: str
    person: str
    climb: str
    way: str
    made_at: datetime


def ack_link(
    deps: Deps, tenant: str, ref: str, *, person: str = "", climb: str = "", way: str = MAIL, now: datetime
) -> str:
    """The whole address, for a message to that person about the ticket; `way` is how the message goes."""
    token = _signer(deps, "acknowledge").dumps([tenant, ref, person, climb, way, int(now.timestamp())])
    return f"{deps.settings.public_url}/a/{token}"


def read_ack_link(deps: Deps, token: str, now: datetime) -> AckLink:
    """What `ack_link` wrote; raises `LinkForged` or `LinkExpired`."""
    tenant, ref, person, climb, way, made = _read(deps, "acknowledge", token)
    made_at = datetime.fromtimestamp(made, UTC)
    link = AckLink(tenant=tenant, ref=ref, person=person, climb=climb, way=way, made_at=made_at)
    if not -AHEAD <= now - link.made_at <= VALID_FOR:
        raise LinkExpired
    return link


def pager_hook(deps: Deps, tenant: str) -> str:
    """Where the tenant's pager posts its webhooks. The address alone opens nothing: what comes is signed."""
    return f"{deps.settings.public_url}/webhooks/pager/{_signer(deps, 'pager').dumps(tenant)}"


def read_pager_hook(deps: Deps, token: str) -> str:
    """The tenant; raises `LinkForged`."""
    return str(_read(deps, "pager", token))


def release_hook(deps: Deps, tenant: str, source: str) -> str:
    """Where the tenant's code host posts its releases; what comes there is signed too."""
    token = _signer(deps, f"releases-{source}").dumps(tenant)
    return f"{deps.settings.public_url}/webhooks/releases/{source}/{token}"


def read_release_hook(deps: Deps, source: str, token: str) -> str:
    """The tenant; raises `LinkForged`."""
    return str(_read(deps, f"releases-{source}", token))


def _signer(deps: Deps, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(deps.store.vault.derive("links"), salt=purpose)


def _read(deps: Deps, purpose: str, token: str) -> Any:
    if len(token) > LONGEST:
        raise LinkForged
    try:
        return _signer(deps, purpose).loads(token)
    except BadSignature:
        raise LinkForged from None
