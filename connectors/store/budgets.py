"""How much of a helpdesk's limits is left: one bucket for each tenant and endpoint family, shared by all processes.

A request takes its tokens in one short transaction. Above `BLOCKS_FROM` requests a minute that would cost more than
the request itself, so a process then takes a tenth of a second's worth at once and uses it up without the database.
What it does not use within a second is gone, so that late use cannot push a minute over the limit (`BURST` in
`connectors.limits` leaves room for that second).
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.exc import SQLAlchemyError

from connectors.errors import OverBudget
from connectors.limits import EVERYTHING, Bucket, Circuit, Gate, depth
from connectors.store.circuits import Circuits, places_in, probe_in, probes_of, standing_in
from connectors.store.database import Database
from connectors.store.schema import budget, inbox, outbox, throttle
from connectors.store.schema import tenant as tenant_table
from connectors.store.tallies import API_429, Tallies

log = logging.getLogger("deskhand.budgets")

BLOCKS_FROM = 3000.0
BLOCK_S, BLOCK_LIFE = 0.1, timedelta(seconds=1)
REQUESTS_A_ROW = 3
"""What working one row takes of the family that counts every request: reads before the write, and the write."""


class Budgets:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.circuits = Circuits(database)
        self._lock = threading.Lock()
        self._blocks: dict[tuple[str, str, bool], _Block] = {}

    def gate(
        self,
        tenant: str,
        limits: Mapping[str, float],
        *,
        urgent: bool = False,
        insist: bool = False,
        now: Callable[[], datetime],
    ) -> Gate:
        """The tenant's door for one job or request; `urgent` work may use the reserve.

        Whoever is to find out whether the helpdesk answers may `insist`, and is let through open circuits.

        `limits` are the helpdesk's requests a minute by family as known beforehand. One that the helpdesk states
        later takes their place, and `limits` in the tenant's settings beats both. A family in none of them is free.
        """
        with self.database.read() as connection:
            settings = connection.execute(
                select(tenant_table.c.settings).where(tenant_table.c.id == tenant)
            ).scalar_one_or_none()
            rows = connection.execute(
                select(budget.c.family, budget.c.per_minute).where(budget.c.tenant == tenant)
            ).all()
        fixed = {family: max(1.0, float(value)) for family, value in ((settings or {}).get("limits") or {}).items()}
        known = {**limits, **{row.family: row.per_minute for row in rows}, **fixed}
        return _TenantGate(self, tenant, Limits(known, frozenset(fixed)), urgent=urgent, insist=insist, now=now)

    def left(self, tenant: str, now: datetime) -> dict[str, tuple[float, float]]:
        """For each family (requests that may be sent at once, the helpdesk's limit a minute)."""
        with self.database.read() as connection:
            rows = connection.execute(select(budget).where(budget.c.tenant == tenant).order_by(budget.c.family)).all()
        return {row.family: (_bucket(row).refilled(now).tokens, row.per_minute) for row in rows}

    def hold(self, tenant: str, *, until: datetime) -> None:
        """The helpdesk said when to come back: nothing is read from it or sent to it before."""
        with self.database.write() as connection:
            connection.execute(
                self.database.insert(throttle)
                .values(tenant=tenant, not_before=until)
                .on_conflict_do_update(
                    index_elements=["tenant"], set_={"not_before": until}, where=throttle.c.not_before < until
                )
            )

    def held_until(self, tenant: str) -> datetime | None:
        with self.database.read() as connection:
            return _held_until(connection, tenant)

    def take(
        self,
        tenant: str,
        families: Sequence[str],
        known: Limits,
        *,
        urgent: bool,
        insist: bool,
        now: datetime,
    ) -> Standing:
        """So many requests of every family as it is named, or none and `OverBudget`."""
        asked = Counter(family for family in families if family in known.by_family)
        with self._lock:
            blocks = {
                family: block for family in asked if (block := self._block(tenant, family, asked[family], urgent, now))
            }
            missing = {family: count for family, count in asked.items() if family not in blocks}
            standing: Standing | None = None
            if not missing:
                with self.database.read() as connection:
                    standing = _standing_in(connection, tenant, families, insist=insist, now=now)
            if standing is None or standing.probes:
                standing, taken = self._take_blocks(
                    tenant, families, missing, known, urgent=urgent, insist=insist, now=now
                )
                blocks |= taken
            for family, block in blocks.items():
                block.left -= asked[family]
            return standing

    def relimit(self, tenant: str, family: str, per_minute: float, *, now: datetime) -> None:
        """The helpdesk stated another limit."""
        with self.database.write() as connection:
            bucket = self._buckets_in(connection, tenant, {family: per_minute}, now)[family]
            self._save_in(connection, tenant, {family: bucket.relimited(per_minute, now)})

    def _block(self, tenant: str, family: str, count: int, urgent: bool, now: datetime) -> _Block | None:
        block = self._blocks.get((tenant, family, urgent))
        return block if block and block.left >= count and block.taken_at <= now < block.taken_at + BLOCK_LIFE else None

    def _take_blocks(
        self,
        tenant: str,
        families: Sequence[str],
        asked: Mapping[str, int],
        known: Limits,
        *,
        urgent: bool,
        insist: bool,
        now: datetime,
    ) -> tuple[Standing, dict[str, _Block]]:
        """From the database: just what is asked for, or a block where the limit is high."""
        after: dict[str, Bucket] = {}
        blocks: dict[str, _Block] = {}
        waits: dict[str, float] = {}
        with self.database.write() as connection:
            standing = _standing_in(connection, tenant, families, insist=insist, now=now)
            probe_in(connection, tenant, standing.circuits, standing.probes, now)
            limits = {family: known.by_family[family] for family in asked}
            for family, bucket in (self._buckets_in(connection, tenant, limits, now) if asked else {}).items():
                if family in known.fixed and bucket.per_minute != limits[family]:
                    bucket = bucket.relimited(limits[family], now)
                taken, count = _take(bucket, asked[family], urgent, now)
                if isinstance(taken, Bucket):
                    after[family], blocks[family] = taken, _Block(count, now)
                else:
                    waits[family] = taken
            if waits:
                slowest = max(waits, key=lambda family: waits[family])
                raise OverBudget(
                    f"our share of the helpdesk's limit ({slowest}) is used up for {waits[slowest]:.1f} s",
                    retry_after_s=waits[slowest],
                )
            if after:
                self._save_in(connection, tenant, after)
        self._blocks.update({(tenant, family, urgent): block for family, block in blocks.items()})
        return standing, blocks

    def _buckets_in(
        self, connection: Connection, tenant: str, limits: Mapping[str, float], now: datetime
    ) -> dict[str, Bucket]:
        """The buckets of these families, locked in one order; a new one starts full."""
        query = (
            select(budget)
            .where(budget.c.tenant == tenant, budget.c.family.in_(sorted(limits)))
            .order_by(budget.c.family)
            .with_for_update()
        )
        found = {row.family: _bucket(row) for row in connection.execute(query)}
        if len(found) == len(limits):
            return found
        full = [
            _values(tenant, family, Bucket.full(limits[family], now))
            for family in sorted(limits)
            if family not in found
        ]
        connection.execute(self.database.insert(budget).on_conflict_do_nothing(), full)
        return {row.family: _bucket(row) for row in connection.execute(query)}

    def _save_in(self, connection: Connection, tenant: str, buckets: Mapping[str, Bucket]) -> None:
        statement = self.database.insert(budget)
        changed = {name: statement.excluded[name] for name in ("per_minute", "tokens", "reserve", "at")}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["tenant", "family"], set_=changed),
            [_values(tenant, family, bucket) for family, bucket in buckets.items()],
        )


