"""Articles that somebody should look at: never shown, shown and never used, of no help, or there twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

UNSEEN_FOR = timedelta(days=90)
SHOWN_OFTEN = 20
USED_OFTEN, NOT_HELPFUL = 10, 0.2


class Kind(Enum):
    NEVER_SHOWN = "never_shown"
    NEVER_USED = "never_used"
    UNHELPFUL = "unhelpful"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFinding:
    """Something about one article, by its id; `other_id` is the one it duplicates."""

    kind: Kind
    article_id: int
    why: str
    other_id: int | None = None


class Usage(Protocol):
    """On how many tickets an article was shown, inserted, judged not helpful, and the last two of one ticket."""

    @property
    def shown(self) -> int: ...
    @property
    def inserted(self) -> int: ...
    @property
    def judged(self) -> int: ...
    @property
    def inserted_judged(self) -> int: ...


def by_usage(
    known_since: Mapping[int, datetime],
    ever: Mapping[int, Usage],
    lately: Mapping[int, Usage],
    *,
    searched_since: datetime | None,
    now: datetime,
) -> list[ArticleFinding]:
    """What the use of published articles says of them. `known_since` is when each was read first; `lately` is its use
    in the last `UNSEEN_FOR`; `searched_since` when tickets were first searched for, None if they never were.

    Before tickets were searched for that long nobody can say that an article is never shown.
    """
    found = []
    watched = searched_since is not None and searched_since <= now - UNSEEN_FOR
    for article_id, since in sorted(known_since.items()):
        of_late, always = lately.get(article_id), ever.get(article_id)
        if watched and since <= now - UNSEEN_FOR and (of_late is None or not of_late.shown + of_late.inserted):
            why = f"Not shown on any ticket in the last {UNSEEN_FOR.days} days."
            found.append(ArticleFinding(kind=Kind.NEVER_SHOWN, article_id=article_id, why=why))
        if always is None:
            continue
        if always.shown >= SHOWN_OFTEN and not always.inserted:
            why = f"Shown on {always.shown:,} tickets and never put into a reply."
            found.append(ArticleFinding(kind=Kind.NEVER_USED, article_id=article_id, why=why))
        uses = always.inserted + always.judged - always.inserted_judged
        if uses >= USED_OFTEN and always.judged >= NOT_HELPFUL * uses:
            why = f"Judged not helpful on {always.judged:,} of the {uses:,} tickets where it was used or judged."
            found.append(ArticleFinding(kind=Kind.UNHELPFUL, article_id=article_id, why=why))
    return found


def of_twins(twins: Sequence[tuple[int, int, float]]) -> list[ArticleFinding]:
    """From (article, the one it duplicates, the share of words they have in common)."""
    return [
        ArticleFinding(
            kind=Kind.DUPLICATE,
            article_id=article_id,
            other_id=other_id,
            why=f"Says nearly the same: {int(100 * share)} % of the words of both are in both.",
        )
        for article_id, other_id, share in twins
    ]
