"""The daily measurement on a tenant's own inserts."""

from __future__ import annotations

from app.bootstrap import Deps
from app.knowledge.evaluating import answerable, evaluate, keep, own_queries
from app.knowledge.searching import Shelf
from connectors.encoder import Encoder
from connectors.index import IndexBroken, IndexMissing
from connectors.store.search_tests import INSERTS
from triage.search.relevance import LEAST_JUDGED


def measure(deps: Deps, tenant: str, encoder: Encoder) -> str:
    """Measure on the newest inserts and keep the figures; what came of it in a sentence."""
    try:
        shelf = Shelf.open(deps, tenant, encoder)
    except (IndexMissing, IndexBroken) as error:
        return f"Search was not measured: {error}"
    queries = answerable(own_queries(deps, tenant), shelf)
    if len(queries) < LEAST_JUDGED:
        return f"Search was not measured: {len(queries)} inserts of articles that are there, {LEAST_JUDGED} are needed."
    found = evaluate(deps, tenant, shelf, queries)
    keep(deps, tenant, shelf, found, source=INSERTS)
    return (
        f"On the {found.queries} newest inserts the right article is first for {100 * found.first.value:.0f} % "
        f"and in the first three for {100 * found.in_three.value:.0f} %."
    )
