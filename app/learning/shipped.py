"""The model that answers where a tenant has none of its own: fitted on the examples that ship with the product."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.defaults import Example
from connectors.encoder import Encoder
from connectors.kept_vectors import encode_kept
from triage.classify import TicketClassifier
from triage.metadata import clean
from triage.taxonomy import Taxonomy

LANGUAGES = ("en",)
"""What the shipped examples are written in."""


def fit_shipped(encoder: Encoder, models: Path, taxonomy: Taxonomy, examples: Sequence[Example]) -> TicketClassifier:
    """Takes a second; the examples' vectors are kept under `models`."""
    texts = [clean(example.subject, example.body)[1] for example in examples]
    label_texts = taxonomy.label_texts
    return TicketClassifier(encoder_id=encoder.id).fit(
        texts,
        encode_kept(encoder, texts, models / "encoder"),
        [example.category for example in examples],
        label_texts=label_texts,
        label_vectors=encoder.encode(list(label_texts.values())),
    )
