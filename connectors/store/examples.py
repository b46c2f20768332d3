"""Solved tickets to learn from: the text as it came in, and what people made of it in the end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from connectors.store.database import Database
from connectors.store.schema import correction, cursor, decision
from connectors.store.schema import example as table
from triage.decisions import Outcome

HISTORY = "history"
"""The cursor of the walk through a tenant's solved tickets; whoever has one asked to learn from them."""
RESTS = timedelta(hours=12)
"""So long after it was last read, whoever had it read is done with it: a training by hand takes minutes."""
AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One ticket. `labels` maps a target to what the helpdesk holds, `corrected` to what an agent gave instead of ours.

    `solved_at` is the last change known of it.
    """

    ref: str
    text: str
    labels: Mapping[str, str]
    created_at: datetime
    solved_at: datetime
    corrected: Mapping[str, str] = field(default_factory=dict)

    def label(self, target: str) -> str | None:
        """What is to be learned: an agent's correction before anything else."""
        return self.corrected.get(target) or self.labels.get(target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What we last wrote to a ticket without asking."""

    category: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One decision as the model made it: what it said, how sure, and how near the nearest it had learned."""

    ref: str
    at: datetime
    category: str
    confidence: float
    nearest: float | None


class Examples:
    def __init__(self, database: Database) -> None:
        self.database = database

    def keep_in(self, connection: Connection, tenant: str, found: Sequence[Example]) -> None:
        """Store tickets or bring them up to date; labels and corrections that the new reading lacks stay."""
        for some in _chunks(found):
            known = {
                row.ref: row
                for row in connection.execute(
                    select(table).where(table.c.tenant == tenant, table.c.ref.in_([each.ref for each in some]))
                )
            }
            for each in {each.ref: each for each in some}.values():
                before = known.get(each.ref)
                values = {
                    "text": each.text,
                    "labels": {**(before.labels if before else {}), **each.labels},
                    "corrected": {**(before.corrected if before else {}), **each.corrected},
                    "created_at": each.created_at,
                    "solved_at": each.solved_at,
                }
                connection.execute(
                    self.database.insert(table)
                    .values(tenant=tenant, ref=each.ref, **values)
                    .on_conflict_do_update(index_elements=["tenant", "ref"], set_=values)
                )

    def newest(self, tenant: str, target: str, *, limit: int, since: datetime | None = None) -> list[Example]:
        """The last tickets that have a label of the target, oldest first."""
        later = () if since is None else (table.c.solved_at >= since,)
        with self.database.read() as connection:
            rows = connection.execute(
                select(table)
                .where(table.c.tenant == tenant, _has(target), *later)
                .order_by(table.c.solved_at.desc(), table.c.id.desc())
                .limit(limit)
            ).all()
        return [_example(row) for row in reversed(rows)]

    def unlabelled(self, tenant: str, target: str, *, limit: int) -> list[str]:
        """Texts of the last tickets that have a text and no label of the target, oldest first."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(table.c.text)
                .where(table.c.tenant == tenant, ~_has(target), func.trim(table.c.text) != "")
                .order_by(table.c.solved_at.desc(), table.c.id.desc())
                .limit(limit)
            ).scalars()
            return list(rows)[::-1]

    def count(self, tenant: str, target: str = "category") -> int:
        """How many tickets have a label of the target."""
        query = select(func.count()).select_from(table).where(table.c.tenant == tenant, _has(target))
        with self.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def resting(self, now: datetime) -> list[str]:
        """Tenants whose history is learned from, but was not read for `RESTS`: a lesson is due."""
        query = select(cursor.c.tenant).where(cursor.c.stream == HISTORY, cursor.c.updated_at <= now - RESTS)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(cursor.c.tenant)).scalars())

    def known(self, tenant: str, refs: Collection[str]) -> set[str]:
        """Which of these tickets are kept."""
        found: set[str] = set()
        with self.database.read() as connection:
            for some in _chunks(list(refs)):
                query = select(table.c.ref).where(table.c.tenant == tenant, table.c.ref.in_(some))
                found |= set(connection.execute(query).scalars())
        return found

    def ours(self, tenant: str, refs: Collection[str]) -> dict[str, Ours]:
        """The category that we last wrote to each of these tickets; shadow decisions wrote nothing."""
        category = decision.c.body["category"].as_string()
        found: dict[str, Ours] = {}
        with self.database.read() as connection:
            for some in _chunks(list(refs)):
                rows = connection.execute(
                    select(decision.c.ticket_ref, decision.c.decided_at, category.label("category"))
                    .where(
                        decision.c.tenant == tenant,
                        decision.c.ticket_ref.in_(some),
                        decision.c.outcome == Outcome.TRIAGED.value,
                        decision.c.shadow.is_(False),
                    )
                    .order_by(decision.c.id)
                )
                found |= {row.ticket_ref: Ours(category=row.category, decided_at=row.decided_at) for row in rows}
        return found

    def answered(self, tenant: str, version: str, *, since: datetime) -> list[Answered]:
        """What this model answered since, oldest first, one for each ticket; shadow decisions too."""
        body = decision.c.body
        columns = (
            body["prediction", "category"].as_string().label("category"),
            body["prediction", "confidence"].as_float().label("confidence"),
            body["prediction", "neighbours", 0, "similarity"].as_float().label("nearest"),
        )
        with self.database.read() as connection:
            rows = connection.execute(
                select(decision.c.ticket_ref, decision.c.decided_at, *columns)
                .where(
                    decision.c.tenant == tenant,
                    decision.c.decided_at >= since,
                    decision.c.outcome != Outcome.SKIPPED.value,
                    body["prediction", "model_version"].as_string() == version,
                )
                .order_by(decision.c.id)
            ).all()
        found = {
            row.ticket_ref: Answered(
                ref=row.ticket_ref,
                at=row.decided_at,
                category=row.category,
                confidence=row.confidence,
                nearest=row.nearest,
            )
            for row in rows
        }
        return list(found.values())

    def labels(self, tenant: str, target: str, refs: Collection[str]) -> dict[str, str]:
        """What people made of these tickets in the end, as far as they are kept and have a label of the target."""
        found: dict[str, str] = {}
        with self.database.read() as connection:
            for some in _chunks(list(refs)):
                query = select(table.c.ref, table.c.labels, table.c.corrected).where(
                    table.c.tenant == tenant, table.c.ref.in_(some)
                )
                for row in connection.execute(query):
                    if label := row.corrected.get(target) or row.labels.get(target):
                        found[row.ref] = label
        return found

    def corrections(self, tenant: str) -> dict[str, tuple[str | None, datetime]]:
        """Ticket -> the category that agents' corrections left it with, and when; None where all were taken back."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(correction).where(correction.c.tenant == tenant).order_by(correction.c.id)
            ).all()
        found: dict[str, tuple[str | None, datetime]] = {}
        for row in rows:
            if row.undone_at is None:
                found[row.ticket_ref] = (row.category, row.at)
            else:
                found.setdefault(row.ticket_ref, (None, row.at))
        return found

    def correct(self, tenant: str, target: str, corrections: Mapping[str, str | None]) -> int:
        """Note what agents gave instead, and forget what they took back; how many tickets that changed."""
        changed = 0
        with self.database.write() as connection:
            for some in _chunks(list(corrections)):
                rows = connection.execute(
                    select(table.c.id, table.c.ref, table.c.corrected).where(
                        table.c.tenant == tenant, table.c.ref.in_(some)
                    )
                ).all()
                for row in rows:
                    label = corrections[row.ref]
                    if row.corrected.get(target) == label:
                        continue
                    left = {name: value for name, value in row.corrected.items() if name != target}
                    if label is not None:
                        left[target] = label
                    connection.execute(update(table).where(table.c.id == row.id).values(corrected=left))
                    changed += 1
        return changed


def _has(target: str) -> ColumnElement[bool]:
    held, given = table.c.labels[target].as_string(), table.c.corrected[target].as_string()
    return or_(held.is_not(None), given.is_not(None))


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


def _example(row: Row[Any]) -> Example:
    return Example(
        ref=row.ref,
        text=row.text,
        labels=row.labels,
        corrected=row.corrected,
        created_at=row.created_at,
        solved_at=row.solved_at,
    )
