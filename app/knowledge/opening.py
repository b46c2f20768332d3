"""Opening a review of an article: whose it is, and when it is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction

from connectors.store import Store
from connectors.store.article_rows import StoredArticle
from triage.knowledge_rules import KnowledgeRules


def owner_of(article: StoredArticle, areas: tuple[str, ...], rules: KnowledgeRules) -> str | None:
    """Who the article's facts name, or else who the rules name for what it is about."""
    return article.facts.owner or rules.owner_for(areas)


def open_review_in(
    store: Store,
    transaction: Transaction,
    tenant: str,
    article: StoredArticle,
    areas: tuple[str, ...],
    rules: KnowledgeRules,
    *,
    cause: str,
    kind: str,
    why: str,
    evidence: Mapping[str, Any],
    now: datetime,
    release_id: int | None = None,
) -> bool:
    """Open it for its owner, who is told within seconds; False when this cause opened one before."""
    return store.reviews.open_in(
        transaction,
        tenant,
        article.id,
        cause=cause,
        kind=kind,
        why=why,
        evidence=evidence,
        owner=owner_of(article, areas, rules),
        due_at=now + rules.review_within,
        next_at=now,
        now=now,
        release_id=release_id,
    )
