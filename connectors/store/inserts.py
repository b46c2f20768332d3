"""What agents inserted, beside what was found on that ticket: what search is measured by and learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, func, select

from connectors.store.article_rows import key_of
from connectors.store.database import Database
from connectors.store.schema import article, suggestion
from connectors.store.schema import article_event as events
from connectors.store.schema import tenant as tenants
from connectors.store.suggestions import Suggestion, Suggestions
from triage.suggestions import INSERTS, Act

KINDS = tuple(act.value for act in INSERTS)
AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A ticket on which articles were inserted, `inserted` their keys, which all languages of one share; one that was
    judged not helpful on the same ticket is left out. `at` is of the first insert.
    """

    made: Suggestion
    inserted: frozenset[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What was inserted on tickets, the oldest first: their vectors (n, d), the articles' keys, and when."""

    vectors: NDArray[np.float32]
    keys: tuple[frozenset[str], ...]
    times: tuple[datetime, ...]


class Inserts:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.suggestions = Suggestions(database)

    def tenants(self, since: datetime) -> list[str]:
        """Tenants with an insert since then; cheap."""
        some = select(events.c.id).where(
            events.c.tenant == tenants.c.id, events.c.kind.in_(KINDS), events.c.at >= since
        )
        with self.database.read() as connection:
            return list(connection.execute(select(tenants.c.id).where(some.exists())).scalars())

    def memory(self, tenant: str, encoder: str, limit: int) -> Memory:
        """The newest tickets with an insert whose vectors are of this encoder, without what was found for them."""
        vectors: dict[str, NDArray[np.float32]] = {}
        inserted: dict[str, frozenset[str]] = {}
        with self.database.read() as connection:
            times = _newest_in(connection, tenant, limit, suggestion.c.encoder == encoder)
            for some in _chunks(list(times)):
                query = select(suggestion.c.ticket_ref, suggestion.c.vector).where(
                    suggestion.c.tenant == tenant, suggestion.c.ticket_ref.in_(some)
                )
                for ref, vector in connection.execute(query):
                    vectors[ref] = np.frombuffer(vector, np.dtype("<f4")).astype(np.float32)
                inserted |= _inserted_in(connection, tenant, some)
        known = [ref for ref in times if ref in vectors and inserted[ref]]
        return Memory(
            np.stack([vectors[ref] for ref in known]) if known else np.zeros((0, 0), np.float32),
            tuple(inserted[ref] for ref in known),
            tuple(times[ref] for ref in known),
        )

    def newest(self, tenant: str, limit: int) -> list[Lesson]:
        """The tickets with the newest inserts, the oldest of them first."""
        inserted: dict[str, frozenset[str]] = {}
        with self.database.read() as connection:
            times = _newest_in(connection, tenant, limit)
            for some in _chunks(list(times)):
                inserted |= _inserted_in(connection, tenant, some)
        made = self.suggestions.many(tenant, list(times))
        return [
            Lesson(made=made[ref], inserted=inserted[ref], at=at)
            for ref, at in times.items()
            if ref in made and inserted[ref]
        ]


def _newest_in(connection: Connection, tenant: str, limit: int, *where: ColumnElement[bool]) -> dict[str, datetime]:
    """The tickets with the newest first inserts, the oldest of them first."""
    at = func.min(events.c.at, type_=events.c.at.type)
    kept = (suggestion.c.tenant == events.c.tenant) & (suggestion.c.ticket_ref == events.c.ticket_ref)
    query = (
        select(events.c.ticket_ref, at.label("at"))
        .join(suggestion, kept)
        .where(events.c.tenant == tenant, events.c.kind.in_(KINDS), *where)
        .group_by(events.c.ticket_ref)
        .order_by(at.desc(), events.c.ticket_ref.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return {row.ticket_ref: row.at for row in reversed(rows)}


def _chunks(refs: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(refs), AT_ONCE):
        yield refs[start : start + AT_ONCE]


def _inserted_in(connection: Connection, tenant: str, refs: list[str]) -> dict[str, frozenset[str]]:
    judged: set[tuple[str, str]] = set()
    inserted: dict[str, set[str]] = {ref: set() for ref in refs}
    query = (
        select(events.c.ticket_ref, events.c.kind, article.c.source, article.c.ref)
        .join(article, article.c.id == events.c.article_id)
        .where(
            events.c.tenant == tenant,
            events.c.ticket_ref.in_(refs),
            events.c.kind.in_((*KINDS, Act.NOT_HELPFUL.value)),
        )
    )
    for ticket, kind, source, name in connection.execute(query):
        key = key_of(source, name)
        if kind == Act.NOT_HELPFUL.value:
            judged.add((ticket, key))
        else:
            inserted[ticket].add(key)
    return {ref: frozenset(key for key in found if (ref, key) not in judged) for ref, found in inserted.items()}
