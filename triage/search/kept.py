"""What a corpus is made of, and where that is kept: in arrays, or behind the same Protocols anywhere else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from triage.search.lexical import PostingArrays, posted
from triage.search.passages import Passage
from triage.search.ranking import Floats
from triage.search.words import forms, stem, written


@dataclass(frozen=True, slots=True)
class Entry:
    """An article in the corpus; `language` is its stemmer, empty where there is none for its locale."""

    ref: str
    locale: str
    title: str
    language: str


class Vectors(Protocol):
    """Where the vectors are: of each passage and of each title, of length 1, or 0 where there is no text."""

    def cosines(self, vector: Floats) -> tuple[Floats, Floats]:
        """With `vector`: of every passage, and of every title."""


class Records(Protocol):
    """Where the passages' texts are."""

    def passage(self, number: int) -> Passage:
        """The passage of this number; an empty one where it has no text."""


@dataclass(frozen=True, slots=True)
class VectorArrays:
    """`passages` is (n_passages, d), `titles` (n_articles, d)."""

    passages: Floats
    titles: Floats

    def cosines(self, vector: Floats) -> tuple[Floats, Floats]:
        return self.passages @ vector, self.titles @ vector


@dataclass(frozen=True, slots=True)
class RecordArrays:
    """Each passage as JSON, so that only those shown are ever decoded; passage p is at `places[p]` to
    `places[p + 1]`."""

    records: NDArray[np.uint8]
    places: NDArray[np.int64]

    def passage(self, number: int) -> Passage:
        return decoded(self.records[int(self.places[number]) : int(self.places[number + 1])].tobytes())


def encoded(passage: Passage) -> bytes:
    """A passage as it is kept."""
    return json.dumps([passage.text, passage.headings, passage.start, passage.end], ensure_ascii=False).encode()


def decoded(record: bytes) -> Passage:
    """The passage again; an empty one from nothing."""
    text, headings, start, end = json.loads(record) if record else ("", (), 0, 0)
    return Passage(text, tuple(headings), start, end)


def numbered(
    articles: Iterable[tuple[Entry, Sequence[Passage]]],
) -> tuple[PostingArrays, PostingArrays, list[str]]:
    """BM25 by article, by passage, and the terms: an article has its title's words once, a passage has them too."""
    numbers: dict[str, int] = {}
    known: dict[tuple[str, str], list[int]] = {}

    def terms(text: str, language: str) -> NDArray[np.int32]:
        found: list[int] = []
        for word in written(text):
            if (key := (language, word)) not in known:
                known[key] = [numbers.setdefault(stem(form, language), len(numbers)) for form in forms(word)]
            found += known[key]
        return np.array(found, np.int32)

    whole, single = [], []
    for entry, passages in articles:
        title = terms(entry.title, entry.language)
        headings = [terms(" ".join(passage.headings), entry.language) for passage in passages]
        bodies = [terms(passage.text, entry.language) for passage in passages]
        whole.append(np.concatenate([title, *headings[:1], *bodies]))
        single += [np.concatenate([title, above, body]) for above, body in zip(headings, bodies, strict=True)]
    return posted(whole, len(numbers)), posted(single, len(numbers)), list(numbers)
