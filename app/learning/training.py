"""One model of one target: learned from the examples, measured on the newest, kept with its card.

The measured model learned from all but the newest tickets. What is kept is fitted again on all of them, the newest
included, with the same settings: the figures are those of a model that knew less.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bootstrap import Deps
from app.learning.history import CATEGORY
from app.learning.labels import keys_of, label_texts, labelled, origin
from app.learning.models import Kept, OtherEncoder, Vectors, encode, load
from app.learning.progress import Progress, silent
from connectors.encoder import Encoder
from connectors.model_file import ModelFileBroken
from connectors.store.models import CHALLENGER, CHAMPION, REFUSED, StoredModel
from triage.classify import TicketClassifier, few
from triage.classify.history import MOST
from triage.classify.state import UnknownRecipe
from triage.comparing import Comparison, Verdict, compare
from triage.doubtful import suspects
from triage.language import spoken
from triage.measuring import Holdout, measure, wilson
from triage.model_card import ModelCard, Rival, Suspect
from triage.risk import Guarantee, guaranteed_floor
from triage.rivals import by_keywords, commonest
from triage.taxonomy import Taxonomy
from triage.training import Labelled, Prepared, prepare

MOST_ROWS = 10_000
"""Newest tickets that are learned from: time and memory grow with their square, what they teach hardly does."""
MOST_BESIDE = 6_000
"""The same in a worker: the longest step of a fit lets no other thread run, and a lease has to be renewed meanwhile."""
IN_USE, SHIPPED, KEYWORDS, COMMONEST = "The model in use", "The shipped model", "Keywords", "Always the commonest"
LANGUAGES_FROM = 1_000
"""Newest tickets whose languages are looked at."""
BYTES_A_PAIR = 24
"""Memory of a fit for each pair of tickets, at its peak: a few tables of all against all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """What training needs beside the store. `shipped` answers where a tenant has no model of its own."""

    deps: Deps
    encoder: Encoder
    taxonomy: Taxonomy
    shipped: TicketClassifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model that was kept. `comparison` is with the one in use, on tickets that neither had learned; None without
    one. `is_new` is False when nothing had changed since the last training.
    """

    stored: StoredModel
    comparison: Comparison | None
    is_new: bool


def most_rows(memory_mb: int) -> int:
    """How many tickets a worker with so much memory can learn from in half of it; 0 is no limit."""
    return min(MOST_BESIDE, int((memory_mb * 2**20 / 2 / BYTES_A_PAIR) ** 0.5) if memory_mb else MOST_BESIDE)


def train(
    learner: Learner,
    tenant: str,
    target: str = CATEGORY,
    *,
    limit: int = MOST_ROWS,
    judges: bool = False,
    progress: Progress = silent,
) -> Trained:
    """Learn, measure, compare and keep. The first model of a target is put into use when it beats what is there
    without one; a later one waits as challenger. With `judges` the comparison decides about it at once.

    Raises `triage.training.TrainingError` when the history cannot be learned from.
    """
    store, now = learner.deps.store, learner.deps.now()
    examples = store.examples.newest(tenant, target, limit=limit)
    prepared = prepare(labelled(learner.deps, tenant, target, examples), keys=keys_of(target, learner.taxonomy))
    more = _unlabelled(learner, tenant, target, prepared, limit)
    data = digest(prepared, learner.encoder, more)
    versions = store.models.versions(tenant, target)
    newest = next((each for each in versions if each.has_file), None)
    last = _usable(learner, tenant, newest)
    if newest is not None and last is not None and last.data == data:
        return Trained(stored=newest, comparison=None, is_new=False)
    champion = store.models.champion(tenant, target)
    used = last if champion and newest and champion.id == newest.id else _usable(learner, tenant, champion)
    texts = [row.text for row in prepared.rows]
    vectors = encode(texts, learner.encoder, last.classifier if last else None, progress)
    more_vectors = encode(more, learner.encoder, None, progress) if more else None
    progress("Learning", 0, 2)
    began = time.monotonic()
    measured = fit(learner, target, prepared.known, vectors[: prepared.learned], more, more_vectors)
    fit_s = time.monotonic() - began
    progress("Learning", 1, 2)
    final = fit(learner, target, prepared.rows, vectors, more, more_vectors)
    progress("Learning", 2, 2)
    held = prepared.held_out
    held_vectors = vectors[prepared.learned :]
    holdout = Holdout(
        labels=[row.label for row in held],
        classes=[str(label) for label in measured.classes_],
        shares=measured.predict_proba([row.text for row in held], held_vectors),
        refs=[row.ref for row in held],
        texts=[row.text for row in held],
        copies=prepared.copies,
    )
    rivals = _rivals(learner, target, prepared, held_vectors, has_champion=champion is not None)
    card = measure(
        holdout,
        target=target,
        version=final.model_version_,
        encoder_id=learner.encoder.id,
        trained_at=now,
        learned_from=(prepared.known[0].at, prepared.known[-1].at),
        held_out_from=(held[0].at, held[-1].at),
        learned=prepared.learned,
        guarantee=guarantee_of(measured),
        rivals=rivals,
        suspects=doubtful(prepared.rows, vectors),
        fit_s=round(fit_s, 2),
        notes=[
            *prepared.notes,
            *origin(learner.deps, tenant, target, examples),
            *([UNLABELLED.format(count=len(more))] if more else []),
            KNEW_LESS.format(count=len(prepared.rows)),
        ],
    )
    comparison = None
    if used is not None:
        card, comparison = _against(card, used.classifier, holdout, held_vectors)
    kept = Kept(
        classifier=final,
        data=data,
        nearest=_nearest(vectors, prepared.learned),
        languages=spoken(texts[-LANGUAGES_FROM:]),
    )
    is_first = not any(each.promoted_at for each in versions)
    state, why = _first_place(card) if is_first else _place(comparison if judges else None)
    stored = store.models.save(tenant, card, kept.to_bytes(), state=state, why=why)
    return Trained(stored=stored, comparison=comparison, is_new=True)


KNEW_LESS = (
    "Measured before the newest tickets were learned; the model in the file learned from all {count:,}, with the same "
    "settings."
)


UNLABELLED = (
    "{count:,} tickets without a label were learned from too, with the labels that the model gives them itself."
)


def fit(
    learner: Learner,
    target: str,
    rows: Sequence[Labelled],
    vectors: Vectors,
    more: Sequence[str] = (),
    more_vectors: Vectors | None = None,
) -> TicketClassifier:
    """`more` are the tenant's tickets without a label of the target, oldest first."""
    labels = [row.label for row in rows]
    texts = label_texts(target, sorted(set(labels)), learner.taxonomy)
    return TicketClassifier(encoder_id=learner.encoder.id).fit(
        [row.text for row in rows],
        vectors,
        labels,
        label_texts=texts or None,
        label_vectors=learner.encoder.encode(list(texts.values())) if texts else None,
        refs=[row.ref for row in rows],
        more_texts=more,
        more_vectors=more_vectors,
    )


