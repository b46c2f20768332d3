"""The encoder and the classifiers behind one call, loaded once for each process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.learning.deciding import Decider
from app.learning.models import Champions
from app.learning.shipped import fit_shipped
from connectors.defaults import load_examples, load_taxonomy
from connectors.encoder import load
from connectors.recogniser import load_recogniser
from connectors.store import Store
from triage import language


@dataclass(frozen=True, slots=True)
class Triager(Decider):
    """Decides about one ticket; the shipped model is fitted on the default examples at the first start, and kept."""

    @classmethod
    def load(cls, models: Path, encoder_model: str = "", store: Store | None = None) -> Triager:
        """With a `store`, tenants that have a model of their own are answered by it."""
        encoder = load(models, encoder_model or None)
        language.use(load_recogniser(models / "encoder"))
        taxonomy = load_taxonomy()
        shipped = fit_shipped(encoder, models, taxonomy, load_examples())
        return cls(encoder, shipped, taxonomy, Champions(store, encoder) if store else None)
