"""`deskhand sla simulate`: what other rules would have done with the last tickets."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import yaml

from app.bootstrap import Deps
from app.cli_start import AS_JSON, ON_TENANT, one, start
from app.sla.rules import rules_for
from triage.sla.log import Event
from triage.sla.policies import Metric
from triage.sla.reading import SlaRulesError, rules_from
from triage.sla.saying import NAMES
from triage.sla.simulate import Change, Side, Simulation, simulate

AT_ONCE = 200
"""Tickets whose logs are in memory together."""


@click.command("simulate")
@click.argument("rules", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="Tickets seen since then.")
@ON_TENANT
@AS_JSON
def sla_simulate(rules: Path, days: int, tenant: str | None, as_json: bool) -> None:
    """What the RULES in a file would have done with the tickets of the last days, beside those that hold now.

    Other targets, schedules, people or ladders: which clocks would have been late, and who would have been told how
    often. Nothing is changed, and nobody is told. `deskhand config export sla` writes a file to start from.
    """
    deps = start()
    chosen = one(deps, tenant)
    now = deps.now()
    try:
        after = rules_from(yaml.safe_load(rules.read_text(encoding="utf-8-sig")), version=rules.name)
        before = rules_for(deps.store, chosen.id)
    except (SlaRulesError, yaml.YAMLError, UnicodeDecodeError) as error:
        click.echo(f"{rules}: {error}", err=True)
        sys.exit(1)
    refs = deps.store.ticket_log.refs(chosen.id, since=now - timedelta(days=days))
    if not refs:
        click.echo(f"No ticket was seen in the last {days} days. A ticket's log begins when it changes.", err=True)
        sys.exit(1)
    with click.progressbar(_logs(deps, chosen.id, refs), length=len(refs), label="Tickets", file=sys.stderr) as logs:
        found = simulate(logs, before, after, now)
    click.echo(json.dumps(_plain(found)) if as_json else "\n".join(_lines(found, days)))


def _logs(deps: Deps, tenant: str, refs: Sequence[str]) -> Iterator[tuple[str, tuple[Event, ...]]]:
    for first in range(0, len(refs), AT_ONCE):
        yield from deps.store.ticket_log.read_many(tenant, refs[first : first + AT_ONCE]).items()


def _lines(found: Simulation, days: int) -> Iterator[str]:
    yield f"{found.tickets:,} tickets of the last {days} days"
    yield f"{'':<22}{'now':>24}{'with the file':>24}"
    for metric in _metrics(found):
        yield f"{NAMES[metric]:<22}{_late(found.before, metric):>24}{_late(found.after, metric):>24}"
    for person in dict.fromkeys([*found.before.told, *found.after.told]):
        before, after = (side.told.get(person, 0) for side in (found.before, found.after))
        yield f"{'told ' + person:<22}{before:>24,}{after:>24,}"
    yield f"{found.better} clocks in time that are late now, {found.worse} late that are in time now."
    yield from (_change(each) for each in found.changes)


def _metrics(found: Simulation) -> list[Metric]:
    return [each for each in Metric if each in found.before.outcomes or each in found.after.outcomes]


def _late(side: Side, metric: Metric) -> str:
    outcome = side.outcomes.get(metric)
    return f"{outcome.late:,} late of {outcome.promised:,}" if outcome else "not promised"


def _change(each: Change) -> str:
    due = " → ".join(f"{at:%Y-%m-%d %H:%M} UTC" if at else "none" for at in (each.due_before, each.due_after))
    return f"  #{each.ref} {NAMES[each.metric]}: {'in time' if each.is_better else 'late'} with the file; due {due}"


def _plain(found: Simulation) -> dict[str, Any]:
    return {
        "tickets": found.tickets,
        "before": _side(found.before),
        "after": _side(found.after),
        "better": found.better,
        "worse": found.worse,
        "changes": [
            {
                "ticket": each.ref,
                "metric": each.metric.value,
                "due_before": each.due_before.isoformat() if each.due_before else None,
                "due_after": each.due_after.isoformat() if each.due_after else None,
                "better": each.is_better,
            }
            for each in found.changes
        ],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "metrics": {
            metric.value: {
                "promised": outcome.promised,
                "met": outcome.met,
                "late": outcome.late,
                "late_minutes": round(outcome.by / timedelta(minutes=1), 1),
            }
            for metric, outcome in side.outcomes.items()
        },
        "told": dict(side.told),
    }