def guarantee_of(fitted: TicketClassifier) -> Guarantee:
    """From which confidence the promise holds, on the training rows as models saw them that had not learned them."""
    return guaranteed_floor(fitted.held_out_.max(axis=1), fitted.held_out_.argmax(axis=1) == fitted.labels_)


def doubtful(rows: Sequence[Labelled], vectors: Vectors) -> tuple[Suspect, ...]:
    """Tickets whose label their neighbours contradict."""
    return suspects(
        [row.ref for row in rows],
        [row.text for row in rows],
        [row.label for row in rows],
        vectors,
    )


def digest(prepared: Prepared, encoder: Encoder, more: Sequence[str] = ()) -> str:
    """The same for the same tickets with the same labels, the same ones without, and the same encoder."""
    content = hashlib.sha256(encoder.id.encode())
    for row in prepared.rows:
        content.update(hashlib.sha256(f"{row.ref}\0{row.label}\0{row.text}".encode("utf-8", "replace")).digest())
    for text in more:
        content.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    return content.hexdigest()


def _unlabelled(learner: Learner, tenant: str, target: str, prepared: Prepared, limit: int) -> list[str]:
    """Texts of the tenant's tickets that nobody labelled, where those that somebody did are few; those of labels that
    are too rare to learn are none: we know that they belong elsewhere. Both kinds together stay within the limit."""
    if not few(len(prepared.rows), len({row.label for row in prepared.known})):
        return []
    room = min(MOST, limit - len(prepared.rows))
    found = learner.deps.store.examples.unlabelled(tenant, target, limit=room)
    return found if len(found) >= len(prepared.rows) else []


