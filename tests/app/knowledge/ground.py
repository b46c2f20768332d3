"""A help centre in the store, tickets that were searched, and agents who insert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from app.bootstrap import Deps
from app.knowledge.refreshing import Refreshed, refresh_index
from app.knowledge.searching import Shelf
from app.knowledge.suggesting import search
from app.settings import Settings
from connectors.store import Store
from connectors.store.article_rows import HELPDESK
from connectors.store.suggestions import Suggestion
from tests.conftest import ToldClock
from tests.triage.search.shelf import WordEncoder, article
from triage.articles import Article
from triage.suggestions import Act, Candidate

WORDS = (
    "password invoice export webhook certificate calendar printer keyboard license backup domain mailbox "
    "dashboard sandbox currency holiday signature template macro survey widget avatar archive timezone "
    "queue badge scanner firewall mobile plugin"
)
TOPICS = WORDS.split()
"""Thirty words; each is an article's title."""


@dataclass
class Ground:
    store: Store
    clock: ToldClock
    var: Path
    encoder: WordEncoder = field(default_factory=WordEncoder)

    def __post_init__(self) -> None:
        self.deps = Deps(Settings.from_env({"DESKHAND_VAR": str(self.var)}), self.store, self.clock)

    def keep(self, articles: Iterable[Article]) -> None:
        """Read the helpdesk: what is not among these is gone."""
        now = self.clock.forward(minutes=1)
        reads = self.store.articles.compare("acme", HELPDESK, list(articles))
        with self.store.database.write() as transaction:
            self.store.articles.keep_in(transaction, "acme", HELPDESK, reads, now=now)
            self.store.articles.delete_unseen_in(transaction, "acme", HELPDESK, since=now, now=now)

    def refresh(self, *, anyway: bool = False) -> Refreshed:
        return refresh_index(self.deps, "acme", lambda: self.encoder, anyway=anyway)

    def shelf(self) -> Shelf:
        return Shelf.open(self.deps, "acme", self.encoder)

    def asked(self, ref: str, query: str, found: Sequence[Candidate] | None = None) -> Suggestion:
        """A ticket for which articles were searched."""
        made = self._made(self.shelf(), ref, query, found)
        self.store.suggestions.keep("acme", made)
        return made

    def insert(self, ref: str, key: str, act: Act = Act.INSERT_TEXT) -> None:
        row = self.store.articles.languages("acme", key)[0]
        self.store.article_events.add("acme", ref, row.id, act, now=self.clock.forward(minutes=1), by_id="7")

    def worked(self, tickets: Iterable[tuple[str, str, Sequence[Candidate] | None, str]]) -> None:
        """Tickets by name, words, what was found and what was inserted, in one transaction."""
        shelf, rows = self.shelf(), {each.key: each.id for each in self.store.articles.find("acme")}
        made = [(self._made(shelf, ref, query, found), key) for ref, query, found, key in tickets]
        with self.store.database.write() as connection:
            for one, key in made:
                self.store.suggestions.keep_in(connection, "acme", one)
                later = one.made_at + timedelta(seconds=30)
                self.store.article_events.add_in(
                    connection, "acme", one.ticket_ref, rows[key], Act.INSERT_TEXT, now=later, by_id="7"
                )
        self.clock.forward(minutes=1)

    def begun(self, tickets: int = len(TOPICS)) -> None:
        """An index of an article for each topic, and so many tickets on which the right one was inserted."""
        self.keep(topics())
        self.refresh()
        self.worked((f"t{at}", f"my {topic} does not work", None, topic) for at, topic in enumerate(TOPICS[:tickets]))

    def _made(self, shelf: Shelf, ref: str, query: str, found: Sequence[Candidate] | None) -> Suggestion:
        vector, now = self.encoder.encode([query])[0], self.clock.forward(minutes=1)
        if found is None:
            found = search(self.deps, shelf, "acme", query, vector, shelf.everything(), now=now)
        return Suggestion(
            ticket_ref=ref,
            query=query,
            vector=vector,
            encoder=self.encoder.id,
            index_version=shelf.index.version,
            ranker="shipped",
            product_area=None,
            sure=0.5,
            found=tuple(found),
            made_at=now,
        )


def topics() -> list[Article]:
    return [article(topic, topic.capitalize(), f"<p>How to use the {topic}.</p>") for topic in TOPICS]


def mixed_up(articles: Sequence[Article], count: int) -> list[Article]:
    """The first `count` articles with titles and texts of each other."""
    some = list(articles[:count])
    turned = some[1:] + some[:1]
    return [
        *(replace(one, title=other.title, body_html=other.body_html) for one, other in zip(some, turned, strict=True)),
        *articles[count:],
    ]
