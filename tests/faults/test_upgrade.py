"""Upgrades: a migration that is killed, and processes of two versions on one database."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect

from bench.crashing import Stage
from bench.zygote import STATEMENT
from connectors.registry import VENDORS
from connectors.store.database import Database
from connectors.store.revisions import revisions

RELEASED = revisions()[-2]
MOST_STATEMENTS = 300


def back_to(folder: Path, revision: str) -> None:
    """The tables as an earlier version had them."""
    database = Database(f"sqlite:///{folder}/store.sqlite3")
    command.downgrade(database.alembic(), revision)
    database.close()


def shape_and_rows(folder: Path) -> tuple[str, int, int]:
    database = sqlite3.connect(folder / "store.sqlite3")
    try:
        [(revision,)] = database.execute("SELECT version_num FROM alembic_version")
        [(tenants, events)] = database.execute("SELECT (SELECT count(*) FROM tenant), (SELECT count(*) FROM inbox)")
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        database.close()
    return revision, tenants, events


def test_a_migration_killed_at_any_statement_can_be_run_again(stage_of: dict[str, Stage], tmp_path: Path) -> None:
    stage = stage_of[next(iter(VENDORS))]
    run = stage.begin(1)
    assert run.process(roles=["receive"]) == 0
    _, tenants, events = shape_and_rows(run.folder)
    assert (tenants, events) == (1, len(run.refs) + 1)
    back_to(run.folder, RELEASED)
    old = shutil.copytree(run.folder, tmp_path / "old")
    killed = 0
    for statement in range(1, MOST_STATEMENTS):
        shutil.rmtree(run.folder)
        shutil.copytree(old, run.folder)
        ended = stage.zygote.run(run.order(f"{STATEMENT}:{statement}", roles=["migrate"]))
        if ended == 0:
            break
        assert ended == -9
        killed += 1
        assert shape_and_rows(run.folder) in [(shape, tenants, events) for shape in (RELEASED, revisions()[-1])]
        assert stage.zygote.run(run.order(roles=["migrate"])) == 0
        assert shape_and_rows(run.folder) == (revisions()[-1], tenants, events)
    assert killed >= 10
    run.until_nothing_is_left(None)
    assert run.problems() == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_process_works_on_when_the_next_version_has_migrated_its_database(
    stage_of: dict[str, Stage], vendor: str
) -> None:
    run = stage_of[vendor].begin(2)
    assert run.process(roles=["receive", "ahead", "line"]) == 0
    assert shape_and_rows(run.folder)[0] == "9999"
    run.until_nothing_is_left(None)
    assert run.problems() == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_process_that_is_started_before_its_migration_acknowledges_only_what_it_stored(
    stage_of: dict[str, Stage], vendor: str
) -> None:
    run = stage_of[vendor].begin(3)
    back_to(run.folder, RELEASED)
    assert run.process(roles=["receive"]) == 0
    acknowledged = len(run.world.sent) - len(run.world.unanswered(run.folder))
    assert shape_and_rows(run.folder)[2] == acknowledged
    assert run.process(roles=["migrate"]) == 0
    run.until_nothing_is_left(None)
    assert run.problems() == []


@pytest.mark.parametrize(("old", "new"), list(zip(revisions(), revisions()[1:], strict=False)))
def test_what_an_older_version_reads_and_writes_is_still_there(tmp_path: Path, old: str, new: str) -> None:
    """So that processes of both run side by side: old columns stay as they are, a new one needs no value."""
    database = Database(f"sqlite:///{tmp_path}/store.sqlite3")
    shapes = []
    for revision in (old, new):
        command.upgrade(database.alembic(), revision)
        tables = inspect(database.engine)
        shapes.append(
            {name: {each["name"]: each for each in tables.get_columns(name)} for name in tables.get_table_names()}
        )
    database.close()
    before, after = shapes
    for table, columns in before.items():
        for name, column in columns.items():
            assert str(after[table][name]["type"]) == str(column["type"]), (table, name)
            assert after[table][name]["nullable"] == column["nullable"], (table, name)
        for name in after[table].keys() - columns.keys():
            added = after[table][name]
            assert added["nullable"] or added["default"] is not None, (table, name)
