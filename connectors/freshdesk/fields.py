"""Our fields on Freshdesk's ticket form: under which name, and which text stands for which of our keys. Pure.

A choice of a drop-down is one text there, and agents read it: so it is the key's label, and the key only where the
label would not be told from another's. Choices that differ only in case count as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.base import Connection

CHOICES = "choices"
"""In `Connection.settings`: our field name -> key -> the text of its choice."""


@dataclass(frozen=True, slots=True)
class Fields:
    """`names` maps our field names to `cf_…` names, `texts` our field names to what each key is called there."""

    names: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection) -> Fields:
        """As the installation noted them; where it noted no texts, keys are written as they are."""
        return cls(connection.fields, noted_texts(connection.settings))

    def text(self, name: str, key: str) -> str:
        """What to write for a key."""
        return self.texts.get(name, {}).get(key, key)

    def key(self, name: str, text: str) -> str:
        """What a text on the ticket means; one that is on no list, a key too, is itself."""
        folded = _folded(text)
        return next((key for key, each in self.texts.get(name, {}).items() if _folded(each) == folded), text)

    def own_name(self, name: str) -> str | None:
        """Our name for a field called `cf_…`."""
        return next((own for own, theirs in self.names.items() if theirs == name), None)


def noted_texts(settings: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    found = settings.get(CHOICES)
    return found if isinstance(found, Mapping) else {}


def texts_for(choices: Iterable[tuple[str, str]], offered: Iterable[str] = ()) -> dict[str, str]:
    """Key -> the text of its choice, for (key, label) pairs; an `offered` text is kept in its own spelling.

    A label gives way to its key where an earlier label or another key reads the same.
    """
    listed = list(choices)
    keys = {_folded(key): key for key, _ in listed}
    there = {_folded(text): text for text in offered}
    found: dict[str, str] = {}
    taken: set[str] = set()
    for key, label in listed:
        folded = _folded(label)
        is_free = bool(folded) and folded not in taken and keys.get(folded, key) == key
        wanted = " ".join(label.split()) if is_free else key
        found[key] = there.get(_folded(wanted), wanted)
        taken.add(_folded(wanted))
    return found


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
