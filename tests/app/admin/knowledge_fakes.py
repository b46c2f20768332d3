"""The Knowledge pages of one working day, in memory; the figures agree with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.admin.knowledge_articles_model import (
    About,
    ArticlePage,
    ArticleRow,
    ArticlesPage,
    Judgement,
    NotHere,
    Owner,
    Refused,
    Review,
    Search,
    Week,
)
from app.admin.knowledge_model import Due, FindingRow, GapPage, GapRow, KnowledgePage, SearchTest, Synced
from app.admin.knowledge_releases_model import Opened, Preview, ReleaseDraft, ReleaseRow, ReleasesPage
from app.admin.triage_model import Place
from connectors.store.tenants import UnknownTenant
from tests.app.admin.connect_fakes import OTHER, TENANT
from triage.articles import ArticleVersion, Facts, State
from triage.measuring import wilson

NOW = datetime(2026, 11, 17, 13, 24, 6, tzinfo=UTC)
DESK = Place(id=TENANT, name="Fieldline")
MEI = Owner(key="mei", name="Mei Tanaka")
JONAS = Owner(key="jonas", name="Jonas Weber")
ANA = Owner(key="ana", name="Ana Lind", unreachable="no mail address")
PEOPLE = (ANA, JONAS, MEI)
AREAS = (
    ("identity", "Identity"),
    ("billing", "Billing"),
    ("integrations", "Integrations"),
    ("api", "API"),
    ("data", "Data"),
    ("app", "App"),
)
URL = "https://fieldline.example/help/articles/{}/edit"
TICKETS = "https://fieldline.example/agent/tickets/{ref}"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


DUE = (
    Due(
        article=31,
        title="Set up SSO with Azure",
        about=About(areas=("Identity",)),
        why=(("flag", "2 agents flagged it: step 5 is wrong"), ("release", "Release 4.6 changed the sign-in page")),
        shown=31,
        owner=MEI,
        since=ago(1.2),
        due_at=ago(-8.8),
        url=URL.format(31),
        edited_at=ago(0.1),
    ),
    Due(
        article=23,
        title="Which certificates we accept",
        about=About(areas=("Integrations",)),
        why=(("release", "Release 4.6 changed certificate pinning"),),
        shown=23,
        owner=JONAS,
        since=ago(4.1),
        due_at=ago(-5.9),
        url=URL.format(23),
    ),
    Due(
        article=12,
        title="Replay missed webhook events",
        about=About(areas=("Integrations",), guessed=True),
        why=(("release", "Release 4.6 renamed the menu Event log"),),
        shown=12,
        owner=JONAS,
        since=ago(4.1),
        due_at=ago(-5.9),
        url=URL.format(12),
    ),
    Due(
        article=9,
        title="Export more than 100,000 rows",
        about=About(areas=("Data",)),
        why=(("unhelpful", "“Not helpful” in 6 of 20 inserts"),),
        shown=9,
        owner=None,
        since=ago(6.3),
        due_at=ago(-3.7),
        url=URL.format(9),
    ),
    Due(
        article=6,
        title="Change the billing contact",
        about=About(areas=("Billing",)),
        why=(("age", "Not checked for 12 months"),),
        shown=6,
        owner=ANA,
        since=ago(12.5),
        due_at=ago(2.5),
    ),
)
GAPS = (
    GapRow(id=1, title="Two-factor reset for admins", tickets=27, replies=61, area="Identity", draft_from=5),
    GapRow(id=2, title="Partial refunds after downgrade", tickets=14, replies=33, area="Billing", has_draft=True),
    GapRow(id=3, title="Rate limits per region", tickets=11, replies=19, area="API", draft_from=0),
)
FINDINGS = (
    FindingRow(
        kind="unhelpful", article=9, title="Export more than 100,000 rows", why="“Not helpful” in 6 of 20 inserts"
    ),
    FindingRow(kind="never_used", article=41, title="Keyboard shortcuts", why="Shown on 64 tickets, inserted on none"),
    FindingRow(
        kind="duplicate",
        article=42,
        title="Reset your password",
        why="97 % the same words",
        other=43,
        other_title="Choose a new password",
    ),
)
TEST = SearchTest(at=ago(0.47), first=wilson(196, 240), in_three=wilson(226, 240), by_agents=True)
TEXT = """## Before you begin

You need the role Admin.
It takes ten minutes.

- Open Settings
- Choose Security

```
curl -H "Authorization: Bearer <token>"
```

### If it fails

