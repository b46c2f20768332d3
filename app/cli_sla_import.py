"""`deskhand sla import`: take over the helpdesk's own policies and schedules, and see where its clocks differ."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NoReturn

import click

from app.cli_start import AS_JSON, ON_TENANT, one, start, user
from app.sla.importing import Report, compare, take_over
from connectors.store.config import SLA
from triage.config_changes import changes
from triage.sla.native import Compared, summary
from triage.sla.reading import SlaRulesError, rules_from
from triage.sla.remarks import remarks

MOST = 200


@click.command("import")
@click.option("--dry-run", is_flag=True, help="Show what would change, and save nothing.")
@click.option(
    "--tickets",
    "most",
    type=click.IntRange(0, MOST),
    default=20,
    show_default=True,
    help="Compare due times of so many open tickets.",
)
@click.option("--by", default=None, help="Who does this; without it your name on this machine.")
@click.option("--why", default="Taken over from the helpdesk.", help="For the record.")
@ON_TENANT
@AS_JSON
def import_native(dry_run: bool, most: int, by: str | None, why: str, tenant: str | None, as_json: bool) -> None:
    """Take over the helpdesk's own policies, schedules and holidays, and compare its due times with ours.

    Who is told, and what you added yourself, stays as it is. Each import is a new version: `deskhand config export`.
    """
    deps = start()
    chosen = one(deps, tenant).id
    taken = take_over(deps, chosen)
    found = changes(taken.before, taken.after.rules)
    try:
        rules = rules_from(taken.after.rules, version="new")
    except SlaRulesError as error:
        _refused(error, taken.after.notes, as_json=as_json)
    version = None
    if found and not dry_run:
        who = by or f"{user()} on the command line"
        version = deps.store.config.save(chosen, SLA, taken.after.rules, by=who, why=why, now=deps.now())
    notes = (*taken.after.notes, *remarks(rules))
    report = compare(deps, chosen, rules, most=most, progress=_progress) if most else Report(tickets={})
    if as_json:
        shown = [dataclasses.asdict(each) for each in found]
        told = {"version": version, "changes": shown, "notes": list(notes), "problems": []}
        click.echo(json.dumps({**told, "compared": _report(report)}))
        return
    for change in found:
        click.echo(change.line)
    click.echo(f"Version {version} holds from now on." if version else "Nothing was saved." if found else "No change.")
    for note in notes:
        click.echo(f"Note: {note}")
    if most:
        click.echo("\n".join(_told(report)))


def _refused(error: SlaRulesError, notes: tuple[str, ...], *, as_json: bool) -> NoReturn:
    """What the helpdesk has cannot be used as it is."""
    if as_json:
        click.echo(json.dumps({"version": None, "changes": [], "notes": list(notes), "problems": list(error.problems)}))
    else:
        for text in (*(f"Note: {note}" for note in notes), *error.problems):
            click.echo(text, err=True)
        click.echo("Nothing was saved: mend this in the helpdesk, or write the rules yourself.", err=True)
    sys.exit(1)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\rComparing due times: {done + 1} of {of}", err=True, nl=done + 1 == of)


def _told(report: Report) -> Iterator[str]:
    every = [each for clocks in report.tickets.values() for each in clocks]
    yield ""
    if not report.tickets and not report.skipped and not report.stopped:
        yield "No open ticket changed lately: there is nothing to compare yet."
        return
    yield f"Due times of {len(report.tickets)} open tickets, ours and the helpdesk's own: {len(every)} clocks."
    if report.skipped:
        yield f"{report.skipped} tickets could not be read and are left out."
    if report.stopped:
        yield f"Stopped early: {report.stopped}"
    for why, count in sorted(summary(every).items(), key=lambda each: (each[0] != "", -each[1])):
        yield f"  {count:>4}  {why or 'agree'}"
    for ref, clocks in report.tickets.items():
        for each in clocks:
            if not each.agrees:
                name = each.metric.value.removesuffix("_time").replace("_", " ")
                yield f"#{ref} {name}: ours {_at(each.ours)}, the helpdesk's {_at(each.native)}{_by(each)}: {each.why}"


def _at(at: datetime | None) -> str:
    return "none" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _by(each: Compared) -> str:
    if each.by is None:
        return ""
    hours, minutes = divmod(round(abs(each.by) / timedelta(minutes=1)), 60)
    return f", {hours} h {minutes:02} min {'later' if each.by > timedelta(0) else 'earlier'}"


def _report(report: Report) -> dict[str, Any]:
    tickets = {
        ref: [
            {
                "metric": each.metric.value,
                "ours": each.ours and each.ours.isoformat(),
                "native": each.native and each.native.isoformat(),
                "by_s": None if each.by is None else round(each.by.total_seconds()),
                "agrees": each.agrees,
                "why": each.why,
            }
            for each in clocks
        ]
        for ref, clocks in report.tickets.items()
    }
    return {"tickets": tickets, "skipped": report.skipped, "stopped": report.stopped}
