"""A learner without a helpdesk: solved tickets put straight into the store, and an encoder that only counts letters."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer

from app.bootstrap import Deps
from app.learning.training import Learner, Trained, train
from app.settings import Settings
from connectors.defaults import load_taxonomy
from connectors.encoder import Encoder
from connectors.store import Store
from connectors.store.examples import Example
from tests.conftest import ToldClock
from triage.classify import TicketClassifier

DIMENSIONS = 64
WORDS = {
    "billing_question": "invoice amount charged twice card bill month euro tax receipt",
    "login_problem": "password sign locked account reset link expired user browser session",
    "feature_request": "wish theme shortcut idea add would nice option dark keyboard",
}
FILLER = "hello team morning yesterday office colleague really again since week monday thanks quick please".split()  # noqa: SIM905
_letters = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 3), n_features=DIMENSIONS, alternate_sign=False)


def hashing(name: str = "hashing") -> Encoder:
    """Vectors in no time; texts with the same letters are near."""

    def run(texts: list[str]) -> NDArray[np.float32]:
        return np.asarray(_letters.transform(texts).toarray(), dtype=np.float32)

    return Encoder(id=name, run=run, dimensions=DIMENSIONS)


def text(label: str, number: int) -> str:
    """Half about the label, half about nothing; each number another text."""
    dice = random.Random(number)
    words = dice.sample(WORDS[label].split(), 6) + dice.sample(FILLER, 6)
    return " ".join(dice.sample(words, len(words))) + f" {number * 7919}"


@dataclass
class School:
    """One tenant's examples and what is learned from them."""

    learner: Learner
    store: Store
    clock: ToldClock
    next_ref: int = 0
    labels: list[str] = field(default_factory=lambda: list(WORDS))

    def solve(self, count: int, label_of: Callable[[int, str], str] | None = None) -> list[str]:
        """`count` newly solved tickets, an hour apart; `label_of` says what people called them."""
        found = []
        for _ in range(count):
            self.next_ref += 1
            self.clock.forward(hours=1)
            about = self.labels[self.next_ref % len(self.labels)]
            label = label_of(self.next_ref, about) if label_of else about
            found.append(
                Example(
                    ref=str(self.next_ref),
                    text=text(about, self.next_ref),
                    labels={"category": label},
                    created_at=self.clock() - timedelta(minutes=30),
                    solved_at=self.clock(),
                )
            )
        self.keep(found)
        return [each.ref for each in found]

    def keep(self, found: Iterable[Example]) -> None:
        with self.store.database.write() as transaction:
            self.store.examples.keep_in(transaction, "acme", list(found))

    def train(self, target: str = "category", *, judges: bool = False) -> Trained:
        return train(self.learner, "acme", target, judges=judges)


@pytest.fixture(scope="session")
def shipped() -> TicketClassifier:
    """A model that knows nothing of these tickets."""
    texts = [f"{key} {number}" for key in ("api_error", "outage") for number in range(6)]
    return TicketClassifier(encoder_id="hashing").fit(
        texts, hashing().encode(texts), [each.split()[0] for each in texts]
    )


@pytest.fixture
def school(store: Store, tenant: str, clock: ToldClock, tmp_path: Path, shipped: TicketClassifier) -> School:
    deps = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)
    taxonomy = load_taxonomy()
    return School(Learner(deps=deps, encoder=hashing(), taxonomy=taxonomy, shipped=shipped), store, clock)
