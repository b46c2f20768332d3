"""Freshdesk: unsigned pings and signed app events in, minimal updates out, each looked for before it is repeated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import urlsplit

from connectors.base import AgentIdentity, Connection, Feature, Helpdesk, Vendor, WebhookRequest
from connectors.errors import Rejected, Unsupported
from connectors.freshdesk import webhook
from connectors.freshdesk.limits import plan_limits
from connectors.freshdesk.package import UPLOAD_STEPS
from connectors.installing import Ask, Grant, Installer, PackageProblem, Place, SignIn
from connectors.limits import OPEN, Gate
from triage.events import TicketEvent
from triage.tickets import Priority

FEATURES = frozenset(
    {
        Feature.BULK_UPDATE,
        Feature.INCIDENT_LINKS,
        Feature.SCHEDULES,
        Feature.SLA_POLICIES,
        Feature.RATINGS,
        Feature.ARTICLES,
    }
)
DOMAIN = "freshdesk.com"
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
API_KEY = SignIn(
    kind="api_key",
    title="API key",
    help="The key of the agent Deskhand acts as; it needs an admin's rights to install. Every change shows that name.",
    asks=(
        Ask(
            name="api_key",
            label="API key",
            secret=True,
            help="In Freshdesk: your picture, Profile settings, View API key.",
        ),
    ),
    warning="Use an agent of its own for Deskhand: a person's key stops working when the person leaves.",
)


class Freshdesk:
    """What the registry line points to; see `connectors.base.Vendor`."""

    name: ClassVar[str] = "freshdesk"
    title: ClassVar[str] = "Freshdesk"
    features: ClassVar[frozenset[Feature]] = FEATURES
    sign_ins: ClassVar[tuple[SignIn, ...]] = (API_KEY,)
    default_priority: ClassVar[Priority | None] = Priority.P4
    upload_steps: ClassVar[tuple[str, ...]] = UPLOAD_STEPS
    ticket_path: ClassVar[str] = "/a/tickets/{ref}"

    def parse_webhook(
        self, request: WebhookRequest, *, secrets: tuple[str, ...], account_id: str | None
    ) -> TicketEvent | None:
        return webhook.parse(request, secrets, account_id)

    def verify_agent(self, token: str, *, public_key: str, audience: str, origin: str, now: datetime) -> AgentIdentity:
        raise _unsupported("verify_agent", "Freshdesk signs no sidebar tokens")

    def sidebar_audience(self, connection: Connection) -> str:
        raise _unsupported("sidebar_audience", "Freshdesk signs no sidebar tokens")

    def base_url(self, address: str, *, loopback: bool = False) -> str:
        """`acme`, `acme.freshdesk.com` or any URL below it; a help centre's own domain has no API behind it."""
        text = address.strip()
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
            host, port = (parts.hostname or "").lower().rstrip("."), parts.port
        except ValueError as error:
            raise ValueError("This is not an address.") from error
        if parts.username is not None or parts.password is not None:
            raise ValueError("The address must not hold a user name or password.")
        if loopback and parts.scheme == "http" and _is_loopback(host):
            shown = f"[{host}]" if ":" in host else host
            return f"http://{shown}:{port}" if port else f"http://{shown}"
        label = host.removesuffix(f".{DOMAIN}")
        if parts.scheme != "https" or port not in (None, 443):
            raise ValueError(f"The address must be https, such as https://acme.{DOMAIN}.")
        if not LABEL.fullmatch(label) or label in ("www", "freshdesk"):
            raise ValueError(f"Type the address that agents sign in at: acme.{DOMAIN}.")
        return f"https://{label}.{DOMAIN}"

    def authorize_url(self, base_url: str, *, client_id: str, redirect_uri: str, state: str) -> str:
        raise _unsupported("authorize_url", "Freshdesk gives access by API key")

    def grant(self, base_url: str, kind: str, secrets: Mapping[str, str], *, now: datetime) -> Grant:
        """The key as it travels: HTTP Basic, the key as user and any password."""
        if kind != API_KEY.kind:
            raise Rejected(f"there is no sign-in {kind[:40]!r}", vendor=self.name, operation="grant")
        key = secrets.get("api_key", "").strip()
        if not key or ":" in key or not all("!" <= character <= "~" for character in key):
            details = {"api_key": "An API key is one line of letters and digits."}
            raise Rejected("the API key is missing or unreadable", details=details, vendor=self.name, operation="grant")
        return Grant(access_token=f"{key}:X", scheme="basic", issued_at=now)

    def limits(self, plan: str | None) -> Mapping[str, float]:
        return plan_limits(plan)

    def connect(self, connection: Connection, *, now: Callable[[], datetime], gate: Gate = OPEN) -> Helpdesk:
        from connectors.freshdesk.client import FreshdeskHelpdesk

        return FreshdeskHelpdesk(connection, gate=gate)

    def installer(
        self, connection: Connection, place: Place, *, now: Callable[[], datetime], gate: Gate = OPEN
    ) -> Installer:
        from connectors.freshdesk.install import FreshdeskInstaller

        return FreshdeskInstaller(connection, place, now=now, gate=gate)

    def fetch_sidebar_key(self, connection: Connection) -> str:
        raise _unsupported("fetch_sidebar_key", "Freshdesk signs no sidebar tokens")

    def package(self, place: Place) -> Mapping[str, bytes]:
        from connectors.freshdesk.package import build

        return build(place)

    def check_package(self, files: Mapping[str, bytes]) -> tuple[PackageProblem, ...]:
        from connectors.freshdesk.package_rules import check

        return check(files)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _unsupported(operation: str, reason: str) -> Unsupported:
    return Unsupported(reason, vendor="freshdesk", operation=operation)


VENDOR: Vendor = Freshdesk()
