"""A small help centre of our own, and an encoder whose vectors say which words a text has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from connectors.encoder import Encoder, Vectors
from connectors.index import build
from connectors.index_folder import FolderPlace
from triage.articles import Article, Audience
from triage.search.corpus import Corpus, Hit
from triage.search.query import Synonyms
from triage.search.words import stem, tokens

WRITTEN = datetime(2026, 3, 1, tzinfo=UTC)
DIMENSIONS = 512


class WordEncoder(Encoder):
    """Texts with the same words are near each other; `made` counts what was encoded."""

    def __init__(self, id: str = "words") -> None:
        super().__init__(id=id, run=self._made, dimensions=DIMENSIONS, cache_size=0)
        self.made = 0

    def _made(self, texts: list[str]) -> Vectors:
        self.made += len(texts)
        rows = [[direction(stem(token.forms[0], "english")) for token in tokens(text)] for text in texts]
        return np.array([np.sum(row, axis=0) if row else np.zeros(DIMENSIONS) for row in rows], dtype=np.float32)


def direction(word: str) -> np.ndarray[Any, Any]:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
    return np.random.default_rng(seed).standard_normal(DIMENSIONS)


def article(ref: str, title: str, body: str = "", **more: Any) -> Article:
    given: dict[str, Any] = {"locale": "en", "audience": Audience.EVERYONE, "section": (), "labels": ()}
    return Article(ref=ref, title=title, body_html=body, created_at=WRITTEN, updated_at=WRITTEN, **{**given, **more})


SHELF = (
    article(
        "reset",
        "Reset your password",
        "<p>Open the sign-in page and choose <b>Forgot password</b>.</p><h2>When no mail comes</h2>"
        "<p>Look into the spam folder. Administrators see bounced mails under Deliveries.</p>",
    ),
    article(
        "export",
        "Export tickets as CSV",
        "<p>Exports run every night. Set <code>export.maxRows</code> or call <code>getExportStatus</code>.</p>",
    ),
    article("sso", "Single sign-on with SAML", "<p>Enter the certificate of your identity provider.</p>"),
    article("billing", "Invoices and payment", "<p>Invoices are sent on the first of the month.</p>"),
    article("staff", "How to refund", "<p>Agents refund a payment in the console.</p>", audience=Audience.AGENTS),
    article("konto", "Konto löschen", "<p>Öffnen Sie die Einstellungen und löschen Sie Ihr Konto.</p>", locale="de"),
    article("untitled", "", "<p>Webhooks are repeated for three days, then dropped.</p>"),
    article("bodyless", "Change the language of the console"),
)


def corpus(folder: Path, articles: Iterable[Article] = SHELF) -> Corpus:
    return build(articles, WordEncoder(), FolderPlace(folder)).corpus


def found(corpus: Corpus, query: str, **more: Any) -> list[Hit]:
    more.setdefault("allowed", corpus.everything())
    return corpus.search(query, WordEncoder().encode([query])[0], **more)


def refs(corpus: Corpus, query: str, **more: Any) -> list[str]:
    return [hit.ref for hit in found(corpus, query, **more)]


SIGN_ON = Synonyms((("SSO", "single sign-on", "federated login"),))
