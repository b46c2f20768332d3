"""A value of the file with its place in it, and what can be asked of a value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Any, TypeVar

E = TypeVar("E", bound=Enum)

LONGEST = 500


class SlaRulesError(ValueError):
    """The rules cannot be used. `problems` are all of them, each with its place and the way out."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The service-level rules have problems:\n" + "\n".join(f"- {each}" for each in self.problems))


class Node:
    """Reading goes on after a problem, with something harmless: an admin mends a file in one go.

    All nodes of one file share the list `problems`. A node whose value is None stands for what was not written.
    """

    __slots__ = ("place", "problems", "value")

    def __init__(self, value: Any, place: str, problems: list[str]) -> None:
        self.value, self.place, self.problems = value, place, problems

    def wrong(self, what: str) -> None:
        self.problems.append(f"{self.place or 'top level'}: {what}")

    @property
    def is_given(self) -> bool:
        return self.value is not None

    def at(self, key: str) -> Node:
        value = self.value.get(key) if isinstance(self.value, Mapping) else None
        return Node(value, f"{self.place}.{key}" if self.place else key, self.problems)

    def has(self, known: Collection[str]) -> bool:
        """Whether this holds keys and values; a key that is not known is a problem."""
        if not isinstance(self.value, Mapping):
            self.wrong(f"expected keys and values such as `{next(iter(known))}`, found {said(self.value)}.")
            return False
        for key in self.value:
            if key not in known:
                self.at(str(key)).wrong(f"is not known here. {way_out(str(key), known)}")
        return True

    def entries(self) -> Iterator[tuple[str, Node]]:
        """What stands under each key; numbers as keys are taken as text."""
        if not self.is_given:
            return
        if not isinstance(self.value, Mapping):
            self.wrong(f"expected names with something under each, found {said(self.value)}.")
            return
        for key, value in self.value.items():
            name = str(key).strip()
            yield name, Node(value, f"{self.place}.{name}" if self.place else name, self.problems)

    def rows(self) -> Iterator[Node]:
        """The entries of a list; one that has an `id` has it in its place."""
        if not self.is_given:
            return
        if not isinstance(self.value, list | tuple):
            self.wrong(f"expected a list, found {said(self.value)}.")
            return
        for index, value in enumerate(self.value):
            name = value.get("id") if isinstance(value, Mapping) else None
            yield Node(value, f"{self.place}[{index if name is None else name}]", self.problems)

    def text(self, default: str | None = None) -> str:
        """Numbers are taken as text, as ids are often written; without a default it has to be there."""
        value = self.value
        if value is None and default is not None:
            return default
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            found = f"expected a text, found {said(value)}. Put it in quotes."
            self.wrong("is missing. Write a text." if value is None else found)
            return default or ""
        if not value.strip() and default != "":
            self.wrong("is empty. Write a text.")
        if len(value) > LONGEST:
            self.wrong(f"is longer than {LONGEST} letters. Shorten it.")
        return value.strip()[:LONGEST]

    def texts(self) -> tuple[str, ...]:
        """A list of texts, or a single one."""
        if isinstance(self.value, str | int) and not isinstance(self.value, bool):
            return (self.text(),)
        return tuple(dict.fromkeys(row.text() for row in self.rows()))

    def flag(self, default: bool) -> bool:
        if isinstance(self.value, bool):
            return self.value
        if self.is_given:
            self.wrong(f"expected true or false, found {said(self.value)}.")
        return default

    def one_of(self, kind: type[E], default: E) -> E:
        found = next((each for each in kind if each.value == self.value), None)
        if found is None:
            self.wrong(f"there is no {said(self.value)}. {way_out(str(self.value), [each.value for each in kind])}")
        return found or default

    def refers(self, known: Collection[str], what: str) -> str:
        """An id of something that is defined elsewhere in the file."""
        name = self.text()
        if name and name not in known:
            defined = way_out(name, known) if known else f"Define it under `{what}s`."
            self.wrong(f"there is no {what} {said(name)}. {defined}")
        return name

    def id(self, name: str) -> str:
        """A name by which something is referred to."""
        if not name or not name.replace("_", "").replace("-", "").replace(".", "").isalnum() or len(name) > 60:
            self.wrong(f"{said(name)} cannot be a name here. Use up to 60 letters, digits, `_`, `-` and `.`.")
        return name


def said(value: object) -> str:
    """The value as it stands in a message, cut where it is long."""
    text = value if isinstance(value, str) else "nothing" if value is None else repr(value)
    return f"“{text}”" if len(text) <= 60 else f"“{text[:57]}…”"


def way_out(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name[:60], list(known), n=1)
    if near:
        return f"Did you mean `{near[0]}`?"
    some = sorted(known)[:12]
    return f"Use one of: {', '.join(some)}{', …' if len(known) > len(some) else ''}."
