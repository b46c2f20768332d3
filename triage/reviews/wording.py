"""The words of all articles sentence by sentence: how much of a change each has, and where its terms stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from math import log

import numpy as np
from numpy.typing import NDArray

from triage.everyday import EVERYDAY
from triage.reviews.amounts import dimensions
from triage.reviews.terms import Sort, Term, flat, steps_of
from triage.search.kept import Entry, numbered
from triage.search.lexical import Lexical, Wanted
from triage.search.passages import Passage
from triage.search.query import Vocabulary
from triage.search.words import language_of, tokens

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
HEAD = -1
"""The place of a term that stands in the title or the labels."""
SENTENCE = 600  # characters; what is longer is no sentence
_SENTENCE_END = re.compile(r"[.!?…](?=[\"')\]]?\s)|[。！？।]|\n")
_NONE = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True)
class Wording:
    """Article a has the sentences `first[a]` to `first[a + 1]`, at least one; `owner` is the article of each.

    A sentence counts its article's title and labels as its own words: they say what it is about.
    """

    heads: tuple[str, ...]
    sentences: tuple[str, ...]
    languages: tuple[str, ...]
    first: Rows
    owner: Rows
    by_article: Lexical
    by_sentence: Lexical
    vocabulary: Vocabulary
    steps: Mapping[str, frozenset[int]]
    """The articles that name a menu entry in a path, by the entry in small letters."""
    measured: Mapping[str, frozenset[int]]
    """The articles that state an amount of something, by what it is."""
    _flat: dict[int, str] = field(default_factory=dict)
    _naming: dict[str, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, articles: Iterable[tuple[str, str, str]]) -> Wording:
        """From the locale, the title with the labels, and the text of each article."""
        cut = []
        steps: dict[str, set[int]] = {}
        measured: dict[str, set[int]] = {}
        for number, (locale, head, text) in enumerate(articles):
            sentences = [Passage(each, (), 0, 0) for each in sentences_of(text)] or [Passage("", (), 0, 0)]
            cut.append((Entry("", locale, head, language_of(locale)), sentences))
            for step in steps_of(text):
                steps.setdefault(step, set()).add(number)
            for dimension in dimensions(text):
                measured.setdefault(dimension, set()).add(number)
        by_article, by_sentence, terms = numbered(cut)
        sizes = [len(sentences) for _, sentences in cut]
        return cls(
            heads=tuple(entry.title for entry, _ in cut),
            sentences=tuple(sentence.text for _, sentences in cut for sentence in sentences),
            languages=tuple(entry.language for entry, _ in cut),
            first=np.cumsum([0, *sizes], dtype=np.int64),
            owner=np.repeat(np.arange(len(cut)), sizes),
            by_article=Lexical(by_article, len(cut)),
            by_sentence=Lexical(by_sentence, sum(sizes)),
            vocabulary=Vocabulary.of(terms, sorted({entry.language for entry, _ in cut})),
            steps={step: frozenset(having) for step, having in steps.items()},
            measured={dimension: frozenset(having) for dimension, having in measured.items()},
        )

    def shares(self, text: str) -> tuple[Floats, Floats]:
        """How much of a change's words each article has, and its best sentence, 0 to 1."""
        numbers: dict[str, tuple[int, ...]] = {}
        for token in tokens(text):
            if token.forms[0] not in EVERYDAY:
                numbers |= {form: self.vocabulary.numbers_of(form) for form in token.forms if form not in EVERYDAY}
        wanted = [Wanted(tuple((number,) for number in each)) for each in numbers.values()]
        single = self.by_sentence.scores(wanted)
        return self.by_article.scores(wanted), np.maximum.reduceat(single, self.first[:-1])

    def places(self, term: Term) -> Mapping[int, int]:
        """The articles that have the term, each with the number of its first sentence that does, or HEAD."""
        found: dict[int, int] = {}
        for number in self._candidates(term):
            article = int(self.owner[number])
            if found.get(article, HEAD) != HEAD:
                continue
            wanted = f" {' '.join(flat(term.text, self.languages[article]))} "
            if wanted in self._words(number, self.sentences[number], article):
                found[article] = number
            elif wanted in self._words(-1 - article, self.heads[article], article):
                found[article] = HEAD
        return found

    def naming(self, name: str) -> frozenset[int]:
        """The articles that lead through a menu entry of this name; where there is no such entry, those that write the
        name as one: with its capital, and not because a sentence begins."""
        if name.casefold() in self.steps:
            return self.steps[name.casefold()]
        if name not in self._naming:
            here = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
            found = {
                int(self.owner[number])
                for number in self._candidates(Term(name, Sort.NAME))
                if any(
                    match.start() > 0 or " " in name or not name.istitle()
                    for match in here.finditer(self.sentences[number])
                )
            }
            self._naming[name] = frozenset(found) if any(map(str.isupper, name)) else frozenset()
        return self._naming[name]

    def _candidates(self, term: Term) -> list[int]:
        """Sentences that have each of the term's words; of a limit only the unit is asked, since the number may be
        written as a word."""
        words = flat(term.text, "")
        if term.sort is Sort.LIMIT:
            words = [word for word in words if not word.isdigit()] or words
        with_each = []
        for word in dict.fromkeys(words):
            postings = self.by_sentence.postings.of(self.vocabulary.numbers_of(word))
            with_each.append(np.unique(np.concatenate([_NONE, *(rows for rows, _ in postings.values())])))
        return reduce(np.intersect1d, with_each).tolist() if with_each else []

    def _words(self, key: int, text: str, article: int) -> str:
        """The words of a sentence or a head as one line, made when it is first needed."""
        if key not in self._flat:
            self._flat[key] = f" {' '.join(flat(text, self.languages[article]))} "
        return self._flat[key]


def sentences_of(text: str) -> list[str]:
    """The sentences and lines of an article."""
    found, at = [], 0
    for end in (*(each.end() for each in _SENTENCE_END.finditer(text)), len(text)):
        while end - at > SENTENCE:
            found.append(text[at : at + SENTENCE])
            at += SENTENCE
        found.append(text[at:end])
        at = end
    return [bare for each in found if (bare := each.strip(" \t\n#|`")) and any(map(str.isalnum, bare))]


def rarity(having: int, of: int) -> float:
    """What it tells that `having` of so many articles have a term: 1 for a single one, 0 for half of them and more."""
    return max(0.0, 1 - log(having) / log(max(of / 2, 2))) if having else 0.0


def spread(having: int, of: int) -> float:
    """The same for a menu entry that was renamed or moved: that touches whoever names it, so it falls late."""
    return max(0.0, 1 - (having / max(of / 2, 2)) ** 2) if having else 0.0
