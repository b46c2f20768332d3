"""A row's history, dry runs, counters, circuit breakers; when an effect's marker was taken off its ticket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Instant = sa.BigInteger
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("direction", sa.String(3), nullable=False),
        sa.Column("row_id", Id, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("detail", sa.Text),
        sa.Column("by", sa.String(200)),
    )
    op.create_index("attempt_row", "attempt", ["direction", "row_id", "id"])
    op.create_index("attempt_at", "attempt", ["at"])
    op.create_table(
        "dry_run",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("delivery", sa.String(24), nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("done_at", Instant),
        sa.Column("result", sa.JSON),
    )
    op.create_index("dry_run_asked", "dry_run", ["asked_at"])
    op.create_table(
        "tally",
        sa.Column("tenant", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("label", sa.String(60), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "circuit",
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), primary_key=True),
        sa.Column("family", sa.String(40), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("open_until", Instant),
        sa.Column("probe_until", Instant),
    )
    op.add_column("outbox", sa.Column("tidying_at", Instant))
    op.add_column("outbox", sa.Column("tidied_at", Instant))
    op.create_index("outbox_tidy", "outbox", ["tenant", "tidied_at", "done_at"])


def downgrade() -> None:
    op.drop_index("outbox_tidy", "outbox")
    op.drop_column("outbox", "tidied_at")
    op.drop_column("outbox", "tidying_at")
    for table in ("circuit", "tally", "dry_run", "attempt"):
        op.drop_table(table)
