"""What speaks for each article being touched by each change of a release, as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from triage.everyday import EVERYDAY
from triage.reviews.amounts import dimensions
from triage.reviews.changes import Change
from triage.reviews.kinds import MENU
from triage.reviews.nearness import Encode, closer, cosines
from triage.reviews.releases import Documented, Floats, Release
from triage.reviews.terms import Sort, Term
from triage.reviews.wording import Rows, Wording, rarity, spread
from triage.search.ranking import Signals, fused

TELLS = {Sort.MARKED: 1.0, Sort.CODE: 0.9, Sort.LIMIT: 0.9, Sort.NAME: 0.7, Sort.WORDS: 0.6}
"""How much a term tells by what makes it one: somebody marked it, or it only looks like a name."""
NO_ARTICLE = 0.35
"""The cosine from which an article is nearer than none: what is further away is about something else."""
FAR = 1.5  # an article that leads by more than this leads
_PAGE = re.compile(r"\b([^\W\d_]{3,30}) (?:page|menu|tab|entry|section|screen|settings|button|item|area)\b")
_WHERE = (
    r"(?:to|into|under|below|above|behind|beside|next to|near"
    r"|becomes?|(?:is|are) now|(?:is|are) (?:[a-z]+ ){0,4}(?:called|named|labell?ed))"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A telling term that an article has: in which language's row, the sentence there or HEAD, how much it tells."""

    term: Term
    row: int
    place: int
    tells: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Arrays are (changes, articles), an article being all its languages; `group_of` says which each row is of.

    `terms`, `limits` and `steps` are 0 to 1: telling terms that both have, a measure that both state an amount of, a
    menu entry that was renamed or moved and that the article leads through. `search` is the score that search would
    give the article for the change as a query, and `lead` how far that is above the best other article's, or above
    none. `near` is the best cosine, and `above` how far that of the article's best sentence is above the mean over all
    articles; both are NaN without vectors. `area` has one value for each article: 1 where a product area is the
    release's, -1 where none is, 0 where either has none.
    """

    wording: Wording
    group_of: Rows
    found: Mapping[tuple[int, int], Sequence[Found]]
    terms: Floats
    limits: Floats
    steps: Floats
    search: Floats
    lead: Floats
    near: Floats
    above: Floats
    area: Rows

    @classmethod
    def of(
        cls,
        release: Release,
        changes: Sequence[Change],
        vectors: Floats | None,
        rows: Sequence[Documented],
        encode: Encode | None = None,
    ) -> Evidence:
        keys = {key: number for number, key in enumerate(sorted({row.key for row in rows}))}
        group_of = np.array([keys[row.key] for row in rows], np.int64)
        wording = Wording.of((row.locale, ". ".join((row.title, *row.labels)), row.text) for row in rows)
        shape = len(changes), len(keys)
        terms, limits, steps, whole, single = (np.zeros(shape, np.float32) for _ in range(5))
        found: dict[tuple[int, int], list[Found]] = {}
        for at, change in enumerate(changes):
            for row, some in _found(change, wording, group_of, len(keys)).items():
                group = int(group_of[row])
                found.setdefault((at, group), []).extend(some)
                terms[at, group] = max(terms[at, group], _together(some))
            for dimension in dimensions(change.text):
                _raise(limits[at], wording.measured.get(dimension, ()), group_of, rarity)
            for name in menu_names(change):
                _raise(steps[at], wording.naming(name), group_of, spread)
            for share, best in zip(wording.shares(change.text), (whole, single), strict=True):
                np.maximum.at(best[at], group_of, share)
        passage, title = cosines(vectors, rows, group_of, shape)
        search, lead = _search(passage, title, whole, single)
        sentence = passage
        if vectors is not None and encode is not None:
            sentence = closer(passage, vectors, wording, group_of, search, encode)
            passage = np.fmax(passage, sentence)
            search, lead = _search(passage, title, whole, single)
        area = _areas(release, rows, group_of, len(keys))
        near = np.fmax(passage, title)
        above = sentence - _means(sentence)
        return cls(wording, group_of, found, terms, limits, steps, search, lead, near, above, area)


def _means(cosines: Floats) -> Floats:
    """Of each change, over the articles that have vectors; 0 where none has."""
    known = np.isfinite(cosines)
    sums = np.where(known, cosines, 0).sum(axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(known.sum(axis=1, keepdims=True), 1), np.float32)


def _search(passage: Floats, title: Floats, whole: Floats, single: Floats) -> tuple[Floats, Floats]:
    """The search's score of each article for each change, and its lead over the best other one or over no article."""
    search = np.zeros_like(whole)
    none = np.zeros(len(whole), np.float32)
    for at, words in enumerate(whole):
        known = passage[at][np.isfinite(passage[at])]
        # An article without vectors is neither near nor far.
        near = np.where(np.isfinite(passage[at]), passage[at], known.mean() if len(known) else np.float32(0))
        scores = fused(
            Signals(
                passage=np.append(near, np.float32(NO_ARTICLE if len(known) else 0)),
                title=np.append(title[at], np.float32(np.nan)),
                words=np.append(words, np.float32(0)),
                passage_words=np.append(single[at], np.float32(0)),
            )
        )
        search[at], none[at] = scores[:-1], scores[-1]
    second, first = (np.sort(np.column_stack([search, none, none]), axis=1)[:, -at][:, None] for at in (2, 1))
    lead = search - np.where(search == first, second, first)
    return search, np.asarray(np.clip(lead, -FAR, FAR), np.float32)


