"""The search index of one tenant in files: built beside the one in use and put in its place at once.

A folder holds one sub-folder for each version, named by its content, and `current.json`, which says the one to use.
Readers map the files into memory, so an open index goes on working after it was replaced. What did not change since
the version in use is not encoded again. No pickle: arrays and JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from connectors.article_text import article_text
from connectors.encoder import Encoder
from connectors.index_files import Arrays, IndexBroken, in_use, put_in_use, read, write
from connectors.index_vectors import Progress, forget_batches, vectors_of
from triage.articles import Article
from triage.search.corpus import Corpus, Entry, numbered
from triage.search.lexical import Lexical
from triage.search.passages import Passage, passages
from triage.search.query import Vocabulary
from triage.search.words import language_of


@dataclass(frozen=True, slots=True)
class Index:
    """One version, open. `encoded` is how many texts had to be encoded for it, 0 when it was only opened."""

    version: str
    encoder_id: str
    corpus: Corpus
    encoded: int = 0

    @classmethod
    def build(
        cls, articles: Iterable[Article], encoder: Encoder, folder: Path, *, progress: Progress | None = None
    ) -> Index:
        """Make a version from all `articles` and put it in use; the same articles give the same version."""
        made = cls.make(articles, encoder, folder, progress=progress)
        put_in_use(folder, made.version)
        return made

    @classmethod
    def make(
        cls, articles: Iterable[Article], encoder: Encoder, folder: Path, *, progress: Progress | None = None
    ) -> Index:
        """Make a version without putting it in use, to measure it first; see `put_in_use`."""
        cut = [_cut(article) for article in articles]
        texts = [piece.to_encode(entry.title) for entry, pieces in cut for piece in pieces]
        texts += [entry.title for entry, _ in cut]
        vectors, keys, encoded = vectors_of(texts, encoder, folder, progress or _quiet)
        by_article, by_passage, terms = numbered(cut)
        records = [
            json.dumps([piece.text, piece.headings, piece.start, piece.end], ensure_ascii=False).encode()
            if piece.text or entry.title
            else b""
            for entry, pieces in cut
            for piece in pieces
        ]
        arrays: Arrays = {
            "first": np.cumsum([0, *(len(pieces) for _, pieces in cut)], dtype=np.int64),
            "vectors": vectors,
            "keys": keys,
            "records": np.frombuffer(b"".join(records), np.uint8),
            "places": np.cumsum([0, *map(len, records)], dtype=np.int64),
            "terms": np.frombuffer("\n".join(terms).encode(), np.uint8),
        }
        for name, lexical in (("article", by_article), ("passage", by_passage)):
            arrays |= {
                f"{name}_weights": lexical.weights,
                f"{name}_rows": lexical.rows,
                f"{name}_starts": lexical.starts,
            }
        entries = [[entry.ref, entry.locale, entry.title, entry.language] for entry, _ in cut]
        version = write(folder, {"encoder": encoder.id, "entries": entries}, arrays)
        forget_batches(folder)
        opened = cls._open_version(folder, version)
        return cls(opened.version, opened.encoder_id, opened.corpus, encoded)

    @classmethod
    def open(cls, folder: Path) -> Index:
        """The version in use. Raises `IndexMissing` before the first, `IndexBroken` where files were damaged."""
        version = in_use(folder)
        try:
            return cls._open_version(folder, version)
        except IndexBroken:
            # Replaced twice between reading the pointer and opening: the pointer says another version by now.
            if (now := in_use(folder)) == version:
                raise
            return cls._open_version(folder, now)

    @classmethod
    def _open_version(cls, folder: Path, version: str) -> Index:
        manifest, arrays = read(folder / version)
        try:
            entries = tuple(Entry(*each) for each in manifest["entries"])
            count = len(arrays["places"]) - 1
            terms = arrays["terms"].tobytes().decode()
            corpus = Corpus(
                entries=entries,
                first=arrays["first"],
                passage_vectors=arrays["vectors"][:count],
                title_vectors=arrays["vectors"][count:],
                titled=np.array([bool(entry.title) for entry in entries], np.bool_),
                records=arrays["records"],
                places=arrays["places"],
                by_article=_lexical(arrays, "article", len(entries)),
                by_passage=_lexical(arrays, "passage", count),
                vocabulary=Vocabulary.of(
                    terms.split("\n") if terms else [], sorted({entry.language for entry in entries})
                ),
            )
            return cls(version, manifest["encoder"], corpus)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise IndexBroken(f"{folder / version} is not an index of this format ({error!r}).") from error


def _cut(article: Article) -> tuple[Entry, tuple[Passage, ...]]:
    """The article as it is searched; at least one passage, which is empty where it has no text."""
    title = " ".join(article.title.encode("utf-8", "replace").decode().split())
    entry = Entry(article.ref, article.locale, title, language_of(article.locale))
    return entry, passages(article_text(article.body_html)) or (Passage("", (), 0, 0),)


def _lexical(arrays: Arrays, name: str, size: int) -> Lexical:
    return Lexical(arrays[f"{name}_weights"], arrays[f"{name}_rows"], arrays[f"{name}_starts"], size)


def _quiet(done: int, of: int) -> None:
    pass
