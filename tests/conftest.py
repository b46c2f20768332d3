"""Shared by all tests: a clock that is told the time, and a store on a fresh database.

Tests of the store and of the jobs run on SQLite and on PostgreSQL, all others on SQLite; with
`TEST_DATABASE=postgresql` in the environment every test that uses the store runs on PostgreSQL, with `sqlite` none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from connectors.store import Store
from connectors.store.tenants import API_TOKEN, WEBHOOK_SECRET, NewTenant
from tests.browser_here import chromium
from tests.postgres import TEMPLATE, Postgres
from tests.small_company import AGENTS, CUSTOMERS, TICKETS

# No third-party cookie ever: what the strictest browser does by default. The rest keeps it off the network.
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--test-third-party-cookie-phaseout",
]
ROOT = Path(__file__).parent.parent
SQLITE, POSTGRESQL = "sqlite", "postgresql"
ON_BOTH = (
    "tests/connectors/store",
    *(f"tests/jobs/test_{name}.py" for name in ("access", "escalate", "line", "reconcile", "send", "switches", "tidy")),
)
"""Where SQL and the way of a row are what is tested; `TEST_DATABASE=postgresql` takes everything there."""


@dataclass
class ToldClock:
    """Stands still until it is moved."""

    at: datetime = datetime(2026, 11, 17, 13, 46, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the whole run."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on PATH: `python -m tests.browser_here` as root installs one")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=BROWSER_OPTIONS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    (folder / "customers.yaml").write_text(CUSTOMERS, encoding="utf-8")
    (folder / "agents.yaml").write_text(AGENTS, encoding="utf-8")
    (folder / "tickets.yaml").write_text(TICKETS, encoding="utf-8")
    return folder


@pytest.fixture
def clock() -> ToldClock:
    return ToldClock()


def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: the tests with real processes wait more than they compute."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite_only: is about SQLite itself")
    config.addinivalue_line("markers", "on_both: runs on SQLite and on PostgreSQL, wherever it stands")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the databases of a test that uses the store."""
    if "database_kind" not in metafunc.fixturenames:
        return
    wanted = os.environ.get("TEST_DATABASE")
    if metafunc.definition.get_closest_marker("sqlite_only"):
        kinds = [SQLITE]
    elif wanted:
        kinds = [wanted]
    else:
        asked = metafunc.definition.get_closest_marker("on_both") is not None
        both = asked or metafunc.definition.path.relative_to(ROOT).as_posix().startswith(ON_BOTH)
        kinds = [SQLITE, POSTGRESQL] if both else [SQLITE]
    metafunc.parametrize("database_kind", kinds, indirect=True)


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`."""
    return str(getattr(request, "param", SQLITE))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of this version's shape, made once and copied by each test."""
    folder = tmp_path_factory.mktemp("migrated")
    store = Store.open(f"sqlite:///{folder}/store.sqlite3", var=folder)
    store.database.migrate()
    store.database.close()
    return folder


@pytest.fixture(scope="session")
def postgres(migrated: Path) -> Iterator[Postgres]:
    """One server for the whole run, with a template of this version's shape."""
    with Postgres() as server:
        server.admin(f"CREATE DATABASE {TEMPLATE}")
        store = Store.open(server.url(TEMPLATE), var=migrated)
        store.database.migrate()
        store.database.close()
        yield server


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, migrated: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database of this version's shape, with the master key in `tmp_path`."""
    for path in migrated.iterdir():
        if database_kind == SQLITE or path.suffix == ".key":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    if database_kind == SQLITE:
        yield f"sqlite:///{tmp_path}/store.sqlite3"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create(TEMPLATE)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def empty_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without tables."""
    if database_kind == SQLITE:
        yield f"sqlite:///{tmp_path}/empty.sqlite3"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(database_url, var=tmp_path)
    yield opened
    opened.database.close()


def new_tenant(name: str = "acme", **changes: object) -> NewTenant:
    values: dict[str, object] = {
        "id": name,
        "name": name.title(),
        "vendor": "zendesk",
        "base_url": f"https://{name}.zendesk.example",
        "origin": f"https://{name}.zendesk.example",
        "account_id": None,
        "actor_id": "900",
        "groups": {"Front desk": "1", "Integrations": "2", "Billing": "3"},
        "fields": {},
        "settings": {},
        "secrets": {API_TOKEN: f"token-of-{name}", WEBHOOK_SECRET: f"secret-of-{name}"},
    }
    return NewTenant(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def tenant(store: Store, clock: ToldClock) -> str:
    store.tenants.add(new_tenant(), webhook_token="path-token", now=clock())
    return "acme"
