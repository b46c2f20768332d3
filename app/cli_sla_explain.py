"""`deskhand sla explain`: why a ticket is due when it is, minute by minute."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import click

from app import cli_sla_text
from app.cli_start import AS_JSON, ON_TENANT, one, start
from app.sla.looking import ClocksUnreadable, case_of
from app.sla.native import Native, native_of
from triage.sla.policies import Metric

METRICS = {each.value.removesuffix("_time").removeprefix("full_"): each for each in Metric}


def _moment(_context: click.Context, _option: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter("use a moment such as 2026-11-17T14:24+01:00.") from error
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


@click.command()
@click.argument("ticket")
@ON_TENANT
@click.option("--metric", type=click.Choice(sorted(METRICS)), default=None, help="Another clock than the nearest.")
@click.option("--at", callback=_moment, default=None, help="As it stood then, such as 2026-11-17T14:24+01:00 (or UTC).")
@click.option("--offline", is_flag=True, help="Do not ask the helpdesk for its own due times.")
@AS_JSON
def explain(
    ticket: str, tenant: str | None, metric: str | None, at: datetime | None, offline: bool, as_json: bool
) -> None:
    """Explain a ticket's clocks: what was promised, every minute that counted and why, and who is told next.

    Everything is worked out from what is stored; only the comparison with the helpdesk's own due times asks it.
    """
    deps = start()
    chosen, ref = one(deps, tenant), ticket.removeprefix("#")
    try:
        found = case_of(deps.store, chosen.id, ref, at or deps.now())
    except ClocksUnreadable as error:
        _problem(str(error), as_json=as_json)
    if found.standing.created_at is None:
        then = f" by {found.at:%Y-%m-%d %H:%M} UTC" if at and deps.store.ticket_log.read(chosen.id, ref) else ""
        _problem(
            f"Nothing is known of ticket {ref} at {chosen.id}{then}. "
            "Check its number; a ticket is read when it changes.",
            as_json=as_json,
        )
    reading = found.chosen(METRICS[metric] if metric else None)
    if metric and reading is None:
        _problem(f"Ticket {ref} has no clock {metric}: {found.why_none or 'it never started.'}", as_json=as_json)
    native = Native() if offline else native_of(deps, chosen.id, ref, found)
    if as_json:
        click.echo(json.dumps(cli_sla_text.as_json(ref, chosen.id, found, reading, native)))
        return
    click.echo("\n".join(cli_sla_text.explained(ref, chosen.name, found, reading, native)))


def _problem(text: str, *, as_json: bool) -> None:
    click.echo(json.dumps({"error": text}) if as_json else text, err=not as_json)
    sys.exit(1)
