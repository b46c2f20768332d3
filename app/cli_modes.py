"""`deskhand triage mode`: how far the decisions of one category go."""

from __future__ import annotations

import click

from app.cli_start import ON_TENANT, one, start
from connectors.defaults import load_taxonomy
from triage.modes import SETTING, Mode, modes_of

MEANS = {
    Mode.ON: "decides and writes",
    Mode.SHADOW: "decides and logs, writes nothing",
    Mode.HALF: "decides and writes for half of the tickets, the other half is left to people",
}


@click.command("mode")
@click.argument("category", required=False)
@click.argument("mode", required=False, type=click.Choice([each.value for each in Mode]))
@ON_TENANT
def category_mode(category: str | None, mode: str | None, tenant: str | None) -> None:
    """Write a category's decisions, only log them, or write them for half of the tickets to compare.

    Without arguments: the mode of every category.
    """
    deps = start()
    chosen = one(deps, tenant)
    names = {each.key: each.name for each in load_taxonomy().categories}
    if category is not None and category not in names:
        raise click.UsageError(f"There is no category {category}. There are: {', '.join(names)}.")
    if category is not None and mode is None:
        raise click.UsageError(f"Say how far {category} goes: {', '.join(each.value for each in Mode)}.")
    known = modes_of(chosen.settings)
    if category is not None:
        known[category] = Mode(mode)
        kept = {key: each.value for key, each in known.items() if each is not Mode.ON}
        deps.store.installations.set(chosen.id, **{SETTING: kept})
    for key in names if category is None else (category,):
        click.echo(f"{names[key]}: {MEANS[known.get(key, Mode.ON)]}{'' if category is None else ' from now on'}.")
