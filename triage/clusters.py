"""Short texts that say the same, in groups whose number nobody knows beforehand.

What all texts have in common is taken from their vectors, their words are put beside them, each text is drawn towards
its nearest neighbours once, and groups are joined, the nearest two first, as long as they are on average nearer than
`CUT`. docs/gaps.md says what was measured.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.search.words import written

Floats = NDArray[np.float32]

CUT = 0.47
"""Average distance (1 less the cosine) up to which two groups are one."""
WORDS_SHARE = 0.2
PARTS = 100
"""Numbers that stand for the words of a text."""
FEW = 16
"""Of fewer texts nobody can tell what they have in common from what they are about: their vectors stay as they are."""
CROWD = 4
"""Power of the cosine that says how much of a crowd a text stands in. A text counts the less for what all have in
common the larger its crowd is: else one topic that most ask about would be taken for the language they write in."""
MOST = 5_000
"""Different texts that are compared each with each; their distances take 200 MB. Of more, these many are drawn; every
other one goes to the group it is nearest to, or stays alone."""
AT_ONCE = 500
SHOWN_WORDS = 5
LEAST_SHARE = 0.3
"""Part of a cluster's texts that a word must be in to tell what they are about."""
LIFT = 3
"""And so many times more often than in the others."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Places of texts in the input, the most typical first, and the words that set them apart from all others."""

    members: tuple[int, ...]
    words: tuple[str, ...]


def clusters(texts: Sequence[str], vectors: Floats, *, most: int = MOST) -> tuple[Cluster, ...]:
    """Every text in one cluster, the largest first; `vectors` (n, d) are of length 1.

    The same texts give the same clusters in any order. Equal texts are together and count as one until the end.
    """
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text, []).append(place)
    # One order, whatever the input's, because sums and ties depend on it; a random one, because the first are drawn.
    different = sorted(places, key=lambda text: hashlib.blake2b(text.encode("utf-8", "replace")).digest())
    if not different:
        return ()
    space = _space(different, vectors[[places[text][0] for text in different]], most)
    labels = _labels(space, most)
    groups: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        groups.setdefault(label, []).append(row)
    told = _Words(different)
    found = []
    for rows in groups.values():
        near = space[rows] @ space[rows].mean(axis=0)
        ordered = [rows[at] for at in np.argsort(-near, kind="stable")]
        members = tuple(place for row in ordered for place in places[different[row]])
        found.append((-len(members), ordered[0], Cluster(members, told.telling(rows))))
    return tuple(cluster for _, _, cluster in sorted(found, key=lambda each: each[:2]))


def _space(texts: Sequence[str], vectors: Floats, most: int) -> Floats:
    """(n, d + parts) rows of length 1, near each other where texts mean the same in alike words."""
    drawn = slice(0, most)
    words = _word_parts(texts, most)
    if len(texts) < FEW:
        return _unit(np.hstack([(1 - WORDS_SHARE) * vectors, WORDS_SHARE * words]))
    meaning = _unit(vectors - _in_common(vectors[drawn]))
    return _drawn_together(_unit(np.hstack([(1 - WORDS_SHARE) * meaning, WORDS_SHARE * words])), most)


def _in_common(vectors: Floats) -> Floats:
    """The mean vector, in which each crowd of alike ones counts about as much as a single one."""
    crowd = np.concatenate([(np.maximum(some @ vectors.T, 0) ** CROWD).sum(axis=1) for some in _blocks(vectors)])
    weights = 1 / np.maximum(crowd, 1e-9)
    return np.asarray(weights / weights.sum() @ vectors, np.float32)


def _drawn_together(rows: Floats, most: int) -> Floats:
    """Each row half-way to the mean of its nearest among those drawn, the nearer ones counting more."""
    drawn = rows[:most]
    count = min(10, max(3, round(math.log2(len(drawn)) - 3)))
    moved = []
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        alike = some @ drawn.T
        own = np.arange(start, min(start + len(some), len(drawn)))
        alike[own - start, own] = -2  # nobody is their own neighbour
        near = np.argsort(-alike, axis=1, kind="stable")[:, :count]
        weights = np.maximum(np.take_along_axis(alike, near, axis=1), 0)
        total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
        moved.append((some + (weights[:, :, None] * drawn[near]).sum(axis=1) / total) / 2)
    return _unit(np.concatenate(moved))


