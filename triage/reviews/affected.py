"""Which articles a release of the product touches, and why.

Every change of the release is held against every article: how rare the telling terms are that both have, how near they
are in meaning and how much nearer than the change is to the help centre on average, whether search would put the
article first, and whether the product area fits. The best change decides: a release touches an article if one of its
changes does.

The numbers here come from 82 releases and the articles they touch, judged by hand (tests/triage/reviews/cases:
tuning.yaml, fan_out.yaml, held_out.yaml): a logistic regression, then the round values near it that lose least while
tuning.yaml stays at 0.9. The regression on two of these lists, measured on the third, all three ways, has precision
0.90 and recall 0.82. How notes are read was chosen with all three in view, so what to expect is what fresh.yaml says,
which played no part: precision 0.71 and recall 0.64, measured once (`python -m tests.triage.reviews.measure fresh`).
Limits and the search's score have no weight of their own where there are vectors, because the lead and the nearness say
the same; by words alone they count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from triage.reviews.changes import Change
from triage.reviews.evidence import Evidence
from triage.reviews.kinds import IDLE
from triage.reviews.nearness import Encode
from triage.reviews.releases import Documented, Floats, Release, holds_at
from triage.reviews.telling import evidence, why

__all__ = ["Affected", "Documented", "Release", "affected"]

OPENS = 0.5
"""The score from which a review is opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One article that is touched: `index` is its place among those given, `why` a sentence for its owner.

    `evidence` can be written as JSON: the change, the terms found and their passages, the likeness, the area.
    """

    index: int
    score: float
    why: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Weights:
    """What each signal of `Evidence` adds to the log-odds that an article is touched."""

    base: float
    terms: float
    limits: float
    search: float
    lead: float
    near: float
    """For each unit of cosine above ALIKE."""
    above: float
    """For each unit of cosine above what the change has with all articles on average."""
    same_area: float
    other_area: float


ALIKE = 0.5
WITH_VECTORS = Weights(
    base=-3.0, terms=1.2, limits=0.0, search=0.0, lead=2.2, near=5.0, above=5.0, same_area=0.8, other_area=-0.9
)
WORDS_ONLY = Weights(
    base=-3.4, terms=1.3, limits=1.7, search=2.7, lead=2.7, near=0.0, above=0.0, same_area=0.9, other_area=-1.2
)
OF_IDLE = -4.0
"""For a repaired fault or tidied code, which make no article wrong by themselves; less where telling terms agree."""
STRANGE = 0.8
"""What a renamed menu entry keeps of its say where the areas differ."""


def affected(
    release: Release,
    changes: Sequence[Change],
    change_vectors: Floats | None,
    articles: Sequence[Documented],
    *,
    encode: Encode | None = None,
) -> tuple[Affected, ...]:
    """The articles that the release touches, the surest first; `changes` are those of its notes.

    `change_vectors` has a row for each `Change.to_encode`; without it, or where an article has no vectors, words alone
    decide. With `encode` the likeliest articles are read sentence by sentence, which finds more. Languages of one
    article are touched together, but none that does not hold at this release.
    """
    if not changes or not articles:
        return ()
    seen = Evidence.of(release, changes, change_vectors, articles, encode)
    scores = _scores(seen, changes)
    best = scores.argmax(axis=0)
    found = []
    for index, group in enumerate(seen.group_of.tolist()):
        at, article = int(best[group]), articles[index]
        if scores[at, group] >= OPENS and holds_at(release.version, article.applies_from, article.applies_to):
            found.append(
                Affected(
                    index=index,
                    score=round(float(scores[at, group]), 4),
                    why=why(seen, release, changes[at], at, group),
                    evidence=evidence(seen, release, changes[at], at, group, articles),
                )
            )
    return tuple(sorted(found, key=lambda each: (-each.score, articles[each.index].key, articles[each.index].locale)))


def _scores(seen: Evidence, changes: Sequence[Change]) -> Floats:
    """How likely each change touches each article, 0 to 1."""
    idle = np.array([change.kind in IDLE for change in changes], np.float32)[:, None]
    near, above = np.nan_to_num(np.maximum(seen.near - ALIKE, 0)), np.nan_to_num(seen.above)
    with_vectors, without = (
        each.base + each.terms * seen.terms + each.limits * seen.limits + each.search * seen.search
        + each.lead * seen.lead + each.near * near + each.above * above
        + np.choose(seen.area + 1, (each.other_area, 0.0, each.same_area))
        + OF_IDLE * idle * (1.5 - seen.terms)
        for each in (WITH_VECTORS, WORDS_ONLY)
    )  # fmt: skip
    likely = 1 / (1 + np.exp(-np.where(np.isnan(seen.near), without, with_vectors)))
    return np.asarray(np.maximum(likely, seen.steps * np.where(seen.area < 0, STRANGE, 1.0)), np.float32)
