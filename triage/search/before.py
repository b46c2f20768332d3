"""Which articles agents inserted on tickets like this one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from triage.search.ranking import Floats

NEAREST = 10
UNLIKE = 0.4
"""A cosine from which two tickets have anything to do with each other."""
SHARPNESS = 3
DOUBT = 0.1
"""So little of likeness counts as much as not knowing: a single ticket that is hardly alike says little."""


def before(vector: Floats, earlier: Floats, inserted: Sequence[Collection[str]]) -> dict[str, float]:
    """By article, the share of the tickets like this one on which it was inserted, 0 to 1; none has 0.

    `earlier` (n, d) are the vectors of tickets that were there before this one, `inserted` the articles of each. The
    nearest count, each by how much it is alike. The numbers were chosen on simulated agents: docs/knowledge.md.
    """
    if not len(earlier):
        return {}
    likeness = np.clip((earlier @ vector - UNLIKE) / (1 - UNLIKE), 0, 1) ** SHARPNESS
    nearest = np.argsort(-likeness, kind="stable")[:NEAREST]
    whole = float(likeness[nearest].sum()) + DOUBT
    found: dict[str, float] = {}
    for at in nearest[likeness[nearest] > 0]:
        for article in inserted[at]:
            found[article] = found.get(article, 0.0) + float(likeness[at]) / whole
    return found
