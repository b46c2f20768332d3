"""How much of a helpdesk's limits is left: one bucket for each tenant and endpoint family, shared by all processes.

A request takes its tokens in one short transaction. Above `BLOCKS_FROM` requests a minute that would cost more than
the request itself, so a process then takes a tenth of a second's worth at once and uses it up without the database.
What it does not use within a second is gone, so that late use cannot push a minute over the limit (`BURST` in
`connectors.limits` leaves room for that second).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from connectors.errors import OverBudget
from connectors.limits import EVERYTHING, Bucket, Gate, depth
from connectors.store.database import Database
from connectors.store.schema import budget, inbox, outbox, throttle
from connectors.store.schema import tenant as tenant_table

BLOCKS_FROM = 3000.0
BLOCK_S, BLOCK_LIFE = 0.1, timedelta(seconds=1)
REQUESTS_A_ROW = 3
"""What working one row takes of the family that counts every request: reads before the write, and the write."""


class Budgets:
    def __init__(self, database: Database) -> None:
        self.database = database
        self._lock = threading.Lock()
        self._blocks: dict[tuple[str, str, bool], _Block] = {}

    def gate(
        self, tenant: str, limits: Mapping[str, float], *, urgent: bool = False, now: Callable[[], datetime]
    ) -> Gate:
        """The tenant's door for one job or request; `urgent` work may use the reserve.

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
        return _TenantGate(self, tenant, Limits(known, frozenset(fixed)), urgent=urgent, now=now)

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

    def take(self, tenant: str, asked: Mapping[str, int], known: Limits, *, urgent: bool, now: datetime) -> None:
        """So many requests of every family in `asked`, or none and `OverBudget`."""
        with self._lock:
            blocks = {
                family: block for family in asked if (block := self._block(tenant, family, asked[family], urgent, now))
            }
            if len(blocks) < len(asked):
                missing = {family: count for family, count in asked.items() if family not in blocks}
                blocks |= self._take_blocks(tenant, missing, known, urgent, now)
            else:
                _refuse_while_held(self.held_until(tenant), now)
            for family, block in blocks.items():
                block.left -= asked[family]

    def relimit(self, tenant: str, family: str, per_minute: float, *, now: datetime) -> None:
        """The helpdesk stated another limit."""
        with self.database.write() as connection:
            bucket = self._buckets_in(connection, tenant, {family: per_minute}, now)[family]
            self._save_in(connection, tenant, {family: bucket.relimited(per_minute, now)})

    def _block(self, tenant: str, family: str, count: int, urgent: bool, now: datetime) -> _Block | None:
        block = self._blocks.get((tenant, family, urgent))
        return block if block and block.left >= count and block.taken_at <= now < block.taken_at + BLOCK_LIFE else None

    def _take_blocks(
        self, tenant: str, asked: Mapping[str, int], known: Limits, urgent: bool, now: datetime
    ) -> dict[str, _Block]:
        """From the database: just what is asked for, or a block where the limit is high."""
        after: dict[str, Bucket] = {}
        blocks: dict[str, _Block] = {}
        waits: dict[str, float] = {}
        with self.database.write() as connection:
            _refuse_while_held(_held_until(connection, tenant), now)
            limits = {family: known.by_family[family] for family in asked}
            for family, bucket in self._buckets_in(connection, tenant, limits, now).items():
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
            self._save_in(connection, tenant, after)
        self._blocks.update({(tenant, family, urgent): block for family, block in blocks.items()})
        return blocks

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
        full = [_values(tenant, family, Bucket.full(limits[family], now)) for family in limits if family not in found]
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
class Limits:
    """Requests a minute by family; the `fixed` ones were set by an admin, and no answer changes them."""

    by_family: dict[str, float]
    fixed: frozenset[str]


class _TenantGate:
    """See `connectors.limits.Gate`."""

    def __init__(
        self, budgets: Budgets, tenant: str, known: Limits, *, urgent: bool, now: Callable[[], datetime]
    ) -> None:
        self._budgets = budgets
        self._tenant = tenant
        self._known = known
        self._urgent = urgent
        self._now = now

    def enter(self, families: Sequence[str]) -> None:
        asked = Counter(family for family in families if family in self._known.by_family)
        self._budgets.take(self._tenant, asked, self._known, urgent=self._urgent, now=self._now())

    def limit_seen(self, family: str, per_minute: float) -> None:
        if family in self._known.fixed or per_minute < 1 or self._known.by_family.get(family) == per_minute:
            return
        self._budgets.relimit(self._tenant, family, per_minute, now=self._now())
        self._known.by_family[family] = per_minute

    def close(self, seconds: float) -> None:
        self._budgets.hold(self._tenant, until=self._now() + timedelta(seconds=seconds))


def room_in(
    connection: Connection, families: Iterable[str], unfinished: Sequence[str], now: datetime
) -> dict[str, int]:
    """How many more rows each tenant's budget can carry now; rows under way count as if they had taken nothing yet.

    `unfinished` are the states of a row that may be leased. A tenant without a budget is not in the answer.
    """
    buckets = connection.execute(select(budget).where(budget.c.family.in_(tuple(families)))).all()
    if not buckets:
        return {}
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
    return room


def _take(bucket: Bucket, asked: int, urgent: bool, now: datetime) -> tuple[Bucket | float, float]:
    """The bucket after a block, else after what is asked for, with how many those are; or the seconds to wait."""
    block = bucket.per_minute * BLOCK_S / 60
    if bucket.per_minute > BLOCKS_FROM and block > asked:
        taken = bucket.take(now, urgent=urgent, count=block)
        if isinstance(taken, Bucket):
            return taken, block
    return bucket.take(now, urgent=urgent, count=asked), asked


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
