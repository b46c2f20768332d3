"""`deskhand backup` and `deskhand restore`, from the command to the files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import cli
from app.processes import only_one
from connectors.store import Store
from connectors.store.schema import EPOCH
from tests.app.test_cli import AT, from_the_shell, receive
from tests.conftest import new_tenant


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An install with one event in its database."""
    monkeypatch.setenv("DESKHAND_VAR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/cli.sqlite3")
    with opened(tmp_path) as store:
        store.database.migrate()
        store.tenants.add(new_tenant(), webhook_token="path-token", now=AT)
        receive(store, "1")
    return tmp_path


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{folder}/cli.sqlite3", var=folder)
    yield store
    store.database.close()


def run(*args: str, text: str | None = None) -> Result:
    return CliRunner().invoke(cli.cli, args, input=text)


def events(folder: Path) -> int:
    with opened(folder) as store:
        return store.deliveries.line(since=EPOCH).received.total


def test_a_backup_is_restored_and_says_what_follows(here: Path) -> None:
    made = run("backup")
    assert made.exit_code == 0
    assert str(here / "master.key") in made.output
    [copy] = (here / "backups").iterdir()
    with opened(here) as store:
        receive(store, "2")
    restored = run("restore", str(copy), "--yes")
    assert restored.exit_code == 0, restored.output
    for words in ("regular check", "not done twice", "master.key", "before-restore"):
        assert words in restored.output
    assert events(here) == 1
    assert run("restore", str(copy), text="n\n").exit_code == 1


def test_a_backup_goes_where_it_is_told(here: Path) -> None:
    assert run("backup", "--out", str(here / "mine.sqlite3")).exit_code == 0
    assert (here / "mine.sqlite3").exists()


def test_nothing_is_restored_while_deskhand_runs(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("backup", "--out", str(here / "mine.sqlite3"))
    with only_one(here):
        assert from_the_shell(monkeypatch, "restore", str(here / "mine.sqlite3"), "--yes") == 1
    assert "already runs" in capsys.readouterr().err
    with opened(here) as store:
        receive(store, "2")
        assert from_the_shell(monkeypatch, "restore", str(here / "mine.sqlite3"), "--yes") == 1
    assert "in use" in capsys.readouterr().err
    assert events(here) == 2


def test_a_file_that_is_no_backup_is_refused_in_words(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "letter").write_text("a letter " * 1000)
    assert from_the_shell(monkeypatch, "restore", str(here / "letter"), "--yes") == 1
    assert "cannot be restored" in capsys.readouterr().err
    assert events(here) == 1


def test_on_a_server_its_own_tools_are_named_and_no_password(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://deskhand:very-secret@db.example/deskhand")
    for command in (["backup"], ["restore", "x", "--yes"]):
        assert from_the_shell(monkeypatch, *command) == 2
        said = capsys.readouterr().err
        assert "pg_dump" in said
        assert "very-secret" not in said
