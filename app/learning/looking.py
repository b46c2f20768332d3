"""What the model would have done, and why it says what it says: nothing here changes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from app.learning.deciding import Decider, floor_for
from app.learning.history import CATEGORY
from app.learning.labels import keys_of, labelled
from app.learning.models import Champions, encode
from app.learning.progress import Progress, silent
from app.learning.training import MOST_ROWS, Learner, fit
from connectors.base import read_or_none
from triage.classify import TicketClassifier
from triage.decisions import Decision
from triage.measuring import wilson
from triage.model_card import Share
from triage.tickets import Ticket
from triage.training import Labelled, TooFewTickets, common, keyed


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTried:
    """Tickets of one label: how many of them would have been routed without a human, and how many of those wrong."""

    label: str
    tickets: int
    automated: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What would have become of the tickets solved since. `model` says which model answered; `held` why nothing was
    automated, empty where something was.
    """

    since: datetime
    model: str
    floor: float
    held: str
    right: Share
    automated: Share
    wrong: Share
    labels: tuple[LabelTried, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One ticket as it is now and what would be decided about it."""

    ticket: Ticket
    decision: Decision
    own_model: bool


def backtest(learner: Learner, tenant: str, *, days: int, progress: Progress = silent) -> Backtest:
    """The model in use on the tickets solved in the last days.

    A model that learned some of them would look better than it is: then one that learns only what was solved before
    answers in its place. Raises `TooFewTickets` where there is nothing to try it on or to learn from.
    """
    store, now = learner.deps.store, learner.deps.now()
    since = now - timedelta(days=days)
    every = store.examples.newest(tenant, CATEGORY, limit=MOST_ROWS)
    cut = sum(each.solved_at < since for each in every)
    rows = keyed(labelled(learner.deps, tenant, CATEGORY, every), keys_of(CATEGORY, learner.taxonomy))
    past, tried = rows[:cut], [row for row in rows[cut:] if row.text.strip()]
    if not tried:
        raise TooFewTickets(
            f"No solved ticket of the last {days} days is known. Import them with `deskhand triage train`, or take "
            "more days."
        )
    champion = Champions(store, learner.encoder).of(tenant)
    floor, held = floor_for(store.tenants.connection(tenant), champion)
    known = champion.classifier if champion else learner.shipped
    model = f"The model in use, {known.model_version_}" if champion else "The shipped model"
    if champion and {row.text for row in tried} & set(known.texts_):
        known, model = _as_of_then(learner, past, known, progress), "A model trained on what was solved before"
    vectors = encode([row.text for row in tried], learner.encoder, champion.classifier if champion else None, progress)
    return _tried(known, tried, vectors, since=since, model=model, floor=floor, held=held)


def explain(learner: Learner, tenant: str, ref: str) -> Explained:
    """The decision that would be made about the ticket as it is now, with its prediction; nothing is written."""
    connection = learner.deps.store.tenants.connection(tenant)
    helpdesk = learner.deps.helpdesk(tenant, urgent=True)
    ticket = helpdesk.ticket(ref)
    organization = read_or_none(helpdesk.organization, ticket.organization_id)
    champions = Champions(learner.deps.store, learner.encoder)
    decider = Decider(learner.encoder, learner.shipped, learner.taxonomy, champions)
    decision = decider.decide(ticket, organization, connection)
    return Explained(ticket=ticket, decision=decision, own_model=champions.of(tenant) is not None)


def _as_of_then(
    learner: Learner, past: Sequence[Labelled], known: TicketClassifier, progress: Progress
) -> TicketClassifier:
    rows = common([row for row in past if row.text.strip()])
    if len({row.label for row in rows}) < 2:
        raise TooFewTickets(
            "The model in use learned these very tickets, and too few were solved before to try another. Take fewer "
            "days."
        )
    vectors = encode([row.text for row in rows], learner.encoder, known, progress)
    progress("Learning", 0, 1)
    return fit(learner, CATEGORY, rows, vectors)


def _tried(
    known: TicketClassifier,
    rows: Sequence[Labelled],
    vectors: object,
    *,
    since: datetime,
    model: str,
    floor: float,
    held: str,
) -> Backtest:
    shares = known.predict_proba([row.text for row in rows], np.asarray(vectors, dtype=np.float32))
    said = [str(known.classes_[at]) for at in shares.argmax(axis=1)]
    right = [one == row.label for one, row in zip(said, rows, strict=True)]
    automated = [not held and bool(confidence >= floor) for confidence in shares.max(axis=1)]
    wrong = [one and not other for one, other in zip(automated, right, strict=True)]
    tickets = Counter(row.label for row in rows)
    routed = Counter(row.label for row, one in zip(rows, automated, strict=True) if one)
    missed = Counter(row.label for row, one in zip(rows, wrong, strict=True) if one)
    return Backtest(
        since=since,
        model=model,
        floor=floor,
        held=held,
        right=wilson(sum(right), len(rows)),
        automated=wilson(sum(automated), len(rows)),
        wrong=wilson(sum(wrong), sum(automated)),
        labels=tuple(
            LabelTried(label=label, tickets=count, automated=routed[label], wrong=missed[label])
            for label, count in tickets.most_common()
        ),
    )
