"""`deskhand kb gaps` and `kb findings`: what no article answers, drafts for it, and articles to look at."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

import click

from app.cli_start import AS_JSON, ON_TENANT, one, start, user
from connectors.errors import ConnectorError, RateLimited
from connectors.store.gaps import StoredGap
from triage.article_findings import Kind
from triage.gaps import State

NUMBER = click.argument("number", type=int)


@click.group(invoke_without_command=True)
@click.pass_context
def gaps(context: click.Context) -> None:
    """What customers ask and no article answers, as of the last night; without a command it lists them."""
    if context.invoked_subcommand is None:
        context.invoke(list_gaps)


@gaps.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that were dismissed or are gone.")
@click.option("--author", default=None, help="Only the queue of this author.")
@ON_TENANT
@AS_JSON
def list_gaps(every: bool = False, author: str | None = None, tenant: str | None = None, as_json: bool = False) -> None:
    """The gaps, the greatest burden first: tickets in four weeks, and the public replies agents wrote on them."""
    deps = start()
    states = tuple(State) if every else (State.OPEN, State.DRAFTED)
    found = deps.store.gaps.find(one(deps, tenant).id, *states, author=author)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in found]))
        return
    for each in found:
        click.echo("\n".join(_lines(each)))
    if not found:
        click.echo("There is no gap. They are looked for once a night, from tickets for which articles were searched.")


@gaps.command()
@ON_TENANT
@AS_JSON
def find(tenant: str | None, as_json: bool) -> None:
    """Look for gaps and for articles to look at now, as the worker does once a night. Reads the database only."""
    from app.knowledge.article_findings import find_articles
    from app.knowledge.gaps import find as look

    deps = start()
    chosen = one(deps, tenant).id
    counts, kinds = look(deps, chosen), find_articles(deps, chosen)
    if as_json:
        found = {kind.value: count for kind, count in kinds.items()}
        click.echo(json.dumps({"gaps": asdict(counts), "findings": found}))
    else:
        told = f"{counts.new:,} new gaps, {counts.same:,} known, {counts.gone:,} gone"
        click.echo(f"{told}; {sum(kinds.values()):,} findings about articles.")


@gaps.command()
@NUMBER
@click.option("--author", default=None, help="Whose queue it goes to; without it the owner of its product area.")
@click.option("--again", is_flag=True, help="Make it again where there is one.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write the Markdown here.")
@ON_TENANT
@AS_JSON
def draft(number: int, author: str | None, again: bool, out: Path | None, tenant: str | None, as_json: bool) -> None:
    """The outline of an article for a gap, from the public replies on its solved tickets, as Markdown.

    Nothing is written into the helpdesk. Exit status 1: it could not be made now.
    """
    from app.knowledge.gaps import NoSuchGap, NothingToRead
    from app.knowledge.gaps import draft as make

    deps = start()
    chosen = one(deps, tenant).id
    try:
        made = make(deps, chosen, number, author=author, by=user(), again=again)
    except (NoSuchGap, NothingToRead) as error:
        _problem(str(error), as_json=as_json)
    except RateLimited as error:
        wait = f" Try again in {max(1, round(error.retry_after_s))} s." if error.retry_after_s else " Try again later."
        _problem(f"The helpdesk's budget is used up for now; nothing was changed.{wait}", as_json=as_json)
    except ConnectorError as error:
        _problem(f"The helpdesk could not be read: {error}", as_json=as_json)
    if out is not None:
        out.write_text(made.draft or "", encoding="utf-8")
    if as_json:
        click.echo(json.dumps(_as_json(made)))
    elif out is None:
        click.echo(made.draft)
    click.echo(f"Gap {number} is in the queue of {made.author or 'nobody; name one with --author'}.", err=True)


@gaps.command()
@NUMBER
@ON_TENANT
@AS_JSON
def dismiss(number: int, tenant: str | None, as_json: bool) -> None:
    """Not worth an article, or answered by one: the same tickets are not told again."""
    deps = start()
    done = deps.store.gaps.dismiss(one(deps, tenant).id, number, by=user(), now=deps.now())
    _told(number, "is dismissed", done=done, as_json=as_json)


@gaps.command()
@NUMBER
@ON_TENANT
@AS_JSON
def reopen(number: int, tenant: str | None, as_json: bool) -> None:
    """Take a dismissal back."""
    deps = start()
    done = deps.store.gaps.reopen(one(deps, tenant).id, number, by=user(), now=deps.now())
    _told(number, "is open again", done=done, as_json=as_json)


@click.command()
@click.option("--kind", type=click.Choice([each.value for each in Kind]), default=None)
@ON_TENANT
@AS_JSON
def findings(kind: str | None, tenant: str | None, as_json: bool) -> None:
    """Articles to look at: never shown, shown and never used, not helpful, or there twice."""
    deps = start()
    found = deps.store.article_findings.find(one(deps, tenant).id, Kind(kind) if kind else None)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], default=_plain))
        return
    for each in found:
        other = f" (“{each.other_title}”)" if each.other_title else ""
        name = each.finding.kind.value.replace("_", " ")
        click.echo(f"{name:<12} {each.locale:<6} {each.title}: {each.finding.why}{other}")
    if not found:
        click.echo("Nothing was found. Articles are looked at once a night.")


def _lines(each: StoredGap) -> list[str]:
    gap = each.gap
    before = "" if gap.before is None else f", {gap.before} in the four weeks before"
    people = "" if gap.people is None else f" by {gap.people} people"
    whose = f", queue of {each.author}" if each.author else ""
    told = f"{len(gap.tickets)} tickets{people}{before}; {gap.replies} replies; {each.state.value}{whose}"
    words = f"      {', '.join(gap.words)}" if gap.words else ""
    return [f"{each.id:>4}  {gap.title}", f"      {told}", *([words] if words else [])]


def _as_json(each: StoredGap) -> dict[str, Any]:
    told = {**asdict(each.gap), **asdict(each), "burden": each.gap.burden}
    del told["gap"]
    found: dict[str, Any] = json.loads(json.dumps(told, default=_plain))
    return found


def _told(number: int, text: str, *, done: bool, as_json: bool) -> None:
    if not done:
        _problem(f"There is no gap {number}. `deskhand kb gaps list --all` names those there are.", as_json=as_json)
    click.echo(json.dumps({"gap": number, "done": True}) if as_json else f"Gap {number} {text}.")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else str(value)


def _problem(message: str, *, as_json: bool) -> NoReturn:
    click.echo(json.dumps({"problem": message}) if as_json else message, err=not as_json)
    sys.exit(1)
