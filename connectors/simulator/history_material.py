"""The hand-written lines that tickets of the past are made from, as `seed/history/*.yaml` holds them.

In a line `<a|b>` is one of the two, `{n}` a made-up value and `\\n` a new line. An opening is `subject :: text`; with
`[area]` in front it belongs to that product area and not to its category's usual one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "seed" / "history"
CHATTER, COMMON, BORDERS = "chatter", "common", "borders"
"""The files of what belongs to no category, to all of them, and to two."""
BORDER = re.compile(r"(\w+) (\w+) :: (.+)")
OPENING = re.compile(r"(?:\[(?P<area>\w+)\] )?(?P<subject>.+?) :: (?P<text>.+)")


Border = tuple[str, str, re.Match[str]]
"""Two categories, and an opening that could be of either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The material of one category; `confused_with` are those it is taken for by a person in a hurry."""

    openings: tuple[re.Match[str], ...]
    details: tuple[str, ...]
    logs: tuple[str, ...]
    german: tuple[re.Match[str], ...]
    weight: int = 0
    confused_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All lines: `kinds` by category, `chatter`, `common` for all, `borders` between two."""

    kinds: Mapping[str, Kind]
    chatter: Kind
    borders: Sequence[Border]
    common: Mapping[str, Sequence[str]]


def load(folder: Path = FOLDER) -> Material:
    """The folder's files; raises `ValueError` naming the file and the line that is no opening."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = {
        path.stem: yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader
        for path in sorted(folder.glob("*.yaml"))
    }
    common = {
        name: text.split() if name.endswith("_names") else text.splitlines() for name, text in files.pop(COMMON).items()
    }
    borders = []
    for match in matches(BORDER, BORDERS, files.pop(BORDERS)[BORDERS]):
        (opening,) = matches(OPENING, BORDERS, match[3])
        borders.append((match[1], match[2], opening))
    kinds = {name: _kind(name, entry) for name, entry in files.items()}
    return Material(chatter=kinds.pop(CHATTER), kinds=kinds, borders=borders, common=common)


def matches(pattern: re.Pattern[str], name: str, text: str) -> tuple[re.Match[str], ...]:
    """Each line of `text` as a match; raises `ValueError` with the first that is none."""
    found = []
    for line in text.splitlines():
        match = pattern.fullmatch(line)
        if match is None:
            raise ValueError(f"{name}.yaml: write `subject :: text` instead of {line[:60]!r}.")
        found.append(match)
    return tuple(found)


def _kind(name: str, entry: Mapping[str, Any]) -> Kind:
    return Kind(
        openings=matches(OPENING, name, entry["openings"]),
        details=tuple(entry["details"].splitlines()),
        logs=tuple(entry["logs"].splitlines()),
        german=matches(OPENING, name, entry["german"]),
        weight=int(entry.get("weight", 0)),
        confused_with=tuple(entry.get("confused_with", ())),
    )
