"""What `deskhand kb` prints: summaries and articles, as lines and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.knowledge.reading import said
from connectors.store.article_rows import StoredArticle
from connectors.store.article_writes import Counts
from triage.articles import State

if TYPE_CHECKING:
    from connectors.article_files import Found


def summary(source: str, counts: Counts, states: Mapping[State, int], *, whole: bool, found: Found) -> list[str]:
    """What a sync did, what it left out and why, and what there is now."""
    lines = [f"{source}: {said(counts)}{'' if whole else ' since the last time'}."]
    if found.problems:
        lines.append(f"{len(found.problems)} left out:")
        lines += [f"  {each}" for each in found.problems]
    if found.other_files:
        lines.append(f"{found.other_files:,} other files were not looked into.")
    if source != "helpdesk" and not found.articles:
        lines.append("No article was found, so nothing was removed.")
    return [*lines, f"Now there are: {by_state(states) or 'no articles'}."]


def by_state(states: Mapping[State, int]) -> str:
    """How many articles there are in each state, in words."""
    return ", ".join(f"{count:,} {each.value.replace('_', ' ')}" for each, count in states.items() if count)


def facts(each: StoredArticle) -> list[str]:
    """What is known of an article, its text apart."""
    article, known_facts = each.article, each.facts
    restricted = f" ({', '.join(article.allowed)})" if article.allowed else ""
    known = {
        "state": each.state.value.replace("_", " ")
        + (f", deleted {each.deleted_at:%Y-%m-%d}" if each.deleted_at else ""),
        "read by": article.audience.value.replace("_", " ") + restricted,
        "section": " / ".join(article.section),
        "labels": ", ".join(article.labels),
        "areas": ", ".join(known_facts.product_areas),
        "roles": ", ".join(known_facts.roles),
        "owner": known_facts.owner or "",
        "releases": f"{known_facts.applies_from or ''} to {known_facts.applies_to or ''}".strip()
        if known_facts.applies_from or known_facts.applies_to
        else "",
        "address": article.url or "",
        "written": f"{article.created_at:%Y-%m-%d}, changed {article.updated_at:%Y-%m-%d}",
    }
    head = f"{article.title}  [{each.key}, {article.locale}]"
    return [head, *(f"  {name:<9} {value}" for name, value in known.items() if value)]


def as_json(each: StoredArticle) -> dict[str, Any]:
    """The same as JSON holds it."""
    article = asdict(each.article)
    for name in ("ref", "body_html", "is_draft", "is_outdated"):
        del article[name]
    own = {"key": each.key, "source": each.source, "state": each.state}
    times = {name: getattr(each, name) for name in ("first_seen", "changed_at", "checked_at", "deleted_at")}
    found: dict[str, Any] = json.loads(json.dumps({**own, **article, **asdict(each.facts), **times}, default=plain))
    return found


def plain(value: object) -> object:
    """What JSON has no form for."""
    if isinstance(value, datetime):
        return value.isoformat()
    return getattr(value, "value", str(value))
