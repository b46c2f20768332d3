"""The tables. Instants are whole microseconds since 1970 in UTC, so that they sort and compare on any database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
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


def _lease_columns() -> tuple[Column[Any], ...]:
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


tenant = Table(
    "tenant",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("vendor", String(40), nullable=False),
    Column("base_url", String(300), nullable=False),
    Column("origin", String(300), nullable=False, unique=True),
    Column("webhook_token", String(64), nullable=False, unique=True),
    Column("account_id", String(60)),
    Column("actor_id", String(60)),
    Column("groups", JSON, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("data_key", LargeBinary, nullable=False),
    Column("data_key_id", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("panel_token", String(64), unique=True),
)

secret = Table(
    "secret",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

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
    *_lease_columns(),
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
    *_lease_columns(),
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

api_key = Table(
    "api_key",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("sealed", LargeBinary),  # the secret that signs; gone once the key is revoked
    Column("per_minute", Integer, nullable=False),
    Column("tokens", Float, nullable=False),
    Column("tokens_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    Index("api_key_tenant", "tenant", "created_at"),
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

article = Table(
    "article",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("source", String(80), nullable=False),  # helpdesk, folder:<name>, csv:<name>
    Column("ref", String(300), nullable=False),
    Column("locale", String(40), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),  # what a reader sees, with its headings; never HTML
    Column("body_hash", String(32), nullable=False),  # of title and body as they came
    Column("digest", String(32), nullable=False),  # of all that came, times apart
    Column("section", JSON, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("audience", String(16), nullable=False),
    Column("allowed", JSON, nullable=False),
    Column("url", Text),
    Column("is_draft", Boolean, nullable=False),  # what the source says; `state` is what holds
    Column("is_outdated", Boolean, nullable=False),
    Column("state", String(16), nullable=False),  # draft | verified | review_due | outdated
    Column("owner", String(200)),
    Column("product_areas", JSON, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("applies_from", String(60)),  # names of releases
    Column("applies_to", String(60)),
    Column("created_at", Instant, nullable=False),  # the source's own two times
    Column("updated_at", Instant, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("checked_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    UniqueConstraint("tenant", "source", "ref", "locale"),
    Index("article_state", "tenant", "deleted_at", "state"),
)

article_version = Table(
    "article_version",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("replaced_at", Instant, nullable=False),
    Index("article_version_of", "tenant", "article_id", "id"),
)
"""What an article said before."""

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

access = Table(
    "access",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("scheme", String(12), nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("renewing_token", String(32)),
    Column("renewing_until", Instant),
    Column("broken_at", Instant),
    Column("broken_reason", Text),
)

finding = Table(
    "finding",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("check", String(24), primary_key=True),
    Column("health", String(8), nullable=False),
    Column("state", String(80), nullable=False),
    Column("detail", Text, nullable=False),
    Column("fix", Text, nullable=False),
    Column("repairable", Boolean, nullable=False),
    Column("checked_at", Instant, nullable=False),
)

leader = Table(
    "leader",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("token", String(32), nullable=False),
    Column("until", Instant, nullable=False),
)

console_user = Table(
    "console_user",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("session_version", Integer, nullable=False, default=0),
    Column("created_at", Instant, nullable=False),
)

login_attempt = Table(
    "login_attempt",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("email", String(254), nullable=False),
    Column("ip", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("ok", Boolean, nullable=False),
    Index("login_attempt_who", "ip", "at"),
)

used_token = Table(
    "used_token",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("token_id", String(200), primary_key=True),
    Column("expires_at", Instant, nullable=False),
)
