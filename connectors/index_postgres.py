"""An index in PostgreSQL, for installs of several machines: one index for all of them, and nothing of it in files.

Vectors are pgvector's and compared there, exactly: the order is standardised over all articles in question, so an
approximate list of the nearest few would change it. Words are the same BM25 postings as in files, a row for each term:
PostgreSQL's own text ranking knows no rarity of words and would give another order.

The tables are made with the first index and not with the database: they can be made again from the articles, and a
database without pgvector lacks nothing but them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import Vector
from pgvector.psycopg import register_vector
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from connectors.encoder import Vectors
from connectors.index import Index, IndexBroken, IndexMissing, Made
from connectors.store.database import Database
from triage.search.corpus import Corpus
from triage.search.kept import Entry, decoded
from triage.search.lexical import Lexical, Posting, PostingArrays
from triage.search.passages import Passage
from triage.search.query import Vocabulary
from triage.search.ranking import Floats

FORMAT = "1"
KEPT = 2  # versions beside the one in use and the one before: for readers that are just opening one
OURS = 7_103_371_002
"""The number of our lock: one process at a time makes the tables."""
BY_ARTICLE, BY_PASSAGE = 0, 1
ELEMENT = np.dtype([("bytes", ">i4"), ("value", ">f4")])
NUMBER = np.dtype([("bytes", ">i4"), ("value", ">i4")])
PGVECTOR = "pgvector"
ARRAY_HEAD = 20
"""Bytes before the elements of an array of one dimension, as PostgreSQL sends it."""

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS kb_index (
    tenant text NOT NULL, version text NOT NULL, format text NOT NULL, encoder text NOT NULL, entries text NOT NULL,
    first bytea NOT NULL, readable bytea NOT NULL, terms text NOT NULL, counts bytea[] NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(), used_at timestamptz, built_from text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, version))""",
    """
    CREATE TABLE IF NOT EXISTS kb_text (
    tenant text NOT NULL, version text NOT NULL, number int NOT NULL, is_title boolean NOT NULL, key bytea NOT NULL,
    vector vector NOT NULL, record bytea NOT NULL,
    PRIMARY KEY (tenant, version, is_title, number),
    FOREIGN KEY (tenant, version) REFERENCES kb_index ON DELETE CASCADE)""",
    """
    CREATE TABLE IF NOT EXISTS kb_posting (
    tenant text NOT NULL, version text NOT NULL, kind int NOT NULL, term int NOT NULL, rows bytea NOT NULL,
    weights bytea NOT NULL,
    PRIMARY KEY (tenant, version, kind, term),
    FOREIGN KEY (tenant, version) REFERENCES kb_index ON DELETE CASCADE)""",
)

_able: WeakKeyDictionary[Database, bool] = WeakKeyDictionary()


def is_possible(database: Database) -> bool:
    """Whether the database has pgvector, or lets us switch it on. Asked once for each process."""
    if database not in _able:
        _able[database] = not database.is_sqlite and _has_pgvector(database)
    return _able[database]


