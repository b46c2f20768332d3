"""A copy is whole however busy the database is, and only a copy that can be used takes its place."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic import command

from connectors.store import Store
from connectors.store.backups import (
    KEPT,
    BackupFailed,
    back_up,
    folder_of,
    is_due,
    name_at,
    prune,
    restore,
    taken_at,
)
from connectors.store.database import Database
from connectors.store.revisions import revisions
from connectors.store.schema import EPOCH
from tests.conftest import ToldClock
from tests.connectors.store.test_line import plan_effect, receive, start_effect, state_of

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def file(store: Store) -> Path:
    assert store.database.file is not None
    return store.database.file


@pytest.fixture
def copy(store: Store, file: Path, tenant: str, clock: ToldClock) -> Path:
    """A copy with one event in it."""
    receive(store, tenant, clock, "1")
    return back_up(file, folder_of(file) / name_at(clock()))


def events(path: Path) -> int:
    store = Store.open(f"sqlite:///{path}", var=path.parent)
    total = store.deliveries.line(since=EPOCH).received.total
    store.database.close()
    return total


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_copy_is_one_file_of_its_owners_with_everything_in_it(copy: Path, clock: ToldClock) -> None:
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert names(copy.parent) == {copy.name}
    assert taken_at(copy) == clock()
    assert events(copy) == 1


def test_a_copy_made_while_others_write_is_whole_and_has_all_that_came_before(
    store: Store, file: Path, tenant: str, clock: ToldClock, tmp_path: Path
) -> None:
    for number in range(300):
        receive(store, tenant, clock, str(number))
    stop = threading.Event()

    def write() -> None:
        number = 1000
        while not stop.is_set():
            number += 1
            receive(store, tenant, clock, str(number))

    writer = threading.Thread(target=write)
    writer.start()
    told: list[tuple[int, int]] = []
    try:
        copies = [
            back_up(file, tmp_path / f"copy-{number}", progress=lambda *pages: told.append(pages))
            for number in range(5)
        ]
    finally:
        stop.set()
        writer.join()
    counts = [events(each) for each in copies]
    assert counts[0] >= 300
    assert counts == sorted(counts)
    assert told[-1][0] == 0


def test_a_copy_never_overwrites_and_leaves_nothing_when_it_fails(file: Path, copy: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="there already"):
        back_up(file, copy)
    (tmp_path / "foreign").write_bytes(b"no database at all" * 500)
    with pytest.raises(BackupFailed):
        back_up(tmp_path / "foreign", tmp_path / "other" / "copy")
    with pytest.raises(BackupFailed):
        back_up(tmp_path / "missing", tmp_path / "other" / "copy")
    assert names(tmp_path / "other") == set()


def test_the_newest_stay_and_those_of_a_wrong_clock_go_first(tmp_path: Path, clock: ToldClock) -> None:
    for hour in range(KEPT + 3):
        (tmp_path / name_at(clock() - timedelta(hours=hour))).touch()
    for name in (name_at(clock() + timedelta(days=400)), "deskhand-mine.sqlite3", "notes.txt"):
        (tmp_path / name).touch()
    left, fresh = tmp_path / ".deskhand-x.sqlite3-1.part", tmp_path / ".deskhand-x.sqlite3-2.part"
    for part, days in ((left, 2), (fresh, 0)):
        part.touch()
        at = (clock() - timedelta(days=days)).timestamp()
        os.utime(part, (at, at))
    prune(tmp_path, now=clock())
    made = {name_at(clock() - timedelta(hours=hour)) for hour in range(KEPT)}
    assert names(tmp_path) == made | {"deskhand-mine.sqlite3", "notes.txt", fresh.name}


@pytest.mark.parametrize(("minutes", "due"), [(59, False), (60, True), (-60, True)])
def test_one_is_due_an_hour_after_the_last(tmp_path: Path, clock: ToldClock, minutes: int, due: bool) -> None:
    assert is_due(tmp_path, every_s=3600, now=clock())
    (tmp_path / name_at(clock())).touch()
    assert is_due(tmp_path, every_s=3600, now=clock() + timedelta(minutes=minutes)) == due


def test_a_restored_database_is_what_the_copy_was_and_the_other_is_kept(
    store: Store, file: Path, copy: Path, tenant: str, clock: ToldClock
) -> None:
    receive(store, tenant, clock, "2")
    store.database.close()
    restored = restore(copy, file, now=clock())
    assert restored.kept is not None
    assert (restored.revision, restored.taken_at) == (revisions()[-1], clock())
    assert not file.with_name(f"{file.name}-wal").exists()
    assert (events(file), events(restored.kept)) == (1, 2)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_a_dead_process_left_beside_the_database_does_not_get_into_the_copy(
    store: Store, file: Path, copy: Path, tenant: str, clock: ToldClock, tmp_path: Path
) -> None:
    receive(store, tenant, clock, "2")
    crashed = tmp_path / "crashed" / file.name
    crashed.parent.mkdir()
    for name in (file.name, f"{file.name}-wal"):
        shutil.copy(file.with_name(name), crashed.with_name(name))
    assert crashed.with_name(f"{file.name}-wal").stat().st_size > 0
    restored = restore(copy, crashed, now=clock())
    assert restored.kept is not None
    assert (events(crashed), events(restored.kept)) == (1, 2)


def test_a_damaged_database_is_replaced_and_kept(file: Path, copy: Path, store: Store, clock: ToldClock) -> None:
    store.database.close()
    file.write_bytes(b"damaged" * 1000)
    restored = restore(copy, file, now=clock())
    assert events(file) == 1
    assert restored.kept is not None
    assert restored.kept.read_bytes().startswith(b"damaged")


def test_a_database_in_use_is_not_replaced(store: Store, file: Path, copy: Path, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock, "2")
    before = names(file.parent)
    with pytest.raises(BackupFailed, match="in use"):
        restore(copy, file, now=clock())
    assert names(file.parent) == before
    receive(store, tenant, clock, "3")
    assert store.deliveries.line(since=EPOCH).received.total == 3


def truncated(copy: Path) -> None:
    os.truncate(copy, copy.stat().st_size // 2)


def scribbled(copy: Path) -> None:
    data = bytearray(copy.read_bytes())
    data[4096 * 3 : 4096 * 12] = os.urandom(4096 * 9)
    copy.write_bytes(data)


def foreign(copy: Path) -> None:
    copy.unlink()
    with sqlite3.connect(copy) as other:
        other.execute("CREATE TABLE notes (id INTEGER)")


def newer(copy: Path) -> None:
    with sqlite3.connect(copy) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")


def no_database(copy: Path) -> None:
    copy.write_text("a letter " * 2000)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (truncated, "cannot be restored|damaged"),
        (scribbled, "cannot be restored|damaged"),
        (foreign, "not one of Deskhand's"),
        (newer, "newer Deskhand"),
        (no_database, "cannot be restored"),
        (Path.unlink, "no file"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(
    store: Store, file: Path, copy: Path, tenant: str, clock: ToldClock, harm: object, said: str
) -> None:
    receive(store, tenant, clock, "2")
    store.database.close()
    harm(copy)  # type: ignore[operator]
    before = file.read_bytes(), names(file.parent)
    with pytest.raises(BackupFailed, match=said):
        restore(copy, file, now=clock())
    assert (file.read_bytes(), names(file.parent)) == before


def test_what_waited_in_the_copy_is_looked_for_before_it_is_tried(
    store: Store, file: Path, tenant: str, clock: ToldClock
) -> None:
    plan_effect(store, tenant, clock, ref="1")
    copy = back_up(file, folder_of(file) / name_at(clock()))
    store.database.close()
    restore(copy, file, now=clock())
    assert state_of(store, "out-1") == "unknown"
    assert start_effect(store, clock).verify


def test_an_older_database_is_copied_before_it_is_migrated_and_a_new_one_is_not(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.sqlite3")
    database.migrate()
    database.migrate()
    assert not (tmp_path / "backups").exists()
    for _ in range(2):
        command.downgrade(database.alembic(), revisions()[0])
        database.migrate()
    [copy] = (tmp_path / "backups").iterdir()
    before = Database(f"sqlite:///{copy}")
    assert (before.revision(), database.revision()) == (revisions()[0], revisions()[-1])
    before.close()
    database.close()


def test_a_name_says_when(clock: ToldClock) -> None:
    assert taken_at(Path("x") / name_at(datetime.fromisoformat("2026-11-17T14:46:00+01:00"))) == clock()
    assert taken_at(Path("mine.sqlite3")) is None
