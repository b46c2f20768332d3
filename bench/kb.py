"""How often search finds the right article, and how fast, on any two CSV files.

    python -m bench.kb --articles A.csv --queries Q.csv [--copies N] [--json]

A.csv has `article_id,title,body` (plain text, Markdown or HTML; a column `locale` is used where there is one), Q.csv
has `query,article_id`, several right ones separated by `;`. A query is right at 3 when one of its articles is among the
first three. Milliseconds are of encoding the query and searching, on one thread; nothing is cached between queries.

`--copies N` times the same queries over N copies of every article. The copies are not encoded again: their vectors
are the first ones moved at random by about a tenth of their length. Only the milliseconds and `passages` are of the
copies; recall is always of the articles themselves.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bench.labelled import BadInput, encoder
from bench.labelled import run as run_bench
from connectors.encoder import Encoder
from connectors.index import build
from connectors.index_folder import FolderPlace
from connectors.index_postgres import PostgresPlace, is_possible
from connectors.store.database import Database
from triage.articles import Article, Audience
from triage.search.corpus import Corpus
from triage.search.kept import VectorArrays
from triage.search.ranking import Floats

DEPTH = 10  # of the list that is looked at
MOVED = 0.1  # how far a copy's vector is moved
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    articles = read_articles(arguments.articles)
    queries = read_queries(arguments.queries, {article.ref for article in articles})
    encode = encoder()
    encode.encode(["The first text takes longer than the others."])
    encode.cache_size = 0
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        index = build(articles, encode, FolderPlace(Path(folder)), progress=said)
        index_s = time.perf_counter() - started
        places, spent = ask(index.corpus, encode, queries)
        passages = index.corpus.by_passage.size
        if arguments.copies > 1:
            corpus = copied(articles, arguments.copies, encode, Path(folder))
            passages = corpus.by_passage.size
            _, spent = ask(corpus, encode, queries)
        stored = (
            compared(arguments, index.corpus, articles, encode, queries, Path(folder)) if arguments.database else {}
        )
    return {
        "recall_at_1": share(places, 1),
        "recall_at_3": share(places, 3),
        "mrr_at_10": round(float(np.mean([1 / place if place else 0 for place in places])), 4),
        "ms_per_query_p50": round(float(np.percentile(spent, 50)), 2),
        "ms_per_query_p95": round(float(np.percentile(spent, 95)), 2),
        "index_s": round(index_s, 2),
        "passages_per_s": round(index.corpus.by_passage.size / index_s, 1),
        "passages": passages,
        "articles": len(articles),
        "queries": len(queries),
        **stored,
    }


def compared(
    arguments: argparse.Namespace,
    corpus: Corpus,
    articles: list[Article],
    encode: Encoder,
    queries: list[tuple[str, set[str]]],
    folder: Path,
) -> dict[str, Any]:
    """The same index in PostgreSQL: how often the first three are the same, and how long it takes there.

    With `--copies` the time is over so many copies, whose vectors are those of the articles.
    """
    database = Database(arguments.database)
    if not is_possible(database):
        raise BadInput("--database: this is no PostgreSQL with pgvector.")
    place, many = PostgresPlace(database, "bench", folder / "stored"), PostgresPlace(database, "bench-copies", folder)
    kept = build(articles, encode, place).corpus
    pairs = [(first_three(corpus, encode, query), first_three(kept, encode, query)) for query, _ in queries]
    if arguments.copies > 1:
        again = [replace(each, ref=f"{each.ref}-{copy}") for copy in range(arguments.copies) for each in articles]
        started = time.perf_counter()
        kept = build(again, encode, many).corpus
        print(f"kept {kept.by_passage.size} passages in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    _, spent = ask(kept, encode, queries)
    return {
        "same_first_three": round(sum(one == other for one, other in pairs) / len(pairs), 4),
        "postgresql_ms_per_query_p50": round(float(np.percentile(spent, 50)), 2),
        "postgresql_ms_per_query_p95": round(float(np.percentile(spent, 95)), 2),
    }


def first_three(corpus: Corpus, encode: Encoder, query: str) -> list[str]:
    found = corpus.search(query, encode.encode([query])[0], allowed=corpus.everything(), limit=3)
    return [hit.ref for hit in found]


def ask(corpus: Corpus, encode: Encoder, queries: list[tuple[str, set[str]]]) -> tuple[list[int], list[float]]:
    """The place of the first right article for each query, 0 where it is not in the list; the milliseconds."""
    allowed = corpus.everything()
    places, spent = [], []
    for query, right in queries:
        started = time.perf_counter()
        hits = corpus.search(query, encode.encode([query])[0], allowed=allowed, limit=DEPTH)
        spent.append(1000 * (time.perf_counter() - started))
        places.append(next((place for place, hit in enumerate(hits, 1) if hit.ref in right), 0))
    return places, spent


def copied(articles: list[Article], copies: int, encode: Encoder, folder: Path) -> Corpus:
    """So many copies of the articles. `folder` has their own index: all vectors are taken from there, then moved."""
    again = [replace(article, ref=f"{article.ref}-{copy}") for copy in range(copies) for article in articles]
    corpus = build(again, encode, FolderPlace(folder)).corpus
    random = np.random.default_rng(0)
    vectors = corpus.vectors
    assert isinstance(vectors, VectorArrays)
    return replace(corpus, vectors=VectorArrays(moved(vectors.passages, random), moved(vectors.titles, random)))


def moved(vectors: Floats, random: np.random.Generator) -> Floats:
    out = np.empty_like(vectors)
    for at in range(0, len(vectors), 10_000):
        some = vectors[at : at + 10_000]
        noise = random.standard_normal(some.shape, dtype=np.float32) * np.float32(MOVED / some.shape[1] ** 0.5)
        out[at : at + 10_000] = (some + noise) / np.linalg.norm(some + noise, axis=1, keepdims=True)
    return out


def share(places: list[int], depth: int) -> float:
    return round(sum(0 < place <= depth for place in places) / len(places), 4)


def read_articles(path: str) -> list[Article]:
    """The rows of a CSV file as articles that everybody may read."""
    found: dict[str, Article] = {}
    for line, row in rows(path, ("article_id", "title", "body")):
        ref = row["article_id"].strip()
        if not ref or ref in found:
            raise BadInput(f"{path}, line {line}: article_id is {'empty' if not ref else f'{ref!r} again'}.")
        found[ref] = Article(
            ref=ref,
            locale=row.get("locale") or "en",
            title=row["title"],
            body_html=row["body"],
            section=(),
            labels=(),
            audience=Audience.EVERYONE,
            created_at=WRITTEN,
            updated_at=WRITTEN,
        )
    return list(found.values())


def read_queries(path: str, known: set[str]) -> list[tuple[str, set[str]]]:
    """Each query with the articles that answer it; one of them has to be there."""
    found = []
    for line, row in rows(path, ("query", "article_id")):
        right = {ref.strip() for ref in row["article_id"].split(";")} & known
        if not right:
            raise BadInput(f"{path}, line {line}: article_id {row['article_id']!r} is none of the articles.")
        found.append((row["query"], right))
    return found


def rows(path: str, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a UTF-8 CSV file with a header that has these columns, each with its line."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True, restval="")
            there = list(reader.fieldnames or [])
            for name in columns:
                if name not in there:
                    raise BadInput(f"{path}: no column {name!r}; there are {', '.join(there) or 'none'}.")
            found = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8.") from error
    except csv.Error as error:
        raise BadInput(f"{path}: not CSV ({error}).") from error
    if not found:
        raise BadInput(f"{path}: a header but no rows.")
    return found


def said(done: int, of: int) -> None:
    print(f"encoded {done} of {of}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.kb", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--copies", type=int, default=1, help="time over so many copies of the articles [1]")
    parser.add_argument("--database", help="also compare with an index in this PostgreSQL, an empty one")
    run_bench(parser, measure)


if __name__ == "__main__":
    main()
