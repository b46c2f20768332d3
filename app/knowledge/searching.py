"""Searching a tenant's articles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from app.bootstrap import Deps
from app.knowledge.indexing import place_of
from connectors.encoder import Encoder
from connectors.index import Index
from connectors.store.article_rows import StoredArticle
from triage.search.audience import Reader, may_be_suggested
from triage.search.corpus import Allowed
from triage.search.query import Synonyms
from triage.search.ranking import Floats, Hit

DEPTH = 10
MASKS = 100
"""Of so many readers it is kept which articles they may be offered."""


@dataclass(frozen=True)
class Shelf:
    """A tenant's index, open, with what is known of each article now. What was deleted since the index was made, or
    may not be suggested to a reader, is never found.
    """

    index: Index
    encoder: Encoder | None
    articles: dict[tuple[str, str], StoredArticle]
    masks: dict[Reader, Allowed] = field(default_factory=dict)

    @classmethod
    def open(cls, deps: Deps, tenant: str, encoder: Encoder | None) -> Shelf:
        """Raises `IndexMissing` or `IndexBroken`."""
        index = place_of(deps, tenant).open()
        return cls(index, encoder, known_articles(deps, tenant))

    def search(
        self,
        text: str,
        reader: Reader,
        *,
        limit: int = DEPTH,
        vector: Floats | None = None,
        synonyms: Synonyms = Synonyms(),  # noqa: B008 - frozen and empty
    ) -> list[tuple[StoredArticle, Hit]]:
        """The best articles that this reader may be offered, best first. `vector` is the text's, where it was encoded
        before; with neither that nor an encoder the words alone decide.
        """
        if vector is None and self.encoder is not None:
            vector = self.encoder.encode([text])[0]
        hits = self.index.corpus.search(text, vector, allowed=self._allowed(reader), limit=limit, synonyms=synonyms)
        return [(self.articles[hit.ref, hit.locale], hit) for hit in hits]

    def everything(self) -> Reader:
        """An agent who may read whatever agents of any group or organization may: for measuring."""
        return Reader(is_agent=True, marks=self._asked)

    def offered(self, reader: Reader) -> frozenset[str]:
        """The keys of the articles that this reader may be offered."""
        entries = self.index.corpus.entries
        return frozenset(entries[at].ref for at in np.flatnonzero(self._allowed(reader)))

    @cached_property
    def languages(self) -> int:
        """In how many languages the article with most of them is found."""
        return max(Counter(entry.ref for entry in self.index.corpus.entries).values(), default=1)

    @cached_property
    def _asked(self) -> frozenset[str]:
        """What restricted articles ask of a reader."""
        return frozenset(mark for each in self.articles.values() for mark in each.article.allowed)

    def _allowed(self, reader: Reader) -> Allowed:
        """Which entries of the index this reader may be offered; what nobody is asked for makes no difference."""
        reader = replace(reader, marks=reader.marks & self._asked)
        if reader not in self.masks:
            found = [self.articles.get((entry.ref, entry.locale)) for entry in self.index.corpus.entries]
            allowed = [each is not None and may_be_suggested(each.article, reader) for each in found]
            if len(self.masks) >= MASKS:
                self.masks.clear()
            self.masks[reader] = np.array(allowed, np.bool_)
        return self.masks[reader]


def known_articles(deps: Deps, tenant: str) -> dict[tuple[str, str], StoredArticle]:
    """Every article that is there, by how an index names it."""
    return {(each.article.ref, each.article.locale): each for each in deps.store.articles.find(tenant)}
