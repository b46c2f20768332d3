"""The brake on loops: five automatic effects on a ticket within an hour, and no sixth."""

from __future__ import annotations

import pytest

from triage.loops import MOST_EFFECTS, why_stopped


@pytest.mark.parametrize(
    ("earlier", "planned", "stopped"),
    [
        (0, 1, False),
        (MOST_EFFECTS - 1, 1, False),
        (MOST_EFFECTS - 1, 2, True),
        (MOST_EFFECTS, 1, True),
        (MOST_EFFECTS, 0, False),
        (40, 0, False),
    ],
)
def test_the_sixth_effect_within_the_hour_is_stopped(earlier: int, planned: int, stopped: bool) -> None:
    reason = why_stopped(earlier, planned=planned)
    assert (reason is not None) == stopped
    assert reason is None or f"{earlier} times within an hour" in reason
