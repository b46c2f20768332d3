"""How near each change is in meaning to each article: first its passages, then the sentences of the nearest few.

A passage of 120 words says many things, and one of them may be what changed: a row of a table, a limit. Sentences tell
that better, but encoding those of all articles takes minutes, so only the likeliest articles are read so closely.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from triage.reviews.releases import Documented, Floats
from triage.reviews.wording import Rows, Wording

Encode = Callable[[Sequence[str]], Floats]
"""Texts to (n, d) rows of length 1, as the articles' vectors were made."""
CLOSER = 12  # articles that are read sentence by sentence for each change
MOST_SENTENCES = 4_000  # of a release: about 20 s


def cosines(
    vectors: Floats | None, rows: Sequence[Documented], group_of: Rows, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Of each change with each article's best passage and title, in the language that is nearest; NaN without."""
    passage, title = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    if vectors is not None:
        for row, group in zip(rows, group_of, strict=True):
            if row.passage_vectors is not None and len(row.passage_vectors):
                passage[:, group] = np.fmax(passage[:, group], (vectors @ row.passage_vectors.T).max(axis=1))
            if row.title_vector is not None:
                title[:, group] = np.fmax(title[:, group], vectors @ row.title_vector)
    return passage, title


def closer(
    passage: Floats, vectors: Floats, wording: Wording, group_of: Rows, search: Floats, encode: Encode
) -> Floats:
    """The best sentence's cosines for the articles likeliest for any change, the passages' for the others."""
    order = np.argsort(-search, axis=1, kind="stable")[:, :CLOSER]
    # The likeliest of every change first, so that a long list of changes is not read for its first ones only.
    groups = dict.fromkeys(group for group in order.T.ravel().tolist() if not np.isnan(passage[:, group]).all())
    numbers: list[int] = []
    for group in groups:
        for row in np.flatnonzero(group_of == group):
            numbers += range(int(wording.first[row]), int(wording.first[row + 1]))
        if len(numbers) > MOST_SENTENCES:
            break
    numbers = [number for number in numbers[:MOST_SENTENCES] if wording.sentences[number]]
    if not numbers:
        return passage
    near = vectors @ encode([wording.sentences[number] for number in numbers]).T
    best = passage.copy()
    best[:, np.unique(group_of[wording.owner[numbers]])] = -1
    for column, number in enumerate(numbers):
        group = group_of[wording.owner[number]]
        best[:, group] = np.fmax(best[:, group], near[:, column])
    return best
