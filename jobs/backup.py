"""The clock's copies of a SQLite database, made in a thread of their own: the sweep does not wait for them."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from connectors.store.backups import BackupFailed, back_up, folder_of, is_due, name_at, prune
from jobs.runtime import Runtime, log

LOOK_EVERY = timedelta(minutes=1)


class Backups:
    """One copy for each `DESKHAND_BACKUP_S`, whichever clock leads; what there is already is seen in the folder."""

    def __init__(self, run: Runtime) -> None:
        self.file = run.store.database.file
        self.every_s = run.deps.settings.backup_s
        self.look_at: datetime | None = None
        self.thread: threading.Thread | None = None

    def tend(self, now: datetime) -> None:
        """Begin one that is due; returns at once."""
        if self.file is None or not self.every_s or (self.thread and self.thread.is_alive()):
            return
        # Also when it is further ahead than it was ever set: the machine's clock went back.
        if self.look_at is not None and now < self.look_at <= now + LOOK_EVERY:
            return
        self.look_at = now + LOOK_EVERY
        if is_due(folder_of(self.file), every_s=self.every_s, now=now):
            self.thread = threading.Thread(target=self._make, args=(now,), name="backup", daemon=True)
            self.thread.start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Until the one that was begun has ended; one that is cut short leaves no copy with a name."""
        if self.thread is not None:
            self.thread.join(timeout_s)

    def _make(self, now: datetime) -> None:
        assert self.file is not None  # noqa: S101
        folder = folder_of(self.file)
        try:
            back_up(self.file, folder / name_at(now))
            prune(folder, now=now)
        except (BackupFailed, OSError) as error:
            log.error("no backup was made (%s); the next try is in a minute", type(error).__name__)
