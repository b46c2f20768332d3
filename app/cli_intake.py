"""`deskhand intake`: the keys with which programs send tickets in."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import datetime

import click

from app.cli_start import one, start
from connectors.store.api_keys import PER_MINUTE, ApiKey, NoSuchKey


@click.group()
def intake() -> None:
    """Tickets that programs send in: POST /api/tickets."""


@intake.group()
def key() -> None:
    """Keys that sign what is sent in. Several may be in force at once: so they are rotated."""


@key.command("add")
@click.option("--tenant", default=None, help="Which helpdesk, when several are connected.")
@click.option("--name", required=True, help="What it is for, such as the program that uses it.")
@click.option("--per-minute", type=click.IntRange(1, 6000), default=PER_MINUTE, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def add_key(tenant: str | None, name: str, per_minute: int, as_json: bool) -> None:
    """Make a key and show its secret, this once."""
    deps = start()
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100:
        raise click.BadParameter("use 1 to 100 characters.", param_hint="--name")
    made = deps.store.api_keys.add(one(deps, tenant).id, name, now=deps.now(), per_minute=per_minute)
    if as_json:
        click.echo(json.dumps({"id": made.id, "secret": made.secret, "tenant": made.tenant}))
        return
    click.echo(f"Key     {made.id}\nSecret  {made.secret}")
    click.echo("Keep the secret now: it is not shown again. How to sign with it: docs/intake.md", err=True)


@key.command("list")
@click.option("--tenant", default=None, help="Only this helpdesk's.")
@click.option("--json", "as_json", is_flag=True)
def list_keys(tenant: str | None, as_json: bool) -> None:
    """Every key, revoked ones too, with its last use."""
    deps = start()
    keys = deps.store.api_keys.all(tenant)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(each) for each in keys], default=datetime.isoformat))
        return
    if not keys:
        click.echo("There are no keys. Make one: deskhand intake key add --name NAME")
    for each in keys:
        click.echo(_line(each))


@key.command("revoke")
@click.argument("key_id")
def revoke_key(key_id: str) -> None:
    """End a key at once and for good. What was sent in with it stays."""
    deps = start()
    try:
        revoked = deps.store.api_keys.revoke(key_id, now=deps.now())
    except NoSuchKey as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(f"{key_id} is revoked." if revoked else f"{key_id} was revoked before.")


def _line(each: ApiKey) -> str:
    used = f"last used {each.used_at:%Y-%m-%d %H:%M}" if each.used_at else "never used"
    ended = f", revoked {each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else ""
    return f"{each.id}  {each.tenant}  {each.name}  {each.per_minute} a minute, {used}{ended}"
