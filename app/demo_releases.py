"""The demo's own product gets two releases, so that there are articles to check: sent in as any program would."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click
import requests

from app.intake_auth import KEY, SIGNATURE, TIMESTAMP, signature
from app.knowledge.indexing import place_of
from app.rehearsal import Rehearsal
from connectors.defaults import load_knowledge
from connectors.index import IndexBroken, IndexMissing

HTTP_S = 10.0
RELEASES: tuple[dict[str, Any], ...] = (
    {
        "version": "4.5",
        "title": "Team members",
        "product_areas": ["account"],
        "notes": (
            "- **Renamed:** `Settings > People` is now called `Settings > Team members`; its tab `Invited` is now "
            "`Pending`.\n- Fixed: a stray scroll bar on the sign-in page.\n"
        ),
    },
    {
        "version": "4.6",
        "title": "Certificates and exports",
        "product_areas": ["integrations", "data"],
        "notes": (
            "- **Changed:** client certificates of webhooks and mutual TLS now come from `Fieldline Issuing CA G4` "
            "instead of G3. Who pinned the issuer has to trust G4 first.\n"
            "- **Limits:** one export may now hold 1,000,000 rows and 10 GB. Its file can be downloaded for 30 days.\n"
            "- Internal: the build runs on new machines.\n"
        ),
    },
)


def demo_rules() -> dict[str, Any]:
    """The shipped knowledge rules with the demo's own people as owners."""
    owners = {"identity": "mei", "account": "mei", "integrations": "jonas", "api": "jonas", "billing": "manager"}
    return {**load_knowledge(), "owners": owners, "owner": "manager"}


class Releases:
    """Sends the releases once the articles were read and can be searched."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.sent = False

    def send_when_read(self) -> None:
        deps, tenant = self.rehearsal.deps, self.rehearsal.tenant
        if self.sent:
            return
        try:
            place_of(deps, tenant).in_use()
        except (IndexMissing, IndexBroken):
            return
        self.sent = True
        key = deps.store.api_keys.add(tenant, "demo releases", now=deps.now())
        try:
            for release in RELEASES:
                body = json.dumps(release | {"released_at": deps.now().isoformat()}).encode()
                stamp = str(int(datetime.now(UTC).timestamp()))
                headers = {KEY: key.id, TIMESTAMP: stamp, SIGNATURE: signature(key.secret, stamp, body)}
                headers["Content-Type"] = "application/json"
                answer = requests.post(f"{self.rehearsal.url}/api/releases", data=body, headers=headers, timeout=HTTP_S)
                answer.raise_for_status()
        except requests.RequestException as error:
            click.echo(f"  The releases could not be sent: {type(error).__name__}.", err=True)
            return
        click.echo("  Two releases came in. What they may have made wrong: Knowledge, in the console\n", err=True)
