"""`deskhand deliveries`: every event in and every effect out."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from app.bootstrap import Deps
from app.cli_start import start, user
from app.dry_runs import LONGEST_WAIT, NO_ANSWER, lines, wait_for
from connectors.store.filters import EVERYTHING, STATES, Filter
from connectors.store.replays import DROP, PARK, REPLAY
from connectors.store.rows import Delivery

MOST_DRY_RUNS = 20
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Span(click.ParamType[timedelta]):
    """A length of time: 90s, 10m, 3h, 2d."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is no length of time: write 90s, 10m, 3h or 2d.", param, ctx)
        return timedelta(**{UNITS[found[2]]: int(found[1])})


def chosen_by_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that make a filter, handed to the command as `chosen`."""

    def with_filter(**values: Any) -> None:
        names = [field.name for field in dataclasses.fields(Filter)]
        chosen = Filter(**{name: values.pop(name) or None for name in names})
        command(chosen=chosen, **values)

    with_filter.__name__, with_filter.__doc__ = command.__name__, command.__doc__
    with_filter.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option in (
        click.option("--newer-than", type=Span(), default=None, help="Arrived less than this long ago."),
        click.option("--older-than", type=Span(), default=None, help="Arrived this long ago or longer: 90s, 10m, 3h."),
        click.option("--find", default=None, help="Ticket number, start of a key, or part of a subject."),
        click.option("--reason", default=None, help="Part of what went wrong."),
        click.option("--tenant", default=None, help="One helpdesk, by its id."),
        click.option("--kind", default=None, help="ticket_created, update_ticket and so on."),
        click.option("--state", type=click.Choice(STATES), default=None),
        click.option("--direction", type=click.Choice(("in", "out")), default=None, help="Events in or effects out."),
    ):
        with_filter = option(with_filter)
    return with_filter


@click.group()
def deliveries() -> None:
    """Every event in and every effect out: look, set aside, put back to work."""


@deliveries.command("list")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@chosen_by_options
def list_deliveries(chosen: Filter, limit: int, as_json: bool) -> None:
    """The newest events and effects that match."""
    deps = start()
    rows = deps.store.deliveries.newest(chosen, now=deps.now(), limit=limit)
    if as_json:
        click.echo(_json([dataclasses.asdict(row) for row in rows]))
        return
    if not rows and chosen.is_empty:
        click.echo("Nothing here. Events appear as soon as the helpdesk sends one.")
    elif not rows:
        click.echo("Nothing matches.")
    for row in rows:
        click.echo(_line(row))


@deliveries.command("show")
@click.argument("name")
def show_delivery(name: str) -> None:
    """One event or effect whole, as JSON; NAME is in-12 or out-34."""
    deps = start()
    told = [dataclasses.asdict(each) for each in deps.store.history.of(name)]
    click.echo(_json(deps.store.deliveries.show(name) | {"history": told}, indent=2))


@deliveries.command("history")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
def show_history(name: str, as_json: bool) -> None:
    """What happened to one row beside the straight way; NAME is in-12 or out-34."""
    deps = start()
    row, told = deps.store.deliveries.one(name), deps.store.history.of(name)
    if as_json:
        click.echo(_json([dataclasses.asdict(each) for each in told]))
        return
    click.echo(_line(row))
    if not told:
        click.echo("No history: all went straight so far.")
    for each in told:
        status = f" {each.status}" if each.status else ""
        by = f", by {each.by}" if each.by else ""
        detail = f": {each.detail}" if each.detail else ""
        click.echo(f"{each.at:%Y-%m-%d %H:%M:%S}  {each.what.replace('_', ' ')}{status}{by}{detail}")


@deliveries.command("replay")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Replay all that is parked.")
@click.option("--dry-run", is_flag=True, help="Tell what a replay would do, and move nothing.")
@click.option("--json", "as_json", is_flag=True)
@chosen_by_options
def replay_deliveries(names: tuple[str, ...], everything: bool, chosen: Filter, dry_run: bool, as_json: bool) -> None:
    """Put parked rows back to work: by name, or all that match. Their keys stay, so nothing happens twice.

    What was ignored on purpose is replayed by name, or with --state ignored.
    """
    deps = start()
    found = _found(deps, REPLAY, names, chosen, everything=everything)
    if dry_run:
        sys.exit(_plans(deps, found, as_json=as_json))
    _moved(deps, REPLAY, found, "put back to work", as_json=as_json)


@deliveries.command("drop")
@click.argument("names", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Tell what would be dropped, and move nothing.")
@click.option("--json", "as_json", is_flag=True)
@chosen_by_options
def drop_deliveries(names: tuple[str, ...], chosen: Filter, dry_run: bool, as_json: bool) -> None:
    """Decide that parked rows need nothing: by name, or all that match. They stay on record as ignored."""
    _act(DROP, names, chosen, "dropped", dry_run=dry_run, as_json=as_json)


@deliveries.command("park")
@click.argument("names", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Tell what would be parked, and move nothing.")
@click.option("--json", "as_json", is_flag=True)
@chosen_by_options
def park_deliveries(names: tuple[str, ...], chosen: Filter, dry_run: bool, as_json: bool) -> None:
    """Set waiting rows aside until somebody replays them: by name, or all that match."""
    _act(PARK, names, chosen, "parked", dry_run=dry_run, as_json=as_json)


def _act(action: str, names: Sequence[str], chosen: Filter, done: str, *, dry_run: bool, as_json: bool) -> None:
    deps = start()
    found = _found(deps, action, names, chosen)
    if dry_run:
        rows = [deps.store.deliveries.one(name) for name in found]
        click.echo(_json([row.id for row in rows]) if as_json else f"{len(rows)} would be {done}.")
        for row in () if as_json else rows:
            click.echo(_line(row))
        return
    _moved(deps, action, found, done, as_json=as_json)


def _found(deps: Deps, action: str, names: Sequence[str], chosen: Filter, *, everything: bool = False) -> Sequence[str]:
    """The rows that are meant: by name or by filter, never all by mistake."""
    if names and not (chosen.is_empty and not everything):
        raise click.UsageError("Name the deliveries or describe them with options, not both.")
    if names:
        return list(dict.fromkeys(names))
    if everything:
        return deps.store.replays.parked()
    if chosen == EVERYTHING:
        ways = "describe them with options" + (", or use --all" if action == REPLAY else "")
        raise click.UsageError(f"Name the deliveries to {action}, or {ways}.")
    return deps.store.replays.matching(chosen, action, now=deps.now())


def _moved(deps: Deps, action: str, names: Sequence[str], done: str, *, as_json: bool) -> None:
    move = {REPLAY: deps.store.replays.replay, DROP: deps.store.replays.drop, PARK: deps.store.replays.park}[action]
    count = move(names, now=deps.now(), by=f"{user()}, command line")
    click.echo(_json({"asked": len(names), "moved": count}) if as_json else f"{count} of {len(names)} {done}.")
    sys.exit(0 if count == len(names) else 1)


def _plans(deps: Deps, names: Sequence[str], *, as_json: bool) -> int:
    """Ask the worker what a replay of each would do, and print it; 1 when one got no answer."""
    asked = {
        name: deps.store.dry_runs.ask(name, by=f"{user()}, command line", now=deps.now())
        for name in names[:MOST_DRY_RUNS]
    }
    until = time.monotonic() + LONGEST_WAIT.total_seconds()
    plans = {name: wait_for(deps.store, number, until=until) for name, number in asked.items()}
    if as_json:
        click.echo(_json(plans))
    else:
        click.echo(f"{len(names)} would be replayed.")
        for name, plan in plans.items():
            click.echo(f"{name}: {NO_ANSWER}" if plan is None else "\n".join((f"{name}:", *lines(plan))))
        if len(names) > MOST_DRY_RUNS:
            click.echo(f"And {len(names) - MOST_DRY_RUNS} more, which were not asked about.")
    return 1 if None in plans.values() else 0


def _line(row: Delivery) -> str:
    took = "" if row.took_s is None else f"{row.took_s:.1f} s"
    ticket = f"#{row.ticket_ref}" if row.ticket_ref else ""
    error = f"  {row.error}" if row.error else ""
    return f"{row.at:%H:%M:%S}  {row.id:<9} {ticket:<8} {row.state:<9} {took:>7}  {row.what}{error}"


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, default=_plain, indent=indent)


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "replace")
        case Path():
            return str(value)
    raise TypeError(type(value).__name__)
