"""A helpdesk of either vendor on loopback, not connected yet, and our own web process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import Deps
from connectors.store import Store
from tests.app.install_site import Site, site, web

AGENTS = """
- {key: ana, name: Ana Lind, email: ana@desk.example, role: agent, groups: [Front desk, Billing, Data]}
"""
VENDORS = ("zendesk", "freshdesk")


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    (folder / "agents.yaml").write_text(AGENTS, encoding="utf-8")
    return folder


@pytest.fixture
def deps(store: Store, tmp_path: Path) -> Iterator[Deps]:
    with web(store, tmp_path) as made:
        yield made


@pytest.fixture(params=VENDORS)
def desk(request: pytest.FixtureRequest, deps: Deps, company: Path) -> Iterator[Site]:
    with site(deps, request.param, company) as made:
        if request.param == "freshdesk":
            made.make_by_hand()
        yield made


@pytest.fixture
def zendesk(deps: Deps, company: Path) -> Iterator[Site]:
    with site(deps, "zendesk", company) as made:
        yield made


@pytest.fixture
def freshdesk(deps: Deps, company: Path) -> Iterator[Site]:
    with site(deps, "freshdesk", company) as made:
        yield made
