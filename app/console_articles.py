"""What the pages Articles and one article need, from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from app.admin.knowledge_articles_model import (
    ROLES,
    ArticlePage,
    ArticleRow,
    ArticlesPage,
    Judgement,
    NotHere,
    Refused,
    Review,
    Search,
    Week,
)
from app.admin.triage_model import Place
from app.bootstrap import Deps
from app.console_about import Guesses, Owners, area_names
from app.console_connect import ConnectService
from app.knowledge import owning
from connectors import registry
from connectors.store.article_rows import HELPDESK, StoredArticle
from connectors.store.article_use import Said, Span
from connectors.store.review_rows import Outcome, StoredReview
from connectors.store.tenants import TenantSummary
from triage.articles import Facts, State
from triage.suggestions import Act

PAGE, MOST_EXPORTED, MOST_GUESSED = 50, 10_000, 5_000
LATELY, WEEK, WEEKS = timedelta(days=28), timedelta(days=7), 12
MOST_SAID, MOST_REVIEWS, MOST_RELEASES = 10, 50, 50
SAID = {Act.NOT_HELPFUL: "Not helpful", Act.FLAG: "Flagged"}


class ArticlesService(ConnectService):
    """Implements the articles of `app.admin.knowledge_model.KnowledgeDeps`."""

    def __init__(self, deps: Deps) -> None:
        super().__init__(deps)
        self.guesses = Guesses(deps.store)

    def articles_page(self, tenant: str, search: Search, page: int) -> ArticlesPage:
        summary = self.connected(tenant)
        found = self._found(tenant, search, limit=PAGE + 1, offset=(page - 1) * PAGE)
        return ArticlesPage(
            desk=Place(id=tenant, name=summary.name),
            at=self.deps.now(),
            rows=self._article_rows(tenant, found[:PAGE]),
            counts=self.store.articles.counts(tenant),
            areas=tuple(area_names().items()),
            locales=tuple(self.store.articles.locales(tenant)),
            sources=tuple(self.store.articles.sources(tenant)),
            more=len(found) > PAGE,
        )

    def articles_export(self, tenant: str, search: Search) -> Sequence[ArticleRow]:
        self.connected(tenant)
        return self._article_rows(tenant, self._found(tenant, search, limit=MOST_EXPORTED, offset=0))

    def _found(self, tenant: str, search: Search, *, limit: int, offset: int) -> list[StoredArticle]:
        """By area also those whose area is only guessed, which no database can filter."""
        try:
            state = State(search.state) if search.state else None
        except ValueError:
            return []
        found = self.store.articles.find(
            tenant,
            state=state,
            source=search.source or None,
            locale=search.locale or None,
            words=search.q or None,
            limit=MOST_GUESSED if search.area else limit,
            offset=0 if search.area else offset,
        )
        if not search.area:
            return found
        areas = self.guesses.areas(tenant, found)
        return [each for each in found if search.area in areas[each.id]][offset : offset + limit]

    def _article_rows(self, tenant: str, found: Sequence[StoredArticle]) -> tuple[ArticleRow, ...]:
        areas, abouts = self.guesses.areas(tenant, found), self.guesses.abouts(tenant, found)
        used = self.store.article_events.counts(tenant, self.deps.now() - LATELY)
        owners, _ = Owners.of(self.store, tenant)
        return tuple(
            ArticleRow(
                id=each.id,
                title=each.article.title,
                locale=each.article.locale,
                source=each.source,
                state=each.state,
                about=abouts[each.id],
                owner=owners.owner(each.facts.owner, areas[each.id]),
                shown=used[each.id].shown if each.id in used else 0,
                inserted=used[each.id].inserted if each.id in used else 0,
                checked_at=each.verified_at,
                checked_for=each.verified_for or "",
            )
            for each in found
        )

    def article_page(self, tenant: str, article: int) -> ArticlePage:
        summary, now, store = self.connected(tenant), self.deps.now(), self.store
        found = self.kept_article(tenant, article)
        languages = [each for each in store.articles.languages(tenant, found.key) if each.deleted_at is None]
        reviews = [_review(each) for each in store.reviews.of_article(tenant, article)]
        began = [now - (WEEKS - number) * WEEK for number in range(WEEKS)]
        spans = store.article_use.by_span(tenant, article, began, now + timedelta(seconds=1))
        owners, _ = Owners.of(store, tenant)
        return ArticlePage(
            desk=Place(id=tenant, name=summary.name),
            at=now,
            id=found.id,
            title=found.article.title,
            text=store.articles.text(tenant, article),
            locale=found.article.locale,
            source=found.source,
            state=found.state,
            audience=found.article.audience.value,
            url=found.article.url,
            facts=found.facts,
            decides=found.source == HELPDESK,
            about=self.guesses.abouts(tenant, [found])[found.id],
            owner=owners.owner(found.facts.owner, self.guesses.areas(tenant, [found])[found.id]),
            people=owners.listed(),
            areas=tuple(area_names().items()),
            releases=tuple(each.version for each in store.releases.all(tenant, limit=MOST_RELEASES)),
            updated_at=found.article.updated_at,
            languages=tuple((each.id, each.article.locale, each.state) for each in languages),
            versions=tuple(store.articles.versions(tenant, article)),
            open=tuple(each for each in reviews if each.closed_at is None),
            past=tuple(each for each in reviews if each.closed_at is not None)[:MOST_REVIEWS],
            weeks=tuple(_week(each) for each in reversed(spans) if _happened(each)),
            judgements=tuple(_judgement(each) for each in store.article_use.said(tenant, article, MOST_SAID)),
            ticket_url=ticket_url(summary),
            checked_at=found.verified_at,
            checked_by=found.verified_by or "",
            checked_for=found.verified_for or "",
        )

    def set_facts(self, tenant: str, article: int, facts: Facts) -> None:
        self.connected(tenant)
        before, (owners, problem) = self.kept_article(tenant, article), Owners.of(self.store, tenant)
        strange = [key for key in facts.product_areas if key not in area_names()]
        strange += [key for key in facts.roles if key not in ROLES and key not in before.facts.roles]
        if strange:
            raise Refused(f"There is no product area or role {', '.join(strange)}.")
        if problem:
            raise Refused("The knowledge rules in use cannot be read: the page Knowledge review says why.")
        if facts.owner and facts.owner != before.facts.owner:
            check_owner(owners, facts.owner)
        try:
            owning.set_facts(self.deps, tenant, before, facts)
        except owning.FactsElsewhere as error:
            raise Refused(str(error)) from error

    def assign(self, tenant: str, article: int, owner: str) -> None:
        """A file says itself whose its articles are: of those only the open reviews go to somebody else."""
        self.connected(tenant)
        before, (owners, _) = self.kept_article(tenant, article), Owners.of(self.store, tenant)
        if owner:
            check_owner(owners, owner)
        facts = replace(before.facts, owner=owner or None)
        if before.source == HELPDESK:
            self.store.articles.set_facts(tenant, article, facts, now=self.deps.now())
        chosen = owners.owner(facts.owner, self.guesses.areas(tenant, [before])[article])
        self.store.reviews.assign(tenant, article, chosen.key if chosen else None, now=self.deps.now())

    def still_right(self, tenant: str, article: int, *, by: str) -> None:
        self._close(tenant, article, Outcome.STILL_RIGHT, by)

    def outdate(self, tenant: str, article: int, *, by: str) -> None:
        self._close(tenant, article, Outcome.OUTDATED, by)

    def kept_article(self, tenant: str, article: int) -> StoredArticle:
        """Raises `NotHere` for one that is gone."""
        found = self.store.articles.some(tenant, [article]).get(article)
        if found is None:
            raise NotHere("There is no such article here. It may be gone from its source.")
        return found

    def _close(self, tenant: str, article: int, outcome: Outcome, by: str) -> None:
        self.connected(tenant)
        if self.store.reviews.close_all(tenant, article, outcome, by=by, now=self.deps.now()) is None:
            raise NotHere("There is no such article here. It may be gone from its source.")


def check_owner(owners: Owners, key: str) -> None:
    """Raises `Refused` for what is nobody."""
    if not owners.may_be(key):
        known = ", ".join(each.key for each in owners.listed())
        raise Refused(f"“{key}” is no mail address and none of the people in the service-level rules ({known}).")


def ticket_url(summary: TenantSummary) -> str:
    return f"{summary.origin}{registry.vendor(summary.vendor).ticket_path}"


def _review(each: StoredReview) -> Review:
    return Review(
        kind=each.kind,
        why=each.why,
        release=each.release or "",
        opened_at=each.opened_at,
        due_at=each.due_at,
        closed_at=each.closed_at,
        closed_by=each.closed_by or "",
        outcome=each.outcome.value if each.outcome else "",
    )


def _week(each: Span) -> Week:
    return Week(began=each.began, shown=each.shown, inserted=each.inserted, judged=each.judged, flagged=each.flagged)


def _happened(each: Span) -> bool:
    return bool(each.shown or each.inserted or each.judged or each.flagged)


def _judgement(each: Said) -> Judgement:
    return Judgement(word=SAID[each.act], by=each.by_name, note=each.note, ticket=each.ticket_ref, at=each.at)
