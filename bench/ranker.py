"""What an order learned from inserts is worth, on any two CSV files as of `bench.kb`, with simulated agents.

    python -m bench.ranker --articles A.csv --queries Q.csv [--inserts 50,100,300,1000] [--repeats R] [--nulls N]

There are no clicks of real agents here. A quarter of the queries, drawn at random, are later tickets that nobody
answered yet; on the others an agent looks at the three articles of the shipped order, the later ones less often, and
inserts the right one; one insert in ten is any of the three. Where the right one is not among them, they search and
find it in three cases of ten. After so many inserts an order is learned, tried and used as the product would, and the
later tickets are searched. `before` and `after` are recall at 1, recall at 3 and MRR at 10 over them, `used` how often
the learned order was better beyond noise on the newest inserts; where it was not, `after` is of the shipped order.

`false` are orders that were used although nothing could be learned: of N times each, agents insert any of the three
(`any_shown`), any of the ten (`any_found`), or always the first (`first`).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.kb import read_articles, read_queries, said
from bench.labelled import encoder
from bench.labelled import run as run_bench
from connectors.index import build
from connectors.index_folder import FolderPlace
from triage.search.before import before
from triage.search.learned import SHIPPED, scores
from triage.search.lessons import LEAST, Lesson, choices, tried
from triage.search.ranking import Floats

DEPTH, SHOWN = 10, 3
LOOKED_AT = (1.0, 0.85, 0.7)
MISTAKEN, SEARCHES = 0.1, 0.3
LATER = 0.25

Random = np.random.Generator
Insert = Callable[["Ticket", Random], str | None]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A query with what was found for it, best first, and the articles that answer it."""

    vector: Floats
    keys: tuple[str, ...]
    signals: tuple[dict[str, float], ...]
    right: frozenset[str]


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    counts = [int(each) for each in arguments.inserts.split(",")]
    tickets = search(arguments.articles, arguments.queries)
    told: dict[str, Any] = {"queries": len(tickets), "later": round(LATER * len(tickets)), "repeats": arguments.repeats}
    for count in counts:
        done = [one for seed in range(arguments.repeats) if (one := repeat(tickets, count, seed))]
        if done:
            told[f"inserts_{count}"] = {
                "before": mean([each[0] for each in done]),
                "after": mean([each[1] for each in done]),
                "used": round(float(np.mean([each[2] for each in done])), 2),
            }
    told["false"] = {
        name: {
            count: sum(used(tickets, insert, count, seed) for seed in range(arguments.nulls))
            for count in counts
            if LEAST <= count <= len(tickets)
        }
        for name, insert in (("any_shown", any_shown), ("any_found", any_found), ("first", first))
    }
    return told


def search(articles: str, queries: str) -> list[Ticket]:
    known = read_articles(articles)
    asked, encode = read_queries(queries, {article.ref for article in known}), encoder()
    with tempfile.TemporaryDirectory() as folder:
        corpus = build(known, encode, FolderPlace(Path(folder)), progress=said).corpus
        tickets = []
        for text, right in asked:
            vector = encode.encode([text])[0]
            hits = corpus.search(text, vector, allowed=corpus.everything(), limit=DEPTH)
            signals = tuple({**hit.signals, "score": hit.score, "sure": hit.sure} for hit in hits)
            tickets.append(Ticket(vector, tuple(hit.ref for hit in hits), signals, frozenset(right)))
    return tickets


def agent(ticket: Ticket, random: Random) -> str | None:
    """What an agent inserts; None: nothing."""
    if random.random() < MISTAKEN:
        return any_shown(ticket, random)
    place = next((at for at, key in enumerate(ticket.keys) if key in ticket.right), None)
    if place is None:
        return None
    return ticket.keys[place] if random.random() < (LOOKED_AT[place] if place < SHOWN else SEARCHES) else None


def any_shown(ticket: Ticket, random: Random) -> str | None:
    return str(random.choice(ticket.keys[:SHOWN])) if ticket.keys else None


def any_found(ticket: Ticket, random: Random) -> str | None:
    return str(random.choice(ticket.keys)) if ticket.keys else None


def first(ticket: Ticket, random: Random) -> str | None:
    return ticket.keys[0] if ticket.keys else None


def lessons(tickets: Sequence[Ticket], insert: Insert, count: int, random: Random) -> list[Lesson]:
    """What is known after so many inserts; fewer where there are not so many tickets."""
    found: list[Lesson] = []
    for ticket in tickets:
        if len(found) < count and (key := insert(ticket, random)) is not None:
            found.append(
                Lesson(vector=ticket.vector, keys=ticket.keys, signals=ticket.signals, inserted=frozenset((key,)))
            )
    return found


def repeat(
    tickets: Sequence[Ticket], count: int, seed: int
) -> tuple[tuple[float, ...], tuple[float, ...], bool] | None:
    """Before, after, and whether the learned order was used; None where there are too few tickets."""
    random = np.random.default_rng(seed)
    drawn = [tickets[at] for at in random.permutation(len(tickets))]
    later, earlier = drawn[: round(LATER * len(drawn))], drawn[round(LATER * len(drawn)) :]
    known = lessons(earlier, agent, count, random)
    if len(known) < count:
        return None
    plain = [place(ticket, [each["score"] for each in ticket.signals]) for ticket in later]
    made = choices(known)
    found = tried(made, SHIPPED) if len(made) >= LEAST else None
    if found is None or not found.is_better:
        return figures(plain), figures(plain), False
    vectors, inserted = np.stack([each.vector for each in known]), [each.inserted for each in known]
    places = []
    for ticket in later:
        shares = before(ticket.vector, vectors, inserted)
        signals = [
            {**each, "before": shares.get(key, 0.0)} for key, each in zip(ticket.keys, ticket.signals, strict=True)
        ]
        places.append(place(ticket, scores(found.weights, signals)))
    return figures(plain), figures(places), True


def used(tickets: Sequence[Ticket], insert: Insert, count: int, seed: int) -> bool:
    random = np.random.default_rng(seed)
    drawn = [tickets[at] for at in random.permutation(len(tickets))]
    made = choices(lessons(drawn, insert, count, random))
    return len(made) >= LEAST and tried(made, SHIPPED).is_better


def place(ticket: Ticket, ordered_by: Sequence[float]) -> int:
    order = np.argsort(-np.array(ordered_by), kind="stable")
    return next((at for at, row in enumerate(order, 1) if ticket.keys[row] in ticket.right), 0)


def figures(places: Sequence[int]) -> tuple[float, ...]:
    count = len(places)
    first_three = [sum(0 < each <= depth for each in places) / count for depth in (1, 3)]
    return (*first_three, sum(1 / each for each in places if each) / count)


def mean(several: Sequence[tuple[float, ...]]) -> list[float]:
    return [round(float(each), 4) for each in np.mean(several, axis=0)]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.ranker", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--inserts", default="50,100,300,1000", help="so many, each measured by itself [%(default)s]")
    parser.add_argument("--repeats", type=int, default=10, help="draws of later tickets [10]")
    parser.add_argument("--nulls", type=int, default=100, help="draws where nothing can be learned [100]")
    run_bench(parser, measure)


if __name__ == "__main__":
    main()
