"""Articles, and what becomes of them."""

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
    UniqueConstraint,
)

from connectors.store.schema.columns import Id, Instant, metadata

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
    Column("verified_at", Instant),  # when somebody last said that it is right, and as of which release
    Column("verified_by", String(200)),
    Column("verified_for", String(60)),
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

release = Table(
    "release",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("version", String(60), nullable=False),
    Column("title", String(200), nullable=False),
    Column("product_areas", JSON, nullable=False),  # empty: any
    Column("notes", Text, nullable=False),
    Column("source", String(16), nullable=False),  # api | github | gitlab | console | cli
    Column("url", Text),
    Column("released_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("read_at", Instant),  # when its reviews were opened
    UniqueConstraint("tenant", "version"),
)
"""Releases of the tenant's own product."""

review = Table(
    "review",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("cause", String(120), nullable=False),  # the same cause opens one review, however often it is told
    Column("kind", String(16), nullable=False),  # release | flag | unhelpful | age | edited
    Column("release_id", ForeignKey("release.id")),
    Column("why", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("owner", String(200)),
    Column("opened_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("told", JSON, nullable=False),  # owner: how often they were told
    Column("next_at", Instant),  # when to tell again; none when closed
    Column("closed_at", Instant),
    Column("closed_by", String(200)),
    Column("outcome", String(16)),  # still_right | edited | outdated | withdrawn
    UniqueConstraint("tenant", "article_id", "cause"),
    Index("review_next", "tenant", "next_at"),
)
"""Why an article may be wrong now, and what somebody made of that."""

suggestion = Table(
    "suggestion",
    metadata,
    Column("tenant", ForeignKey("tenant.id"), primary_key=True),
    Column("ticket_ref", String(80), primary_key=True),
    Column("query", Text, nullable=False),  # what was searched for
    Column("vector", LargeBinary, nullable=False),  # of the query, float32
    Column("encoder", String(80), nullable=False),
    Column("index_version", String(20), nullable=False),
    Column("ranker", String(40), nullable=False),
    Column("product_area", String(60)),
    Column("sure", Float, nullable=False),  # of the best one, 0 where nothing was found
    Column("found", JSON, nullable=False),  # the candidates, best first
    Column("made_at", Instant, nullable=False),
    Index("suggestion_made", "tenant", "made_at"),
)
"""What was found for each ticket."""

article_event = Table(
    "article_event",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("ticket_ref", String(80), nullable=False),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("kind", String(16), nullable=False),  # shown | insert_text | insert_link | not_helpful | flag
    Column("by_id", String(80), nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("at", Instant, nullable=False),
    UniqueConstraint("tenant", "ticket_ref", "article_id", "kind", "by_id"),
    Index("article_event_of", "tenant", "article_id", "at"),
    Index("article_event_at", "tenant", "at"),
    Index("article_event_kind", "tenant", "kind", "at"),
)
"""What agents did with an article on a ticket."""

search_test = Table(
    "search_test",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("index_version", String(20), nullable=False),
    Column("ranker", String(40), nullable=False),
    Column("source", String(16), nullable=False),  # inserts | file
    Column("queries", Integer, nullable=False),
    Column("recall_at_1", Float, nullable=False),
    Column("recall_at_3", Float, nullable=False),
    Column("mrr_at_10", Float, nullable=False),
    Column("worst", JSON, nullable=False),
    Column("is_used", Boolean, nullable=False),  # whether the index was put, or stayed, in use
    Column("why", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("search_test_at", "tenant", "at"),
)
"""How often search found the right article."""

ranker = Table(
    "ranker",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("weights", JSON, nullable=False),
    Column("measured", JSON, nullable=False),
    Column("state", String(12), nullable=False),  # champion | refused | retired
    Column("why", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Index("ranker_state", "tenant", "state"),
)
"""What was learned from inserts about the order of suggestions."""

gap = Table(
    "gap",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("words", JSON, nullable=False),
    Column("product_area", String(60)),
    Column("tickets", JSON, nullable=False),  # refs
    Column("replies", Integer, nullable=False),  # public ones by agents, over its tickets
    Column("people", Integer),  # who asked, where that is known of all its tickets
    Column("before", Integer),  # tickets like these in as many days before; unknown when nothing is kept of then
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("state", String(12), nullable=False),  # open | drafted | dismissed | gone
    Column("draft", Text),
    Column("author", String(200)),
    Column("changed_by", String(200)),  # who gave it its state, where a person did
    Column("made_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("gap_state", "tenant", "state"),
)
"""What customers ask and no article answers."""

article_finding = Table(
    "article_finding",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("kind", String(16), nullable=False),  # never_shown | never_used | unhelpful | duplicate
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("other_id", ForeignKey("article.id")),
    Column("why", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Index("article_finding_of", "tenant", "kind"),
)
"""Articles to look at, as of the last night."""

article_reading = Table(
    "article_reading",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", ForeignKey("tenant.id"), nullable=False),
    Column("person", String(32), nullable=False),  # a keyed hash of the mail address
    Column("visit", String(40), nullable=False),  # one search
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("shown_at", Instant, nullable=False),
    Column("read_at", Instant),
    Column("ticket_ref", String(80)),  # the first ticket of the same person afterwards
    Column("ticket_at", Instant),
    UniqueConstraint("tenant", "visit", "article_id"),
    Index("article_reading_person", "tenant", "person", "shown_at"),
    Index("article_reading_at", "tenant", "shown_at"),
)
"""What customers were shown and read before they wrote, or did not."""