def menu_names(change: Change) -> list[str]:
    """What the change renamed, moved or removed, as far as it has a name; not what it became, nor where it went."""
    if change.kind not in MENU:
        return []
    whole = [term.text for term in change.terms if term.sort is Sort.MARKED]
    named = [term.text for term in change.terms if term.sort is Sort.NAME]
    pages = [found[1] for found in _PAGE.finditer(change.text) if found[1].lower() not in EVERYDAY]
    inside = {word for name in whole for word in name.split() if name != word}
    return [
        name
        for name in dict.fromkeys(
            [*whole, *(each for each in named if each not in inside), *map(str.capitalize, pages)]
        )
        if not re.search(rf"\b{_WHERE} (?:the )?[\"“'«]?{re.escape(name)}", change.text)
        and not all(word in EVERYDAY for word in name.casefold().split())
    ]


def _found(change: Change, wording: Wording, group_of: Rows, groups: int) -> dict[int, list[Found]]:
    """By row: the change's terms it has, without those that stand inside another it has."""
    found: dict[int, list[Found]] = {}
    for term in change.terms:
        places = wording.places(term)
        tells = TELLS[term.sort] * rarity(len({int(group_of[row]) for row in places}), groups)
        if tells > 0:
            for row, place in places.items():
                found.setdefault(row, []).append(Found(term, row, place, tells))
    return {row: _outermost(some) for row, some in found.items()}


def _outermost(found: list[Found]) -> list[Found]:
    """Without terms that are part of another: "Billing" beside "Settings > Billing" tells nothing more."""
    texts = [each.term.text.casefold() for each in found]
    return [
        each
        for each, text in zip(found, texts, strict=True)
        if not any(text in other and len(other) > len(text) for other in texts)
    ]


def _together(found: Sequence[Found]) -> float:
    """What several terms tell together: more than the best of them, never more than 1."""
    return 1 - float(np.prod([1 - each.tells for each in found]))


def _raise(
    values: Floats, having: Sequence[int] | frozenset[int], group_of: Rows, telling: Callable[[int, int], float]
) -> None:
    groups = np.unique(group_of[list(having)])
    values[groups] = np.maximum(values[groups], telling(len(groups), len(values)))


def _areas(release: Release, rows: Sequence[Documented], group_of: Rows, groups: int) -> Rows:
    wanted = set(release.product_areas)
    area = np.zeros(groups, np.int64)
    for row, group in zip(rows, group_of, strict=True):
        if wanted and row.product_areas:
            area[group] = 1 if wanted & set(row.product_areas) or area[group] > 0 else -1
    return area
