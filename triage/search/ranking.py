"""One order from meaning and words. Scores are fused, not ranks: a rank hides how far apart two articles are.

Each score is standardised over the articles that may be found, so that they can be added. How much the words count is
the query's own doing: as much as its best article has of the words it asks for. What was measured: docs/knowledge.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PASSAGE, TITLE = 0.65, 0.35
LEXICAL = 0.8
# The usual spread of cosines and of BM25 over a help centre, with the weight of so many articles: the few that a filter
# leaves have no reliable spread of their own.
COSINE_SPREAD, WORD_SPREAD, USUAL_WEIGHT = 0.12, 0.05, 20
ALIKE = 0.55  # cosine from which a reader would call two texts alike
# Fitted on questions with and without their article in the corpus; see the docs.
SURE_BASE, SURE_MEANING, SURE_WORDS, SURE_MARGIN = -5.9, 6.3, 1.4, 0.9


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for each article: cosines of its best passage and its title, BM25 of all and of its best passage.

    `title` is NaN where an article has none: its best passage then counts for both.
    """

    passage: Floats
    title: Floats
    words: Floats
    passage_words: Floats

    def at(self, rows: NDArray[np.int64]) -> Signals:
        return Signals(self.passage[rows], self.title[rows], self.words[rows], self.passage_words[rows])

    def of(self, row: int) -> dict[str, float]:
        """One article's, by name; for the title it lacks its best passage counts."""
        title = self.passage[row] if np.isnan(self.title[row]) else self.title[row]
        return {
            "passage": float(self.passage[row]),
            "title": float(title),
            "words": float(self.words[row]),
            "passage_words": float(self.passage_words[row]),
        }

    @property
    def meaning(self) -> Floats:
        """One cosine for each article."""
        title = np.where(np.isnan(self.title), self.passage, self.title)
        return np.asarray(PASSAGE * self.passage + TITLE * title, np.float32)


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that was found, with its best passage. `score` orders the hits of this one search.

    `sure` is how likely the article answers, 0 to 1, and compares over searches. `headings` are above `passage`,
    which stands at `start` to `end` of the article's text; `highlights` are places in `passage`. `why` is in words,
    `signals` are what the score was made from, by name.
    """

    ref: str
    locale: str
    title: str
    score: float
    sure: float
    passage: str
    headings: tuple[str, ...]
    start: int
    end: int
    highlights: tuple[tuple[int, int], ...]
    why: str
    signals: Mapping[str, float] = field(default_factory=dict)


def fused(signals: Signals) -> Floats:
    """A score for each article; only their order and distances mean something."""
    title = np.where(np.isnan(signals.title), signals.passage, signals.title)
    meaning = PASSAGE * _standard(signals.passage, COSINE_SPREAD) + TITLE * _standard(title, COSINE_SPREAD)
    words = (_standard(signals.words, WORD_SPREAD) + _standard(signals.passage_words, WORD_SPREAD)) / 2
    return np.asarray(meaning + LEXICAL * coverage(signals) * words, np.float32)


def coverage(signals: Signals) -> float:
    """How much of the query's words the article with most of them has, 0 to 1."""
    return float(signals.words.max(initial=0.0))


def sure(meaning: float, words: float, margin: float) -> float:
    """How likely an article answers, from its cosine, its share of the query's words and how far its score is above
    the best other one's (negative for all but the first)."""
    return 1 / (1 + exp(-(SURE_BASE + SURE_MEANING * meaning + SURE_WORDS * words + SURE_MARGIN * margin)))


def _standard(values: Floats, usual: float) -> Floats:
    """Distances from the mean in spreads, which are drawn towards the `usual` one where values are few."""
    if not len(values):
        return values
    own = float(values.var()) * len(values) + usual**2 * USUAL_WEIGHT
    return np.asarray((values - values.mean()) / (own / (len(values) + USUAL_WEIGHT)) ** 0.5, np.float32)
