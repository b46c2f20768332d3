"""What articles are about and whose they are, in people's words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from threading import Lock

from app.admin.knowledge_articles_model import About, Owner
from app.knowledge.rules import rules_for
from app.sla.rules import rules_for as sla_rules_for
from connectors.defaults import load_taxonomy
from connectors.store import Store
from connectors.store.article_rows import StoredArticle
from triage.escalation.people import Person
from triage.knowledge_reading import KnowledgeRulesError
from triage.knowledge_rules import KnowledgeRules
from triage.reviews.areas import READ, areas_of
from triage.reviews.messages import reachable
from triage.sla.reading import SlaRulesError

KEPT = 20_000
"""So many guesses are remembered, each until its article changes."""


@lru_cache(maxsize=1)
def area_names() -> Mapping[str, str]:
    """The name of each product area of the taxonomy, by its key."""
    return {area.key: area.name for area in load_taxonomy().product_areas}


class Guesses:
    """Which areas articles are about where nobody said, each text read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, int, datetime], tuple[str, ...]] = {}
        self._lock = Lock()

    def areas(self, tenant: str, articles: Collection[StoredArticle]) -> dict[int, tuple[str, ...]]:
        """Keys of areas by article, what is said first and else a guess."""
        unsaid = {_place(tenant, each): each for each in articles if not each.facts.product_areas}
        guesses = {place: self._known[place] for place in unsaid if place in self._known}
        unknown = {place: each for place, each in unsaid.items() if place not in guesses}
        texts = self._store.articles.openings(tenant, [each.id for each in unknown.values()], READ) if unknown else {}
        for place, each in unknown.items():
            guesses[place] = areas_of(each.article.title, each.article.labels, texts.get(each.id, ""), load_taxonomy())
        with self._lock:
            self._known |= guesses
            for place in list(self._known)[: max(0, len(self._known) - KEPT)]:
                del self._known[place]
        return {each.id: each.facts.product_areas or guesses[_place(tenant, each)] for each in articles}

    def abouts(self, tenant: str, articles: Collection[StoredArticle]) -> dict[int, About]:
        names, found = area_names(), self.areas(tenant, articles)
        return {
            each.id: About(
                areas=tuple(names.get(key, key) for key in found[each.id]),
                guessed=bool(found[each.id]) and not each.facts.product_areas,
            )
            for each in articles
        }


class Owners:
    """Who owns what, by the facts of an article and else by the tenant's knowledge rules."""

    def __init__(self, people: Mapping[str, Person], rules: KnowledgeRules | None) -> None:
        self._people = people
        self._rules = rules

    @classmethod
    def of(cls, store: Store, tenant: str) -> tuple[Owners, str]:
        """With why the knowledge rules cannot be used, empty where they can."""
        people: Mapping[str, Person] = {}
        rules, problem = None, ""
        with suppress(SlaRulesError):  # the page SLA says so; owners are then shown by their keys
            people = sla_rules_for(store, tenant).escalation.people
        try:
            rules = rules_for(store, tenant)
        except KnowledgeRulesError as error:
            problem = str(error)
        return cls(people, rules), problem

    def listed(self) -> tuple[Owner, ...]:
        """Everybody who can be chosen by a key."""
        return tuple(sorted((self.named(key) for key in self._people), key=lambda each: each.name.lower()))

    def named(self, key: str) -> Owner:
        person = self._people.get(key)
        missing = "no mail address" if person else "nobody of that name"
        name = person.name if person else key
        return Owner(key=key, name=name, unreachable="" if reachable(key, self._people) else missing)

    def owner(self, key: str | None, areas: Sequence[str]) -> Owner | None:
        """Who owns an article of these areas; `key` is the one that it names itself."""
        chosen = key or (self._rules.owner_for(tuple(areas)) if self._rules else None)
        return self.named(chosen) if chosen else None

    def may_be(self, key: str) -> bool:
        """Whether that is somebody: one of the people, or a mail address."""
        name, at, host = key.partition("@")
        return key in self._people or bool(at and name and "." in host and not set(key) & set(" ,;<>\t"))


def _place(tenant: str, each: StoredArticle) -> tuple[str, int, datetime]:
    return tenant, each.id, each.changed_at
