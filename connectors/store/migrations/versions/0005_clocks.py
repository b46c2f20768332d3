"""What happened to tickets and when somebody is to be told next; what admins own, in versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Instant = sa.BigInteger
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "ticket_event",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("ticket_ref", sa.String(60), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("digest", sa.String(16), nullable=False),
        sa.Column("seen_at", Instant, nullable=False),
        sa.UniqueConstraint("tenant", "ticket_ref", "at", "kind", "digest"),
    )
    op.create_table(
        "timer",
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), primary_key=True),
        sa.Column("ticket_ref", sa.String(60), primary_key=True),
        sa.Column("due_at", Instant, nullable=False),
    )
    op.create_index("timer_due", "timer", ["tenant", "due_at"])
    op.create_table(
        "config",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.UniqueConstraint("tenant", "kind", "version"),
    )


def downgrade() -> None:
    op.drop_table("config")
    op.drop_table("timer")
    op.drop_table("ticket_event")