AADSTS50011 means that the reply address differs."""


def page() -> KnowledgePage:
    return KnowledgePage(
        desk=DESK,
        helpdesk="Tidedesk",
        at=NOW,
        synced=Synced(articles=388, at=ago(0.003)),
        due=DUE,
        due_total=len(DUE),
        due_tickets=74,
        areas=AREAS,
        people=PEOPLE,
        others=(Place(id=OTHER, name="Fieldline EU"),),
        gaps=GAPS,
        gaps_total=3,
        findings=FINDINGS,
        findings_total=3,
        test=TEST,
        inserted=wilson(412, 1904),
    )


def empty() -> KnowledgePage:
    return replace(
        page(),
        synced=Synced(articles=0),
        due=(),
        due_total=0,
        due_tickets=0,
        gaps=(),
        gaps_total=0,
        findings=(),
        findings_total=0,
        test=None,
        inserted=None,
        others=(),
    )


def gap_page() -> GapPage:
    return GapPage(
        desk=DESK,
        row=GAPS[0],
        words=("two-factor", "admin", "recovery"),
        tickets=("48102", "48107", "48133"),
        ticket_url=TICKETS,
        last_at=ago(1),
    )


DRAFT = "# Two-factor reset for admins\n\n## What agents answered\n\n- Open People and choose Remove second factor.\n"


def rows() -> tuple[ArticleRow, ...]:
    row = ArticleRow(
        id=31,
        title="Set up SSO with Azure",
        locale="en-us",
        source="helpdesk",
        state=State.REVIEW_DUE,
        about=About(areas=("Identity",)),
        owner=MEI,
        shown=118,
        inserted=44,
        checked_at=ago(92),
        checked_for="4.4",
    )
    return (
        row,
        replace(row, id=32, locale="de", title="SSO mit Azure einrichten", state=State.VERIFIED, owner=None),
        replace(row, id=33, title="Old exports", state=State.OUTDATED, checked_at=None, shown=0, inserted=0),
        replace(row, id=34, title="Quarterly plan", state=State.DRAFT, source="folder:handbook", about=About()),
    )


def articles_page() -> ArticlesPage:
    return ArticlesPage(
        desk=DESK,
        at=NOW,
        rows=rows(),
        counts={State.VERIFIED: 371, State.REVIEW_DUE: 12, State.OUTDATED: 3, State.DRAFT: 2},
        areas=AREAS,
        locales=("de", "en-us"),
        sources=("folder:handbook", "helpdesk"),
    )


def article_page() -> ArticlePage:
    first = ArticleVersion(
        title="Set up SSO", text=TEXT.replace("Security", "Access"), updated_at=ago(200), replaced_at=ago(90)
    )
    second = replace(first, text=TEXT.replace("ten", "five"), updated_at=ago(90), replaced_at=ago(0.1))
    opened = Review(
        kind="release",
        why="Release 4.6 changed the sign-in page",
        release="4.6",
        opened_at=ago(12.5),
        due_at=ago(2.5),
    )
    closed = Review(
        kind="flag",
        why="An agent flagged it",
        opened_at=ago(100),
        due_at=ago(90),
        closed_at=ago(92),
        closed_by="Mei Tanaka",
        outcome="still_right",
    )
    return ArticlePage(
        desk=DESK,
        at=NOW,
        id=31,
        title="Set up SSO with Azure",
        text=TEXT,
        locale="en-us",
        source="helpdesk",
        state=State.REVIEW_DUE,
        audience="signed_in",
        url=URL.format(31),
        facts=Facts(owner="mei", product_areas=("identity",), roles=("admin",), applies_from="4.0"),
        decides=True,
        about=About(areas=("Identity",)),
        owner=MEI,
        people=PEOPLE,
        areas=AREAS,
        releases=("4.6", "4.5"),
        updated_at=ago(0.1),
        languages=((31, "en-us", State.REVIEW_DUE), (32, "de", State.VERIFIED)),
        versions=(second, first),
        open=(opened,),
        past=(closed,),
        weeks=(
            Week(began=ago(7), shown=31, inserted=12, judged=2, flagged=2),
            Week(began=ago(14), shown=28, inserted=11, judged=0, flagged=0),
        ),
        judgements=(Judgement(word="Flagged", by="Tomás Rey", note="Step 5 is wrong", ticket="48102", at=ago(1.2)),),
        ticket_url=TICKETS,
        checked_at=ago(92),
        checked_by="Mei Tanaka",
        checked_for="4.4",
    )


OPENED = (
    Opened(article=23, title="Which certificates we accept", locale="", why="Release 4.6 changed certificate pinning"),
    Opened(
        article=31,
        title="Set up SSO with Azure",
        locale="",
        why="Release 4.6 changed the sign-in page",
        closed=True,
        outcome="still_right",
    ),
)


def releases_page() -> ReleasesPage:
    newest = ReleaseRow(
        id=2,
        version="4.6",
        title="Certificates and the event log",
        areas=("Integrations", "Identity"),
        source="API",
        url="https://code.fieldline.example/releases/4.6",
        released_at=ago(4.2),
        is_read=True,
        reviews=2,
        open=1,
    )
    before = replace(newest, id=1, version="4.5", title="", areas=(), source="by hand", url=None, reviews=0, open=0)
    return ReleasesPage(
        desk=DESK,
        at=NOW,
        rows=(newest, before),
        areas=AREAS,
        api_url="https://deskhand.example/api/releases",
    )


class FakeKnowledge:
    """`knowledge_done` remembers what was pressed and by whom; the pages can be replaced."""

    def __init__(self) -> None:
        self.knowledge: KnowledgePage | None = page()
        self.gap = gap_page()
        self.articles = articles_page()
        self.article = article_page()
        self.releases = releases_page()
        self.knowledge_asked: list[object] = []
        self.knowledge_done: list[tuple[object, ...]] = []
        self.refusal = ""
        self.syncs = True
        self.by_words = False
        self.draft_fails: Exception | None = None

    def knowledge_page(self, tenant: str | None, area: str, reason: str) -> KnowledgePage | None:
        self._check(tenant)
        self.knowledge_asked.append((area, reason))
        if self.knowledge is None or tenant != OTHER:
            return self.knowledge
        return replace(empty(), desk=Place(id=OTHER, name="Fieldline EU"))

    def sync_articles(self, tenant: str) -> bool:
        self._check(tenant)
        self.knowledge_done.append(("sync", tenant))
        return self.syncs

    def still_right(self, tenant: str, article: int, *, by: str) -> None:
        self._do(tenant, article, "right", by)

    def outdate(self, tenant: str, article: int, *, by: str) -> None:
        self._do(tenant, article, "outdated", by)

    def assign(self, tenant: str, article: int, owner: str) -> None:
        self._do(tenant, article, "owner", "", owner)

    def gap_page(self, tenant: str, gap: int) -> GapPage:
        self._check(tenant)
        if gap not in {each.id for each in GAPS}:
            raise NotHere("There is no such gap.")
        return self.gap

    def draft_gap(self, tenant: str, gap: int, *, by: str, again: bool) -> None:
        self._do(tenant, 31, "draft", by, gap, again)
        if self.draft_fails:
            raise self.draft_fails

    def dismiss_gap(self, tenant: str, gap: int, *, by: str) -> None:
        self._do(tenant, 31, "dismiss", by, gap)

    def reopen_gap(self, tenant: str, gap: int, *, by: str) -> None:
        self._do(tenant, 31, "reopen", by, gap)

    def articles_page(self, tenant: str, search: Search, page: int) -> ArticlesPage:
        self._check(tenant)
        self.knowledge_asked.append((search, page))
        return self.articles

    def articles_export(self, tenant: str, search: Search) -> Sequence[ArticleRow]:
        self._check(tenant)
        self.knowledge_asked.append(search)
        return self.articles.rows

    def article_page(self, tenant: str, article: int) -> ArticlePage:
        self._check(tenant)
        if article != self.article.id:
            raise NotHere("There is no such article.")
        return self.article

    def set_facts(self, tenant: str, article: int, facts: Facts) -> None:
        self._do(tenant, article, "facts", "", facts)

    def releases_page(self, tenant: str, release: int | None) -> ReleasesPage:
        self._check(tenant)
        if release is None:
            return self.releases
        chosen = next((each for each in self.releases.rows if each.id == release), None)
        if chosen is None:
            raise NotHere("There is no such release.")
        return replace(self.releases, chosen=chosen, opened=OPENED if chosen.reviews else ())

    def preview_release(self, tenant: str, draft: ReleaseDraft) -> Preview:
        self._do(tenant, 31, "preview", "", draft)
        return Preview(opened=tuple(each for each in OPENED if not each.closed), by_words=self.by_words)

    def add_release(self, tenant: str, draft: ReleaseDraft) -> None:
        self._do(tenant, 31, "release", "", draft)

    def _check(self, tenant: str | None) -> None:
        if tenant not in (None, TENANT, OTHER):
            raise UnknownTenant(str(tenant))

    def _do(self, tenant: str, article: int, what: str, by: str, *more: object) -> None:
        self._check(tenant)
        if self.refusal:
            raise Refused(self.refusal)
        if article not in {each.article for each in DUE}:
            raise NotHere("There is no such article.")
        self.knowledge_done.append((what, article, by, *more))
