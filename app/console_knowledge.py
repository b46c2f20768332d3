"""What the Knowledge pages need, from the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from app.admin.knowledge_articles_model import Owner
from app.admin.knowledge_model import Due, FindingRow, KnowledgePage, SearchTest, Synced
from app.admin.triage_model import Place
from app.console_about import Owners, area_names
from app.console_articles import ArticlesService
from app.console_gaps import GapsService
from app.console_releases import ReleasesService
from app.knowledge.reading import how_far
from connectors import registry
from connectors.store.article_findings import StoredArticleFinding
from connectors.store.filters import Filter
from connectors.store.review_rows import StoredReview
from connectors.store.search_tests import INSERTS
from connectors.store.search_tests import SearchTest as StoredTest
from triage.deflection import deflection
from triage.measuring import wilson

ARTICLES = "articles"
"""The job that reads them."""
WEEK, LATELY = timedelta(days=7), timedelta(days=28)
MOST_OPEN, MOST_DUE, MOST_FINDINGS = 2_000, 100, 30
FINDINGS_FIRST = ("unhelpful", "duplicate", "never_used", "never_shown")


class KnowledgeService(ArticlesService, GapsService, ReleasesService):
    """Implements `app.admin.knowledge_model.KnowledgeDeps`."""

    def knowledge_page(self, tenant: str | None, area: str, reason: str) -> KnowledgePage | None:
        desks = self.store.tenants.all()
        if tenant is None and not desks:
            return None
        summary = self.connected(tenant or desks[0].id)
        tenant, now, store = summary.id, self.deps.now(), self.store
        owners, problem = Owners.of(store, tenant)
        reviews = store.reviews.open(tenant, limit=MOST_OPEN)
        ids = {each.article.id for each in reviews}
        gaps, gaps_total = self.gap_rows(tenant, owners)
        findings = sorted(
            store.article_findings.find(tenant), key=lambda each: FINDINGS_FIRST.index(each.finding.kind.value)
        )
        test = store.search_tests.newest(tenant)
        last = next(iter(store.search_tests.history(tenant, limit=1)), None)
        inserted, of = store.article_use.inserted(tenant, now - WEEK)
        away = deflection(store.readings.shown(tenant, since=now - LATELY), now)
        return KnowledgePage(
            desk=Place(id=tenant, name=summary.name),
            helpdesk=registry.vendor(summary.vendor).title,
            at=now,
            synced=self._synced(tenant),
            due=self._due(tenant, reviews, owners, area, reason)[:MOST_DUE],
            due_total=store.reviews.due_articles([tenant]),
            due_tickets=store.article_use.shown_on(tenant, ids, now - WEEK),
            areas=tuple(area_names().items()),
            people=owners.listed(),
            others=tuple(Place(id=each.id, name=each.name) for each in desks if each.id != tenant),
            gaps=gaps,
            gaps_total=gaps_total,
            findings=tuple(_finding(each) for each in findings[:MOST_FINDINGS]),
            findings_total=len(findings),
            test=_test(test) if test else None,
            refused=_test(last) if last and not last.is_used else None,
            inserted=wilson(inserted, of) if of else None,
            away=away if away.people else None,
            problem=problem,
        )

    def sync_articles(self, tenant: str) -> bool:
        self.connected(tenant)
        return self.store.schedule.ask(tenant, ARTICLES, now=self.deps.now())

    def due_articles(self) -> int:
        """Of all connected helpdesks."""
        return self.store.reviews.due_articles([each.id for each in self.store.tenants.all()])

    def _synced(self, tenant: str) -> Synced:
        at, reading = how_far(self.store, tenant)
        problem = ""
        if at is None:
            tried = Filter(direction="in", kind=ARTICLES, tenant=tenant)
            last = next(iter(self.store.deliveries.newest(tried, now=self.deps.now(), limit=1)), None)
            problem = last.error or "" if last and reading is None else ""
        return Synced(
            articles=sum(self.store.articles.counts(tenant).values()),
            at=at,
            reading=reading,
            asked=self.store.schedule.waits(tenant, ARTICLES),
            problem=problem,
        )

    def _due(
        self, tenant: str, reviews: Sequence[StoredReview], owners: Owners, area: str, reason: str
    ) -> tuple[Due, ...]:
        """One row for each article, however many reviews it has; the most shown first."""
        articles = {each.article.id: each.article for each in reviews}
        areas = self.guesses.areas(tenant, articles.values())
        by_article: dict[int, list[StoredReview]] = {}
        for each in reviews:
            by_article.setdefault(each.article.id, []).append(each)
        chosen = [
            mine
            for article, mine in by_article.items()
            if (not area or area in areas[article]) and (not reason or any(each.kind == reason for each in mine))
        ]
        abouts = self.guesses.abouts(tenant, articles.values())
        shown = self.store.article_events.counts(tenant, self.deps.now() - WEEK)
        several = len(self.store.articles.locales(tenant)) > 1
        rows = []
        for mine in chosen:
            article = mine[0].article
            rows.append(
                Due(
                    article=article.id,
                    title=article.article.title,
                    locale=article.article.locale if several else "",
                    url=article.article.url,
                    about=abouts[article.id],
                    why=tuple((each.kind, each.why) for each in mine),
                    shown=shown[article.id].shown if article.id in shown else 0,
                    owner=_owner(mine, owners),
                    since=min(each.opened_at for each in mine),
                    due_at=min(each.due_at for each in mine),
                    edited_at=max((each.edited_at for each in mine if each.edited_at), default=None),
                )
            )
        return tuple(sorted(rows, key=lambda row: (-row.shown, row.due_at, row.article)))


def _owner(reviews: Iterable[StoredReview], owners: Owners) -> Owner | None:
    key = next((each.owner for each in reviews if each.owner), None)
    return owners.named(key) if key else None


def _finding(each: StoredArticleFinding) -> FindingRow:
    found = each.finding
    return FindingRow(
        kind=found.kind.value,
        article=found.article_id,
        title=each.title,
        why=found.why,
        other=found.other_id,
        other_title=each.other_title or "",
    )


def _test(each: StoredTest) -> SearchTest:
    return SearchTest(
        at=each.at,
        first=wilson(round(each.recall_at_1 * each.queries), each.queries),
        in_three=wilson(round(each.recall_at_3 * each.queries), each.queries),
        by_agents=each.source == INSERTS,
        why=each.why,
    )
