"""The encoder and the classifier behind one call, loaded once for each process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connectors.base import Connection
from connectors.defaults import load_examples, load_taxonomy
from connectors.encoder import Encoder, load
from connectors.kept_vectors import encode_kept
from connectors.registry import vendor
from triage.classify import TicketClassifier
from triage.decisions import Decision
from triage.metadata import clean, extract
from triage.route import DEFAULT_FLOOR, decide
from triage.taxonomy import Taxonomy
from triage.tickets import Organization, Ticket


@dataclass(frozen=True, slots=True)
class Triager:
    """Decides about one ticket; fitted on the default examples at start, in a second or two."""

    encoder: Encoder
    classifier: TicketClassifier
    taxonomy: Taxonomy

    @classmethod
    def load(cls, models: Path, encoder_model: str = "") -> Triager:
        encoder = load(models, encoder_model or None)
        taxonomy = load_taxonomy()
        examples = load_examples()
        texts = [clean(example.subject, example.body)[1] for example in examples]
        label_texts = taxonomy.label_texts
        classifier = TicketClassifier(encoder_id=encoder.id).fit(
            texts,
            encode_kept(encoder, texts, models / "encoder"),
            [example.category for example in examples],
            label_texts=label_texts,
            label_vectors=encoder.encode(list(label_texts.values())),
        )
        return cls(encoder, classifier, taxonomy)

    def decide(self, ticket: Ticket, organization: Organization | None, connection: Connection) -> Decision:
        metadata = extract(ticket, self.taxonomy)
        prediction = self.classifier.predict(metadata.text, self.encoder.encode([metadata.text])[0])
        return decide(
            ticket=ticket,
            metadata=metadata,
            prediction=prediction,
            taxonomy=self.taxonomy,
            groups=connection.groups,
            floor=float(connection.settings.get("confidence_floor", DEFAULT_FLOOR)),
            tier=organization.tier if organization else None,
            default_priority=vendor(connection.vendor).default_priority,
        )
