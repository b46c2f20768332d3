"""Trained models as files and back, and the one that answers for a tenant."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bootstrap import utc_now
from app.learning.progress import Progress, silent
from connectors.encoder import Encoder
from connectors.installing import Finding, Health
from connectors.model_file import ModelFileBroken, from_bytes, to_bytes
from connectors.store import Store
from connectors.store.models import StoredModel
from triage.classify import TicketClassifier
from triage.classify.state import UnknownRecipe
from triage.model_card import Automation

log = logging.getLogger("deskhand.learning")
Vectors = NDArray[np.float32]
CHECK = "model"
KEPT_IN_MEMORY = 8
"""Tenants whose models one process holds at once."""
ENCODED_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a model file holds. `data` tells one set of tickets and labels from another; `nearest` is how near the
    holdout was to what had been learned, as (mean cosine, standard deviation); `languages` what it was written in.
    """

    classifier: TicketClassifier
    data: str
    nearest: tuple[float, float]
    languages: tuple[str, ...]

    def to_bytes(self) -> bytes:
        arrays, facts = self.classifier.to_state()
        own = {"data": self.data, "nearest": list(self.nearest), "languages": list(self.languages)}
        return to_bytes(arrays, {"classifier": facts, **own})

    @classmethod
    def from_bytes(cls, file: bytes) -> Kept:
        """Raises `ModelFileBroken` or `UnknownRecipe`: either way the model has to be trained again."""
        arrays, facts = from_bytes(file)
        try:
            mean, deviation = facts["nearest"]
            classifier = TicketClassifier.from_state(arrays, facts["classifier"])
            return cls(
                classifier=classifier,
                data=str(facts["data"]),
                nearest=(float(mean), float(deviation)),
                languages=tuple(map(str, facts["languages"])),
            )
        except UnknownRecipe:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileBroken(f"The model file lacks a part ({type(error).__name__}): train it again.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """The tenant's own model in use and what its card says about acting alone."""

    classifier: TicketClassifier
    automation: Automation
    languages: tuple[str, ...]


class Champions:
    """The models that answer for tenants, loaded once for each version."""

    def __init__(self, store: Store, encoder: Encoder, now: Callable[[], datetime] = utc_now) -> None:
        self.store = store
        self.encoder = encoder
        self.now = now
        self._loaded: OrderedDict[str, tuple[int, Champion | None]] = OrderedDict()

    def of(self, tenant: str) -> Champion | None:
        """The tenant's model; None where the shipped one answers, also because the own one cannot be used."""
        number = self.store.models.champion_id(tenant)
        if number is None:
            self._loaded.pop(tenant, None)
            return None
        known = self._loaded.get(tenant)
        if known is None or known[0] != number:
            known = (number, self._load(tenant))
            self._loaded[tenant] = known
            while len(self._loaded) > KEPT_IN_MEMORY:
                self._loaded.popitem(last=False)
        return known[1]

    def _load(self, tenant: str) -> Champion | None:
        stored = self.store.models.champion(tenant)
        if stored is None:
            return None
        try:
            kept = load(self.store, tenant, stored, self.encoder)
        except (ModelFileBroken, UnknownRecipe, OtherEncoder) as error:
            log.error("model %s of %s is not used: %s", stored.version, tenant, error)
            self.store.findings.save(tenant, [unusable(stored, str(error))], self.now())
            return None
        self.store.findings.save(tenant, [in_use(stored)], self.now())
        return Champion(classifier=kept.classifier, automation=stored.card.automation, languages=kept.languages)


class OtherEncoder(ValueError):
    """The model was learned from another encoder's vectors."""


def load(store: Store, tenant: str, stored: StoredModel, encoder: Encoder) -> Kept:
    """Raises `ModelFileBroken`, `UnknownRecipe` or `OtherEncoder`, each saying what to do."""
    file = store.models.file(tenant, stored.id)
    if file is None:
        raise ModelFileBroken(f"The file of {stored.version} is no longer kept: train again.")
    kept = Kept.from_bytes(file)
    if kept.classifier.encoder_id != encoder.id:
        raise OtherEncoder(
            f"It was learned with the encoder {kept.classifier.encoder_id}, and {encoder.id} is in use: train again."
        )
    return kept


def in_use(stored: StoredModel) -> Finding:
    return Finding(check=CHECK, health=Health.GOOD, state="In use", detail=f"Version {stored.version}.")


def unusable(stored: StoredModel, why: str) -> Finding:
    return Finding(
        check=CHECK,
        health=Health.WARN,
        state="Shipped model answers",
        detail=f"The own model {stored.version} cannot be used. {why}",
        fix="Run `deskhand triage train`.",
    )


def encode(
    texts: Sequence[str], encoder: Encoder, known: TicketClassifier | None, progress: Progress = silent
) -> Vectors:
    """(n, d) vectors; those of texts that `known` learned are taken from it, where it has the same encoder."""
    rows: dict[str, Any] = {}
    if known is not None and known.encoder_id == encoder.id:
        rows = dict(zip(known.texts_, known.vectors_, strict=True))
    missing = [text for text in dict.fromkeys(texts) if text not in rows]
    for start in range(0, len(missing), ENCODED_AT_ONCE):
        some = missing[start : start + ENCODED_AT_ONCE]
        rows.update(zip(some, encoder.encode(some), strict=True))
        progress("Reading with the encoder", min(start + ENCODED_AT_ONCE, len(missing)), len(missing))
    return np.stack([rows[text] for text in texts]).astype(np.float32, copy=False)
