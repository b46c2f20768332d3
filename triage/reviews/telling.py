"""Why a release touches an article, as a sentence for its owner and as evidence to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from triage.reviews.changes import Change
from triage.reviews.evidence import Evidence, Found, menu_names
from triage.reviews.kinds import Kind
from triage.reviews.releases import Documented, Release
from triage.reviews.terms import Sort
from triage.reviews.wording import HEAD

SHOWN_TERMS = 5
QUOTED = 110  # characters of a change in a sentence for the queue
_DID = {
    Kind.RENAMED: "renamed",
    Kind.MOVED: "moved",
    Kind.REMOVED: "removed or refuses",
    Kind.ADDED: "added something to",
    Kind.CHANGED: "changed",
    Kind.FIXED: "repaired",
    Kind.INTERNAL: "reworked",
}
_NAMES = frozenset({Sort.MARKED, Sort.NAME, Sort.CODE})


def why(seen: Evidence, release: Release, change: Change, at: int, article: int) -> str:
    """Such as "Release 4.6 changed certificate pinning" or "Release 4.6 renamed "Event log"": what the change calls
    what both know, else the change itself."""
    did, entry = _DID.get(change.kind), _menu_entry(seen, change, article)
    if did and entry:
        return f'Release {release.version} {did} "{entry}"'
    term = next((each.term for each in named(seen, at, article) if each.term.sort is not Sort.LIMIT), None)
    if did is None or term is None:
        return f'Release {release.version} says: "{_short(change.text)}"'
    return f"Release {release.version} {did} " + (f'"{term.text}"' if term.sort in _NAMES else term.text)


def evidence(
    seen: Evidence, release: Release, change: Change, at: int, article: int, rows: Sequence[Documented]
) -> dict[str, Any]:
    """What can be shown and kept as JSON: the change, the terms both have and where, the likeness, the areas."""
    near = float(seen.near[at, article])
    here = [row for row, group in zip(rows, seen.group_of, strict=True) if group == article]
    return {
        "change": change.text,
        "heading": change.heading,
        "kind": change.kind.value,
        "name": _menu_entry(seen, change, article),
        "terms": [
            {
                "term": each.term.text,
                "tells": round(each.tells, 2),
                "passage": rows[each.row].title if each.place == HEAD else seen.wording.sentences[each.place],
            }
            for each in named(seen, at, article)
        ],
        "similarity": None if np.isnan(near) else round(near, 3),
        "areas": sorted({area for row in here for area in row.product_areas} & set(release.product_areas)),
    }


def named(seen: Evidence, at: int, article: int) -> list[Found]:
    """The terms that both have, each once, those that tell most first."""
    best: dict[str, Found] = {}
    for each in sorted(seen.found.get((at, article), ()), key=lambda each: (-each.tells, each.row, each.place)):
        best.setdefault(each.term.text.casefold(), each)
    return list(best.values())[:SHOWN_TERMS]


def _menu_entry(seen: Evidence, change: Change, article: int) -> str | None:
    """What the change renamed, moved or removed and the article names."""
    rows = set(np.flatnonzero(seen.group_of == article).tolist())
    return next((name for name in menu_names(change) if rows & seen.wording.naming(name)), None)


def _short(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[: QUOTED - 1].rsplit(' ', 1)[0]}…"
