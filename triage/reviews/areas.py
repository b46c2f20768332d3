"""Which product areas an article belongs to where nobody said: a guess by the taxonomy's own terms."""

from __future__ import annotations

from collections.abc import Sequence

from triage.metadata.terms import areas
from triage.taxonomy import Taxonomy

READ = 20_000  # characters of the text
LEAST = 2.0  # points: one term in the title, or two in the text
NEXT = 0.6  # of the best area's points that another area needs, too
MOST = 2


def areas_of(title: str, labels: Sequence[str], text: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Keys of the product areas that the article's words speak for, the clearest first; none where nothing is clear.

    Terms in the title and the labels count twice, as those of a ticket's subject do.
    """
    head = ". ".join((title, *labels))
    scores, _ = areas(head, f"{head}.\n{text[:READ]}", taxonomy)
    if not scores or scores[0][1] < LEAST:
        return ()
    least = max(LEAST, NEXT * scores[0][1])
    return tuple(area for area, points in scores if points >= least)[:MOST]
