"""The setting that says how far a category's decisions go."""

from __future__ import annotations

from typing import Any

import pytest

from triage.modes import Mode, modes_of


def test_modes_are_read_from_settings() -> None:
    assert modes_of({}) == {}
    assert modes_of({"category_modes": None}) == {}
    assert modes_of({"category_modes": {"bug": "shadow", "how_to": "half", "billing": "on"}}) == {
        "bug": Mode.SHADOW,
        "how_to": Mode.HALF,
        "billing": Mode.ON,
    }


@pytest.mark.parametrize("asked", [["bug"], "shadow", {"bug": "off"}, {"bug": 1}, {"bug": []}])
def test_a_wrong_mode_is_named(asked: Any) -> None:
    with pytest.raises(ValueError, match="category_modes"):
        modes_of({"category_modes": asked})
