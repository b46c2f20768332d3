"""`deskhand kb evaluate`: how often search finds the right article, and how that came to be."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from app.bootstrap import Deps
from connectors.store.search_tests import FILE, INSERTS, SearchTest

if TYPE_CHECKING:
    from app.knowledge.evaluating import Query
    from app.knowledge.searching import Shelf
    from triage.model_card import Share
    from triage.search.audience import Reader
    from triage.search.relevance import Relevance

WORST = 10
FEW = 30
"""Of fewer queries it is said how many, not what share."""


def measure(
    deps: Deps,
    tenant: str,
    file: Path | None,
    *,
    open_shelf: Callable[[], Shelf],
    reader: Reader | None,
    as_json: bool,
) -> None:
    """Measure on a file or on the tenant's own inserts, keep the figures and print them."""
    from app.knowledge.evaluating import answerable, evaluate, keep, own_queries

    shelf = open_shelf()
    if file is not None:
        queries = _queries(file, {ref for ref, _ in shelf.articles}, deps, as_json=as_json)
    else:
        queries = answerable(own_queries(deps, tenant), shelf)
        if not queries:
            _problem(
                "No agent has inserted an article that is still there. Measure on a file: "
                "deskhand kb evaluate FILE.csv, with `query,article_id`.",
                as_json=as_json,
            )
    found = evaluate(deps, tenant, shelf, queries, reader)
    keep(deps, tenant, shelf, found, source=INSERTS if file is None else FILE)
    if as_json:
        click.echo(json.dumps({"index": shelf.index.version, **_figures(found)}))
        return
    what = "queries" if file is not None else "of the newest inserts"
    click.echo(f"{found.queries:,} {what}, index {shelf.index.version}")
    click.echo(f"  first           {_said(found.first)}")
    click.echo(f"  in first three  {_said(found.in_three)}")
    click.echo(f"  MRR at 10       {found.mrr_at_10:.3f}")
    for each in found.worst[:WORST]:
        place = f"place {each.place}" if each.place else "not in ten"
        query = " ".join(each.query.split())[:80]
        click.echo(f"  {place:<10}  “{query}” wants {', '.join(each.right)}, first is {each.first or 'none'}")


def history(deps: Deps, tenant: str, *, as_json: bool) -> None:
    """What was measured so far, and what was learned about the order."""
    tests, rankers = deps.store.search_tests.history(tenant), deps.store.rankers.history(tenant)
    if as_json:
        orders = [{**asdict(each), "made_at": each.made_at.isoformat()} for each in rankers]
        told = [{**asdict(each), "at": each.at.isoformat()} for each in tests]
        click.echo(json.dumps({"tests": told, "orders": orders}))
        return
    if not tests:
        click.echo("Nothing was measured yet. Begin with: deskhand kb evaluate")
    for each in tests:
        click.echo(_line(each))
        if each.why:
            click.echo(f"    {each.why}")
    if rankers:
        from triage.search.learned import in_words

        click.echo("\nOrder of suggestions, learned from inserts:")
        for ranker in rankers:
            click.echo(
                f"{ranker.made_at:%Y-%m-%d %H:%M}  {ranker.name:<12} {ranker.state:<9} {in_words(ranker.weights)}"
            )
            click.echo(f"    {ranker.why}")


def _line(test: SearchTest) -> str:
    count = test.queries
    share = (
        f"first {round(test.recall_at_1 * count)} of {count}, in three {round(test.recall_at_3 * count)} of {count}"
        if count < FEW
        else f"first {100 * test.recall_at_1:.1f} %, in three {100 * test.recall_at_3:.1f} % of {count:,}"
    )
    refused = "" if test.is_used else "  REFUSED"
    return (
        f"{test.at:%Y-%m-%d %H:%M}  index {test.index_version[:8]}  {test.source:<7}  {share}, "
        f"MRR {test.mrr_at_10:.3f}, order {test.ranker}{refused}"
    )


def _said(share: Share) -> str:
    if share.of < FEW:
        return f"{share.count} of {share.of}"
    return f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"


def _figures(found: Relevance) -> dict[str, object]:
    return {
        "queries": found.queries,
        "recall_at_1": found.first.value,
        "recall_at_1_interval": [found.first.low, found.first.high],
        "recall_at_3": found.in_three.value,
        "recall_at_3_interval": [found.in_three.low, found.in_three.high],
        "mrr_at_10": found.mrr_at_10,
        "worst": [asdict(each) for each in found.worst],
    }


def _queries(file: Path, known: set[str], deps: Deps, *, as_json: bool) -> list[Query]:
    from app.knowledge.evaluating import Query

    found: list[Query] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened, strict=True, restval="")
            if missing := {"query", "article_id"} - set(reader.fieldnames or ()):
                _problem(f"{file} has no column {', '.join(sorted(missing))}.", as_json=as_json)
            for row in reader:
                right = frozenset(ref.strip() for ref in row["article_id"].split(";") if ref.strip())
                if not right <= known or not right:
                    _problem(f"{file}:{reader.line_num}: there is no article {row['article_id']!r}.", as_json=as_json)
                found.append(Query(text=row["query"], right=right, at=deps.now()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        _problem(f"{file} cannot be read as UTF-8 CSV: {error}.", as_json=as_json)
    if not found:
        _problem(f"{file} has no queries.", as_json=as_json)
    return found


def _problem(message: str, *, as_json: bool) -> NoReturn:
    click.echo(json.dumps({"problem": message}) if as_json else message, err=not as_json)
    sys.exit(1)
