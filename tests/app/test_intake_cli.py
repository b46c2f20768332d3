"""`deskhand intake key`: a secret is shown once, keys are listed without it, and revoking is for good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import cli
from connectors.store import Store
from tests.conftest import ToldClock, new_tenant


@pytest.fixture
def opened(store: Store, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The install that the command finds in its environment, with one tenant."""
    monkeypatch.setenv("DESKHAND_VAR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", store.database.url)
    return store


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.cli, ["intake", "key", *args])


def test_a_secret_is_shown_once_and_is_nowhere_in_the_clear(opened: Store, tmp_path: Path) -> None:
    assert "There are no keys" in run("list").output
    made = run("add", "--name", "web  app")
    assert made.exit_code == 0, made.output
    key_id, secret = (line.split()[1] for line in made.stdout.splitlines())
    [listed] = json.loads(run("list", "--json").output)
    assert (listed["id"], listed["name"], listed["tenant"], listed["per_minute"]) == (key_id, "web app", "acme", 120)
    assert f"{key_id}  acme  web app  120 a minute, never used" in run("list").output
    assert secret not in run("list").output + run("list", "--json").output
    key = opened.api_keys.open(key_id)
    assert key is not None
    assert key.secret == secret
    assert secret not in repr(key)
    assert not [path.name for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_revoked_key_stays_listed_and_its_secret_is_gone(opened: Store, clock: ToldClock) -> None:
    made = json.loads(run("add", "--name", "web app", "--per-minute", "600", "--json").output)
    assert run("revoke", made["id"]).output == f"{made['id']} is revoked.\n"
    assert run("revoke", made["id"]).output == f"{made['id']} was revoked before.\n"
    assert "revoked" in run("list").output
    assert opened.api_keys.open(made["id"]) is None
    with opened.database.read() as connection:
        assert connection.exec_driver_sql("SELECT sealed FROM api_key").scalar_one() is None


def test_wrong_words_end_with_what_would_be_right(opened: Store, clock: ToldClock) -> None:
    unknown = run("revoke", "dk_nothing")
    assert (unknown.exit_code, "key list" in unknown.output) == (1, True)
    assert run("add", "--name", " ").exit_code == 2
    assert run("add", "--name", "x", "--per-minute", "0").exit_code == 2
    assert "Connected: acme" in run("add", "--name", "x", "--tenant", "umbra").output
    opened.tenants.add(new_tenant("umbra"), webhook_token="umbra-token", now=clock())
    assert "--tenant" in run("add", "--name", "x").output
    made = run("add", "--name", "x", "--tenant", "umbra")
    assert made.exit_code == 0
    assert "umbra" in run("list", "--tenant", "umbra").output
    assert "There are no keys" in run("list", "--tenant", "acme").output
