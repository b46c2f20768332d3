"""What the page Releases needs, from the store."""

from __future__ import annotations

from app.admin.knowledge_articles_model import NotHere, Refused
from app.admin.knowledge_releases_model import Opened, Preview, ReleaseDraft, ReleaseRow, ReleasesPage
from app.admin.triage_model import Place
from app.bootstrap import Deps
from app.console_about import area_names
from app.console_connect import ConnectService
from app.knowledge.touching import touched
from app.knowledge.typed import TypedWords
from connectors.store.releases import API, CLI, CONSOLE, GITHUB, GITLAB, StoredRelease
from connectors.store.review_rows import StoredReview, Tally
from triage.reviews.releases import Release

MOST, MOST_OPENED, MOST_COMPARED = 50, 200, 2_000
API_PATH = "/api/releases"
SOURCES = {API: "API", GITHUB: "GitHub", GITLAB: "GitLab", CONSOLE: "by hand", CLI: "command line"}


class ReleasesService(ConnectService):
    """Implements the releases of `app.admin.knowledge_model.KnowledgeDeps`."""

    def __init__(self, deps: Deps) -> None:
        super().__init__(deps)
        self.typed = TypedWords(deps.settings)

    def releases_page(self, tenant: str, release: int | None) -> ReleasesPage:
        summary = self.connected(tenant)
        tallies = self.store.reviews.tallies(tenant)
        chosen, opened = None, []
        if release is not None:
            chosen = self.store.releases.find(tenant, release)
            if chosen is None:
                raise NotHere("There is no such release here.")
            opened = self.store.reviews.of_release(tenant, release)[:MOST_OPENED]
        languages = self.store.articles.locales(tenant)
        return ReleasesPage(
            desk=Place(id=tenant, name=summary.name),
            at=self.deps.now(),
            rows=tuple(_row(each, tallies) for each in self.store.releases.all(tenant, limit=MOST)),
            areas=tuple(area_names().items()),
            api_url=f"{self.deps.settings.public_url}{API_PATH}",
            chosen=_row(chosen, tallies) if chosen else None,
            opened=tuple(_opened(each, several=len(languages) > 1) for each in opened),
        )

    def preview_release(self, tenant: str, draft: ReleaseDraft) -> Preview:
        self.connected(tenant)
        _check(draft)
        if sum(self.store.articles.counts(tenant).values()) > MOST_COMPARED:
            raise Refused("There are too many articles to compare while you wait. Saved, the worker compares them.")
        encoder = self.typed.encoder()
        release = Release(version=draft.version, title=draft.title, product_areas=draft.areas, notes=draft.notes)
        found = touched(self.deps, tenant, release, (lambda: encoder) if encoder else None)
        several = len(self.store.articles.locales(tenant)) > 1
        return Preview(
            opened=tuple(
                Opened(
                    article=each.article.id,
                    title=each.article.article.title,
                    locale=each.article.article.locale if several else "",
                    why=each.found.why,
                )
                for each in found[:MOST_OPENED]
            ),
            by_words=encoder is None,
        )

    def add_release(self, tenant: str, draft: ReleaseDraft) -> None:
        self.connected(tenant)
        _check(draft)
        self.store.releases.add(
            tenant,
            draft.version,
            title=draft.title,
            product_areas=draft.areas,
            notes=draft.notes,
            source=CONSOLE,
            now=self.deps.now(),
        )


def _check(draft: ReleaseDraft) -> None:
    """Raises `Refused` for what says nothing."""
    strange = [key for key in draft.areas if key not in area_names()]
    if not draft.version:
        raise Refused("A release needs a version, such as 4.6.")
    if not draft.notes:
        raise Refused("Say what changed: by these words the articles are found.")
    if strange:
        raise Refused(f"There is no product area {', '.join(strange)}.")


def _row(each: StoredRelease, tallies: dict[int, Tally]) -> ReleaseRow:
    tally, names = tallies.get(each.id, Tally()), area_names()
    return ReleaseRow(
        id=each.id,
        version=each.version,
        title=each.title,
        areas=tuple(names.get(key, key) for key in each.product_areas),
        source=SOURCES.get(each.source, each.source),
        url=each.url if each.url and each.url.startswith(("https://", "http://")) else None,
        released_at=each.released_at,
        is_read=each.read_at is not None,
        reviews=tally.opened,
        open=tally.open,
    )


def _opened(each: StoredReview, *, several: bool) -> Opened:
    return Opened(
        article=each.article.id,
        title=each.article.article.title,
        locale=each.article.article.locale if several else "",
        why=each.why,
        closed=each.closed_at is not None,
        outcome=each.outcome.value if each.outcome else "",
    )
