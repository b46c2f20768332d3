"""`deskhand config`: what admins own, as YAML files that go out and come in, every version kept."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import IO, Any

import click

from app.cli_start import AS_JSON, ON_TENANT, one, start, user
from app.configs import KINDS, Kind, body_of, live, text_of
from connectors.store import Store
from connectors.store.config import Version
from connectors.yaml_text import YamlError, parse
from triage.config_changes import Change, changes

KIND = click.argument("kind", type=click.Choice(list(KINDS)))
ON_VERSION = click.option("--version", type=click.IntRange(1), default=None, help="An earlier version.")


@click.group()
def config() -> None:
    """Policies, schedules and ladders as files: look, compare, put into use. Every version is kept."""


@config.command("export")
@KIND
@ON_VERSION
@ON_TENANT
@AS_JSON
def export(kind: str, version: int | None, tenant: str | None, as_json: bool) -> None:
    """Print the configuration in use as YAML, to be changed and imported again."""
    deps = start()
    stored = _version(deps.store, one(deps, tenant).id, KINDS[kind], version)
    if not as_json:
        click.echo(text_of(KINDS[kind], stored), nl=False)
        return
    about = ("version", "by", "why", "at")
    told = {name: getattr(stored, name, None) for name in about} | {"body": body_of(KINDS[kind], stored)}
    click.echo(json.dumps({"kind": kind, **told}, default=lambda at: at.isoformat()))


@config.command("import")
@KIND
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--by", default=None, help="Who does this; without it your name on this machine.")
@click.option("--why", default="", help="For the record.")
@click.option("--dry-run", is_flag=True, help="Check it and show what would change, and save nothing.")
@ON_TENANT
@AS_JSON
def import_config(
    kind: str, file: IO[str], by: str | None, why: str, dry_run: bool, tenant: str | None, as_json: bool
) -> None:
    """Check FILE (- for standard input), show what it changes, and put it into use as a new version."""
    deps = start()
    chosen = one(deps, tenant).id
    written, problems, remarks = _read(KINDS[kind], file)
    before = live(deps.store, chosen, KINDS[kind])
    found = () if problems else changes(body_of(KINDS[kind], before), written)
    version = None
    if found and not dry_run:
        who = by or f"{user()} on the command line"
        version = deps.store.config.save(chosen, kind, written, by=who, why=why, now=deps.now())
    if as_json:
        click.echo(_json(problems, remarks, found, version=version))
    else:
        _show(problems, remarks, found)
        if version is not None:
            click.echo(f"Version {version} holds from now on.")
        elif not problems:
            click.echo("Nothing was saved." if found else "Nothing changes.")
    sys.exit(1 if problems else 0)


@config.command("diff")
@KIND
@click.argument("file", type=click.File(encoding="utf-8-sig"), required=False)
@ON_VERSION
@ON_TENANT
@AS_JSON
def diff(kind: str, file: IO[str] | None, version: int | None, tenant: str | None, as_json: bool) -> None:
    """How FILE (- for standard input), or what is in use since --version, differs. Exit status 1 where it does."""
    if (file is None) == (version is None):
        raise click.UsageError("Name a file or a --version to compare with.")
    deps = start()
    chosen = one(deps, tenant).id
    now = body_of(KINDS[kind], live(deps.store, chosen, KINDS[kind]))
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    if file is not None:
        written, problems, remarks = _read(KINDS[kind], file)
        found = () if problems else changes(now, written)
    else:
        found = changes(body_of(KINDS[kind], _version(deps.store, chosen, KINDS[kind], version)), now)
    if as_json:
        click.echo(_json(problems, remarks, found))
    else:
        _show(problems, remarks, found)
        if not problems and not found:
            click.echo("No difference.")
    sys.exit(1 if problems or found else 0)


def _version(store: Store, tenant: str, kind: Kind, version: int | None) -> Version | None:
    stored = live(store, tenant, kind, version)
    if stored is None and version is not None:
        known = ", ".join(str(each.version) for each in store.config.versions(tenant, kind.name))
        raise click.UsageError(f"There is no version {version}. There are: {known or 'none, the shipped rules hold'}.")
    return stored


def _read(kind: Kind, file: IO[str]) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
    """What the file holds, its problems, and remarks on it."""
    try:
        written = parse(file.read())
    except (YamlError, UnicodeDecodeError) as error:
        return None, (str(error),), ()
    problems, remarks = kind.check(written)
    return written, problems, remarks


def _show(problems: Sequence[str], remarks: Sequence[str], found: Sequence[Change]) -> None:
    for problem in problems:
        click.echo(problem, err=True)
    for change in found:
        click.echo(change.line)
    for remark in remarks:
        click.echo(f"Note: {remark}", err=True)
    if problems:
        click.echo(f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}. Nothing was saved.", err=True)


def _json(problems: Sequence[str], remarks: Sequence[str], found: Sequence[Change], **more: Any) -> str:
    shown = [dataclasses.asdict(each) for each in found]
    return json.dumps({"problems": list(problems), "notes": list(remarks), "changes": shown, **more})
