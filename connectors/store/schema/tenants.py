"""Helpdesks, who may do what, and the people of the console."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
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
)

from connectors.store.schema.columns import Id, Instant, metadata

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
