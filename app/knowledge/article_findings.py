"""Once a night: which articles somebody should look at, from their use and from the index's own vectors."""

from __future__ import annotations

from collections import Counter

import numpy as np

from app.bootstrap import Deps
from app.knowledge.indexing import place_of
from connectors.article_text import article_text
from connectors.index import IndexBroken, IndexMissing
from connectors.index_vectors import key_of
from connectors.store.article_rows import StoredArticle
from connectors.store.schema import EPOCH
from triage.article_findings import UNSEEN_FOR, Kind, by_usage, of_twins
from triage.articles import State
from triage.search.passages import passages
from triage.search.words import language_of
from triage.suggestions import code_of
from triage.twins import Whole, twins, word_numbers


def find_articles(deps: Deps, tenant: str) -> dict[Kind, int]:
    """Look, keep what was found in place of the last night's, and say how many there are of each kind."""
    store, now = deps.store, deps.now()
    published = [each for each in store.articles.find(tenant) if each.state not in (State.DRAFT, State.OUTDATED)]
    found = by_usage(
        {each.id: each.first_seen for each in published},
        store.article_events.counts(tenant, EPOCH),
        store.article_events.counts(tenant, now - UNSEEN_FOR),
        searched_since=store.gaps.searched_since(tenant),
        now=now,
    )
    found += of_twins(twins(_wholes(deps, tenant, published)))
    with store.database.write() as transaction:
        store.article_findings.replace_in(transaction, tenant, found, now=now)
    counted = Counter(each.kind for each in found)
    return {kind: counted[kind] for kind in Kind}


def _wholes(deps: Deps, tenant: str, published: list[StoredArticle]) -> list[Whole]:
    """The articles with what the index knows of them; none where there is no index. Nothing is encoded for this: a
    passage that the index has not seen yet does not count tonight.
    """
    place = place_of(deps, tenant)
    try:
        known = place.known(place.open().encoder_id)
    except (IndexMissing, IndexBroken):
        return []
    wanted = {(each.article.ref, each.article.locale): each for each in published}
    found = []
    for article in deps.store.articles.to_index(tenant):
        stored = wanted.get((article.ref, article.locale))
        if stored is None:
            continue
        title = " ".join(article.title.split())
        pieces = passages(article_text(article.body_html))
        vectors = [known[key] for piece in pieces if (key := key_of(piece.to_encode(title))) in known]
        if not vectors:
            continue
        mean = np.mean(vectors, axis=0)
        language = language_of(article.locale)
        found.append(
            Whole(
                id=stored.id,
                key=stored.key,
                language=code_of(article.locale),
                vector=np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32),
                words=word_numbers([title, *(piece.text for piece in pieces)], language),
            )
        )
    return found
