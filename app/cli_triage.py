"""`deskhand triage`: learn from solved tickets, see how right that is, put it into use, take it back."""

from __future__ import annotations

import dataclasses
import getpass
import json
import os
import sys
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn

import click

from app import cli_triage_text
from app.bootstrap import Deps
from app.cli_start import AS_JSON, ON_TENANT, one, start
from connectors.store.models import CATEGORY, CHALLENGER, CHAMPION, ModelProblem
from connectors.store.models import as_json as as_json_of

if TYPE_CHECKING:
    from app.learning.training import Learner

MOST = 20_000
ON_TARGET = click.option(
    "--target",
    default=CATEGORY,
    show_default=True,
    callback=lambda _context, _option, value: _target(value),
    help="category, product_area, priority, group, or field:ID for any drop-down.",
)


@click.group()
def triage() -> None:
    """Learn from your solved tickets, see how right that is, and decide what answers."""
    # Before numpy is imported: on matrices this small more threads wait for each other, at twice the processor time.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@triage.command()
@ON_TENANT
@ON_TARGET
@click.option("--limit", type=click.IntRange(100, MOST), default=None, help="Learn from so many of the newest only.")
@click.option(
    "--days", type=click.IntRange(1), default=365, show_default=True, help="How far back the first import reads."
)
@click.option("--promote", is_flag=True, help="Put the model into use, also where it is not better beyond noise.")
@AS_JSON
def train(tenant: str | None, target: str, limit: int | None, days: int, promote: bool, as_json: bool) -> None:
    """Import solved tickets, learn, measure on the newest, and keep the model with its card.

    The first model is put into use when it beats doing without one; a later one waits as challenger.
    """
    from app.learning.history import import_history
    from app.learning.training import MOST_ROWS
    from app.learning.training import train as learn
    from triage.training import TrainingError

    deps = start()
    chosen = one(deps, tenant)
    tell = cli_triage_text.Bar()
    imported = import_history(deps, chosen.id, target=target, look_back=timedelta(days=days), waits=True, progress=tell)
    try:
        trained = learn(_learner(deps), chosen.id, target, limit=limit or MOST_ROWS, progress=tell)
    except TrainingError as error:
        tell.end()
        _problem(str(error), as_json=as_json)
    tell.end()
    stored = trained.stored
    if promote and stored.state != CHAMPION:
        stored = deps.store.models.promote(
            chosen.id, target, stored.version, by=_person(), why="trained with --promote", now=deps.now()
        )
    if as_json:
        click.echo(json.dumps({"read": imported.read, "new": trained.is_new, "model": as_json_of(stored)}))
        return
    click.echo(f"{imported.read:,} changed tickets read, {imported.kept:,} of them solved.")
    click.echo("\n".join(cli_triage_text.trained(trained, stored)))


@triage.command()
@ON_TENANT
@ON_TARGET
@click.option("--version", default=None, help="Another model than the one in use; the beginning is enough.")
@AS_JSON
def evaluate(tenant: str | None, target: str, version: str | None, as_json: bool) -> None:
    """The card of the model in use and of its challenger, as measured when they were trained."""
    deps = start()
    chosen = one(deps, tenant)
    models = deps.store.models
    every = models.versions(chosen.id, target)
    if version is not None:
        found = models.version(chosen.id, target, version)
        shown = [found] if found else []
    else:
        shown = [each for each in every if each.state in (CHAMPION, CHALLENGER)]
    if as_json:
        rest = [{name: value for name, value in as_json_of(each).items() if name != "card"} for each in every]
        click.echo(json.dumps({"models": [as_json_of(each) for each in shown], "versions": rest}))
        sys.exit(0 if shown or (version is None and every) else 1)
    if version is not None and not shown:
        _problem(f"There is no model of {target} whose version begins with {version}.", as_json=False)
    if not every:
        click.echo(
            f"No model of {target} was trained for {chosen.name}: the shipped one answers, and nobody measured it on "
            "these tickets. Begin with: deskhand triage train"
        )
        sys.exit(1)
    for each in shown:
        click.echo("\n".join(cli_triage_text.card(each)))
        click.echo()
    click.echo("Every model, the newest first:")
    for each in every:
        when = f"{each.trained_at:%Y-%m-%d %H:%M}"
        click.echo(
            f"  {each.version}  {each.state:<10} {when}  {cli_triage_text.share(each.card.accuracy)}  {each.why}"
        )


