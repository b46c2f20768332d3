"""Fixtures: the real processes against a simulated helpdesk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.rehearsal import Rehearsal
from connectors.encoder import prepare
from tests.conftest import ROOT

Start = Callable[..., Rehearsal]


@pytest.fixture(scope="session")
def models() -> Path:
    """Derived model files, shared with the install's own."""
    folder = Path(os.environ.get("DESKHAND_MODELS", ROOT / "var" / "models"))
    prepare(folder)
    return folder


@pytest.fixture
def start(tmp_path: Path, models: Path) -> Iterator[Start]:
    """Start everything against a simulated helpdesk without rate limits; it ends with the test."""
    with ExitStack() as stack:

        def run(vendor: str | None = None, **env: str) -> Rehearsal:
            rehearsal = Rehearsal(tmp_path / "var", models=models, simulator=["--fast"], env=env, vendor=vendor)
            return stack.enter_context(rehearsal)

        yield run