def _has_pgvector(database: Database) -> bool:
    try:
        with database.write() as connection:
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
    except SQLAlchemyError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """Implements `connectors.index.Place`."""

    database: Database
    tenant: str
    scratch: Path

    def in_use(self) -> str:
        with _reading(self.database) as cursor:
            return self._in_use(cursor)

    def _in_use(self, cursor: psycopg.Cursor[Any]) -> str:
        row = None
        if _there(cursor):
            query = "SELECT version, format FROM kb_index WHERE tenant = %s AND used_at IS NOT NULL"
            row = cursor.execute(f"{query} ORDER BY used_at DESC LIMIT 1", (self.tenant,)).fetchone()
        if row is None:
            raise IndexMissing("No index was built yet.")
        if row[1] != FORMAT:
            raise IndexBroken(f"The index has format {row[1]}, this is {FORMAT}.")
        return str(row[0])

    def open(self) -> Index:
        version = self.in_use()
        try:
            return self.open_version(version)
        except IndexBroken:
            # Replaced often between the two looks.
            if (now := self.in_use()) == version:
                raise
            return self.open_version(now)

    def open_version(self, version: str) -> Index:
        query = (
            "SELECT encoder, entries, first, readable, terms, counts FROM kb_index WHERE tenant = %s AND version = %s"
        )
        with _reading(self.database) as cursor:
            row = cursor.execute(query, (self.tenant, version)).fetchone() if _there(cursor) else None
        if row is None:
            raise IndexBroken(f"There is no version {version} of the index.")
        encoder_id, entries_json, first, readable, terms, counts = row
        entries = tuple(Entry(*each) for each in json.loads(entries_json))
        starts = np.frombuffer(first, np.int64)
        version_of = _Version(self.database, self.tenant, version)
        passages = int(starts[-1])
        corpus = Corpus(
            entries=entries,
            first=starts,
            titled=np.array([bool(entry.title) for entry in entries], np.bool_),
            readable=np.frombuffer(readable, np.bool_),
            vectors=_StoredVectors(version_of, passages, len(entries)),
            records=_StoredRecords(version_of),
            by_article=Lexical(
                _StoredPostings(version_of, BY_ARTICLE, np.frombuffer(counts[BY_ARTICLE], np.int32)), len(entries)
            ),
            by_passage=Lexical(
                _StoredPostings(version_of, BY_PASSAGE, np.frombuffer(counts[BY_PASSAGE], np.int32)), passages
            ),
            vocabulary=Vocabulary.of(terms.split("\n") if terms else [], sorted({each.language for each in entries})),
        )
        return Index(version, encoder_id, corpus)

    def keep(self, made: Made) -> str:
        entries = json.dumps([astuple(entry) for entry in made.entries], ensure_ascii=False)
        version = _named(made, entries)
        lengths = np.array([len(record) for record in made.records], np.int64)
        texts = np.concatenate([[0], np.cumsum(lengths)])
        readable = np.asarray(texts[made.first[1:]] > texts[made.first[:-1]], np.bool_)
        with _writing(self.database) as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (OURS,))
            for statement in TABLES:
                cursor.execute(statement)
            query = (
                "INSERT INTO kb_index (tenant, version, format, encoder, entries, first, readable, terms, counts) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
            )
            values = (
                self.tenant, version, FORMAT, made.encoder_id, entries, made.first.astype(np.int64).tobytes(),
                readable.tobytes(), "\n".join(made.terms),
                [np.diff(each.starts).astype(np.int32).tobytes() for each in (made.by_article, made.by_passage)],
            )  # fmt: skip
            if cursor.execute(query, values).rowcount:
                self._copy(cursor, version, made)
        return version

    def _copy(self, cursor: psycopg.Cursor[Any], version: str, made: Made) -> None:
        texts = "COPY kb_text (tenant, version, number, is_title, key, vector, record) FROM STDIN (FORMAT BINARY)"
        with cursor.copy(texts) as copy:
            copy.set_types(["text", "text", "int4", "bool", "bytea", "vector", "bytea"])
            count = len(made.records)
            for at, (vector, key) in enumerate(zip(made.vectors, made.keys, strict=True)):
                number, record = (at, made.records[at]) if at < count else (at - count, b"")
                copy.write_row((self.tenant, version, number, at >= count, key.tobytes(), Vector(vector), record))
        postings = "COPY kb_posting (tenant, version, kind, term, rows, weights) FROM STDIN (FORMAT BINARY)"
        with cursor.copy(postings) as copy:
            copy.set_types(["text", "text", "int4", "int4", "bytea", "bytea"])
            for kind, lists in ((BY_ARTICLE, made.by_article), (BY_PASSAGE, made.by_passage)):
                for term, (rows, weights) in _by_term(lists):
                    copy.write_row((self.tenant, version, kind, term, rows.tobytes(), weights.tobytes()))

    def put_in_use(self, version: str, *, built_from: str = "") -> None:
        with _writing(self.database) as cursor:
            used = "UPDATE kb_index SET used_at = clock_timestamp(), built_from = %s WHERE tenant = %s AND version = %s"
            if not cursor.execute(used, (built_from, self.tenant, version)).rowcount:
                raise IndexBroken(f"There is no version {version} of the index to put in use.")
            cursor.execute(
                "DELETE FROM kb_index WHERE tenant = %s AND version NOT IN (SELECT version FROM kb_index "
                "WHERE tenant = %s ORDER BY used_at DESC NULLS LAST, made_at DESC LIMIT %s)",
                (self.tenant, self.tenant, 2 + KEPT),
            )

    def built_from(self) -> str:
        try:
            with _reading(self.database) as cursor:
                query = "SELECT built_from FROM kb_index WHERE tenant = %s AND version = %s"
                row = cursor.execute(query, (self.tenant, self._in_use(cursor))).fetchone()
        except (IndexMissing, IndexBroken):
            return ""
        return str(row[0]) if row else ""

    def known(self, encoder_id: str) -> Mapping[bytes, Vectors]:
        query = (
            "SELECT key, vector FROM kb_text JOIN kb_index USING (tenant, version) "
            "WHERE tenant = %s AND version = %s AND encoder = %s"
        )
        try:
            with _reading(self.database) as cursor:
                cursor.execute(query, (self.tenant, self._in_use(cursor), encoder_id))
                return {key: vector.to_numpy() for key, vector in cursor}
        except (IndexMissing, IndexBroken):
            return {}


@dataclass(frozen=True, slots=True)
class _Version:
    database: Database
    tenant: str
    version: str

    def gone(self) -> IndexBroken:
        return IndexBroken(f"Version {self.version} of the index was replaced meanwhile. Open it again.")


