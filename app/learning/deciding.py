"""One decision, by the model that answers for the tenant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.learning.models import Champion, Champions
from app.learning.shipped import LANGUAGES
from connectors.base import Connection
from connectors.encoder import Encoder
from connectors.registry import vendor
from triage.classify import TicketClassifier
from triage.decisions import Decision
from triage.metadata import Metadata, extract
from triage.modes import modes_of
from triage.route import DEFAULT_FLOOR, decide
from triage.taxonomy import Taxonomy
from triage.tickets import Organization, Ticket

Vector = NDArray[np.float32]
FLOOR = "confidence_floor"
"""A setting: the confidence that an admin asks for; without it, the model's own card says."""


@dataclass(frozen=True, slots=True)
class Read:
    """A ticket as it was read: what its words say, and their vector."""

    metadata: Metadata
    vector: Vector


@dataclass(frozen=True, slots=True)
class Decider:
    """The encoder, the shipped model and, where a tenant has one, its own."""

    encoder: Encoder
    shipped: TicketClassifier
    taxonomy: Taxonomy
    champions: Champions | None = None

    def read(self, ticket: Ticket) -> Read:
        """The ticket's words, encoded once for all that is made of them."""
        metadata = extract(ticket, self.taxonomy)
        return Read(metadata, self.encoder.encode([metadata.text])[0])

    def decide(
        self, ticket: Ticket, organization: Organization | None, connection: Connection, read: Read | None = None
    ) -> Decision:
        """The decision about a ticket; `read` is the ticket as it was read already."""
        read = read or self.read(ticket)
        metadata = read.metadata
        champion = self.champions.of(connection.tenant) if self.champions else None
        answering = champion.classifier if champion else self.shipped
        floor, hold = floor_for(connection, champion)
        return decide(
            ticket=ticket,
            metadata=metadata,
            prediction=answering.predict(metadata.text, read.vector),
            taxonomy=self.taxonomy,
            groups=connection.groups,
            floor=floor,
            hold=hold,
            tier=organization.tier if organization else None,
            default_priority=vendor(connection.vendor).default_priority,
            languages=champion.languages if champion else LANGUAGES,
            modes=modes_of(connection.settings),
            tenant=connection.tenant,
        )


def floor_for(connection: Connection, champion: Champion | None) -> tuple[float, str]:
    """From which confidence on a category is written, and why none is at all, empty where some are.

    The admin's word comes first, then the own model's card, then the shipped model's limit.
    """
    asked = connection.settings.get(FLOOR)
    if asked is not None:
        return float(asked), ""
    if champion is None:
        return DEFAULT_FLOOR, ""
    if champion.automation.floor is None:
        return 1.0, champion.automation.why
    return champion.automation.floor, ""
