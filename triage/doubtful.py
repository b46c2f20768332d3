"""Solved tickets whose label their neighbours contradict: slips of whoever sorted them, or a border to talk about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from triage.measuring import cut
from triage.model_card import Suspect

FEWEST = 5  # neighbours; fewer than that say nothing
AT_ONCE = 1_000  # rows compared with all others at a time, to keep the table of cosines small


def suspects(
    refs: Sequence[str],
    texts: Sequence[str],
    labels: Sequence[str],
    vectors: NDArray[np.float32],
    *,
    nearest: int = 10,
    agreement: float = 0.8,
    limit: int = 50,
) -> tuple[Suspect, ...]:
    """Tickets of whose `nearest` others at least a share of `agreement` bear one other label, the clearest first.

    `vectors` are (n, d) of unit length. The order among equally clear ones is by closeness of those neighbours.
    """
    count = min(nearest, len(labels) - 1)
    if count < FEWEST:
        return ()
    found: list[tuple[float, float, int, str]] = []
    for start in range(0, len(labels), AT_ONCE):
        cosines = vectors[start : start + AT_ONCE] @ vectors.T
        rows = range(len(cosines))
        cosines[rows, range(start, start + len(cosines))] = -np.inf
        near = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        for row in rows:
            own = str(labels[start + row])
            said, votes = Counter(str(labels[at]) for at in near[row]).most_common(1)[0]
            if said != own and votes / count >= agreement:
                close = float(np.mean([cosines[row, at] for at in near[row]]))
                found.append((votes / count, close, start + row, said))
    found.sort(key=lambda one: (-one[0], -one[1], one[2]))
    return tuple(
        Suspect(ref=refs[at], text=cut(texts[at]), label=str(labels[at]), neighbours=said, agreement=share)
        for share, _, at, said in found[:limit]
    )
