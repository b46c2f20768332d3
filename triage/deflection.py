"""Whether articles shown before a ticket was written made it unnecessary, counted so that it does not flatter.

Nobody knows who would have written. So what is counted is only what can be seen: who was shown articles, who opened
one, and who of both wrote a ticket within three days all the same. Those who were shown articles and opened none are
the ones to compare with; they had another reason to stop, and differ in more than that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

WITHIN = timedelta(hours=72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One article shown to `person` (any name that tells people apart). `ticket_at` is their first ticket after it."""

    person: str
    shown_at: datetime
    read_at: datetime | None = None
    ticket_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deflection:
    """`people` who were shown articles, each once in three days. `read` opened one, `read_quiet` of them wrote no
    ticket within three days; `unread` opened none, `unread_quiet` likewise. `undecided` are those whose three days are
    not over: they are in none of the four.
    """

    people: int
    undecided: int
    read: int
    read_quiet: int
    unread: int
    unread_quiet: int


def deflection(shown: Iterable[Shown], now: datetime) -> Deflection:
    """Counts over what was shown, in any order. All that a person was shown within three days is one occasion."""
    people = undecided = 0
    ends = {(read, quiet): 0 for read in (True, False) for quiet in (True, False)}
    for occasion in _occasions(shown):
        people += 1
        began = occasion[0].shown_at
        read_at = min((each.read_at for each in occasion if each.read_at is not None), default=None)
        until = (began if read_at is None else read_at) + WITHIN
        wrote = any(each.ticket_at is not None and began < each.ticket_at <= until for each in occasion)
        if not wrote and now < until:
            undecided += 1
        else:
            ends[read_at is not None, not wrote] += 1
    return Deflection(
        people=people,
        undecided=undecided,
        read=ends[True, True] + ends[True, False],
        read_quiet=ends[True, True],
        unread=ends[False, True] + ends[False, False],
        unread_quiet=ends[False, True],
    )


def _occasions(shown: Iterable[Shown]) -> Iterable[list[Shown]]:
    for _, theirs in groupby(sorted(shown, key=lambda each: (each.person, each.shown_at)), lambda each: each.person):
        occasion: list[Shown] = []
        for each in theirs:
            if occasion and each.shown_at > occasion[0].shown_at + WITHIN:
                yield occasion
                occasion = []
            occasion.append(each)
        yield occasion
