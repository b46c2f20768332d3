"""What is different between two versions of what an admin wrote, place by place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 100
_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`kind` is `added`, `removed`, `changed` or `moved`; `before` and `after` are None where there is nothing."""

    kind: str
    place: str
    before: Any = None
    after: Any = None

    @property
    def line(self) -> str:
        match self.kind:
            case "added":
                return f"+ {self.place}: {_short(self.after)}"
            case "removed":
                return f"- {self.place}: {_short(self.before)}"
            case _:
                return f"~ {self.place}: {_short(self.before)} -> {_short(self.after)}"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Entries of a list that have an `id` are the same entry wherever they stand; another order is a change, too."""
    return tuple(_between("", before, after))


def _between(place: str, before: Any, after: Any) -> Iterator[Change]:
    if before is _ABSENT:
        yield Change(kind="added", place=place, after=after)
    elif after is _ABSENT:
        yield Change(kind="removed", place=place, before=before)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            inner = f"{place}.{key}" if place else str(key)
            yield from _between(inner, before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif (old := _by_id(before)) is not None and (new := _by_id(after)) is not None:
        for key in dict.fromkeys([*old, *new]):
            yield from _between(f"{place}[{key}]", old.get(key, _ABSENT), new.get(key, _ABSENT))
        kept = [key for key in old if key in new], [key for key in new if key in old]
        if kept[0] != kept[1]:
            yield Change(kind="moved", place=place, before=kept[0], after=kept[1])
    elif _exact(before) != _exact(after):
        yield Change(kind="changed", place=place, before=before, after=after)


def _by_id(value: Any) -> dict[str, Any] | None:
    """Entries by their id; None for a list in which not every one has an id of its own."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    named = {str(each["id"]): each for each in value if isinstance(each, Mapping) and each.get("id") is not None}
    return named if len(named) == len(value) and named else None


def _exact(value: Any) -> str:
    """Python takes true for 1, even inside of lists."""
    return json.dumps(value, sort_keys=True, default=str)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
