"""A title for tickets that ask the same: a subject that one of them really has, without what could be personal.

What is personal is told by who else writes it. A word stays if several people use it; a number, a name or any other
word that is always written with a capital only if most of the group does. Addresses never stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from triage.everyday import EVERYDAY
from triage.search.words import written
from triage.text import clean

LEFT_OUT = "…"
LONGEST = 120
LOOKED_AT = 10
"""Subjects of a group that are tried, the most typical first."""
ENOUGH = 2
"""Words that a title needs besides everyday ones."""
LEAST_SHARE = 0.5
"""Of the subject's telling words; with more left out it reads like a riddle, and the group's own words say more."""
_ADDRESS = re.compile(r"@|://|^www\.|\.(?:com|net|org|io|de|eu|fr|co|uk|ch|at|nl|es|it|pl)\b", re.I)
_EDGES = ".,;:!?\"'()[]{}<>*_~|/\\-–—…“”„‚‘’«»#=+&"


@dataclass(frozen=True, slots=True)
class Use:
    """Who writes a word: `people` at all, `small` in small letters, by the owners of those tickets."""

    people: set[str] = field(default_factory=set)
    small: set[str] = field(default_factory=set)
    organizations: set[str] = field(default_factory=set)


class Usage:
    """Who uses which word, over many tickets."""

    def __init__(self) -> None:
        self.words: dict[str, Use] = {}
        self.organizations: set[str] = set()

    def add(self, text: str, person: str, organization: str | None) -> None:
        """Note the words of one ticket. `person` is any name for whoever wrote it."""
        if organization is not None:
            self.organizations.add(organization)
        for word in set(written(text)):
            use = self.words.setdefault(word.lower(), Use())
            use.people.add(person)
            if word.islower():
                use.small.add(person)
            if organization is not None:
                use.organizations.add(organization)

    def is_common(self, word: str) -> bool:
        """Whether several people write it in small letters, as nobody's name is."""
        use = self.words.get(word.lower())
        return use is not None and len(use.small) >= 2 and not _has_digit(word)

    def is_shared(self, word: str) -> bool:
        """Whether it is known to several people, and not of one company only where there are several."""
        use = self.words.get(word.lower())
        if use is None or len(use.people) < 2:
            return False
        return len(self.organizations) < 2 or len(use.organizations) != 1


def title_of(subjects: Sequence[str], texts: Sequence[str], usage: Usage, words: Sequence[str]) -> str:
    """The first subject that keeps most of its words; else the group's telling words.

    `subjects` and `texts` are those of the group, the most typical first.
    """
    inside = [{word.lower() for word in written(text)} for text in texts]

    def stays(word: str) -> bool:
        if usage.is_common(word):
            return True
        here = sum(word.lower() in each for each in inside)
        return here >= 2 and 2 * here >= len(inside) and usage.is_shared(word)

    best, kept_share = "", LEAST_SHARE
    for subject in subjects[:LOOKED_AT]:
        cleaned, _ = clean(subject, "")
        title, kept, of = _without(cleaned, stays)
        if kept >= ENOUGH and (kept / of > kept_share or (not best and kept / of == kept_share)):
            best, kept_share = title, kept / of
        if kept_share == 1:
            break
    return best or ", ".join(words) or "Tickets alike"


def telling(words: Sequence[str], usage: Usage) -> tuple[str, ...]:
    """Those of a group's words that are nobody's name."""
    return tuple(word for word in words if usage.is_common(word))


def _without(subject: str, stays: Callable[[str], bool]) -> tuple[str, int, int]:
    """The subject with "…" for what may not stay; how many of its words stayed and it had, everyday ones apart."""
    told: list[str] = []
    kept = of = 0
    for piece in subject.split():
        found = written(piece.strip(_EDGES))
        tells = any(word.lower() not in EVERYDAY and not word.isdigit() for word in found)
        of += tells
        fine = not _ADDRESS.search(piece) and all(map(stays, found))
        if fine:
            kept += tells
            told.append(piece)
        elif not told or told[-1] != LEFT_OUT:
            told.append(LEFT_OUT)
    title = " ".join(told)
    return (title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + LEFT_OUT), kept, max(of, 1)


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)
