"""Solved tickets to learn from, and the models learned from them; the keys of those who send tickets in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Instant = sa.BigInteger
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "example",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("ref", sa.String(60), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("corrected", sa.JSON, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("solved_at", Instant, nullable=False),
        sa.UniqueConstraint("tenant", "ref"),
    )
    op.create_index("example_solved", "example", ["tenant", "solved_at"])
    op.create_table(
        "model",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("target", sa.String(60), nullable=False),
        sa.Column("version", sa.String(24), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("trained_at", Instant, nullable=False),
        sa.Column("promoted_at", Instant),
        sa.Column("retired_at", Instant),
        sa.Column("why", sa.Text),
        sa.Column("card", sa.JSON, nullable=False),
        sa.Column("file", sa.LargeBinary, nullable=False),
    )
    op.create_index("model_target", "model", ["tenant", "target", "state"])
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("per_minute", sa.Integer, nullable=False),
        sa.Column("tokens", sa.Float, nullable=False),
        sa.Column("tokens_at", Instant, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("used_at", Instant),
        sa.Column("revoked_at", Instant),
    )
    op.create_index("api_key_tenant", "api_key", ["tenant", "created_at"])


def downgrade() -> None:
    op.drop_table("api_key")
    op.drop_table("model")
    op.drop_table("example")