@dataclass(frozen=True, slots=True)
class _StoredVectors:
    of: _Version
    passages: int
    titles: int

    def cosines(self, vector: Floats) -> tuple[Floats, Floats]:
        # Vectors are of length 1 or 0, so the inner product is the cosine; pgvector gives it negated.
        query = (
            "SELECT is_title, array_send(array_agg(number)), array_send(array_agg((-(vector <#> %s))::real)) "
            "FROM kb_text WHERE tenant = %s AND version = %s GROUP BY is_title"
        )
        with _reading(self.of.database) as cursor:
            cursor.execute("SET LOCAL jit = off")  # it takes longer to compile this query than to answer it
            cursor.execute(query, (Vector(vector), self.of.tenant, self.of.version))
            found = {is_title: (numbers, values) for is_title, numbers, values in cursor}
        return self._array(found.get(False), self.passages), self._array(found.get(True), self.titles)

    def _array(self, sent: tuple[bytes, bytes] | None, count: int) -> Floats:
        numbers = np.zeros(0, np.int32) if sent is None else np.frombuffer(sent[0], NUMBER, offset=ARRAY_HEAD)["value"]
        if len(numbers) != count:
            raise self.of.gone()
        values = np.zeros(count, np.float32)
        if sent is not None:
            values[numbers] = np.frombuffer(sent[1], ELEMENT, offset=ARRAY_HEAD)["value"]
        return values


@dataclass(frozen=True, slots=True)
class _StoredRecords:
    of: _Version

    def passage(self, number: int) -> Passage:
        query = "SELECT record FROM kb_text WHERE tenant = %s AND version = %s AND NOT is_title AND number = %s"
        with _reading(self.of.database) as cursor:
            row = cursor.execute(query, (self.of.tenant, self.of.version, number)).fetchone()
        if row is None:
            raise self.of.gone()
        return decoded(row[0])


@dataclass(slots=True)
class _StoredPostings:
    """`counts` says for each term in how many documents it is. The postings of the last query are at hand: the terms
    of a hit's reason are among them."""

    of_version: _Version
    kind: int
    counts: NDArray[np.int32]
    last: Mapping[int, Posting] = field(default_factory=dict)

    def count(self, term: int) -> int:
        return int(self.counts[term])

    def of(self, terms: Collection[int]) -> Mapping[int, Posting]:
        known = self.last
        if all(term in known for term in terms):
            return known
        version = self.of_version
        query = (
            "SELECT term, rows, weights FROM kb_posting "
            "WHERE tenant = %s AND version = %s AND kind = %s AND term = ANY(%s)"
        )
        with _reading(version.database) as cursor:
            cursor.execute(query, (version.tenant, version.version, self.kind, list(terms)))
            found = {
                term: (np.frombuffer(rows, np.int32), np.frombuffer(weights, np.float32))
                for term, rows, weights in cursor
            }
        if any(self.counts[term] and term not in found for term in terms):
            raise version.gone()
        nothing = np.zeros(0, np.int32), np.zeros(0, np.float32)
        self.last = {term: found.get(term, nothing) for term in terms}
        return self.last


def _by_term(lists: PostingArrays) -> Iterator[tuple[int, Posting]]:
    """Each term that some document has."""
    terms = range(len(lists.starts) - 1)
    yield from ((term, posting) for term in terms if len((posting := lists.of([term])[term])[0]))


def _named(made: Made, entries: str) -> str:
    """A version's name: what it holds."""
    arrays: Iterable[NDArray[Any]] = (
        made.first, made.vectors, made.keys, made.by_article.weights, made.by_article.rows, made.by_article.starts,
        made.by_passage.weights, made.by_passage.rows, made.by_passage.starts,
    )  # fmt: skip
    content = hashlib.sha256("\0".join((FORMAT, made.encoder_id, entries, *made.terms)).encode())
    for part in (*(array.tobytes() for array in arrays), *made.records):
        content.update(hashlib.sha256(part).digest())
    return content.hexdigest()[:20]


def _there(cursor: psycopg.Cursor[Any]) -> bool:
    row = cursor.execute("SELECT to_regclass('kb_index') IS NOT NULL").fetchone()
    return bool(row and row[0])


@contextmanager
def _reading(database: Database) -> Iterator[psycopg.Cursor[Any]]:
    with database.read() as connection, _cursor(connection) as cursor:
        yield cursor


@contextmanager
def _writing(database: Database) -> Iterator[psycopg.Cursor[Any]]:
    """An index may be large: only the server's going away ends it."""
    with database.write() as connection, _cursor(connection) as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        yield cursor


@contextmanager
def _cursor(connection: Connection) -> Iterator[psycopg.Cursor[Any]]:
    """psycopg's own, for COPY and binary values; what fails is SQLAlchemy's error, as everywhere else."""
    raw: Any = connection.connection.dbapi_connection
    try:
        if PGVECTOR not in connection.info:
            register_vector(raw)
            connection.info[PGVECTOR] = True
        with raw.cursor(binary=True) as cursor:
            yield cursor
    except psycopg.Error as error:
        raise OperationalError("search index", None, error, hide_parameters=True) from error
