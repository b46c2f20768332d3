"""Releases, reviews, suggestions and what is learned from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Instant = sa.BigInteger
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    for name, kind in (("verified_at", Instant()), ("verified_by", sa.String(200)), ("verified_for", sa.String(60))):
        op.add_column("article", sa.Column(name, kind, nullable=True))
    op.create_table(
        "release",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("version", sa.String(60), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("product_areas", sa.JSON, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("released_at", Instant, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("read_at", Instant),
        sa.UniqueConstraint("tenant", "version"),
    )
    op.create_table(
        "review",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("article_id", Id, sa.ForeignKey("article.id"), nullable=False),
        sa.Column("cause", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("release_id", Id, sa.ForeignKey("release.id")),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("told", sa.JSON, nullable=False),
        sa.Column("next_at", Instant),
        sa.Column("closed_at", Instant),
        sa.Column("closed_by", sa.String(200)),
        sa.Column("outcome", sa.String(16)),
        sa.UniqueConstraint("tenant", "article_id", "cause"),
    )
    op.create_index("review_next", "review", ["tenant", "next_at"])
    op.create_table(
        "suggestion",
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), primary_key=True),
        sa.Column("ticket_ref", sa.String(80), primary_key=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("encoder", sa.String(80), nullable=False),
        sa.Column("index_version", sa.String(20), nullable=False),
        sa.Column("ranker", sa.String(40), nullable=False),
        sa.Column("product_area", sa.String(60)),
        sa.Column("sure", sa.Float, nullable=False),
        sa.Column("found", sa.JSON, nullable=False),
        sa.Column("made_at", Instant, nullable=False),
    )
    op.create_index("suggestion_made", "suggestion", ["tenant", "made_at"])
    op.create_table(
        "article_event",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("ticket_ref", sa.String(80), nullable=False),
        sa.Column("article_id", Id, sa.ForeignKey("article.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("by_id", sa.String(80), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.UniqueConstraint("tenant", "ticket_ref", "article_id", "kind", "by_id"),
    )
    op.create_index("article_event_of", "article_event", ["tenant", "article_id", "at"])
    op.create_index("article_event_at", "article_event", ["tenant", "at"])
    op.create_index("article_event_kind", "article_event", ["tenant", "kind", "at"])
    op.create_table(
        "search_test",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("index_version", sa.String(20), nullable=False),
        sa.Column("ranker", sa.String(40), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("queries", sa.Integer, nullable=False),
        sa.Column("recall_at_1", sa.Float, nullable=False),
        sa.Column("recall_at_3", sa.Float, nullable=False),
        sa.Column("mrr_at_10", sa.Float, nullable=False),
        sa.Column("worst", sa.JSON, nullable=False),
        sa.Column("is_used", sa.Boolean, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
    )
    op.create_index("search_test_at", "search_test", ["tenant", "at"])
    op.create_table(
        "ranker",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("weights", sa.JSON, nullable=False),
        sa.Column("measured", sa.JSON, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("made_at", Instant, nullable=False),
    )
    op.create_index("ranker_state", "ranker", ["tenant", "state"])
    op.create_table(
        "gap",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("words", sa.JSON, nullable=False),
        sa.Column("product_area", sa.String(60)),
        sa.Column("tickets", sa.JSON, nullable=False),
        sa.Column("replies", sa.Integer, nullable=False),
        sa.Column("people", sa.Integer),
        sa.Column("before", sa.Integer),
        sa.Column("first_at", Instant, nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("draft", sa.Text),
        sa.Column("author", sa.String(200)),
        sa.Column("changed_by", sa.String(200)),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
    )
    op.create_index("gap_state", "gap", ["tenant", "state"])
    op.create_table(
        "article_finding",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("article_id", Id, sa.ForeignKey("article.id"), nullable=False),
        sa.Column("other_id", Id, sa.ForeignKey("article.id")),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("made_at", Instant, nullable=False),
    )
    op.create_index("article_finding_of", "article_finding", ["tenant", "kind"])
    op.create_table(
        "article_reading",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(40), sa.ForeignKey("tenant.id"), nullable=False),
        sa.Column("person", sa.String(32), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("article_id", Id, sa.ForeignKey("article.id"), nullable=False),
        sa.Column("shown_at", Instant, nullable=False),
        sa.Column("read_at", Instant),
        sa.Column("ticket_ref", sa.String(80)),
        sa.Column("ticket_at", Instant),
        sa.UniqueConstraint("tenant", "visit", "article_id"),
    )
    op.create_index("article_reading_person", "article_reading", ["tenant", "person", "shown_at"])
    op.create_index("article_reading_at", "article_reading", ["tenant", "shown_at"])


def downgrade() -> None:
    op.drop_table("article_reading")
    op.drop_table("article_finding")
    op.drop_table("gap")
    op.drop_table("ranker")
    op.drop_table("search_test")
    op.drop_table("article_event")
    op.drop_table("suggestion")
    op.drop_table("review")
    op.drop_table("release")
    for name in ("verified_at", "verified_by", "verified_for"):
        op.drop_column("article", name)
