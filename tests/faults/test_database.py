"""The database is locked, full, killed or cut off: no delivery is answered 2xx without its row, and all of it ends."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select

from app import create_app
from app.bootstrap import Deps
from app.settings import Settings
from connectors.store import Store
from connectors.store.schema import inbox
from tests.app.test_webhooks import post
from tests.conftest import ToldClock, new_tenant
from tests.locking import locked
from tests.postgres import Postgres

LOCKS = 5
IMAGES = 50
KILLS = 10
WITHIN_S = 60.0
SENDERS = 3


class Senders:
    """Deliver signed events from several threads until told to stop, and remember what was answered."""

    def __init__(self, app: Flask, clock: ToldClock, many: int = SENDERS) -> None:
        self.app, self.clock = app, clock
        self.acked: list[str] = []
        self.refused = 0
        self.wrong: list[int] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(many)]

    def __enter__(self) -> Senders:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(WITHIN_S)
            assert not thread.is_alive()

    def _send(self, sender: int) -> None:
        client, number = self.app.test_client(), 0
        while not self._stop.is_set():
            number += 1
            key = f"{sender}-{number}"
            answer = post(client, self.clock, invocation=key)
            if answer.status_code == 200:
                self.acked.append(key)
            elif answer.status_code == 503 and 0 < int(answer.headers["Retry-After"]) < 60:
                self.refused += 1
                self._stop.wait(0.01)
            else:
                self.wrong.append(answer.status_code)

    def until(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not true():
            assert time.monotonic() < deadline, f"{what}: {len(self.acked)} stored, {self.refused} refused"
            time.sleep(0.005)

    def until_acked(self, more: int = 1) -> None:
        wanted = len(self.acked) + more
        self.until(lambda: len(self.acked) >= wanted, "nothing is stored any more")

    def until_refused(self, more: int = 1) -> None:
        wanted = self.refused + more
        self.until(lambda: self.refused >= wanted, "nothing is refused")


def receiver(store: Store, clock: ToldClock, folder: Path) -> Flask:
    settings = Settings.from_env({"DESKHAND_VAR": str(folder)})
    return create_app(settings, Deps(settings, store, clock))


def stored(store: Store) -> set[str]:
    with store.database.read() as connection:
        return set(connection.execute(select(inbox.c.dedup_key)).scalars())


def missing(acked: list[str], keys: set[str]) -> list[str]:
    """Acknowledged deliveries without a row."""
    return [each for each in acked if f"invocation:{each}" not in keys]


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.on_both
def test_a_lock_that_is_held_longer_than_we_wait(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> None:
    impatient = Store.open(store.database.url, var=tmp_path, busy_timeout_s=0.1)
    with Senders(receiver(impatient, clock, tmp_path), clock) as senders:
        for _ in range(LOCKS):
            senders.until_acked()
            with locked(store.database.url):
                senders.until_refused(SENDERS * 2)
        senders.until_acked()
    impatient.database.close()
    assert senders.wrong == []
    assert senders.refused >= LOCKS * SENDERS
    assert missing(senders.acked, stored(store)) == []


@pytest.mark.sqlite_only
def test_a_database_that_is_full(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> None:
    most = [0]

    @event.listens_for(store.database.engine, "checkout")
    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={most[0] or 1_000_000}")

    app = receiver(store, clock, tmp_path)
    with Senders(app, clock) as senders:
        for _ in range(LOCKS):
            senders.until_acked()
            with store.database.read() as connection:
                most[0] = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one()) + 4
            senders.until_refused(SENDERS * 2)
            assert app.test_client().get("/readyz").status_code == 503
            most[0] = 0
            senders.until_acked(SENDERS * 2)
    assert app.test_client().get("/readyz").status_code == 200
    assert senders.wrong == []
    assert missing(senders.acked, stored(store)) == []
    store.database.close()
    assert integrity(tmp_path / "store.sqlite3") == "ok"


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of that size, where one may be mounted."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting is for root, and not for every root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full(clock: ToldClock, tmp_path: Path, migrated: Path) -> None:
    with small_disk(tmp_path / "disk", 4_096) as disk:
        for path in migrated.iterdir():
            shutil.copy(path, disk / path.name)
        store = Store.open(f"sqlite:///{disk}/store.sqlite3", var=disk)
        store.tenants.add(new_tenant(), webhook_token="path-token", now=clock())
        app = receiver(store, clock, disk)
        with Senders(app, clock) as senders:
            for _ in range(LOCKS):
                senders.until_acked()
                fill(disk / "other")
                senders.until_refused(SENDERS * 2)
                assert app.test_client().get("/readyz").status_code == 503
                (disk / "other").unlink()
                senders.until_acked()
        assert app.test_client().get("/readyz").status_code == 200
        assert senders.wrong == []
        assert missing(senders.acked, stored(store)) == []
        store.database.close()
        assert integrity(disk / "store.sqlite3") == "ok"


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"." * 4096)
        except OSError:
            pass


def test_a_server_killed_under_load(clock: ToldClock, tmp_path: Path) -> None:
    with Postgres(sync=True) as server:
        store = Store.open(server.url(server.create()), var=tmp_path, busy_timeout_s=2)
        store.database.migrate()
        store.tenants.add(new_tenant(), webhook_token="path-token", now=clock())
        with Senders(receiver(store, clock, tmp_path), clock) as senders:
            for _ in range(KILLS):
                senders.until_acked(SENDERS * 2)
                server.kill()
                senders.until_refused(SENDERS)
                server.start()
            senders.until_acked()
        assert senders.wrong == []
        assert missing(senders.acked, stored(store)) == []
        store.database.close()


@pytest.mark.sqlite_only
def test_a_power_cut_at_any_moment(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> None:
    """The live files as they lie on disk at that moment, opened as the next start would find them."""
    assert store.database.file is not None
    images: list[tuple[Path, int]] = []
    with Senders(receiver(store, clock, tmp_path), clock) as senders:
        for number in range(IMAGES):
            senders.until_acked()
            acked_before = len(senders.acked)
            images.append((image(store.database.file, tmp_path / f"image-{number}"), acked_before))
    for path, acked_before in images:
        assert integrity(path) == "ok"
        found = Store.open(f"sqlite:///{path}", var=tmp_path)
        assert missing(senders.acked[:acked_before], stored(found)) == []
        found.database.close()
    assert senders.wrong == []


def image(file: Path, folder: Path) -> Path:
    """What a power cut would leave: the database with its log, whose end may be torn.

    A cut takes both at one moment. Here a checkpoint may come between the two copies; then they are made again.
    """
    folder.mkdir()
    log = file.with_name(f"{file.name}-wal")
    deadline = time.monotonic() + WITHIN_S
    while True:
        database, written = file.read_bytes(), log.read_bytes()
        if file.read_bytes() == database:
            break
        assert time.monotonic() < deadline, "no moment without a checkpoint"
    (folder / file.name).write_bytes(database)
    (folder / log.name).write_bytes(written)
    return folder / file.name
