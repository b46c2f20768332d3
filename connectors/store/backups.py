"""Copies of a SQLite database while it is in use, and the way back from one. PostgreSQL has tools of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors.store.revisions import revisions

FOLDER = "backups"
KEPT = 24
"""How many of those made by the clock stay."""
PAGES = 2_000
"""Copied between two reports of progress."""
STAMP = "%Y%m%dT%H%M%SZ"
Progress = Callable[[int, int], None]
"""Called with the pages that are left and all of them."""


class BackupFailed(Exception):
    """There is no new copy, or the one to restore cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`kept` is what was there before, under another name; `taken_at` is when the backup was made, if its name says."""

    revision: str
    kept: Path | None
    taken_at: datetime | None


def folder_of(database: Path) -> Path:
    """Where the copies of this database lie."""
    return database.parent / FOLDER


def name_at(now: datetime) -> str:
    return f"deskhand-{now.astimezone(UTC).strftime(STAMP)}.sqlite3"


def taken_at(copy: Path) -> datetime | None:
    """When a copy was made, by its name; None when that does not say."""
    try:
        return datetime.strptime(copy.name, f"deskhand-{STAMP}.sqlite3").replace(tzinfo=UTC)
    except ValueError:
        return None


def back_up(database: Path, target: Path, *, progress: Progress | None = None) -> Path:
    """Copy the database as it is at one moment, whoever writes meanwhile; raises `BackupFailed`.

    The copy gets its name when it is whole, checked and on disk.
    """
    if target.exists():
        raise BackupFailed(f"{target} is there already: name another file.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _unfinished(target) as part:
            _copy(database, part, progress)
            _revision(part)
            _settle(part, target)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{database} could not be copied to {target}: {error}.") from error
    return target


def is_due(folder: Path, *, every_s: float, now: datetime) -> bool:
    """Whether the newest copy is older than that; one from the future, made under a wrong clock, does not count."""
    made = [at for at in map(taken_at, _copies(folder)) if at is not None and at <= now]
    return not made or (now - max(made)).total_seconds() >= every_s


def prune(folder: Path, *, now: datetime) -> None:
    """Remove all but the newest `KEPT` of those that the clock made, and what a killed process left half made."""

    def age(copy: Path) -> tuple[bool, datetime]:
        at = taken_at(copy) or now
        return at <= now, at

    made = [copy for copy in _copies(folder) if taken_at(copy) is not None]
    for old in sorted(made, key=age)[:-KEPT]:
        old.unlink(missing_ok=True)
    for part in folder.glob(".deskhand-*.part*"):
        if abs(now.timestamp() - part.stat().st_mtime) > 86_400:
            part.unlink(missing_ok=True)


def restore(source: Path, database: Path, *, now: datetime, progress: Progress | None = None) -> Restored:
    """Put a copy in the place of the database; raises `BackupFailed` with everything as it was.

    What is there now stays beside it under another name.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished(database) as part:
            if not source.is_file():
                raise BackupFailed(f"There is no file {source}.")
            _copy(source, part, progress)
            revision = _revision(part)
            _forget_the_hour(part)
            kept = _set_aside(database, now)
            _settle(part, database)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{source} cannot be restored: {error}. Nothing was changed.") from error
    return Restored(revision=revision, kept=kept, taken_at=taken_at(source))


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A name for a file in the making, in the same folder, readable by us only."""
    part = target.parent / f".{target.name}-{secrets.token_hex(4)}.part"
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield part
    finally:
        for left in (part, *_beside(part)):
            left.unlink(missing_ok=True)


def _copy(source: Path, part: Path, progress: Progress | None) -> None:
    def report(_status: int, left: int, all_pages: int) -> None:
        if progress is not None:
            progress(left, all_pages)

    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as old:
        # One reading from the first page to the last: who writes meanwhile would make it begin again and again.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(part)) as new:
            old.backup(new, pages=PAGES, progress=report)
            new.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it


def _revision(part: Path) -> str:
    """The shape of a copy's tables; raises `BackupFailed` when it is not whole, not ours or newer than we are."""
    with closing(sqlite3.connect(part)) as copy:
        found = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise BackupFailed(f"The file is damaged and cannot be used: {'; '.join(map(str, found))[:200]}.")
        tables = {row[0] for row in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"alembic_version", "inbox", "outbox", "tenant"} <= tables:
            raise BackupFailed("The file is a database, and not one of Deskhand's.")
        row = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    known = revisions()
    if row is None or row[0] not in known:
        raise BackupFailed(
            f"The file was made by a newer Deskhand (tables {row[0] if row else 'unknown'}, ours are {known[-1]}): "
            "install that version."
        )
    return str(row[0])


def _forget_the_hour(part: Path) -> None:
    """What waits in a copy may have been done since it was made: each effect is looked for before it is tried."""
    with closing(sqlite3.connect(part)) as copy:
        copy.execute(
            "UPDATE outbox SET first_attempt_at = coalesce(first_attempt_at, created_at), "
            "state = CASE state WHEN 'pending' THEN 'unknown' ELSE state END "
            "WHERE state IN ('pending', 'parked')"
        )
        copy.execute("DELETE FROM leader")
        copy.commit()


def _set_aside(database: Path, now: datetime) -> Path | None:
    """Keep the present database under another name; raises `BackupFailed` while somebody has it open."""
    if not database.exists():
        return None
    try:
        with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as present:
            # Only possible for the last one who has it open, and leaves no write-ahead log.
            present.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackupFailed(
                f"{database} is in use: stop web, worker and clock first. Nothing was changed."
            ) from None
    except sqlite3.DatabaseError:
        pass  # it is damaged: that is why it is being replaced
    kept = database.parent / f"{database.name}.before-restore-{now.astimezone(UTC).strftime(STAMP)}"
    if kept.exists():
        raise BackupFailed(f"{kept} is there already: wait a second and try again. Nothing was changed.")
    for path, name in ((database, kept), *zip(_beside(database), _beside(kept), strict=True)):
        with suppress(FileNotFoundError):
            try:
                os.link(path, name)
            except FileNotFoundError:
                raise
            except OSError:  # a file system without links
                shutil.copy2(path, name)
    _sync(database.parent)
    # Before the copy takes the name: an old log beside it would be read into it.
    for path in _beside(database):
        path.unlink(missing_ok=True)
    return kept


def _settle(part: Path, target: Path) -> None:
    """On disk first, then under its name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    _sync(target.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(database: Path) -> tuple[Path, Path]:
    return Path(f"{database}-wal"), Path(f"{database}-shm")


def _copies(folder: Path) -> list[Path]:
    return list(folder.glob("deskhand-*.sqlite3"))
