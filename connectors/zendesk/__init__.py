"""Zendesk: signed webhooks in, one conditional update out. zenpy is imported with the first client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar

from connectors.base import AgentIdentity, Connection, Feature, Helpdesk, Vendor, WebhookRequest
from connectors.installing import Grant, Installer, PackageProblem, Place, SignIn
from connectors.limits import OPEN, Gate
from connectors.zendesk import webhook
from connectors.zendesk.address import base_url
from connectors.zendesk.features import FEATURES, SIGN_INS
from connectors.zendesk.limits import limits
from connectors.zendesk.package import UPLOAD_STEPS
from triage.events import TicketEvent
from triage.tickets import Priority


class Zendesk:
    """What the registry line points to; see `connectors.base.Vendor`."""

    name: ClassVar[str] = "zendesk"
    title: ClassVar[str] = "Zendesk"
    features: ClassVar[frozenset[Feature]] = FEATURES
    sign_ins: ClassVar[tuple[SignIn, ...]] = SIGN_INS
    default_priority: ClassVar[Priority | None] = None
    upload_steps: ClassVar[tuple[str, ...]] = UPLOAD_STEPS
    ticket_path: ClassVar[str] = "/agent/tickets/{ref}"

    def parse_webhook(
        self, request: WebhookRequest, *, secrets: tuple[str, ...], account_id: str | None
    ) -> TicketEvent | None:
        return webhook.parse(request, secrets, account_id)

    def verify_agent(self, token: str, *, public_key: str, audience: str, origin: str, now: datetime) -> AgentIdentity:
        from connectors.zendesk.identity import verify_agent

        return verify_agent(token, public_key=public_key, audience=audience, origin=origin, now=now)

    def sidebar_audience(self, connection: Connection) -> str:
        return f"{connection.base_url}/api/v2/apps/installations/{connection.settings.get('installation_id')}.json"

    def base_url(self, address: str, *, loopback: bool = False) -> str:
        return base_url(address, loopback=loopback)

    def authorize_url(self, base_url: str, *, client_id: str, redirect_uri: str, state: str) -> str:
        from connectors.zendesk.oauth import authorize_url

        return authorize_url(base_url, client_id=client_id, redirect_uri=redirect_uri, state=state)

    def grant(self, base_url: str, kind: str, secrets: Mapping[str, str], *, now: datetime) -> Grant:
        from connectors.zendesk.oauth import grant

        return grant(base_url, kind, secrets, now=now)

    def limits(self, plan: str | None) -> Mapping[str, float]:
        return limits(plan)

    def connect(self, connection: Connection, *, now: Callable[[], datetime], gate: Gate = OPEN) -> Helpdesk:
        from connectors.zendesk.client import connect

        return connect(connection, now=now, gate=gate)

    def installer(
        self, connection: Connection, place: Place, *, now: Callable[[], datetime], gate: Gate = OPEN
    ) -> Installer:
        from connectors.zendesk.install import ZendeskInstaller

        return ZendeskInstaller(connection, place, now=now, gate=gate)

    def fetch_sidebar_key(self, connection: Connection) -> str:
        from connectors.zendesk.client import fetch_sidebar_key

        return fetch_sidebar_key(connection)

    def package(self, place: Place) -> Mapping[str, bytes]:
        from connectors.zendesk.package import build

        return build(place)

    def check_package(self, files: Mapping[str, bytes]) -> tuple[PackageProblem, ...]:
        from connectors.zendesk.package_rules import check

        return check(files)


VENDOR: Vendor = Zendesk()
