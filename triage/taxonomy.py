"""The admin's vocabulary: product areas with their queues, categories, and the phrases that mean trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage.tickets import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductArea:
    """A part of the product. `group` is the queue that looks after it; `terms` are words customers use for it."""

    key: str
    name: str
    description: str
    group: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What a ticket can be about, with its usual product area (a key) and priority."""

    key: str
    name: str
    description: str
    product_area: str
    priority: Priority

    @property
    def text(self) -> str:
        """Name and description, as the classifier reads them."""
        return f"{self.name}\n{self.description}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityPhrases:
    """Phrases that, when a customer writes them, raise a ticket towards `priority`."""

    priority: Priority
    phrases: tuple[str, ...]


class TaxonomyError(ValueError):
    """The taxonomy cannot be used. `problems` are all of them, each with its place and how to fix it."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The taxonomy has problems:\n" + "\n".join(f"- {problem}" for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """One version of the vocabulary. `human_group` is the queue for tickets below the confidence floor."""

    version: str
    human_group: str
    product_areas: tuple[ProductArea, ...]
    categories: tuple[Category, ...]
    severity: tuple[SeverityPhrases, ...]

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Taxonomy:
        """Read what YAML or JSON holds. Raises `TaxonomyError` with every problem at once."""
        return _Reader().taxonomy(mapping)

    def category(self, key: str) -> Category | None:
        return next((category for category in self.categories if category.key == key), None)

    def area(self, key: str) -> ProductArea | None:
        return next((area for area in self.product_areas if area.key == key), None)

    @property
    def groups(self) -> tuple[str, ...]:
        """Every queue a ticket can be sent to, without repeats, the human one first."""
        return tuple(dict.fromkeys((self.human_group, *(area.group for area in self.product_areas))))

    @property
    def label_texts(self) -> dict[str, str]:
        """Category key to its name and description, for `TicketClassifier.fit`."""
        return {category.key: category.text for category in self.categories}


class _Reader:
    """Collects problems while it reads, so that an admin fixes a file in one go."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def taxonomy(self, mapping: Mapping[str, Any]) -> Taxonomy:
        if not isinstance(mapping, Mapping):
            raise TaxonomyError(["top level: expected keys such as `version` and `categories`, found something else."])
        known = {"version", "human_group", "product_areas", "categories", "severity"}
        self._unknown("top level", mapping, known)
        areas = tuple(self._area(place, row) for place, row in self._rows(mapping, "product_areas"))
        area_keys = {area.key for area in areas}
        categories = tuple(self._category(place, row, area_keys) for place, row in self._rows(mapping, "categories"))
        self._repeats("product_areas", [area.key for area in areas])
        self._repeats("categories", [category.key for category in categories])
        taxonomy = Taxonomy(
            version=self._text("top level", mapping, "version"),
            human_group=self._text("top level", mapping, "human_group"),
            product_areas=areas,
            categories=categories,
            severity=self._severity(mapping.get("severity", {})),
        )
        if self.problems:
            raise TaxonomyError(self.problems)
        return taxonomy

    def _area(self, place: str, row: Mapping[str, Any]) -> ProductArea:
        self._unknown(place, row, {"key", "name", "description", "group", "terms"})
        return ProductArea(
            key=self._key(place, row),
            name=self._text(place, row, "name"),
            description=self._text(place, row, "description"),
            group=self._text(place, row, "group"),
            terms=self._texts(f"{place}.terms", row.get("terms", ())),
        )

    def _category(self, place: str, row: Mapping[str, Any], areas: set[str]) -> Category:
        self._unknown(place, row, {"key", "name", "description", "product_area", "priority"})
        area = self._text(place, row, "product_area")
        if area and area not in areas:
            self.problems.append(
                f"{place}.product_area: there is no product area {area!r}. Add it or use one of: "
                f"{', '.join(sorted(filter(None, areas))) or 'none is defined'}."
            )
        return Category(
            key=self._key(place, row),
            name=self._text(place, row, "name"),
            description=self._text(place, row, "description"),
            product_area=area,
            priority=self._priority(f"{place}.priority", row.get("priority")),
        )

    def _severity(self, value: Any) -> tuple[SeverityPhrases, ...]:
        if not isinstance(value, Mapping):
            self.problems.append("severity: expected lists of phrases under P1 and P2.")
            return ()
        found = []
        for name, phrases in value.items():
            if name not in ("P1", "P2"):
                self.problems.append(f"severity.{name}: only P1 and P2 can be raised to. Remove {name}.")
                continue
            texts = self._texts(f"severity.{name}", phrases)
            found.append(SeverityPhrases(priority=Priority(name), phrases=texts))
        return tuple(sorted(found, key=lambda level: level.priority.value))

    def _rows(self, mapping: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
        rows = mapping.get(name)
        if not isinstance(rows, list | tuple) or not rows:
            self.problems.append(f"{name}: expected a list with at least one entry.")
            return []
        placed = []
        for index, row in enumerate(rows):
            if isinstance(row, Mapping):
                key = row.get("key")
                placed.append((f"{name}[{key}]" if isinstance(key, str) and key else f"{name}[{index}]", row))
            else:
                self.problems.append(f"{name}[{index}]: expected keys and values, found {row!r:.60}.")
        return placed

    def _text(self, place: str, row: Mapping[str, Any], name: str) -> str:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        where = name if place == "top level" else f"{place}.{name}"
        self.problems.append(
            f"{where}: is missing or empty. Write a text."
            if value is None or value == ""
            else f"{where}: expected a text, found {value!r:.60}. Put it in quotes."
        )
        return ""

    def _key(self, place: str, row: Mapping[str, Any]) -> str:
        key = self._text(place, row, "key")
        if key and not (key.isascii() and key.replace("_", "").isalnum() and key == key.lower()):
            self.problems.append(f"{place}.key: use only small letters, digits and _ in {key!r}.")
        return key

    def _texts(self, place: str, values: Any) -> tuple[str, ...]:
        if not isinstance(values, list | tuple):
            self.problems.append(f"{place}: expected a list of texts.")
            return ()
        for value in values:
            if not isinstance(value, str) or not any(letter.isalnum() for letter in value):
                self.problems.append(f"{place}: expected a word or phrase, found {value!r:.60}. Put it in quotes.")
        return tuple(dict.fromkeys(value.strip() for value in values if isinstance(value, str)))

    def _priority(self, place: str, value: Any) -> Priority:
        try:
            return Priority(value)
        except ValueError:
            self.problems.append(f"{place}: expected P1, P2, P3 or P4, found {value!r:.60}.")
            return Priority.P3

    def _repeats(self, place: str, keys: list[str]) -> None:
        for key in sorted({key for key in keys if key and keys.count(key) > 1}):
            self.problems.append(f"{place}[{key}]: the key is used {keys.count(key)} times. Rename all but one.")

    def _unknown(self, place: str, row: Mapping[str, Any], known: set[str]) -> None:
        for name in sorted(str(name) for name in row if name not in known):
            where = name if place == "top level" else f"{place}.{name}"
            self.problems.append(f"{where}: is not known here. Remove it or use one of: {', '.join(sorted(known))}.")
