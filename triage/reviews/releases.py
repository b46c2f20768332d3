"""A release, the articles it is held against, and which of them hold at it at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_NUMBERS = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release of the tenant's product. `product_areas` are keys of the taxonomy, none where nobody said."""

    version: str
    title: str
    product_areas: tuple[str, ...]
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """An article in one language as a release is held against it; those of one `key` are one article.

    `passage_vectors` has a row for each of `passages`. `product_areas` may be a guess, or empty.
    """

    key: str
    locale: str
    title: str
    text: str
    labels: tuple[str, ...]
    product_areas: tuple[str, ...]
    applies_from: str | None
    applies_to: str | None
    passages: tuple[str, ...]
    passage_vectors: Floats | None
    title_vector: Floats | None


def holds_at(version: str, applies_from: str | None, applies_to: str | None) -> bool:
    """Whether an article that holds from one release to another still says something about this one.

    "4.6" as an end includes 4.6.2. Names without numbers have no order, and then the article holds.
    """
    here = _numbers(version)
    if here is None:
        return True
    first, last = _numbers(applies_from), _numbers(applies_to)
    too_early = first is not None and _padded(here, len(first))[: len(first)] < first
    too_late = last is not None and _padded(here, len(last))[: len(last)] > last
    return not too_early and not too_late


def _numbers(name: str | None) -> tuple[int, ...] | None:
    found = _NUMBERS.search(name or "")
    return tuple(map(int, found[0].split("."))) if found else None


def _padded(numbers: tuple[int, ...], size: int) -> tuple[int, ...]:
    return numbers + (0,) * (size - len(numbers))
