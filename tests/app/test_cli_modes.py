"""`deskhand triage mode` as typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import cli, cli_modes
from app.bootstrap import Deps
from app.settings import Settings
from connectors.store import Store
from triage.modes import Mode, modes_of


@pytest.fixture
def desk(store: Store, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    deps = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store)
    monkeypatch.setattr(cli_modes, "start", lambda: deps)
    return store


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.cli, ["triage", "mode", *args])


def modes(store: Store) -> dict[str, Mode]:
    return modes_of(store.tenants.summary("acme").settings)


def test_a_category_is_put_into_shadow_halved_and_back(desk: Store) -> None:
    assert "writes nothing from now on" in run("cancellation", "shadow").output
    assert run("how_to", "half").exit_code == 0
    assert modes(desk) == {"cancellation": Mode.SHADOW, "how_to": Mode.HALF}
    listed = run("--tenant", "acme").output.splitlines()
    assert [line for line in listed if "writes nothing" in line] == ["Cancellation: decides and logs, writes nothing."]
    assert sum("half of the tickets" in line for line in listed) == 1
    run("cancellation", "on")
    assert modes(desk) == {"how_to": Mode.HALF}


def test_what_does_not_exist_is_refused(desk: Store) -> None:
    for wrong in (["nothing_such", "shadow"], ["how_to"], ["how_to", "off"], ["how_to", "half", "--tenant", "nobody"]):
        assert run(*wrong).exit_code == 2
    assert modes(desk) == {}
