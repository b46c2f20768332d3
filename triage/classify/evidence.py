"""The words of a ticket that spoke most for an answer, as short verbatim pieces of its text."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# The same words as scikit-learn's CountVectorizer, whose weights are read here.
_WORD = re.compile(r"\b\w\w+\b")
_BREAK = re.compile(r"[.!?;:](?:\s|$)|\n|[()\[\]{}|<>\"“”]")
LONGEST = 7
# Words a piece neither starts nor ends with.
_LOOSE = frozenset(
    "a an and are as at but by for from if in is it its my of on or our so than that the to was with".split()  # noqa: SIM905
)
_WORD_COST = 0.5  # of the mean positive contribution: what one more word must bring to be worth reading


def phrases(
    text: str, vocabulary: Mapping[str, int], weights: NDArray[np.float64], *, limit: int = 3
) -> tuple[str, ...]:
    """At most `limit` pieces of `text`, 3 to 7 words each (2 where there is none), strongest first, verbatim.

    `weights` (words,) is how much each word or word pair of `vocabulary` speaks for the class. A pair's weight is
    shared by its two words. A piece stays within a sentence.
    """
    spans = [match.span() for match in _WORD.finditer(text)]
    words = [text[start:end].lower() for start, end in spans]
    worth = np.zeros(len(words))
    for at, word in enumerate(words):
        worth[at] += _weight(vocabulary, weights, word)
        if at + 1 < len(words):
            worth[at : at + 2] += _weight(vocabulary, weights, f"{word} {words[at + 1]}") / 2
    if not (worth > 0).any():
        return ()
    worth = worth - _WORD_COST * worth[worth > 0].mean()
    linked = [
        not _BREAK.search(text, spans[at][1], spans[at + 1][0] + 1) and spans[at + 1][0] - spans[at][1] <= 4
        for at in range(len(spans) - 1)
    ]
    found: list[tuple[float, int, int]] = []
    for start in range(len(words)):
        total = float(worth[start])
        for end in range(start + 1, min(start + LONGEST, len(words))):
            if not linked[end - 1]:
                break
            total += float(worth[end])
            if total > 0 and not {words[start], words[end]} & _LOOSE:
                found.append((total, start, end))
    # Two words alone say little ("how do"): they stand back while a longer piece is there.
    found.sort(key=lambda piece: (piece[2] - piece[1] < 2, -piece[0], piece[1]))
    taken: list[tuple[int, int]] = []
    pieces: list[str] = []
    for total, start, end in found:
        if len(pieces) == limit or total < 0.25 * found[0][0]:
            break
        piece = text[spans[start][0] : spans[end][1]]
        if all(end < first or start > last for first, last in taken) and piece not in pieces:
            taken.append((start, end))
            pieces.append(piece)
    return tuple(pieces)


def _weight(vocabulary: Mapping[str, int], weights: NDArray[np.float64], word: str) -> float:
    at = vocabulary.get(word)
    return 0.0 if at is None else float(weights[at])
