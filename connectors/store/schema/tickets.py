"""What is known of tickets, what was decided about them, and what was learned from them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from connectors.store.schema.columns import Id, Instant, metadata

ticket = Table(
    "ticket",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("ref", String(60), primary_key=True),
    Column("subject", Text, nullable=False),
    Column("requester_id", String(60)),
    Column("organization_id", String(60)),
    Column("updated_at", Instant, nullable=False),
    Column("planned_at", Instant, nullable=False),
)

decision = Table(
    "decision",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("ticket_ref", String(60), nullable=False),
    Column("inbox_id", ForeignKey("inbox.id")),
    Column("decided_at", Instant, nullable=False),
    Column("outcome", String(24), nullable=False),
    Column("body", JSON, nullable=False),
    Column("shadow", Boolean, nullable=False, server_default="0"),
    Index("decision_ticket", "tenant", "ticket_ref", "id"),
)

correction = Table(
    "correction",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("ticket_ref", String(60), nullable=False),
    Column("decision_id", ForeignKey("decision.id"), nullable=False),
    Column("category", String(60), nullable=False),
    Column("by_id", String(60), nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("undone_at", Instant),
    Index("correction_ticket", "tenant", "ticket_ref", "id"),
)

example = Table(
    "example",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("ref", String(60), nullable=False),
    Column("text", Text, nullable=False),
    Column("labels", JSON, nullable=False),  # target -> label as the helpdesk holds it, after people worked on it
    Column("corrected", JSON, nullable=False),  # target -> label that an agent gave instead of ours
    Column("created_at", Instant, nullable=False),
    Column("solved_at", Instant, nullable=False),
    UniqueConstraint("tenant", "ref"),
    Index("example_solved", "tenant", "solved_at"),
)

model = Table(
    "model",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("target", String(60), nullable=False),
    Column("version", String(24), nullable=False),
    Column("state", String(16), nullable=False),  # champion | challenger | refused | retired
    Column("trained_at", Instant, nullable=False),
    Column("promoted_at", Instant),
    Column("retired_at", Instant),
    Column("why", Text),
    Column("card", JSON, nullable=False),
    Column("file", LargeBinary, nullable=False),
    Index("model_target", "tenant", "target", "state"),
)

ticket_event = Table(
    "ticket_event",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("ticket_ref", String(60), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String(16), nullable=False),  # a class of triage.sla.log
    Column("value", JSON, nullable=False),
    Column("digest", String(16), nullable=False),  # of the value: the same event is stored once
    Column("seen_at", Instant, nullable=False),
    UniqueConstraint("tenant", "ticket_ref", "at", "kind", "digest"),
)

timer = Table(
    "timer",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("ticket_ref", String(60), primary_key=True),
    Column("due_at", Instant, nullable=False),
    Index("timer_due", "tenant", "due_at"),
)
"""When somebody is to be told about a ticket next; a ticket of which nobody is to be told has no row."""

config = Table(
    "config",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("kind", String(24), nullable=False),  # sla
    Column("version", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("by", String(200), nullable=False),
    Column("why", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("tenant", "kind", "version"),
)
"""What admins own, every version of it."""
