"""An article as it came and as its row holds it: plain text, hashes that tell what changed, and back again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Any

from sqlalchemy import Row

from connectors.article_text import html_text
from triage.articles import Article, Audience, Facts, State

HELPDESK = "helpdesk"
RECIPE = "1"
"""Part of every hash: raise it when the same article would be stored as another text, and all are read again."""
MOST_TEXT = 400_000
"""Letters of one article that are kept: about 60,000 words."""
MOST_BODY = 4_000_000
FENCE = "```"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """An article as it is kept. `key` names it among all sources.

    `article` has the key as its `ref`, is outdated when its state says so, and has no body: `Articles.text` has it.
    `verified_at` is when somebody last said that it is right, `verified_for` the newest release then.
    """

    id: int
    key: str
    source: str
    state: State
    article: Article
    facts: Facts
    first_seen: datetime
    changed_at: datetime
    checked_at: datetime
    deleted_at: datetime | None
    verified_at: datetime | None = None
    verified_by: str | None = None
    verified_for: str | None = None


def key_of(source: str, ref: str) -> str:
    """The name of an article among all sources: the helpdesk's own number, or the source before the name there."""
    return ref if source == HELPDESK else f"{source}/{ref}"


def place_of(key: str) -> tuple[str, str]:
    """The source and the name there; a source's name has a colon and no slash."""
    source, slash, ref = key.partition("/")
    return (source, ref) if slash and ":" in source else (HELPDESK, key)


def plain(body_html: str) -> str:
    """What a reader sees of a body, so that reading it as `as_html` gives the same again."""
    text = _lines(html_text(_lines(body_html[:MOST_BODY]))[:MOST_TEXT])
    for _ in range(3):
        again = html_text(as_html(text))
        if again == text:
            break
        text = again
    return text


def as_html(text: str) -> str:
    """Plain text with headings and code as harmless HTML, which `connectors.article_text` reads as that same text.

    Without this a text about HTML would be taken for HTML the second time, and lose what it is about.
    """
    parts = ["<p></p>"]
    code: list[str] | None = None
    for line in text.split("\n"):
        if line.lstrip().startswith(FENCE):
            if code is not None:
                parts.append(f"<pre>{escape(chr(10).join(code))}</pre>")
            code = [] if code is None else None
        elif code is not None:
            code.append(line)
        else:
            parts.append(f"{escape(line)}<br>")
    if code is not None:  # nobody ended it
        parts.append(f"<pre>{escape(chr(10).join(code))}</pre>")
    return "".join(parts)


def clean(article: Article) -> Article:
    """The article with text that any database takes, and an address that is one."""
    url = article.url if article.url and article.url.startswith(("https://", "http://")) else None
    return replace(
        article,
        title=" ".join(_storable(article.title).split())[:500],
        body_html=_storable(article.body_html),
        section=tuple(map(_storable, article.section)),
        labels=tuple(map(_storable, article.labels)),
        url=url and _storable(url)[:2000],
    )


def body_hash(article: Article) -> str:
    return _hash([RECIPE, article.title, article.body_html])


def digest(article: Article, facts: Facts | None) -> str:
    """Of everything but the times: the same digest means that nothing changed."""
    values = [body_hash(article), article.section, article.labels, article.audience.value, article.allowed]
    known = [] if facts is None else list(facts_values(facts).items())
    return _hash([*values, article.url, article.is_draft, article.is_outdated, known])


def article_values(article: Article) -> dict[str, Any]:
    """The columns that the source decides, text and state apart."""
    return {
        "title": article.title,
        "section": list(article.section),
        "labels": list(article.labels),
        "audience": article.audience.value,
        "allowed": list(article.allowed),
        "url": article.url,
        "is_draft": article.is_draft,
        "is_outdated": article.is_outdated,
        "created_at": article.created_at,
        "updated_at": article.updated_at,
    }


def facts_values(facts: Facts) -> dict[str, Any]:
    return {
        "owner": facts.owner,
        "product_areas": list(facts.product_areas),
        "roles": list(facts.roles),
        "applies_from": facts.applies_from,
        "applies_to": facts.applies_to,
    }


def article_of(row: Row[Any], body_html: str = "") -> Article:
    return Article(
        ref=key_of(row.source, row.ref),
        locale=row.locale,
        title=row.title,
        body_html=body_html,
        section=tuple(row.section),
        labels=tuple(row.labels),
        audience=Audience(row.audience),
        allowed=tuple(row.allowed),
        url=row.url,
        is_draft=State(row.state) is State.DRAFT,
        is_outdated=State(row.state) is State.OUTDATED,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def stored(row: Row[Any]) -> StoredArticle:
    return StoredArticle(
        id=row.id,
        key=key_of(row.source, row.ref),
        source=row.source,
        state=State(row.state),
        article=article_of(row),
        facts=Facts(
            owner=row.owner,
            product_areas=tuple(row.product_areas),
            roles=tuple(row.roles),
            applies_from=row.applies_from,
            applies_to=row.applies_to,
        ),
        first_seen=row.first_seen,
        changed_at=row.changed_at,
        checked_at=row.checked_at,
        deleted_at=row.deleted_at,
        verified_at=row.verified_at,
        verified_by=row.verified_by,
        verified_for=row.verified_for,
    )


def _lines(text: str) -> str:
    """With one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _storable(text: str) -> str:
    """Without half characters, which cannot be encoded, and NUL, which PostgreSQL does not take."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")


def _hash(values: list[Any]) -> str:
    written = json.dumps(values, ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()[:32]