@triage.command()
@ON_TENANT
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True)
@AS_JSON
def backtest(tenant: str | None, days: int, as_json: bool) -> None:
    """What the model in use would have done with the tickets solved in the last days."""
    from app.learning.looking import backtest as look
    from triage.training import TrainingError

    deps = start()
    chosen = one(deps, tenant)
    tell = cli_triage_text.Bar()
    try:
        found = look(_learner(deps), chosen.id, days=days, progress=tell)
    except TrainingError as error:
        tell.end()
        _problem(str(error), as_json=as_json)
    tell.end()
    click.echo(_json(found) if as_json else "\n".join(cli_triage_text.backtest(found)))


@triage.command()
@click.argument("ticket")
@ON_TENANT
@AS_JSON
def explain(ticket: str, tenant: str | None, as_json: bool) -> None:
    """What would be decided about a ticket as it is now, and why. Writes nothing."""
    from app.learning.looking import explain as look

    deps = start()
    chosen = one(deps, tenant)
    found = look(_learner(deps), chosen.id, ticket)
    click.echo(_json(found.decision) if as_json else "\n".join(cli_triage_text.explained(found)))


@triage.command()
@click.argument("version", required=False)
@ON_TENANT
@ON_TARGET
@click.option("--why", default="", help="For the record.")
@AS_JSON
def promote(version: str | None, tenant: str | None, target: str, why: str, as_json: bool) -> None:
    """Let a model answer from the next ticket on: VERSION, or without it the challenger."""
    deps = start()
    chosen = one(deps, tenant)
    try:
        if version is not None:
            found = deps.store.models.version(chosen.id, target, version)
            version = found.version if found else version
        stored = deps.store.models.promote(chosen.id, target, version, by=_person(), why=why, now=deps.now())
    except ModelProblem as error:
        _problem(str(error), as_json=as_json)
    click.echo(json.dumps(as_json_of(stored)) if as_json else f"{stored.version} answers for {target} from now on.")


@triage.command()
@ON_TENANT
@ON_TARGET
@click.option("--why", default="", help="For the record.")
@AS_JSON
def rollback(tenant: str | None, target: str, why: str, as_json: bool) -> None:
    """Put the model before the one in use back; without one before, the shipped model answers again."""
    deps = start()
    chosen = one(deps, tenant)
    try:
        stored = deps.store.models.rollback(chosen.id, target, by=_person(), why=why, now=deps.now())
    except ModelProblem as error:
        _problem(str(error), as_json=as_json)
    if as_json:
        click.echo(json.dumps({"model": as_json_of(stored) if stored else None}))
    else:
        click.echo(f"{stored.version if stored else 'The shipped model'} answers for {target} from now on.")


def _problem(message: str, *, as_json: bool) -> NoReturn:
    """Say what is wrong and end with 1."""
    click.echo(json.dumps({"problem": message}) if as_json else message, err=not as_json)
    sys.exit(1)


def _target(value: str) -> str:
    known = ("category", "product_area", "priority", "group")
    if value in known or (value.startswith("field:") and len(value) > len("field:")):
        return value
    raise click.BadParameter(f"use one of {', '.join(known)}, or field:ID.")


def _learner(deps: Deps) -> Learner:
    from app.learning.shipped import fit_shipped
    from app.learning.training import Learner
    from connectors.defaults import load_examples, load_taxonomy
    from connectors.encoder import load

    settings = deps.settings
    encoder, taxonomy = load(settings.models, settings.encoder_model or None), load_taxonomy()
    shipped = fit_shipped(encoder, settings.models, taxonomy, load_examples())
    return Learner(deps=deps, encoder=encoder, taxonomy=taxonomy, shipped=shipped)


def _json(found: Any) -> str:
    return json.dumps(dataclasses.asdict(found), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _person() -> str:
    try:
        return f"{getpass.getuser()} on the command line"
    except (KeyError, OSError):
        return "somebody on the command line"  # a user without a name, as in many containers
