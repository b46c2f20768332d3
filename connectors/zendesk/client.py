"""The Zendesk helpdesk: zenpy on our own session, our nouns in and out.

Build one per job: zenpy keeps the object it is writing on a shared attribute, so it is not safe between
threads. The HTTP session underneath is kept per thread, so connections stay open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from connectors.base import Connection, Feature
from connectors.errors import Rejected, Unavailable
from connectors.limits import OPEN, Gate
from connectors.zendesk.answers import asking
from connectors.zendesk.bulk import Bulk
from connectors.zendesk.features import FEATURES
from connectors.zendesk.history import History
from connectors.zendesk.knowledge import Knowledge
from connectors.zendesk.people import People
from connectors.zendesk.planning import Planning
from connectors.zendesk.session import new_session, session_for


class ZendeskHelpdesk(Bulk, People, Knowledge, Planning, History):
    """A connected Zendesk account; see `connectors.base.Helpdesk` for what each verb promises."""

    name: ClassVar[str] = "zendesk"
    features: ClassVar[frozenset[Feature]] = FEATURES


def connect(connection: Connection, *, now: Callable[[], datetime], gate: Gate = OPEN) -> ZendeskHelpdesk:
    """A client for this tenant; makes no request."""
    return ZendeskHelpdesk(connection, now=now, session=session_for(connection, gate))


def fetch_sidebar_key(connection: Connection) -> str:
    """The app's PEM key; `connection.settings["app_id"]` says which app.

    Source: https://developer.zendesk.com/api-reference/ticketing/apps/apps/ (public key of an app)
    """
    app_id = str(connection.settings.get("app_id") or "")
    if not app_id.isdecimal():
        raise Rejected("the connection does not know its app id", vendor="zendesk", operation="fetch_sidebar_key")
    with asking("fetch_sidebar_key"):
        address = f"{connection.base_url.rstrip('/')}/api/v2/apps/{app_id}/public_key.pem"
        with new_session(connection) as session:
            response = session.get(address)
        key = response.text.strip()
        if not (key.startswith("-----BEGIN") and "PUBLIC KEY-----" in key.partition("\n")[0]):
            raise Unavailable("Zendesk's answer is not a PEM public key", status=response.status_code)
    return key