def _usable(learner: Learner, tenant: str, stored: StoredModel | None) -> Kept | None:
    if stored is None:
        return None
    try:
        return load(learner.deps.store, tenant, stored, learner.encoder)
    except (ModelFileBroken, UnknownRecipe, OtherEncoder):
        return None


def _rivals(
    learner: Learner, target: str, prepared: Prepared, held_vectors: Vectors, *, has_champion: bool
) -> dict[str, list[str]]:
    texts = [row.text for row in prepared.held_out]
    rivals: dict[str, list[str]] = {}
    if target == CATEGORY and not has_champion:
        rivals[SHIPPED] = _answers(learner.shipped, texts, held_vectors)
    rivals[KEYWORDS] = by_keywords(prepared.known, texts, learner.taxonomy)
    rivals[COMMONEST] = commonest(prepared.known, len(texts))
    return rivals


def _answers(classifier: TicketClassifier, texts: Sequence[str], vectors: Vectors) -> list[str]:
    return [str(classifier.classes_[at]) for at in classifier.predict_proba(texts, vectors).argmax(axis=1)]


def _against(
    card: ModelCard, champion: TicketClassifier, holdout: Holdout, vectors: Vectors
) -> tuple[ModelCard, Comparison]:
    """The card with the model in use as a rival, and their comparison: only on tickets that it has not learned.

    It was fitted on everything there was, holdout included; on those tickets it would look better than it is.
    """
    learned = set(champion.texts_)
    fresh = np.array([at for at, text in enumerate(holdout.texts) if text not in learned], dtype=np.int64)
    said = _answers(champion, [holdout.texts[at] for at in fresh], vectors[fresh]) if len(fresh) else []
    right = np.array([one == holdout.labels[at] for one, at in zip(said, fresh, strict=True)], dtype=bool)
    name = f"{IN_USE}, on the {len(fresh)} tickets it had not learned"
    rival = Rival(name=name, accuracy=wilson(int(right.sum()), len(fresh)))
    return replace(card, rivals=(rival, *card.rivals)), compare(right, holdout.right[fresh])


def _first_place(card: ModelCard) -> tuple[str, str]:
    """The state of a target's first model, and the sentence why."""
    better = [each for each in card.rivals if each.accuracy.count >= card.accuracy.count]
    if better:
        return REFUSED, (
            f"Right on {card.accuracy.count} of {card.held_out} held-out tickets; {better[0].name} on "
            f"{better[0].accuracy.count}. So the shipped model goes on answering."
        )
    return CHAMPION, "The first model of its kind, better than doing without one."


def _place(comparison: Comparison | None) -> tuple[str, str]:
    """The state of a later model: what the comparison says; without one, whoever promotes it decides.

    So also after somebody went back to the shipped model: that was a decision too.
    """
    if comparison is None:
        return CHALLENGER, "Waits to be promoted."
    if comparison.verdict is Verdict.BETTER:
        return CHAMPION, f"Promoted by the nightly comparison: {comparison.why}"
    return REFUSED, f"Refused by the nightly comparison: {comparison.why}"


def _nearest(vectors: Vectors, learned: int) -> tuple[float, float]:
    """How near the held-out tickets are to the nearest that was learned: mean cosine and standard deviation."""
    near: NDArray[Any] = (vectors[learned:] @ vectors[:learned].T).max(axis=1)
    return float(near.mean()), float(near.std())
