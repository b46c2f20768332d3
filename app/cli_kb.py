"""`deskhand kb`: read articles from the helpdesk or from files, look at them, search them, measure the search."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from app import cli_kb_evaluate, cli_kb_text
from app.bootstrap import Deps
from app.cli_kb_gaps import findings, gaps
from app.cli_kb_readers import deflected
from app.cli_kb_release import release
from app.cli_kb_review import review, set_facts
from app.cli_start import AS_JSON, ON_TENANT, one, start
from app.cli_triage_text import Bar
from triage.articles import Audience, State, changed_lines

if TYPE_CHECKING:
    from app.knowledge.searching import Shelf
    from connectors.encoder import Encoder

AS_READER = click.option(
    "--as",
    "reader",
    type=click.Choice(["visitor", "customer", "agent"]),
    default="agent",
    show_default=True,
    help="Find what this one may read: a visitor is not signed in, a customer is.",
)


@click.group()
def kb() -> None:
    """The knowledge base: articles of the helpdesk and from files, and the search over them."""
    # Before numpy is imported: on matrices this small more threads wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


kb.add_command(deflected)
kb.add_command(gaps)
kb.add_command(findings)
kb.add_command(review)
kb.add_command(release)
kb.add_command(set_facts)


@kb.command()
@click.option("--folder", type=click.Path(path_type=Path), default=None, help="Read Markdown files from this folder.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), default=None, help="Read the rows of a CSV file.")
@click.option("--full", is_flag=True, help="List all of the helpdesk's articles, which also finds the deleted ones.")
@click.option("--name", default=None, help="What the source is called; without it the folder's or the file's name.")
@click.option(
    "--audience",
    type=click.Choice([each.value for each in Audience if each is not Audience.RESTRICTED]),
    default=Audience.AGENTS.value,
    show_default=True,
    help="Who may read files and rows that do not say.",
)
@click.option("--locale", default="en", show_default=True, help="The language of files and rows that do not say.")
@click.option("--anyway", is_flag=True, help="Use the search index even if it finds less than the one before.")
@ON_TENANT
@AS_JSON
def sync(
    folder: Path | None,
    csv_file: Path | None,
    full: bool,
    name: str | None,
    audience: str,
    locale: str,
    anyway: bool,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Read articles and make the search index again: the helpdesk's, or with --folder or --csv those kept elsewhere.

    Reading a folder or a file again removes what it no longer has. Exit status 1: some files or rows were left out, or
    the new index found less and was refused.
    """
    from app.knowledge.files import NoSourceName, keep_files, source_name
    from app.knowledge.reading import read_helpdesk
    from app.knowledge.refreshing import refresh_index
    from connectors.article_files import FilesUnusable, Found, read_csv, read_folder

    if (folder and csv_file) or (full and (folder or csv_file)):
        raise click.UsageError("Use one of --folder, --csv and --full.")
    deps = start()
    chosen, tell = one(deps, tenant).id, Bar()
    found, whole = Found(), True
    try:
        if folder:
            source = source_name("folder", folder, name)
            found = read_folder(folder, audience=Audience(audience), locale=locale)
        elif csv_file:
            source = source_name("csv", csv_file, name)
            found = read_csv(csv_file, audience=Audience(audience), locale=locale)
    except (FilesUnusable, NoSourceName) as error:
        _problem(str(error), as_json=as_json)
    if folder or csv_file:
        counts = keep_files(deps, chosen, source, found, progress=tell)
    else:
        source = "helpdesk"
        read = read_helpdesk(deps, chosen, full=full, waits=True, progress=tell)
        counts, whole = read.counts, read.full
    refreshed = refresh_index(deps, chosen, lambda: _encoder(deps), anyway=anyway, progress=tell)
    tell.end()
    if as_json:
        problems = [asdict(each) for each in found.problems]
        told = {"source": source, "full": whole, **asdict(counts), "skipped": problems}
        index = refreshed.index.version if refreshed.index else None
        click.echo(json.dumps({**told, "index": index, "refused": refreshed.refused, "judged": refreshed.judged}))
    else:
        click.echo(
            "\n".join(cli_kb_text.summary(source, counts, deps.store.articles.counts(chosen), whole=whole, found=found))
        )
        if refreshed.refused:
            click.echo(f"{refreshed.refused} Use the new one anyway with --anyway.")
        elif refreshed.judged:
            click.echo(refreshed.judged)
    sys.exit(1 if found.problems or refreshed.refused else 0)


