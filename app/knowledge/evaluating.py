"""How often search finds the right article: on what the tenant's own agents inserted, or on a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from app.bootstrap import Deps
from app.knowledge.ordering import Ranker
from app.knowledge.searching import Shelf
from app.knowledge.suggesting import search
from connectors.store.search_tests import Missed
from triage.search.audience import Reader
from triage.search.relevance import DEPTH, Asked, Relevance, relevance

MOST = 300
"""The newest inserts that an index is measured by."""
WORST = 50
"""So many of the worst queries are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What was asked and the keys of the articles that answer it. `vector` is the text's by `encoder`, where it is
    known; `at` is when it was asked: what agents inserted later has no part in its order.
    """

    text: str
    right: frozenset[str]
    at: datetime
    ticket_ref: str = ""
    vector: NDArray[np.float32] | None = None
    encoder: str = ""


def own_queries(deps: Deps, tenant: str, limit: int = MOST) -> list[Query]:
    """The tickets with the newest inserts: what was searched for is the query, what was inserted the right answer."""
    return [
        Query(
            text=each.made.query,
            right=each.inserted,
            at=each.made.made_at,
            ticket_ref=each.made.ticket_ref,
            vector=each.made.vector,
            encoder=each.made.encoder,
        )
        for each in deps.store.inserts.newest(tenant, limit)
    ]


def ask(deps: Deps, tenant: str, shelf: Shelf, queries: Sequence[Query], reader: Reader | None = None) -> list[Asked]:
    """Search for every query as it is done for a ticket; without a `reader` as an agent who may read everything."""
    return [_ask(deps, tenant, shelf, each, reader or shelf.everything()) for each in queries]


def evaluate(
    deps: Deps, tenant: str, shelf: Shelf, queries: Sequence[Query], reader: Reader | None = None
) -> Relevance:
    """How often that finds a right article."""
    return relevance(ask(deps, tenant, shelf, queries, reader))


def answerable(queries: Sequence[Query], *shelves: Shelf) -> list[Query]:
    """The queries with a right article that can be found on every one of the shelves, and only those right ones: what
    was deleted or withdrawn counts against none.
    """
    offered = frozenset.intersection(*(shelf.offered(shelf.everything()) for shelf in shelves))
    return [replace(each, right=each.right & offered) for each in queries if each.right & offered]


def keep(
    deps: Deps, tenant: str, shelf: Shelf, found: Relevance, *, source: str, is_used: bool = True, why: str = ""
) -> None:
    """Keep it as a row of this version of the index."""
    ranker = Ranker.of(deps.store, tenant, encoder=shelf.index.encoder_id, now=deps.now())
    deps.store.search_tests.add(
        tenant,
        index_version=shelf.index.version,
        ranker=ranker.name,
        source=source,
        queries=found.queries,
        recall_at_1=found.first.value,
        recall_at_3=found.in_three.value,
        mrr_at_10=found.mrr_at_10,
        worst=[
            Missed(query=each.query, ticket_ref=each.ticket_ref, right=each.right, place=each.place, first=each.first)
            for each in found.worst[:WORST]
        ],
        is_used=is_used,
        why=why,
        now=deps.now(),
    )


def _ask(deps: Deps, tenant: str, shelf: Shelf, query: Query, reader: Reader) -> Asked:
    vector, encoder = query.vector, shelf.index.encoder_id
    if vector is None or query.encoder != encoder:
        can_encode = shelf.encoder is not None and shelf.encoder.id == encoder
        vector = shelf.encoder.encode([query.text])[0] if can_encode and shelf.encoder else None
    order = Ranker.of(deps.store, tenant, encoder=encoder, now=deps.now()).order(vector, query.at)
    found = search(deps, shelf, tenant, query.text, vector, reader, now=deps.now(), order=order)
    keys = [each.key for each in found][:DEPTH]
    place = next((at for at, key in enumerate(keys, 1) if key in query.right), 0)
    return Asked(
        query=query.text,
        ticket_ref=query.ticket_ref,
        right=tuple(sorted(query.right)),
        place=place,
        first=keys[0] if keys else None,
    )
