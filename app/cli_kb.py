"""`deskhand kb`: read articles from the helpdesk or from files, look at them, search them, measure the search."""

from __future__ import annotations

import csv
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from app import cli_kb_text
from app.bootstrap import Deps
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
WORST = 10


@click.group()
def kb() -> None:
    """The knowledge base: articles of the helpdesk and from files, and the search over them."""
    # Before numpy is imported: on matrices this small more threads wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


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
@ON_TENANT
@AS_JSON
def sync(
    folder: Path | None,
    csv_file: Path | None,
    full: bool,
    name: str | None,
    audience: str,
    locale: str,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Read articles and make the search index again: the helpdesk's, or with --folder or --csv those kept elsewhere.

    Reading a folder or a file again removes what it no longer has. Exit status 1: some files or rows were left out.
    """
    from app.knowledge.files import NoSourceName, keep_files, source_name
    from app.knowledge.indexing import refresh_index
    from app.knowledge.reading import read_helpdesk
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
    index = refresh_index(deps, chosen, lambda: _encoder(deps), progress=tell)
    tell.end()
    if as_json:
        problems = [asdict(each) for each in found.problems]
        told = {"source": source, "full": whole, **asdict(counts), "skipped": problems}
        click.echo(json.dumps({**told, "index": index.version if index else None}))
    else:
        click.echo(
            "\n".join(cli_kb_text.summary(source, counts, deps.store.articles.counts(chosen), whole=whole, found=found))
        )
    sys.exit(1 if found.problems else 0)


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
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@AS_READER
@ON_TENANT
@AS_JSON
def evaluate(file: Path, reader: str, tenant: str | None, as_json: bool) -> None:
    """How often search finds the right article: FILE is CSV with `query,article_id`, several ids divided by `;`."""
    from app.knowledge.searching import evaluate as measure

    deps = start()
    shelf = _shelf(deps, one(deps, tenant).id, as_json=as_json)
    queries = _queries(file, {ref for ref, _ in shelf.articles}, as_json=as_json)
    found = measure(shelf, queries, _reader(reader))
    if as_json:
        click.echo(json.dumps({"index": shelf.index.version, **asdict(found)}))
        return
    click.echo(f"{found.queries:,} queries, index {shelf.index.version}")
    click.echo(f"  first           {100 * found.recall_at_1:.1f} %")
    click.echo(f"  in first three  {100 * found.recall_at_3:.1f} %")
    click.echo(f"  MRR at 10       {found.mrr_at_10:.3f}")
    for each in found.worst[:WORST]:
        place = f"place {each.place}" if each.place else "not in ten"
        click.echo(f"  {place:<10}  “{each.query[:80]}” wants {', '.join(each.right)}, first is {each.first or 'none'}")


def _queries(file: Path, known: set[str], *, as_json: bool) -> list[tuple[str, set[str]]]:
    found: list[tuple[str, set[str]]] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened, strict=True, restval="")
            if missing := {"query", "article_id"} - set(reader.fieldnames or ()):
                _problem(f"{file} has no column {', '.join(sorted(missing))}.", as_json=as_json)
            for row in reader:
                right = {ref.strip() for ref in row["article_id"].split(";") if ref.strip()}
                if not right <= known or not right:
                    _problem(f"{file}:{reader.line_num}: there is no article {row['article_id']!r}.", as_json=as_json)
                found.append((row["query"], right))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        _problem(f"{file} cannot be read as UTF-8 CSV: {error}.", as_json=as_json)
    if not found:
        _problem(f"{file} has no queries.", as_json=as_json)
    return found


def _encoder(deps: Deps) -> Encoder:
    from connectors.encoder import load

    return load(deps.settings.models, deps.settings.encoder_model or None)


def _shelf(deps: Deps, tenant: str, *, as_json: bool) -> Shelf:
    from app.knowledge.searching import Shelf
    from connectors.index_files import IndexBroken, IndexMissing

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
