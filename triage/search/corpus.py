"""Searching the articles of one tenant. Pure: where vectors, words and texts are kept is `triage.search.kept`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.search.kept import Entry, Records, Vectors
from triage.search.lexical import Lexical
from triage.search.passages import Passage
from triage.search.query import Synonyms, Vocabulary, Word
from triage.search.ranking import ALIKE, Floats, Hit, Signals, coverage, fused, sure
from triage.search.words import stem, tokens

Allowed = NDArray[np.bool_]

TELLING = 0.35  # a word under this part of the query's rarest found one's rarity is not worth showing
SHOWN_WORDS = 4


@dataclass(frozen=True, slots=True)
class Corpus:
    """Article a has the passages `first[a]` to `first[a + 1]`, at least one.

    `titled` says which articles have a title, `readable` which have any text.
    """

    entries: tuple[Entry, ...]
    first: NDArray[np.int64]
    titled: Allowed
    readable: Allowed
    vectors: Vectors
    records: Records
    by_article: Lexical
    by_passage: Lexical
    vocabulary: Vocabulary

    def everything(self) -> Allowed:
        """For `allowed` where nothing is to be left out."""
        return np.ones(len(self.entries), np.bool_)

    def search(
        self,
        text: str,
        vector: Floats | None,
        *,
        allowed: Allowed,
        limit: int = 10,
        synonyms: Synonyms = Synonyms(),  # noqa: B008 - frozen and empty
    ) -> list[Hit]:
        """The best articles for a query, best first; those not `allowed` have no part in it, not even as a measure.

        `allowed` has one truth value for each of `entries`; `vector` is the encoded query; without one the
        words alone decide. None for a query without a word, nor for an article without any text.
        """
        if allowed.shape != (len(self.entries),):
            raise ValueError(f"allowed has shape {allowed.shape}; the corpus has {len(self.entries)} articles.")
        rows = np.flatnonzero(allowed & self.readable)
        if not len(rows) or not any(True for _ in tokens(text)):
            return []
        words = self.vocabulary.read(text, synonyms, self.by_article)
        wanted = [word.wanted for word in words]
        cosines, titles = self._unmeasured() if vector is None else self.vectors.cosines(vector)
        matched = self.by_passage.scores(wanted)
        signals = self._signals(cosines, titles, matched, self.by_article.scores(wanted)).at(rows)
        scores = fused(signals)
        order = _best(scores, max(limit, 2))
        meaning, share, telling = signals.meaning, coverage(signals), self._telling(words)
        hits = []
        for at in order[:limit]:
            mine = self.entries[rows[at]].ref  # in whichever language
            other = next((float(scores[each]) for each in order if self.entries[rows[each]].ref != mine), None)
            margin = 0.0 if other is None else float(scores[at]) - other
            passages = slice(int(self.first[rows[at]]), int(self.first[rows[at] + 1]))
            best = passages.start + int(np.argmax(cosines[passages] + share * matched[passages]))
            hits.append(
                self._hit(
                    int(rows[at]),
                    self.records.passage(best),
                    telling,
                    text,
                    score=float(scores[at]),
                    sure=sure(float(meaning[at]), float(signals.words[at]), margin),
                    alike=(float(signals.title[at]) >= ALIKE, float(signals.passage[at]) >= ALIKE),
                    signals=signals.of(int(at)),
                )
            )
        return hits

    def _unmeasured(self) -> tuple[Floats, Floats]:
        """Cosines where there is no vector: all the same, so they tell none from another."""
        return np.zeros(int(self.first[-1]), np.float32), np.zeros(len(self.entries), np.float32)

    def _signals(self, cosines: Floats, titles: Floats, matched: Floats, words: Floats) -> Signals:
        starts = self.first[:-1]
        return Signals(
            passage=np.maximum.reduceat(cosines, starts),
            title=np.where(self.titled, titles, np.float32(np.nan)),
            words=words,
            passage_words=np.maximum.reduceat(matched, starts),
        )

    def _hit(
        self,
        article: int,
        passage: Passage,
        telling: Sequence[tuple[Word, frozenset[int]]],
        query: str,
        *,
        score: float,
        sure: float,
        alike: tuple[bool, bool],
        signals: Mapping[str, float],
    ) -> Hit:
        entry = self.entries[article]
        asked = {term for _, terms in telling for term in terms}
        places, as_written = self._marked(passage.text, entry.language, asked)
        return Hit(
            ref=entry.ref,
            locale=entry.locale,
            title=entry.title,
            score=score,
            sure=sure,
            passage=passage.text,
            headings=passage.headings,
            start=passage.start,
            end=passage.end,
            highlights=tuple(places),
            why=self._why(article, telling, query, as_written, alike),
            signals=signals,
        )

    def _telling(self, words: Sequence[Word]) -> list[tuple[Word, frozenset[int]]]:
        """The query's words that tell something, rarest first, with the terms they may be found as."""
        found = [(word, frozenset(term for terms in word.wanted.alternatives for term in terms)) for word in words]
        rarity = [max(map(self.by_article.rarity, terms), default=0.0) for _, terms in found]
        least = TELLING * max(rarity, default=0.0)
        kept = [(value, *pair) for value, pair in zip(rarity, found, strict=True) if value and value >= least]
        return [(word, terms) for _, word, terms in sorted(kept, key=lambda each: -each[0])]

    def _marked(self, text: str, language: str, terms: set[int]) -> tuple[list[tuple[int, int]], dict[int, str]]:
        """Where the query's words stand in `text`, of an identifier only the part that is asked for; and how each term
        is written there first."""
        places: list[tuple[int, int]] = []
        as_written: dict[int, str] = {}
        for token in tokens(text):
            asked = [
                (form, number)
                for form in token.forms
                if (number := self.vocabulary.numbers.get(stem(form, language))) is not None and number in terms
            ]
            small, at = text[token.start : token.end].lower(), 0
            for form, number in asked:
                if form == token.forms[0]:
                    start, end = token.start, token.end
                elif (place := small.find(form, at)) >= 0:
                    at = place + len(form)
                    start, end = token.start + place, token.start + at
                else:
                    continue
                places.append((start, end))
                as_written.setdefault(number, text[start:end])
                if form == token.forms[0]:
                    break
        return places, as_written

    def _why(
        self,
        article: int,
        telling: Sequence[tuple[Word, frozenset[int]]],
        query: str,
        as_written: Mapping[int, str],
        alike: tuple[bool, bool],
    ) -> str:
        same: dict[str, None] = {}
        for word, terms in telling:
            if any(self.by_article.has(term, article) for term in terms):
                asked = query[word.start : word.end]
                there = next((as_written[term] for term in terms if term in as_written), "")
                same[f"{there} (for {asked})" if word.is_mended and there else asked] = None
        parts = [f"Same words: {', '.join(list(same)[:SHOWN_WORDS])}"] if same else []
        parts += [f"{name} alike" for name, is_alike in zip(("title", "paragraph"), alike, strict=True) if is_alike]
        why = "; ".join(parts) or "the nearest in meaning, not close"
        return why[0].upper() + why[1:]


def _best(scores: Floats, count: int) -> NDArray[np.int64]:
    """The rows of the highest scores, highest first, of equal ones the earlier."""
    if count >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    rows = np.flatnonzero(scores >= least)
    return rows[np.argsort(-scores[rows], kind="stable")][:count]
