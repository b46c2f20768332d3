"""The taxonomy's own words in a text: terms of product areas and phrases of severity."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from triage.metadata.found import Finding, Kind, Sure, negated
from triage.taxonomy import Taxonomy
from triage.tickets import Priority

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_GAP = frozenset(" \t\n-'’\"“”/_")

Scores = tuple[tuple[str, float], ...]
Phrases = dict[tuple[str, ...], tuple[str, ...]]


def areas(subject: str, text: str, taxonomy: Taxonomy) -> tuple[Scores, tuple[Finding, ...]]:
    """(area key, score), best first, and where its terms stand. A term counts 1, half more for each further word, at
    most three times; in the subject twice. A term of several areas is shared among them."""
    owners, longest = _terms(taxonomy)
    hits = list(_hits(text, owners, longest))
    found: Counter[tuple[str, ...]] = Counter()
    for words in ([words for _, _, words in hits], [words for _, _, words in _hits(subject, owners, longest)]):
        found.update({term: min(count, 3) for term, count in Counter(words).items()})
    scores: dict[str, float] = {}
    for words_found, count in found.items():
        for area in owners[words_found]:
            points = count * (1 + 0.5 * (len(words_found) - 1)) / len(owners[words_found])
            scores[area] = scores.get(area, 0) + points
    ordered = tuple((area, round(scores[area], 2)) for area in sorted(scores, key=lambda area: (-scores[area], area)))
    said = clear(ordered)
    findings = (
        (Kind.AREA, area, (start, end), Sure.LIKELY if area == said else Sure.GUESS)
        for start, end, words_hit in hits
        for area in owners[words_hit]
    )
    return ordered, tuple(findings)


def clear(scores: Scores) -> str | None:
    """The best area when it has at least 2 points and twice the second's."""
    if not scores or scores[0][1] < 2:
        return None
    return scores[0][0] if len(scores) == 1 or scores[0][1] >= 2 * scores[1][1] else None


def severities(text: str, taxonomy: Taxonomy) -> tuple[Priority | None, tuple[str, ...], tuple[Finding, ...]]:
    """The highest level found, its phrases as written, then those of lower levels, and where they stand; "not urgent"
    does not count."""
    levels, longest = _severity_phrases(taxonomy)
    found: dict[str, str] = {}
    findings: list[Finding] = []
    for start, end, words in _hits(text, levels, longest):
        if not negated(text, start):
            found.setdefault(text[start:end], levels[words][0])
            findings.append((Kind.SEVERITY, levels[words][0], (start, end), Sure.LIKELY))
    ordered = sorted(found, key=lambda phrase: found[phrase])
    return (Priority(found[ordered[0]]) if ordered else None), tuple(ordered[:4]), tuple(findings)


@lru_cache(maxsize=8)
def _terms(taxonomy: Taxonomy) -> tuple[Phrases, int]:
    return _phrases((term, area.key) for area in taxonomy.product_areas for term in area.terms)


@lru_cache(maxsize=8)
def _severity_phrases(taxonomy: Taxonomy) -> tuple[Phrases, int]:
    return _phrases((phrase, level.priority.value) for level in taxonomy.severity for phrase in level.phrases)


def _phrases(pairs: Iterator[tuple[str, str]]) -> tuple[Phrases, int]:
    """Words of each phrase, and of its plural, to what it stands for; and the longest phrase's number of words."""
    table: Phrases = {}
    for phrase, meaning in pairs:
        words = tuple(_folded(match.group()) for match in _WORD.finditer(phrase))
        for form in (words, (*words[:-1], f"{words[-1]}s")):
            table[form] = tuple(dict.fromkeys((*table.get(form, ()), meaning)))
    return table, max(map(len, table), default=0)


def _hits(text: str, table: Phrases, longest: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, words) of every phrase of `table` in `text`, longest first at each place, not overlapping."""
    spans = [(match.start(), match.end(), _folded(match.group())) for match in _WORD.finditer(text)]
    starts = {words[0] for words in table}
    at = 0
    while at < len(spans):
        step = 1
        if spans[at][2] in starts:
            joined = _joined(text, spans, at, longest)
            for size in range(joined, 0, -1):
                words = tuple(word for _, _, word in spans[at : at + size])
                if words in table:
                    yield spans[at][0], spans[at + size - 1][1], words
                    step = size
                    break
        at += step


def _joined(text: str, spans: list[tuple[int, int, str]], at: int, longest: int) -> int:
    """How many words from `at` stand next to each other, with no full stop or comma between, at most `longest`."""
    size = 1
    while size < longest and at + size < len(spans):
        gap = text[spans[at + size - 1][1] : spans[at + size][0]]
        if len(gap) > 4 or not _GAP.issuperset(gap):
            break
        size += 1
    return size


def _folded(word: str) -> str:
    """The word in small letters, with one kind of apostrophe."""
    return word.lower().replace("’", "'")
