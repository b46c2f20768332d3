"""Where processes are killed on purpose: one loaded process that forks them, and a simulated helpdesk of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.crashing import Stage, stages
from connectors.encoder import prepare
from connectors.registry import VENDORS
from tests.conftest import ROOT

MODELS = ROOT / "var" / "models"


@pytest.fixture(scope="session")
def stage_of() -> Iterator[dict[str, Stage]]:
    prepare(MODELS)
    with stages(MODELS, VENDORS) as opened:
        yield opened
