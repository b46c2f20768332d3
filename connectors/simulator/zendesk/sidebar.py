"""The signed first load of the ticket sidebar (platform notes 4.5): an RS256 token posted into the iframe."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.simulator.state import HelpdeskState

TOKEN_LIFE_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What the workspace posts into a fresh iframe, and what the page's host answers as metadata."""

    action: str
    token: str
    app_guid: str
    metadata: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "fields": {"token": self.token},
            "appGuid": self.app_guid,
            "instanceGuid": str(uuid.uuid4()),
            "metadata": self.metadata,
        }


class SidebarApp:
    """One installed app: its key pair lives as long as the helpdesk runs."""

    def __init__(self, state: HelpdeskState, sidebar_url: str) -> None:
        self._state = state
        self.sidebar_url = sidebar_url
        self.app_id = state.next_id()
        self.installation_id = state.next_id()
        self.settings: dict[str, Any] = {"name": "Deskhand", "title": "Deskhand"}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public_key(self) -> str:
        pem = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem.decode()

    def token(self, agent_id: int, base: str) -> str:
        """`aud` names the installation and `sub` the agent, both as URLs of this helpdesk."""
        now = self._state.now()
        claims = {
            "iss": urlsplit(base).netloc,
            "aud": f"{base}/api/v2/apps/installations/{self.installation_id}.json",
            "sub": f"{base}/api/v2/users/{agent_id}.json",
            "iat": now,
            "exp": now + timedelta(seconds=TOKEN_LIFE_S),
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(claims, self._key, algorithm="RS256")

    def launch(self, *, agent_id: int, base: str, color_scheme: str) -> Launch:
        guid = str(uuid.uuid4())
        query = urlencode({"origin": base, "app_guid": guid, "colorScheme": color_scheme})
        return Launch(
            action=f"{self.sidebar_url}?{query}",
            token=self.token(agent_id, base),
            app_guid=guid,
            metadata={"appId": self.app_id, "installationId": self.installation_id, "settings": self.settings},
        )

    def installation(self) -> dict[str, Any]:
        return {
            "id": self.installation_id,
            "app_id": self.app_id,
            "product": "support",
            "settings": self.settings,
            "enabled": True,
        }
