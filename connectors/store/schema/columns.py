"""What the tables have in common. Instants are whole microseconds since 1970 in UTC: they sort on any database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=int(value))


# SQLite counts up by itself only for a column declared INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


def lease_columns() -> tuple[Column[Any], ...]:
    """What the line needs of a row that work is done on: `next_at`, counts and the lease with its fencing token."""
    return (
        Column("state", String(16), nullable=False),
        Column("rank", Integer, nullable=False, default=5),
        Column("next_at", Instant, nullable=False),
        Column("tries", Integer, nullable=False, default=0),
        Column("crashes", Integer, nullable=False, default=0),
        Column("lease_owner", String(80)),
        Column("lease_token", String(32)),
        Column("lease_until", Instant),
        Column("error", Text),
        Column("done_at", Instant),
    )
