"""Zendesk: signed webhooks in, one conditional update out. zenpy is imported with the first client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from connectors.base import AgentIdentity, Connection, Helpdesk, Vendor, WebhookRequest
from connectors.zendesk import webhook
from triage.events import TicketEvent


class Zendesk:
    """What the registry line points to; see `connectors.base.Vendor`."""

    name: ClassVar[str] = "zendesk"

    def parse_webhook(
        self, request: WebhookRequest, *, secrets: tuple[str, ...], account_id: str | None
    ) -> TicketEvent | None:
        return webhook.parse(request, secrets, account_id)

    def verify_agent(self, token: str, *, public_key: str, audience: str, origin: str, now: datetime) -> AgentIdentity:
        from connectors.zendesk.identity import verify_agent

        return verify_agent(token, public_key=public_key, audience=audience, origin=origin, now=now)

    def sidebar_audience(self, connection: Connection) -> str:
        return f"{connection.base_url}/api/v2/apps/installations/{connection.settings.get('installation_id')}.json"

    def connect(self, connection: Connection, *, now: Callable[[], datetime]) -> Helpdesk:
        from connectors.zendesk.client import connect

        return connect(connection, now=now)

    def fetch_sidebar_key(self, connection: Connection) -> str:
        from connectors.zendesk.client import fetch_sidebar_key

        return fetch_sidebar_key(connection)


VENDOR: Vendor = Zendesk()
