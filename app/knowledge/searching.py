"""Searching a tenant's articles, and how often that finds the right one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from app.bootstrap import Deps
from app.knowledge.indexing import folder_of
from connectors.encoder import Encoder
from connectors.index import Index
from connectors.store.article_rows import StoredArticle
from triage.search.audience import Reader, may_be_suggested
from triage.search.ranking import Hit

DEPTH = 10


@dataclass(frozen=True, slots=True)
class Shelf:
    """A tenant's index, open, with what is known of each article now. What was deleted since the index was made, or
    may not be suggested to a reader, is never found.
    """

    index: Index
    encoder: Encoder
    articles: dict[tuple[str, str], StoredArticle]

    @classmethod
    def open(cls, deps: Deps, tenant: str, encoder: Encoder) -> Shelf:
        """Raises `IndexMissing` or `IndexBroken`."""
        index = Index.open(folder_of(deps, tenant))
        known = deps.store.articles.find(tenant)
        return cls(index, encoder, {(each.article.ref, each.article.locale): each for each in known})

    def search(self, text: str, reader: Reader, *, limit: int = DEPTH) -> list[tuple[StoredArticle, Hit]]:
        """The best articles that this reader may be offered, best first."""
        found = [self.articles.get((entry.ref, entry.locale)) for entry in self.index.corpus.entries]
        allowed = np.array([each is not None and may_be_suggested(each.article, reader) for each in found], np.bool_)
        hits = self.index.corpus.search(text, self.encoder.encode([text])[0], allowed=allowed, limit=limit)
        return [(self.articles[hit.ref, hit.locale], hit) for hit in hits]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One query of a test: `place` is where the first right article stood, 0 when it was not among the first ten."""

    query: str
    right: tuple[str, ...]
    place: int
    first: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """How often the right article was found, and the queries for which it was not, worst first."""

    queries: int
    recall_at_1: float
    recall_at_3: float
    mrr_at_10: float
    worst: tuple[Asked, ...]


def evaluate(shelf: Shelf, queries: Sequence[tuple[str, Collection[str]]], reader: Reader) -> Relevance:
    """Search for every query; several languages of an article are one article."""
    asked = []
    for query, right in queries:
        refs = list(dict.fromkeys(hit.ref for _, hit in shelf.search(query, reader, limit=3 * DEPTH)))[:DEPTH]
        place = next((at for at, ref in enumerate(refs, 1) if ref in right), 0)
        asked.append(Asked(query=query, right=tuple(sorted(right)), place=place, first=refs[0] if refs else None))
    count = max(len(asked), 1)
    missed = [each for each in asked if each.place != 1]
    return Relevance(
        queries=len(asked),
        recall_at_1=sum(each.place == 1 for each in asked) / count,
        recall_at_3=sum(0 < each.place <= 3 for each in asked) / count,
        mrr_at_10=sum(1 / each.place for each in asked if each.place) / count,
        worst=tuple(sorted(missed, key=lambda each: -(each.place or DEPTH + 1))),
    )
