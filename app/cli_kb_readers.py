"""`deskhand kb deflection`: who was shown articles before writing, and who wrote all the same."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

import click

from app.cli_start import AS_JSON, ON_TENANT, one, start
from triage.deflection import Deflection, deflection

FEW = 30
"""Under so many people a percentage says nothing."""


@click.command("deflection")
@click.option("--days", type=click.IntRange(4, 180), default=28, show_default=True, help="Count what was shown since.")
@ON_TENANT
@AS_JSON
def deflected(days: int, tenant: str | None, as_json: bool) -> None:
    """How many read an article in your app and wrote no ticket within 72 hours."""
    deps = start()
    now = deps.now()
    found = deflection(deps.store.readings.shown(one(deps, tenant).id, since=now - timedelta(days=days)), now)
    click.echo(json.dumps({"days": days, **asdict(found)}) if as_json else "\n".join(said(found, days)))


def said(found: Deflection, days: int) -> list[str]:
    """The counts in words, with what they do not say."""
    if not found.people:
        return [f"Nobody was shown articles in {days} days. docs/intake.md says how your app asks for them."]
    return [
        f"{found.people:,} people were shown articles in {days} days; of {found.undecided:,} it is too early to say.",
        f"  opened one   {_share(found.read_quiet, found.read)} wrote no ticket within 72 hours",
        f"  opened none  {_share(found.unread_quiet, found.unread)} wrote no ticket within 72 hours",
        "Neither proves that an article helped: nobody knows who would have written.",
    ]


def _share(quiet: int, of: int) -> str:
    return f"{quiet:,} of {of:,}" + (f" ({100 * quiet / of:.0f} %)" if of >= FEW else "")
