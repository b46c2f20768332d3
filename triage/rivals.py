"""What a model has to be better than: ways of sorting tickets that need no learning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from triage.taxonomy import Taxonomy
from triage.training import Labelled

WORD = r"(?u)\b[\w'-]+\b"


def commonest(known: Sequence[Labelled], count: int) -> list[str]:
    """The label that most known tickets have, `count` times."""
    return [_most(row.label for row in known)] * count


def by_keywords(known: Sequence[Labelled], texts: Sequence[str], taxonomy: Taxonomy) -> list[str]:
    """As routing rules by keyword answer: the product area whose terms a text has most, and of it the usual label.

    The usual label of an area is the commonest among known tickets with its terms; without a term, of all.
    """
    terms = [(term.casefold(), area) for area, row in enumerate(taxonomy.product_areas) for term in row.terms]
    vocabulary = {term: at for at, term in enumerate(dict.fromkeys(term for term, _ in terms))}
    if not vocabulary:
        return commonest(known, len(texts))
    owners = np.zeros((len(vocabulary), len(taxonomy.product_areas)))
    for term, area in terms:
        owners[vocabulary[term], area] = 1
    longest = max(term.count(" ") + 1 for term in vocabulary)
    counts = CountVectorizer(vocabulary=vocabulary, ngram_range=(1, longest), token_pattern=WORD)

    def areas(some: Sequence[str]) -> list[int]:
        """The area of each text; -1 where no term is."""
        scores = np.asarray(counts.transform(some) @ owners)
        return [int(row.argmax()) if row.any() else -1 for row in scores]

    seen: dict[int, Counter[str]] = {}
    for row, area in zip(known, areas([row.text for row in known]), strict=True):
        seen.setdefault(area, Counter())[row.label] += 1
    usual = {area: _most(found.elements()) for area, found in seen.items()}
    everywhere = _most(row.label for row in known)
    return [usual.get(area, everywhere) if area >= 0 else everywhere for area in areas(texts)]


def _most(labels: Iterable[str]) -> str:
    counted = Counter(labels)
    return min(counted, key=lambda label: (-counted[label], label))