def _labels(space: Floats, most: int) -> list[int]:
    """The group of each row: joined by average distance among those drawn, the others by the same measure to those."""
    from scipy.cluster.hierarchy import fcluster, linkage

    drawn = space[:most]
    count = len(drawn)
    if count == 1:
        return [0] * len(space) if len(space) == 1 else [*range(len(space))]
    distances = np.empty(count * (count - 1) // 2)
    at = 0
    for row in range(count - 1):
        rest = count - 1 - row
        distances[at : at + rest] = np.maximum(1 - drawn[row + 1 :] @ drawn[row], 0)
        at += rest
    labels: list[int] = fcluster(linkage(distances, "average"), CUT, "distance").tolist()
    if len(space) == count:
        return labels
    names = sorted(set(labels))
    centres = np.stack([drawn[[at for at, label in enumerate(labels) if label == name]].mean(axis=0) for name in names])
    alone = max(names)
    for some in _blocks(space[count:]):
        alike = some @ centres.T
        for best, nearest in zip(alike.argmax(axis=1).tolist(), alike.max(axis=1).tolist(), strict=True):
            alone += 1
            labels.append(names[best] if nearest >= 1 - CUT else alone)
    return labels


def _word_parts(texts: Sequence[str], most: int) -> Floats:
    """(n, up to `PARTS`) rows of length 1: TF-IDF, brought to the directions in which the texts drawn differ most."""
    from scipy import sparse

    counted = [Counter(word.lower() for word in written(text)) for text in texts]
    having = Counter(word for words in counted[:most] for word in words)
    least = 2 if len(texts) >= 50 else 1
    columns = {word: at for at, word in enumerate(sorted(word for word in having if having[word] >= least))}
    if not columns:
        return np.zeros((len(texts), 1), np.float32)
    size = min(len(texts), most)
    rarity = {word: math.log((1 + size) / (1 + having[word])) + 1 for word in columns}
    values, places, ends = array("d"), array("i"), array("i", [0])
    for words in counted:
        known = {word: (1 + math.log(times)) * rarity[word] for word, times in words.items() if word in columns}
        length = math.sqrt(sum(value * value for value in known.values()))
        values.extend(value / length for value in known.values())
        places.extend(columns[word] for word in known)
        ends.append(len(places))
    weights = sparse.csr_matrix((values, places, ends), shape=(len(texts), len(columns)))
    return _unit(np.asarray(weights @ _directions(weights[:most]), np.float32))


def _directions(table: Any) -> NDArray[np.float64]:
    """(columns, parts) the first right singular vectors, by random projection with a fixed seed: Halko, Martinsson and
    Tropp, "Finding structure with randomness", 2011, algorithms 4.4 and 5.1.
    """
    parts = max(1, min(PARTS, min(table.shape) - 1))
    random = np.random.default_rng(0).standard_normal((table.shape[1], min(parts + 10, min(table.shape))))
    basis, _ = np.linalg.qr(table @ random)
    for _ in range(4):
        basis, _ = np.linalg.qr(table.T @ basis)
        basis, _ = np.linalg.qr(table @ basis)
    _, _, directions = np.linalg.svd((table.T @ basis).T, full_matrices=False)
    return np.asarray(directions[:parts].T)


class _Words:
    """Which words of a group of texts set it apart from the others."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.of = [frozenset(word.lower() for word in written(text) if _tells(word)) for text in texts]
        self.having = Counter(word for words in self.of for word in words)

    def telling(self, rows: Sequence[int]) -> tuple[str, ...]:
        inside = Counter(word for row in rows for word in self.of[row])
        others = len(self.of) - len(rows)
        least = max(min(2, len(rows)), LEAST_SHARE * len(rows))
        scored = []
        for word, count in inside.items():
            here, there = count / len(rows), (self.having[word] - count + 0.5) / (others + 1)
            if count >= least and (here >= LIFT * there or not others):
                scored.append((-here * math.log(max(here / there, 1.0)), word))
        return tuple(word for _, word in sorted(scored)[:SHOWN_WORDS])


def _tells(word: str) -> bool:
    return len(word) >= 3 and not any(letter.isdigit() for letter in word)


def _blocks(rows: Floats) -> list[Floats]:
    return [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]


def _unit(rows: NDArray[Any]) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)
