"""The words of a ticket that spoke most for an answer or against it, as short verbatim pieces of its text.

Words speak through the heads that count them: their weights, as the pool weighs those heads. What a head reads in the
vector of the whole text belongs to no single word and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from triage.classify.features import TextCounts
from triage.classify.heads import Fitted, KernelOdds, Kernels, WordMargins
from triage.classify.history import Taught
from triage.classify.pool import Pool

Floats = NDArray[np.float64]

# The same words as scikit-learn's CountVectorizer, whose weights are read here, and what its char_wb takes apart.
_WORD = re.compile(r"\b\w\w+\b")
_CHUNK = re.compile(r"\S+")
_BREAK = re.compile(r"[.!?;:](?:\s|$)|\n|[()\[\]{}|<>\"“”]")
LONGEST = 7
READS = 300  # words looked at, about what the encoder reads; the reasons of a long text stand at its beginning
# Words a piece neither starts nor ends with.
_LOOSE = frozenset(
    "a an and are as at but by for from if in is it its my of on or our so than that the to was with".split()  # noqa: SIM905
)
_WORD_COST = 0.5  # of the mean positive contribution: what one more word must bring to be worth reading


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text, where they stand, and how much each speaks for each of some classes."""

    text: str
    spans: tuple[tuple[int, int], ...]
    votes: Floats  # (words, classes)

    def pro(self, shares: Floats, *, limit: int = 3) -> tuple[str, ...]:
        """What spoke for the first class rather than the others, each of these as likely as it is."""
        others = shares[1:] / shares[1:].sum() if shares[1:].sum() > 0 else np.full(len(shares) - 1, 1 / len(shares))
        return self.phrases(self.votes[:, 0] - self.votes[:, 1:] @ others, limit=limit)

    def contra(self, *, limit: int = 2) -> tuple[str, ...]:
        """What spoke for the second class rather than the first."""
        return self.phrases(self.votes[:, 1] - self.votes[:, 0], limit=limit)

    def phrases(self, worth: Floats, *, limit: int) -> tuple[str, ...]:
        """At most `limit` pieces, 3 to 7 words each (2 where there is none), strongest first, verbatim.

        `worth` (words,) is what each word says; a piece stays within a sentence.
        """
        if not (worth > 0).any():
            return ()
        words = [self.text[start:end].lower() for start, end in self.spans]
        worth = worth - _WORD_COST * worth[worth > 0].mean()
        linked = [
            not _BREAK.search(self.text, self.spans[at][1], self.spans[at + 1][0] + 1)
            and self.spans[at + 1][0] - self.spans[at][1] <= 4
            for at in range(len(words) - 1)
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
            piece = self.text[self.spans[start][0] : self.spans[end][1]]
            if all(end < first or start > last for first, last in taken) and piece not in pieces:
                taken.append((start, end))
                pieces.append(piece)
        return tuple(pieces)


def read(
    text: str, counts: TextCounts, row: Any, heads: Sequence[Fitted], pool: Pool, classes: NDArray[np.int64]
) -> Words:
    """What each word of `text` says about `classes`; `row` is its (1, features) TF-IDF.

    A pair's vote is shared by its two words, that of a piece of letters by all words it stands in.
    """
    spans = tuple(match.span() for match in _WORD.finditer(text))[:READS]
    votes = np.zeros((len(spans), len(classes)))
    if not spans or not row.nnz:
        return Words(text, spans, votes)
    said = _leanings(heads, pool, row.indices, classes) * row.data[:, None]
    place = np.full(row.shape[1], -1)
    place[row.indices] = np.arange(row.nnz)
    vocabulary = counts.word_.vocabulary_
    words = [text[start:end].lower() for start, end in spans]
    keys: list[tuple[str, tuple[int, ...]]] = [(word, (at,)) for at, word in enumerate(words)]
    keys += [(f"{words[at]} {words[at + 1]}", (at, at + 1)) for at in range(len(words) - 1)]
    found = [(place[column], ats) for key, ats in keys if (column := vocabulary.get(key)) is not None]
    times = np.bincount([column for column, _ in found if column >= 0], minlength=row.nnz)
    for column, ats in found:
        if column >= 0:
            votes[list(ats)] += said[column] / (times[column] * len(ats))
    return Words(text, spans, votes + _letter_votes(text, spans, counts, place, said))


def _letter_votes(
    text: str, spans: Sequence[tuple[int, int]], counts: TextCounts, place: NDArray[np.int64], said: Floats
) -> Floats:
    """(words, classes): each run of letters without a space shares the votes of its pieces among its words."""
    chunks = [match.span() for match in _CHUNK.finditer(text, 0, spans[-1][1])]
    owner = np.searchsorted([start for start, _ in chunks], [start for start, _ in spans], side="right") - 1
    pieces = counts.letter_.transform([text[start:end] for start, end in chunks])
    at = place[len(counts.word_.vocabulary_) + pieces.indices]
    times = np.where(at >= 0, pieces.data, 0).astype(np.float64)
    at = np.maximum(at, 0)
    total = np.bincount(at, weights=times, minlength=len(said))
    shares = sparse.csr_matrix((times / np.maximum(total[at], 1), at, pieces.indptr), shape=(len(chunks), len(said)))
    sharing = np.bincount(owner, minlength=len(chunks))
    return np.asarray((shares @ said)[owner] / sharing[owner][:, None])


def _leanings(heads: Sequence[Fitted], pool: Pool, columns: NDArray[Any], classes: NDArray[np.int64]) -> Floats:
    """(columns, classes): how much one unit of each feature adds to the pool's score of each class."""
    scale = pool.weights_ / pool.temperatures_
    total = np.zeros((len(columns), len(classes)))
    table = 0
    for head in heads:
        if isinstance(head, WordMargins):
            part = scale[table + (columns >= head.split_).astype(int)]
            total += part[:, None] * np.stack([head.weights(int(label))[columns] for label in classes], axis=1)
        elif isinstance(head, Kernels | KernelOdds | Taught):
            width = head.word_weights_.shape[1] // head.tables
            for number in range(head.tables):
                total += scale[table + number] * head.word_weights_[columns][:, number * width + classes]
        table += head.tables
    return total
