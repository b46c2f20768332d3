"""Articles and what they said before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Instant = sa.BigInteger
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "article",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("ref", sa.String(300), nullable=False),
        sa.Column("locale", sa.String(40), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("body_hash", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("section", sa.JSON, nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("allowed", sa.JSON, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("is_draft", sa.Boolean, nullable=False),
        sa.Column("is_outdated", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("product_areas", sa.JSON, nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("applies_from", sa.String(60)),
        sa.Column("applies_to", sa.String(60)),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("first_seen", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("checked_at", Instant, nullable=False),
        sa.Column("deleted_at", Instant),
        sa.UniqueConstraint("tenant", "source", "ref", "locale"),
    )
    op.create_index("article_state", "article", ["tenant", "deleted_at", "state"])
    op.create_table(
        "article_version",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("article_id", Id, sa.ForeignKey("article.id"), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("replaced_at", Instant, nullable=False),
    )
    op.create_index("article_version_of", "article_version", ["tenant", "article_id", "id"])


def downgrade() -> None:
    op.drop_table("article_version")
    op.drop_table("article")