@dataclass(slots=True)
class _Block:
    """Tokens taken from the database and not yet used."""

    left: float
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How the families of a request did before it: those that failed lately, and those that it is the probe of."""

    circuits: Mapping[str, Circuit]
    probes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute by family; the `fixed` ones were set by an admin, and no answer changes them."""

    by_family: dict[str, float]
    fixed: frozenset[str]


class _TenantGate:
    """See `connectors.limits.Gate`."""

    def __init__(
        self,
        budgets: Budgets,
        tenant: str,
        known: Limits,
        *,
        urgent: bool,
        insist: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._budgets = budgets
        self._tenant = tenant
        self._known = known
        self._urgent = urgent
        self._insist = insist
        self._now = now
        self._entered = Standing({}, frozenset())

    def enter(self, families: Sequence[str]) -> None:
        self._entered = self._budgets.take(
            self._tenant, families, self._known, urgent=self._urgent, insist=self._insist, now=self._now()
        )

    def answered(self, families: Sequence[str]) -> None:
        if troubled := self._entered.circuits.keys() & set(families):
            with self._not_in_the_way():
                self._budgets.circuits.close(self._tenant, troubled)

    def failed(self, families: Sequence[str], took_s: float) -> float | None:
        with self._not_in_the_way():
            blamed = {families[-1], *self._entered.probes}
            return self._budgets.circuits.failed(self._tenant, blamed, now=self._now(), took_s=took_s)
        return None

    def limit_seen(self, family: str, per_minute: float) -> None:
        if family in self._known.fixed or per_minute < 1 or self._known.by_family.get(family) == per_minute:
            return
        with self._not_in_the_way():
            self._budgets.relimit(self._tenant, family, per_minute, now=self._now())
            self._known.by_family[family] = per_minute

    def close(self, seconds: float) -> None:
        with self._not_in_the_way():
            self._budgets.hold(self._tenant, until=self._now() + timedelta(seconds=seconds))
            Tallies(self._budgets.database).add(self._tenant, API_429)

    @contextmanager
    def _not_in_the_way(self) -> Iterator[None]:
        """The request is over: a busy database must not turn what became of it into something else."""
        try:
            yield
        except SQLAlchemyError as error:
            log.warning("not noted how a request to %s went: %s", self._tenant, type(error).__name__)


def room_in(
    connection: Connection, families: Iterable[str], unfinished: Sequence[str], now: datetime
) -> dict[str, int]:
    """How many more rows each tenant's budget can carry now; rows under way count as if they had taken nothing yet.

    Of a tenant whose helpdesk does not answer, none, or the one that tries it. `unfinished` are the states of a row
    that may be leased. A tenant with neither a budget nor such a helpdesk is not in the answer.
    """
    families = tuple(families)
    places = places_in(connection, families, now)
    buckets = connection.execute(select(budget).where(budget.c.family.in_(families))).all()
    if not buckets:
        return places
    under_way: Counter[str] = Counter()
    for table in (inbox, outbox):
        leased = (
            select(table.c.tenant, func.count().label("rows"))
            .where(table.c.state.in_(unfinished), table.c.lease_until > now)
            .group_by(table.c.tenant)
        )
        under_way.update({row.tenant: row.rows for row in connection.execute(leased)})
    room: dict[str, int] = {}
    for row in buckets:
        cost = min(REQUESTS_A_ROW, depth(row.per_minute)) if row.family == EVERYTHING else 1
        carried = int(_bucket(row).refilled(now).tokens / cost) - under_way[row.tenant]
        room[row.tenant] = max(0, min(room.get(row.tenant, carried), carried))
    return room | {tenant: min(most, room.get(tenant, most)) for tenant, most in places.items()}


def _take(bucket: Bucket, asked: int, urgent: bool, now: datetime) -> tuple[Bucket | float, float]:
    """The bucket after a block, else after what is asked for, with how many those are; or the seconds to wait."""
    block = bucket.per_minute * BLOCK_S / 60
    if bucket.per_minute > BLOCKS_FROM and block > asked:
        taken = bucket.take(now, urgent=urgent, count=block)
        if isinstance(taken, Bucket):
            return taken, block
    return bucket.take(now, urgent=urgent, count=asked), asked


def _standing_in(
    connection: Connection, tenant: str, families: Sequence[str], *, insist: bool, now: datetime
) -> Standing:
    """Raises `OverBudget` while the helpdesk's own wait runs, or while it does not answer; not to those who insist."""
    held_until, circuits = standing_in(connection, tenant)
    _refuse_while_held(held_until, now)
    probes = frozenset() if insist or not circuits else probes_of(circuits, families, now)
    return Standing(circuits, frozenset(probes))


def _refuse_while_held(until: datetime | None, now: datetime) -> None:
    if until is not None and until > now:
        wait_s = (until - now).total_seconds()
        raise OverBudget(f"the helpdesk asked us to wait {wait_s:.1f} s more", retry_after_s=wait_s)


def _held_until(connection: Connection, tenant: str) -> datetime | None:
    return connection.execute(select(throttle.c.not_before).where(throttle.c.tenant == tenant)).scalar_one_or_none()


def _bucket(row: Row[Any]) -> Bucket:
    return Bucket(per_minute=row.per_minute, tokens=row.tokens, reserve=row.reserve, at=row.at)


def _values(tenant: str, family: str, bucket: Bucket) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "family": family,
        "per_minute": bucket.per_minute,
        "tokens": bucket.tokens,
        "reserve": bucket.reserve,
        "at": bucket.at,
    }
