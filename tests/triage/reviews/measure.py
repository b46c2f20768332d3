"""How often the articles a release is said to touch are those that people judged.

python -m tests.triage.reviews.measure [fresh|held_out|tuning|fan_out]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.encoder import Encoder, load, prepare
from tests.conftest import ROOT
from tests.triage.reviews.help_centre import release, seeded, touched
from tests.triage.reviews.test_cases import read
from triage.reviews.affected import Affected, Documented

MODELS = ROOT / "var" / "models"


@dataclass(frozen=True)
class Measured:
    """Over all pairs of a release and an article; `wrong` has a line for each release that is not as judged."""

    right: int
    opened: int
    expected: int
    wrong: tuple[str, ...]

    @property
    def precision(self) -> float:
        return self.right / max(self.opened, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.expected, 1)


def measure(cases: Sequence[Mapping[str, Any]], articles: list[Documented], encoder: Encoder | None) -> Measured:
    right = opened = expected = 0
    wrong = []
    for case in cases:
        told = release(case["notes"], case["version"], case["title"], tuple(case["product_areas"]))
        found, wanted = keys(touched(told, articles, encoder), articles), set(case["touched"])
        right, opened, expected = right + len(found & wanted), opened + len(found), expected + len(wanted)
        if found != wanted:
            wrong.append(f"{told.version}: {len(found - wanted)} too many, {len(wanted - found)} missing")
    return Measured(right, opened, expected, tuple(wrong))


def keys(found: Sequence[Affected], articles: Sequence[Documented]) -> set[str]:
    return {articles[each.index].key for each in found}


if __name__ == "__main__":
    prepare(MODELS)
    for own in (load(MODELS), None):
        result = measure(read(sys.argv[1] if len(sys.argv) > 1 else "fresh"), seeded(own), own)
        how = "with vectors" if own else "words alone"
        print(f"{how}: precision {result.precision:.3f}, recall {result.recall:.3f} ({result})")  # noqa: T201
