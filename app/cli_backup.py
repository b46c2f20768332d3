"""`deskhand backup` and `deskhand restore`: copies of the SQLite database, and the way back."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from app.bootstrap import utc_now
from app.processes import only_one
from app.settings import Settings
from connectors.store.backups import BackupFailed, back_up, folder_of, name_at, restore
from connectors.store.database import Database
from connectors.store.markers import KEPT as MARKERS_KEPT

KEY = "The database alone opens no secret. Keep the master key too, apart from it: {key}"
POSTGRESQL = """This install's database is on PostgreSQL, which has tools of its own:

  pg_dump --format=custom --file=deskhand.dump "{url}"
  pg_restore --clean --if-exists --single-transaction --dbname="{url}" deskhand.dump

Stop web, worker and clock before a restore. Before they start again, have what waited looked for first:

  UPDATE outbox SET first_attempt_at = coalesce(first_attempt_at, created_at),
    state = CASE state WHEN 'pending' THEN 'unknown' ELSE state END WHERE state IN ('pending', 'parked');
"""
AFTERWARDS = """What happens when Deskhand runs again:
  Changes of tickets since the backup are found by the regular check, which goes on from where it was then.
  Effects done since are on their tickets with a marker of the same key: they are found and not done twice.
  Corrections and settings made since are gone, and people who were added since.
  A helpdesk whose token was renewed since may ask to be connected again."""
OLD = """The backup is older than {days} days, after which markers are taken off tickets: what was done since and more
than {days} days ago may be done again. To look at the decisions first: deskhand mode TENANT shadow"""


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Default: var/backups.")
def backup(out: Path | None) -> None:
    """Copy the database while everything runs."""
    settings = Settings.from_env(os.environ)
    file = _file(settings)
    if not file.exists():
        raise BackupFailed(f"There is no database at {file} yet.")
    target = back_up(file, out or folder_of(file) / name_at(utc_now()), progress=_progress)
    click.echo(f"{target}  {target.stat().st_size:,} bytes, checked.")
    click.echo(KEY.format(key=_key(settings)), err=True)


@click.command("restore")
@click.argument("copy", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore_command(copy: Path, yes: bool) -> None:
    """Put a backup in the place of the database; what is there now is kept beside it."""
    settings = Settings.from_env(os.environ)
    file = _file(settings)
    with only_one(settings.var):
        if not yes:
            click.confirm(f"Replace {file} by {copy}?", abort=True, err=True)
        now = utc_now()
        restored = restore(copy, file, now=now, progress=_progress)
        database = Database(settings.database_url)
        database.migrate()
        database.close()
    click.echo(f"{file} is what {copy} was (tables {restored.revision}).")
    if restored.kept is not None:
        click.echo(f"What was there before: {restored.kept}")
    click.echo(AFTERWARDS)
    if restored.taken_at is not None and now - restored.taken_at > MARKERS_KEPT:
        click.echo(OLD.format(days=MARKERS_KEPT // timedelta(days=1)))
    click.echo(KEY.format(key=_key(settings)))


def _file(settings: Settings) -> Path:
    """The SQLite file; on PostgreSQL the way to do it there, and an end."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        plain = url.set(drivername="postgresql").render_as_string(hide_password=True)
        raise click.UsageError(POSTGRESQL.format(url=plain))
    return Path(str(url.database))


def _key(settings: Settings) -> str:
    return "DESKHAND_MASTER_KEY" if settings.master_key else str(settings.var / "master.key")


def _show(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(text, err=True, nl=False)


def _progress(left: int, pages: int) -> None:
    _show(f"\r{100 * (pages - left) // max(1, pages):3d} %{'' if left else chr(13)}")
