"""What comes in, what goes out, and what keeps the two in step."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from connectors.store.schema.columns import Id, Instant, lease_columns, metadata

inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("source", String(24), nullable=False),
    Column("dedup_key", String(120), nullable=False),
    Column("kind", String(24)),
    Column("ticket_ref", String(60)),
    Column("actor_id", String(60)),
    Column("stale", Boolean, nullable=False, default=False),
    Column("received_at", Instant, nullable=False),
    Column("event_at", Instant),
    Column("raw", LargeBinary),
    Column("headers", JSON),
    *lease_columns(),
    UniqueConstraint("tenant", "source", "dedup_key"),
    Index("inbox_due", "state", "next_at"),
    Index("inbox_ticket", "tenant", "ticket_ref", "state"),
    Index("inbox_received", "received_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("ticket_ref", String(60)),
    Column("payload", JSON, nullable=False),
    Column("summary", String(200), nullable=False),
    Column("inbox_id", ForeignKey("inbox.id")),
    Column("created_at", Instant, nullable=False),
    Column("first_attempt_at", Instant),
    Column("last_status", Integer),
    Column("evidence", Text),
    Column("tidying_at", Instant),
    Column("tidied_at", Instant),
    *lease_columns(),
    Index("outbox_due", "state", "next_at"),
    Index("outbox_ticket", "tenant", "ticket_ref", "state"),
    Index("outbox_created", "created_at"),
    Index("outbox_tidy", "tenant", "tidied_at", "done_at"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("direction", String(3), nullable=False),
    Column("row_id", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Column("what", String(16), nullable=False),
    Column("status", Integer),
    Column("detail", Text),
    Column("by", String(200)),
    Index("attempt_row", "direction", "row_id", "id"),
    Index("attempt_at", "at"),
)

dry_run = Table(
    "dry_run",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("delivery", String(24), nullable=False),
    Column("asked_by", String(200), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("result", JSON),
    Index("dry_run_asked", "asked_at"),
)

tally = Table(
    "tally",
    metadata,
    Column("tenant", String(40), primary_key=True),  # "" for what belongs to no tenant
    Column("name", String(40), primary_key=True),
    Column("label", String(60), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("stream", String(40), primary_key=True),
    Column("value", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

schedule = Table(
    "schedule",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("last_run_for", Instant, nullable=False),
)

throttle = Table(
    "throttle",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("not_before", Instant, nullable=False),
)

budget = Table(
    "budget",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("family", String(40), primary_key=True),
    Column("per_minute", Float, nullable=False),
    Column("tokens", Float, nullable=False),
    Column("reserve", Float, nullable=False),
    Column("at", Instant, nullable=False),
)

circuit = Table(
    "circuit",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("family", String(40), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("open_until", Instant),
    Column("probe_until", Instant),
)

leader = Table(
    "leader",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("token", String(32), nullable=False),
    Column("until", Instant, nullable=False),
)
