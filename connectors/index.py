"""The search index of one tenant: made beside the one in use and put in its place at once.

Where it is kept is a `Place`: a folder (`connectors.index_folder`) or PostgreSQL (`connectors.index_postgres`).
Versions are named by their content, and what did not change since the version in use is not encoded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from connectors.article_text import article_text
from connectors.encoder import Encoder, Vectors
from connectors.index_vectors import Keys, Progress, forget_batches, vectors_of
from triage.articles import Article
from triage.search.corpus import Corpus
from triage.search.kept import Entry, encoded, numbered
from triage.search.lexical import PostingArrays
from triage.search.passages import Passage, passages
from triage.search.words import language_of


class IndexMissing(LookupError):
    """There is no index in the place yet: build it."""


class IndexBroken(ValueError):
    """The index cannot be used; the text says what of it and why. Build it again."""


@dataclass(frozen=True, slots=True)
class Index:
    """One version, open. `encoded` is how many texts had to be encoded for it, 0 when it was only opened."""

    version: str
    encoder_id: str
    corpus: Corpus
    encoded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a place keeps. Article a has the passages `first[a]` to `first[a + 1]`; `vectors` (n_passages + n_articles,
    d) are of the passages and then of the titles, `keys` what they are known by when the next version is made.
    """

    encoder_id: str
    entries: tuple[Entry, ...]
    first: NDArray[np.int64]
    records: tuple[bytes, ...]
    vectors: Vectors
    keys: Keys
    by_article: PostingArrays
    by_passage: PostingArrays
    terms: tuple[str, ...]


class Place(Protocol):
    """Where versions are kept. `scratch` is a folder for what was encoded of a build that is not done."""

    @property
    def scratch(self) -> Path: ...

    def in_use(self) -> str:
        """The version in use; raises `IndexMissing` before the first and `IndexBroken`. Cheap."""

    def open(self) -> Index:
        """The version in use; raises as `in_use` does."""

    def open_version(self, version: str) -> Index:
        """A version that was kept; raises `IndexBroken`."""

    def keep(self, made: Made) -> str:
        """Keep it beside the one in use; its version."""

    def put_in_use(self, version: str, *, built_from: str = "") -> None:
        """At once, with what the articles were; then the versions that nobody opens any more are removed."""

    def built_from(self) -> str:
        """What was said when the version in use was put there; empty where there is none that can be used."""

    def known(self, encoder_id: str) -> Mapping[bytes, Vectors]:
        """The vectors of the version in use by key; none from another encoder, or where it is missing or broken."""


def build(
    articles: Iterable[Article],
    encoder: Encoder,
    place: Place,
    *,
    built_from: str = "",
    progress: Progress | None = None,
) -> Index:
    """Make a version from all `articles` and put it in use; the same articles give the same version."""
    made = make(articles, encoder, place, progress=progress)
    place.put_in_use(made.version, built_from=built_from)
    return made


def make(articles: Iterable[Article], encoder: Encoder, place: Place, *, progress: Progress | None = None) -> Index:
    """Make a version without putting it in use, to measure it first."""
    cut = [_cut(article) for article in articles]
    texts = [piece.to_encode(entry.title) for entry, pieces in cut for piece in pieces]
    texts += [entry.title for entry, _ in cut]
    vectors, keys, count = vectors_of(texts, encoder, place.known(encoder.id), place.scratch, progress or _quiet)
    by_article, by_passage, terms = numbered(cut)
    records = [encoded(piece) if piece.text or entry.title else b"" for entry, pieces in cut for piece in pieces]
    version = place.keep(
        Made(
            encoder_id=encoder.id,
            entries=tuple(entry for entry, _ in cut),
            first=np.cumsum([0, *(len(pieces) for _, pieces in cut)], dtype=np.int64),
            records=tuple(records),
            vectors=vectors,
            keys=keys,
            by_article=by_article,
            by_passage=by_passage,
            terms=tuple(terms),
        )
    )
    forget_batches(place.scratch)
    return replace(place.open_version(version), encoded=count)


def _cut(article: Article) -> tuple[Entry, tuple[Passage, ...]]:
    """The article as it is searched; at least one passage, which is empty where it has no text."""
    title = " ".join(article.title.encode("utf-8", "replace").decode().split())
    entry = Entry(article.ref, article.locale, title, language_of(article.locale))
    return entry, passages(article_text(article.body_html)) or (Passage("", (), 0, 0),)


def _quiet(done: int, of: int) -> None:
    pass
