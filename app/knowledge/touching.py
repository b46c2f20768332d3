"""Which of a tenant's articles a release touches: they, their texts, and what the search index knows of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.bootstrap import Deps
from app.knowledge.indexing import place_of
from connectors.defaults import load_taxonomy
from connectors.encoder import Encoder, Vectors
from connectors.index_vectors import key_of
from connectors.store.article_rows import StoredArticle
from triage.reviews.affected import Affected, Documented, Release, affected
from triage.reviews.areas import areas_of
from triage.reviews.changes import changes_of
from triage.search.passages import passages
from triage.taxonomy import Taxonomy

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Touched:
    """An article that a release touches; `areas` are what it is about, guessed from its text where nobody said."""

    article: StoredArticle
    areas: tuple[str, ...]
    found: Affected


def touched(deps: Deps, tenant: str, release: Release, encoder: Callable[[], Encoder] | None) -> list[Touched]:
    """The surest first. Without an encoder, or for an article that is not in the index, its words alone decide."""
    changes = changes_of(release.notes, release.title)
    articles = deps.store.articles.find(tenant)
    if not changes or not articles:
        return []
    known: Mapping[bytes, Vectors] = {}
    vectors = None
    if encoder is not None:
        known = place_of(deps, tenant).known(encoder().id)
        if known:
            vectors = encoder().encode([change.to_encode(release.title) for change in changes])
    texts = texts_of(deps, tenant, articles)
    areas = [areas_known(each, texts.get(each.id, "")) for each in articles]
    documented = [
        _documented(article, texts.get(article.id, ""), about, known)
        for article, about in zip(articles, areas, strict=True)
    ]
    encode = encoder().encode if encoder is not None and vectors is not None else None
    found = affected(release, changes, vectors, documented, encode=encode)
    return [Touched(articles[each.index], areas[each.index], each) for each in found]


def areas_known(article: StoredArticle, text: str) -> tuple[str, ...]:
    """What it is about: what somebody said, or else what its text speaks for."""
    guessed = article.facts.product_areas
    return guessed or areas_of(article.article.title, article.article.labels, text, _taxonomy())


def texts_of(deps: Deps, tenant: str, articles: Sequence[StoredArticle]) -> dict[int, str]:
    """Their texts by number."""
    ids = [each.id for each in articles]
    found: dict[int, str] = {}
    for start in range(0, len(ids), AT_ONCE):
        found |= deps.store.articles.texts(tenant, ids[start : start + AT_ONCE])
    return found


def _documented(
    article: StoredArticle, text: str, areas: tuple[str, ...], known: Mapping[bytes, Vectors]
) -> Documented:
    title = " ".join(article.article.title.split())
    pieces = passages(text)
    vectors = [known.get(key_of(piece.to_encode(title))) for piece in pieces]
    has_all = bool(pieces) and all(each is not None for each in vectors)
    return Documented(
        key=article.key,
        locale=article.article.locale,
        title=title,
        text=text,
        labels=article.article.labels,
        product_areas=areas,
        applies_from=article.facts.applies_from,
        applies_to=article.facts.applies_to,
        passages=tuple(piece.text for piece in pieces),
        passage_vectors=np.array(vectors, np.float32) if has_all else None,
        title_vector=known.get(key_of(title)),
    )


@lru_cache(maxsize=1)
def _taxonomy() -> Taxonomy:
    return load_taxonomy()
