"""What customers ask and no article answers: tickets without a sure suggestion and without an insert, in groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SPAN = timedelta(days=28)
SAME = 0.5
"""The share of the smaller one's tickets that two nights' gaps have in common when they are one."""


class State(Enum):
    """What became of a gap. One that nobody asks about any more is gone, and open again when somebody does."""

    OPEN = "open"
    DRAFTED = "drafted"
    DISMISSED = "dismissed"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A ticket that no article answered. `text` is what was searched for, `vector` that text's; `person` and
    `organization` are ids, None where nobody knows.
    """

    ref: str
    subject: str
    text: str
    vector: NDArray[np.float32]
    product_area: str | None
    person: str | None
    organization: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Tickets alike that no article answers. `tickets` are refs, the most typical one first.

    `replies` are the public ones by agents on them. `people` is None where it is not known of every ticket who asked;
    `before` counts tickets like these in the span before, None where nothing is kept of then.
    """

    title: str
    words: tuple[str, ...]
    product_area: str | None
    tickets: tuple[str, ...]
    replies: int
    people: int | None
    before: int | None
    first_at: datetime
    last_at: datetime

    @property
    def burden(self) -> int:
        """Messages that one article might have spared: the tickets and the replies to them."""
        return len(self.tickets) + self.replies


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a night's gaps are of those that were known: `same` maps the place of a new one to the id of the known one,
    `dismissed` the id of a dismissed one to the places of what is mostly it, `new` are places of those that nobody has
    seen, `gone` ids of open ones that were not found any more.
    """

    same: Mapping[int, int]
    dismissed: Mapping[int, tuple[int, ...]]
    new: tuple[int, ...]
    gone: tuple[int, ...]


def merged(known: Mapping[int, tuple[State, Collection[str]]], found: Sequence[Collection[str]]) -> Merged:
    """Which gaps are the same, by their tickets: those that share most first, each with one.

    What is mostly a dismissed one, or a part of it, is not told again. A draft stays with its author though nobody asks
    any more.
    """
    nights = [frozenset(tickets) for tickets in found]
    dismissed: dict[int, tuple[int, ...]] = {}
    free: dict[int, frozenset[str]] = {}
    for place, tickets in enumerate(nights):
        shares = [
            (-len(tickets & set(others)), gap) for gap, (state, others) in known.items() if state is State.DISMISSED
        ]
        shared, gap = min(shares, default=(0, 0))
        if shared and -shared >= SAME * len(tickets):
            dismissed[gap] = (*dismissed.get(gap, ()), place)
        else:
            free[place] = tickets
    pairs = []
    for gap, (state, refs) in known.items():
        others = frozenset(refs)
        for place, tickets in free.items() if state is not State.DISMISSED else ():
            shared = len(tickets & others)
            if shared and shared >= SAME * min(len(tickets), len(others)):
                pairs.append((-shared, gap, place))
    same: dict[int, int] = {}
    for _, gap, place in sorted(pairs):
        if place not in same and gap not in same.values():
            same[place] = gap
    gone = {gap for gap, (state, _) in known.items() if state is State.OPEN} - set(same.values())
    new = tuple(place for place in free if place not in same)
    return Merged(same=same, dismissed=dismissed, new=new, gone=tuple(sorted(gone)))
