"""A fitted classifier as arrays and JSON facts, and back: nothing of it is an estimator or needs unpickling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triage.classify.features import TextCounts, TfIdf
from triage.classify.history import Taught
from triage.classify.metrics import Quality
from triage.classify.pool import Pool, TopMap

if TYPE_CHECKING:
    from triage.classify.classifier import TicketClassifier

# Raise it when another version of this package could not read the arrays.
FORMAT = 3


class UnknownRecipe(ValueError):
    """The state was written by a version of this package that keeps other arrays: train the model again."""


def to_state(model: TicketClassifier) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays without objects, and facts that JSON can hold. Texts of the examples are among the facts."""
    arrays: dict[str, NDArray[Any]] = {
        "vectors": model.known_vectors_,
        "labels": model.known_labels_,
        "groups": model.groups_,
        "held_out": model.held_out_,
        "words.idf": model.tfidf_.idf_[0],
        "letters.idf": model.tfidf_.idf_[1],
        "pool.weights": model.pool_.weights_,
        "pool.temperatures": model.pool_.temperatures_,
        "top_map.line": model.top_map_.line_,
    }
    for head in model.heads_:
        for name in head.ARRAYS:
            arrays[f"{type(head).__name__}.{name}"] = getattr(head, name)
    words, letters = model.counts_.vocabularies()
    facts = {
        "format": FORMAT,
        "settings": {
            "encoder_id": model.encoder_id,
            "n_folds": model.n_folds,
            "seed": model.seed,
            "alternatives": model.alternatives,
        },
        "classes": [str(label) for label in model.classes_],
        "texts": list(model.texts_),
        "refs": list(model.refs_),
        "words": words,
        "letters": letters,
        "scope_floor": model.scope_floor_,
        "quality": asdict(model.quality_),
        "model_version": model.model_version_,
    }
    return arrays, facts


def restore(model: TicketClassifier, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
    """Give an unfitted `model` what `to_state` took from a fitted one."""
    if facts.get("format") != FORMAT:
        raise UnknownRecipe(
            f"The model was stored in format {facts.get('format')}, this version reads {FORMAT}: train it again."
        )
    model.classes_ = np.array(facts["classes"], dtype=str)
    model.texts_ = tuple(facts["texts"])
    model.refs_ = tuple(facts["refs"])
    model.known_vectors_, model.known_labels_ = arrays["vectors"], arrays["labels"]
    model.vectors_ = model.known_vectors_[: len(model.texts_)]
    model.labels_ = model.known_labels_[: len(model.texts_)]
    model.label_vectors_ = np.zeros((len(model.classes_), model.vectors_.shape[1]), dtype=np.float32)
    model.groups_, model.held_out_ = arrays["groups"], arrays["held_out"]
    model.counts_ = TextCounts(facts["words"], facts["letters"])
    model.tfidf_ = TfIdf()
    model.tfidf_.idf_ = (arrays["words.idf"], arrays["letters.idf"])
    model.pool_ = Pool()
    model.pool_.weights_, model.pool_.temperatures_ = arrays["pool.weights"], arrays["pool.temperatures"]
    model.top_map_ = TopMap()
    model.top_map_.line_ = arrays["top_map.line"]
    model.scope_floor_ = float(facts["scope_floor"])
    model.quality_ = Quality(**facts["quality"])
    model.model_version_ = facts["model_version"]
    model.heads_ = [*model._heads(), *([Taught()] if "Taught.vectors_" in arrays else [])]
    for head in model.heads_:
        for name in head.ARRAYS:
            setattr(head, name, arrays[f"{type(head).__name__}.{name}"])
