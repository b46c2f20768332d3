"""The seeded help centre as releases are held against it, and small articles and releases of our own."""

from __future__ import annotations

from typing import Any

from connectors.defaults import load_taxonomy
from connectors.encoder import Encoder
from connectors.simulator import seed
from connectors.simulator.state import HelpdeskState
from connectors.store.article_rows import plain
from triage.reviews.affected import Affected, Documented, Release, affected
from triage.reviews.areas import areas_of
from triage.reviews.changes import changes_of
from triage.search.passages import passages


def article(key: str, title: str, text: str, encoder: Encoder | None = None, **more: Any) -> Documented:
    """One article with the vectors the index would have, or none."""
    pieces = passages(text)
    given: dict[str, Any] = {
        "key": key,
        "locale": "en",
        "title": title,
        "text": text,
        "labels": (),
        "product_areas": (),
        "applies_from": None,
        "applies_to": None,
        "passages": tuple(piece.text for piece in pieces),
        "passage_vectors": encoder.encode([piece.to_encode(title) for piece in pieces]) if encoder and pieces else None,
        "title_vector": encoder.encode([title])[0] if encoder else None,
    }
    return Documented(**{**given, **more})


def seeded(encoder: Encoder | None) -> list[Documented]:
    """Every article of the demo in every language; the key is the English title."""
    state, taxonomy, found = HelpdeskState(), load_taxonomy(), []
    seed.load(state)
    for each in state.articles.values():
        for locale, written in each.translations.items():
            text = plain(written.body)
            areas = areas_of(written.title, each.labels, text, taxonomy)
            more = {"locale": locale, "labels": each.labels, "product_areas": areas}
            found.append(article(each.translations["en"].title, written.title, text, encoder, **more))
    return found


def release(notes: str, version: str = "4.6", title: str = "", areas: tuple[str, ...] = ()) -> Release:
    return Release(version=version, title=title, product_areas=areas, notes=notes)


def touched(told: Release, articles: list[Documented], encoder: Encoder | None = None) -> tuple[Affected, ...]:
    """What the release touches, as the product asks."""
    changes = changes_of(told.notes, told.title)
    vectors = encoder.encode([change.to_encode(told.title) for change in changes]) if encoder else None
    return affected(told, changes, vectors, articles, encode=encoder.encode if encoder else None)
