"""Budgets, access and findings of a tenant; the panel's token; decisions made in shadow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Instant = sa.BigInteger


def upgrade() -> None:
    op.create_table(
        "budget",
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), primary_key=True),
        sa.Column("family", sa.String(40), primary_key=True),
        sa.Column("per_minute", sa.Float, nullable=False),
        sa.Column("tokens", sa.Float, nullable=False),
        sa.Column("reserve", sa.Float, nullable=False),
        sa.Column("at", Instant, nullable=False),
    )
    op.create_table(
        "access",
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), primary_key=True),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("scheme", sa.String(12), nullable=False),
        sa.Column("issued_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.Column("renewing_token", sa.String(32)),
        sa.Column("renewing_until", Instant),
        sa.Column("broken_at", Instant),
        sa.Column("broken_reason", sa.Text),
    )
    op.create_table(
        "finding",
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), primary_key=True),
        sa.Column("check", sa.String(24), primary_key=True),
        sa.Column("health", sa.String(8), nullable=False),
        sa.Column("state", sa.String(80), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("fix", sa.Text, nullable=False),
        sa.Column("repairable", sa.Boolean, nullable=False),
        sa.Column("checked_at", Instant, nullable=False),
    )
    with op.batch_alter_table("tenant") as tenant:
        tenant.add_column(sa.Column("panel_token", sa.String(64)))
        tenant.create_unique_constraint("tenant_panel_token", ["panel_token"])
    op.add_column("decision", sa.Column("shadow", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("decision", "shadow")
    with op.batch_alter_table("tenant") as tenant:
        tenant.drop_constraint("tenant_panel_token", type_="unique")
        tenant.drop_column("panel_token")
    op.drop_table("finding")
    op.drop_table("access")
    op.drop_table("budget")
