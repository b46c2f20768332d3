"""The hand-made lists of releases and the articles they touch: whole, separate, and about articles that exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.defaults import load_taxonomy
from connectors.simulator import seed
from connectors.simulator.state import HelpdeskState

CASES = Path(__file__).parent / "cases"
LISTS = ("tuning", "held_out", "fresh")


def read(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def titles() -> set[str]:
    state = HelpdeskState()
    seed.load(state)
    return {article.translations["en"].title for article in state.articles.values()}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_whole(name: str, titles: set[str]) -> None:
    areas = {area.key for area in load_taxonomy().product_areas}
    releases = read(name)
    assert len(releases) == 30
    for release in releases:
        assert set(release) == {"version", "title", "product_areas", "notes", "touched", "why"}
        assert isinstance(release["version"], str)
        assert release["notes"].strip()
        assert set(release["product_areas"]) <= areas, release["version"]
        assert set(release["touched"]) <= titles, release["version"]
        assert list(release["why"]) == release["touched"], release["version"]
        assert len(set(release["touched"])) == len(release["touched"]) <= 6, release["version"]
        assert all(release["why"].values())
    assert sum(not release["touched"] for release in releases) >= 4
    assert sum(len(release["touched"]) > 1 for release in releases) >= 4


def test_the_lists_share_no_release() -> None:
    releases = [release for path in sorted(CASES.glob("*.yaml")) for release in read(path.stem)]
    assert len({release["version"] for release in releases}) == len(releases)
    assert len({release["notes"] for release in releases}) == len(releases)
    assert len({release["title"] for release in releases}) == len(releases)
