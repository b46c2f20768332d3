"""In which order a tenant's suggestions stand: as shipped, or as was learned from its agents' inserts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from connectors.store import Store
from connectors.store.inserts import Memory
from connectors.store.rankers import SHIPPED as SHIPPED_NAME
from connectors.store.rankers import StoredRanker
from triage.search.before import before
from triage.search.learned import SHIPPED, in_words, scores
from triage.suggestions import Candidate, Order, shipped_order

Vector = NDArray[np.float32]
MOST = 2_000
"""So many tickets with an insert are learned from and compared with a new one."""
FRESH = timedelta(minutes=5)
"""What agents inserted is looked up again after this."""
KEPT = 20
"""Of so many tenants a process keeps the inserts: about 3 MB each at most."""
NOTHING = Memory(np.zeros((0, 0), np.float32), (), ())

_known: WeakKeyDictionary[Store, dict[str, _Kept]] = WeakKeyDictionary()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Ranker:
    """A tenant's order: the champion's weights with the inserts they need, or the shipped one without."""

    learned: StoredRanker | None = None
    memory: Memory = NOTHING

    @classmethod
    def of(cls, store: Store, tenant: str, *, encoder: str, now: datetime) -> Ranker:
        """What holds now; which champion there is, is asked of the database each time. `encoder` made the vectors that
        will be ordered by."""
        champion = store.rankers.champion_id(tenant)
        if champion is None:
            return SHIPPED_ORDER
        with _lock:
            kept = _known.setdefault(store, {}).get(tenant)
        if kept is not None and kept.holds(champion, encoder, now):
            return kept.ranker
        learned = store.rankers.champion(tenant)
        if learned is None:
            return SHIPPED_ORDER
        needed = learned.weights.get("before", 0.0) > 0
        ranker = cls(learned, store.inserts.memory(tenant, encoder, MOST) if needed else NOTHING)
        with _lock:
            everyone = _known.setdefault(store, {})
            everyone.pop(tenant, None)
            everyone[tenant] = _Kept(ranker, encoder, now)
            while len(everyone) > KEPT:
                del everyone[next(iter(everyone))]
        return ranker

    @property
    def name(self) -> str:
        return SHIPPED_NAME if self.learned is None else self.learned.name

    def __str__(self) -> str:
        return in_words(SHIPPED if self.learned is None else self.learned.weights)

    def order(self, vector: Vector | None, at: datetime) -> Order:
        """Scores the candidates of one query with this vector by what was inserted before `at`; without a vector
        nothing is known of alike tickets."""
        if self.learned is None:
            return shipped_order
        weights, shares = self.learned.weights, self._before(vector, at)

        def by_weight(candidates: Sequence[Candidate]) -> Sequence[float]:
            return scores(weights, [{**each.signals, "before": shares.get(each.key, 0.0)} for each in candidates])

        return by_weight

    def _before(self, vector: Vector | None, at: datetime) -> dict[str, float]:
        count = bisect_left(self.memory.times, at)
        if vector is None or not count or self.memory.vectors.shape[1:] != vector.shape:
            return {}
        return before(vector, self.memory.vectors[:count], self.memory.keys[:count])


SHIPPED_ORDER = Ranker()


@dataclass(frozen=True, slots=True)
class _Kept:
    ranker: Ranker
    encoder: str
    at: datetime

    def holds(self, champion: int, encoder: str, now: datetime) -> bool:
        learned = self.ranker.learned
        is_fresh = self.at <= now < self.at + FRESH
        return learned is not None and learned.id == champion and self.encoder == encoder and is_fresh
