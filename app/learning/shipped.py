"""The model that answers where a tenant has none of its own: fitted on the examples that ship with the product."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from connectors import model_file
from connectors.defaults import Example
from connectors.encoder import Encoder
from connectors.kept import encode_kept, kept, name_of
from triage import classify
from triage.classify import TicketClassifier
from triage.metadata import clean
from triage.taxonomy import Taxonomy

LANGUAGES = ("en",)
"""What the shipped examples are written in."""
LIBRARIES = ("numpy", "scipy", "scikit-learn")


def fit_shipped(encoder: Encoder, models: Path, taxonomy: Taxonomy, examples: Sequence[Example]) -> TicketClassifier:
    """Takes seconds the first time; the fitted model is kept under `models` and read in a moment after that."""
    texts = [clean(example.subject, example.body)[1] for example in examples]
    labels = [example.category for example in examples]
    label_texts = taxonomy.label_texts
    folder = models / "encoder"

    def fit() -> TicketClassifier:
        return TicketClassifier(encoder_id=encoder.id).fit(
            texts,
            encode_kept(encoder, texts, folder),
            labels,
            label_texts=label_texts,
            label_vectors=encoder.encode(list(label_texts.values())),
        )

    learned_from = json.dumps([encoder.id, texts, labels, label_texts])
    made_with = [*(version(each) for each in LIBRARIES), *_code()]
    path = folder / f"shipped-{name_of([learned_from, *made_with])}.model"
    return kept(path, fit, to_bytes=_to_bytes, read=_read)


def _code() -> list[str]:
    """The classifier's own source, so that no change of it is ever met by a model that was fitted before."""
    folder = Path(classify.__file__).parent
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))]


def _to_bytes(model: TicketClassifier) -> bytes:
    arrays, facts = model.to_state()
    return model_file.to_bytes(arrays, facts)


def _read(path: Path) -> TicketClassifier:
    return TicketClassifier.from_state(*model_file.from_bytes(path.read_bytes()))