@kb.command("list")
@click.option("--state", type=click.Choice([each.value for each in State]), default=None)
@click.option("--words", default=None, help="Only those with these words in the title.")
@click.option("--deleted", is_flag=True, help="Those that are gone.")
@ON_TENANT
@AS_JSON
def list_articles(state: str | None, words: str | None, deleted: bool, tenant: str | None, as_json: bool) -> None:
    """The articles by title."""
    deps = start()
    chosen = one(deps, tenant).id
    found = deps.store.articles.find(chosen, state=State(state) if state else None, words=words, deleted=deleted)
    if as_json:
        click.echo(json.dumps([cli_kb_text.as_json(each) for each in found]))
        return
    for each in found:
        click.echo(
            f"{each.key:<24} {each.article.locale:<6} {each.state.value:<10} {each.article.audience.value:<10} "
            f"{each.article.updated_at:%Y-%m-%d}  {each.article.title}"
        )
    told = cli_kb_text.by_state(deps.store.articles.counts(chosen))
    click.echo(f"{len(found):,} articles. In all: {told or 'none; begin with deskhand kb sync'}.", err=True)


@kb.command()
@click.argument("ref")
@click.option("--locale", default=None, help="One language only.")
@ON_TENANT
@AS_JSON
def show(ref: str, locale: str | None, tenant: str | None, as_json: bool) -> None:
    """One article: what is known of it, its text, its versions and how the last change changed it."""
    deps = start()
    chosen, articles = one(deps, tenant).id, deps.store.articles
    found = [each for each in articles.languages(chosen, ref) if locale in (None, each.article.locale)]
    if not found:
        _problem(f"There is no article {ref}. `deskhand kb list` names those there are.", as_json=as_json)
    shown = [(each, articles.text(chosen, each.id), articles.versions(chosen, each.id)) for each in found]
    if as_json:
        click.echo(
            json.dumps(
                [
                    {**cli_kb_text.as_json(each), "text": text, "versions": [asdict(old) for old in versions]}
                    for each, text, versions in shown
                ],
                default=cli_kb_text.plain,
            )
        )
        return
    for each, text, versions in shown:
        click.echo("\n".join(cli_kb_text.facts(each)))
        click.echo(f"\n{text}\n")
        for old in versions:
            click.echo(f"until {old.replaced_at:%Y-%m-%d %H:%M} UTC: “{old.title}”, of {old.updated_at:%Y-%m-%d}")
        if versions:
            click.echo("\nThe last change:")
            click.echo("\n".join(changed_lines(versions[0], each.article.title, text)))


@kb.command()
@click.argument("words")
@AS_READER
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True)
@ON_TENANT
@AS_JSON
def search(words: str, reader: str, limit: int, tenant: str | None, as_json: bool) -> None:
    """Find articles, each with its best paragraph and why it was found."""
    deps = start()
    hits = _shelf(deps, one(deps, tenant).id, as_json=as_json).search(words, _reader(reader), limit=limit)
    if as_json:
        found = [{**cli_kb_text.as_json(each), "hit": asdict(hit)} for each, hit in hits]
        click.echo(json.dumps(found))
        return
    for number, (each, hit) in enumerate(hits, 1):
        warning = " (outdated)" if each.state is State.OUTDATED else ""
        click.echo(f"{number}. {hit.title}{warning}  [{each.key}, {hit.locale}]  {hit.why}")
        above = " / ".join(hit.headings)
        click.echo(f"   {f'{above}: ' if above else ''}{' '.join(hit.passage.split())[:300]}\n")
    if not hits:
        click.echo("Nothing was found.")


@kb.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--history", is_flag=True, help="What was measured so far, by version of the index.")
@AS_READER
@ON_TENANT
@AS_JSON
def evaluate(file: Path | None, history: bool, reader: str, tenant: str | None, as_json: bool) -> None:
    """How often search finds the right article, on what agents inserted lately.

    Or on FILE: CSV with `query,article_id`, several ids divided by `;`.
    """
    if history and file:
        raise click.UsageError("Use FILE or --history.")
    deps = start()
    chosen = one(deps, tenant).id
    if history:
        cli_kb_evaluate.history(deps, chosen, as_json=as_json)
        return
    cli_kb_evaluate.measure(
        deps,
        chosen,
        file,
        open_shelf=lambda: _shelf(deps, chosen, as_json=as_json),
        reader=None if file is None and reader == "agent" else _reader(reader),
        as_json=as_json,
    )


def _encoder(deps: Deps) -> Encoder:
    from connectors.encoder import load

    return load(deps.settings.models, deps.settings.encoder_model or None)


def _shelf(deps: Deps, tenant: str, *, as_json: bool) -> Shelf:
    from app.knowledge.searching import Shelf
    from connectors.index import IndexBroken, IndexMissing

    try:
        return Shelf.open(deps, tenant, _encoder(deps))
    except (IndexMissing, IndexBroken) as error:
        _problem(f"{error} Make it with: deskhand kb sync", as_json=as_json)


def _reader(name: str) -> Any:
    from triage.search.audience import Reader

    return Reader(is_agent=name == "agent", is_signed_in=name != "visitor")


def _problem(message: str, *, as_json: bool) -> NoReturn:
    click.echo(json.dumps({"problem": message}) if as_json else message, err=not as_json)
    sys.exit(1)
