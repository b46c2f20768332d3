"""Small makers of tickets, a taxonomy and vectors for the triage tests; nothing here is patched or faked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.taxonomy import Taxonomy
from triage.tickets import Channel, Status, Ticket

TAXONOMY: dict[str, Any] = {
    "version": "7",
    "human_group": "Front desk",
    "product_areas": [
        {
            "key": "platform",
            "name": "Platform",
            "description": "Whether it runs.",
            "group": "On-call platform",
            "terms": ["outage", "503", "slow"],
        },
        {
            "key": "integrations",
            "name": "Integrations",
            "description": "Webhooks and connectors.",
            "group": "Integrations",
            "terms": ["webhook", "event delivery", "sync"],
        },
        {
            "key": "app",
            "name": "App",
            "description": "Screens.",
            "group": "Product support",
            "terms": ["button", "screen", "sync"],
        },
    ],
    "categories": [
        {
            "key": "service_down",
            "name": "Service down",
            "description": "Nobody can use it.",
            "product_area": "platform",
            "priority": "P1",
        },
        {
            "key": "webhook_delivery",
            "name": "Webhook delivery",
            "description": "Webhook events stop or are late.",
            "product_area": "integrations",
            "priority": "P2",
        },
        {
            "key": "bug",
            "name": "Bug",
            "description": "A screen or button misbehaves.",
            "product_area": "app",
            "priority": "P3",
        },
        {
            "key": "how_to",
            "name": "How-to question",
            "description": "Asks how something is done.",
            "product_area": "app",
            "priority": "P4",
        },
    ],
    "severity": {
        "P2": ["urgent", "cannot work", "go-live", "can't work"],
        "P1": ["all users affected", "data loss"],
    },
}


def taxonomy() -> Taxonomy:
    return Taxonomy.from_mapping(TAXONOMY)


def ticket(subject: str = "", description: str = "", **changes: Any) -> Ticket:
    values: dict[str, Any] = {
        "ref": "48213",
        "subject": subject,
        "description": description,
        "status": Status.NEW,
        "priority": None,
        "channel": Channel.EMAIL,
        "tags": (),
        "requester_id": "1",
        "organization_id": None,
        "group_id": None,
        "assignee_id": None,
        "created_at": datetime(2026, 11, 17, 9, 0, tzinfo=UTC),
        "updated_at": datetime(2026, 11, 17, 9, 0, tzinfo=UTC),
        "version": "1",
    }
    return Ticket(**(values | changes))


def hashed(texts: Sequence[str], dimensions: int = 64) -> NDArray[np.float32]:
    """(n, d) unit vectors from hashed words: a stand-in for the encoder that takes microseconds."""
    vectors = np.full((len(texts), dimensions), 0.01, dtype=np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w+", text.lower()):
            vectors[row, int(hashlib.sha256(word.encode()).hexdigest(), 16) % dimensions] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
