"""The page about features says what the connectors declare."""

from __future__ import annotations

from connectors.base import Feature
from connectors.features import WORDS, table
from tests.conftest import ROOT


def test_every_feature_is_explained() -> None:
    assert set(WORDS) == set(Feature)


def test_the_page_is_the_table() -> None:
    page = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    assert page == table(), "run `python -m connectors.features > docs/features.md`"
