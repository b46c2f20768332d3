"""The Knowledge pages over the real store: whose articles, what the buttons change, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from app.admin.knowledge_articles_model import NotHere, Refused, Search
from app.admin.knowledge_releases_model import ReleaseDraft
from app.bootstrap import Deps
from app.console import ConsoleService
from app.console_articles import PAGE
from app.settings import Settings
from connectors.defaults import load_knowledge, load_sla
from connectors.store import Store
from connectors.store.article_rows import HELPDESK
from connectors.store.config import KNOWLEDGE, SLA
from connectors.store.tenants import UnknownTenant
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_articles import article, keep
from tests.connectors.store.test_suggestions import suggestion
from triage.article_findings import ArticleFinding, Kind
from triage.articles import Facts, State
from triage.gaps import Gap
from triage.sla.log import StatusSet
from triage.suggestions import Act
from triage.tickets import Status

pytestmark = pytest.mark.on_both
MEI = "mei@fieldline.example"
WEBHOOKS = "<p>Webhooks are sent again: the webhook event delivery of an integration.</p>"


@pytest.fixture
def service(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> ConsoleService:
    return ConsoleService(Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock))


def ids(store: Store, tenant: str = "acme") -> dict[str, int]:
    return {each.article.ref: each.id for each in store.articles.find(tenant)}


def due(store: Store, clock: ToldClock, article_id: int, tenant: str = "acme", **changes: object) -> None:
    values: dict[str, object] = {
        "cause": "release:4.6",
        "kind": "release",
        "why": "Release 4.6 renamed the menu",
        "evidence": {},
        "owner": None,
        "due_at": clock() + timedelta(days=10),
        "next_at": None,
    }
    with store.database.write() as transaction:
        store.reviews.open_in(transaction, tenant, article_id, now=clock(), **(values | changes))  # type: ignore[arg-type]


def shown(store: Store, clock: ToldClock, article_id: int, *refs: str, act: Act = Act.SHOWN, by: str = "") -> None:
    for ref in refs:
        store.article_events.add("acme", ref, article_id, act, now=clock(), by_id=by, by_name=by, note="Not so.")


def gap(store: Store, clock: ToldClock) -> int:
    found = Gap(
        title="Two-factor reset for admins",
        words=("two-factor",),
        product_area="identity",
        tickets=("7", "8"),
        replies=5,
        people=None,
        before=None,
        first_at=clock(),
        last_at=clock(),
    )
    with store.database.write() as transaction:
        store.gaps.replace_in(transaction, "acme", [found], now=clock())
    return store.gaps.open("acme")[0].id


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    told: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            told.append(statement)

    engine = store.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_fresh_install_has_nothing_due_and_says_why(service: ConsoleService) -> None:
    page = service.knowledge_page(None, "", "")
    assert page
    assert (page.due, page.due_total, page.due_tickets, page.gaps, page.test, page.away) == ((), 0, 0, (), None, None)
    assert (page.synced.articles, page.synced.at, page.synced.asked) == (0, None, False)
    assert service.shell().reviews == 0


def test_the_queue_is_by_how_often_it_was_shown_with_one_row_an_article(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    keep(store, clock, *(article(ref, body_html=WEBHOOKS) for ref in "123"))
    one, two, three = (ids(store)[ref] for ref in "123")
    for each in (one, two, three):
        due(store, clock, each)
    due(store, clock, two, cause="flag:9", kind="flag", why="An agent flagged it", owner=MEI)
    shown(store, clock, one, "71")
    shown(store, clock, two, "71", "72", "73")
    clock.forward(days=8)
    shown(store, clock, three, "74", "75")
    page = service.knowledge_page("acme", "", "")
    assert page
    assert [(row.article, row.shown) for row in page.due] == [(three, 2), (one, 0), (two, 0)]
    assert (page.due_total, page.due_tickets, service.shell().reviews) == (3, 2, 3)
    row = page.due[2]
    assert row.why == (("release", "Release 4.6 renamed the menu"), ("flag", "An agent flagged it"))
    assert row.owner
    assert (row.owner.name, row.owner.unreachable, row.locale) == (MEI, "", "")
    assert (row.about.areas, row.about.guessed) == (("Integrations",), True)


def test_what_was_edited_since_says_so(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    keep(store, clock, article("1"))
    due(store, clock, ids(store)["1"])
    clock.forward(hours=1)
    keep(store, clock, article("1", body_html="<p>Now choose Import.</p>"))
    page = service.knowledge_page("acme", "", "")
    assert page
    assert page.due[0].edited_at == clock()


def test_filters_look_at_guessed_areas_and_at_every_reason(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    keep(store, clock, article("1", body_html=WEBHOOKS), article("2", body_html="<p>Nothing.</p>", labels=()))
    one, two = ids(store)["1"], ids(store)["2"]
    store.articles.set_facts("acme", two, Facts(product_areas=("billing",)), now=clock())
    due(store, clock, one)
    due(store, clock, two, cause="age:2026", kind="age")
    due(store, clock, two, cause="flag:1", kind="flag")

    def found(area: str = "", reason: str = "") -> list[int]:
        page = service.knowledge_page("acme", area, reason)
        assert page
        assert page.due_total == 2
        return sorted(row.article for row in page.due)

    assert found() == [one, two]
    assert found("integrations") == [one]
    assert found("billing") == [two]
    assert found("api") == []
    assert found(reason="flag") == [two]
    assert found("integrations", "flag") == []


def test_still_right_closes_all_its_reviews_and_says_who(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    keep(store, clock, article("1"))
    one = ids(store)["1"]
    store.releases.add("acme", "4.6", notes="Renamed the menu.", source="cli", now=clock())
    due(store, clock, one)
    due(store, clock, one, cause="flag:1", kind="flag")
    clock.forward(days=1)
    service.still_right("acme", one, by="Eva Berg")
    page = service.article_page("acme", one)
    assert (page.state, page.open, page.checked_by, page.checked_for) == (State.VERIFIED, (), "Eva Berg", "4.6")
    assert {(each.closed_by, each.outcome, each.closed_at) for each in page.past} == {
        ("Eva Berg", "still_right", clock())
    }
    assert service.shell().reviews == 0
    service.outdate("acme", one, by="Ana Lind")
    assert service.article_page("acme", one).state is State.OUTDATED
    service.still_right("acme", one, by="Eva Berg")
    assert service.article_page("acme", one).state is State.VERIFIED


def test_an_owner_is_somebody_and_has_the_open_reviews_from_then_on(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    keep(store, clock, article("1"))
    one = ids(store)["1"]
    due(store, clock, one)
    for nobody in ("nobody", "@", "a@b", "two words@fieldline.example", "x@y.example, z@y.example"):
        with pytest.raises(Refused, match="none of the people"):
            service.assign("acme", one, nobody)
    service.assign("acme", one, MEI)
    assert [each.owner for each in store.reviews.open("acme")] == [MEI]
    assert store.articles.some("acme", [one])[one].facts.owner == MEI
    service.assign("acme", one, "manager")
    page = service.knowledge_page("acme", "", "")
    assert page
    assert page.due[0].owner
    assert page.due[0].owner.name == "Support manager"
    assert page.due[0].owner.unreachable == "no mail address"
    service.assign("acme", one, "")
    assert [each.owner for each in store.reviews.open("acme")] == [None]


def test_without_an_owner_of_its_own_an_article_has_that_of_its_area(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    body = {**load_knowledge(), "owners": {"integrations": MEI}, "owner": "manager"}
    store.config.save("acme", KNOWLEDGE, body, by="Ana", why="", now=clock())
    keep(store, clock, article("1", body_html=WEBHOOKS), article("2", body_html="<p>Nothing.</p>", labels=()))
    rows = service.articles_page("acme", Search(), 1).rows
    assert [each.owner.name for each in rows if each.owner] == [MEI, "Support manager"]
    store.config.save("acme", KNOWLEDGE, {"owners": 7}, by="Ana", why="", now=clock())
    page = service.knowledge_page("acme", "", "")
    assert page
    assert "owners" in page.problem
    assert service.articles_page("acme", Search(), 1).rows[0].owner is None


def test_people_are_still_there_when_the_other_rules_are_not(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    assert [each.name for each in service.article_page("acme", _kept(store, clock)).people] == [
        "Duty officer",
        "Support manager",
    ]
    store.config.save("acme", SLA, {**load_sla(), "policies": 7}, by="Ana", why="", now=clock())
    assert service.article_page("acme", ids(store)["1"]).people == ()


def _kept(store: Store, clock: ToldClock) -> int:
    keep(store, clock, article("1"))
    return ids(store)["1"]


def test_articles_are_found_by_words_state_area_language_and_source(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    keep(store, clock, article("1", body_html=WEBHOOKS), article("2", locale="de", body_html="<p>x</p>", labels=()))
    keep(store, clock, article("plan", title="Plan", is_draft=True, labels=()), source="folder:handbook")

    def found(**asked: str) -> list[str]:
        return [each.title for each in service.articles_page("acme", Search(**asked), 1).rows]

    assert found() == ["Article 1", "Article 2", "Plan"]
    assert found(q="article") == ["Article 1", "Article 2"]
    assert found(state="draft") == ["Plan"]
    assert found(area="integrations") == ["Article 1"]
    assert found(locale="de") == ["Article 2"]
    assert found(source="folder:handbook") == ["Plan"]
    assert found(state="nonsense") == []
    assert found(area="nonsense") == []
    page = service.articles_page("acme", Search(), 1)
    assert (page.locales, page.sources) == (("de", "en"), ("folder:handbook", HELPDESK))
    assert page.counts[State.DRAFT] == 1
    assert len(service.articles_export("acme", Search(q="article"))) == 2


@pytest.mark.parametrize("area", ["", "integrations"])
def test_a_long_list_comes_in_pages(service: ConsoleService, store: Store, clock: ToldClock, area: str) -> None:
    keep(store, clock, *(article(f"{number:03}", body_html=WEBHOOKS) for number in range(PAGE + 1)))
    pages = [service.articles_page("acme", Search(area=area), number) for number in (1, 2, 3)]
    assert [(len(page.rows), page.more) for page in pages] == [(PAGE, True), (1, False), (0, False)]
    assert len({row.id for page in pages for row in page.rows}) == PAGE + 1


def test_no_page_asks_more_of_the_database_for_more_articles(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    keep(store, clock, *(article(f"{number:02}", body_html=WEBHOOKS) for number in range(3)))
    for each in ids(store).values():
        due(store, clock, each)

    def asked() -> list[int]:
        found = []
        for look in (
            lambda: service.knowledge_page("acme", "", ""),
            lambda: service.articles_page("acme", Search(), 1),
            lambda: service.releases_page("acme", None),
        ):
            with counted(store) as told:
                look()
            found.append(len(told))
        return found

    asked()  # the first look also reads what is then remembered
    before = asked()
    keep(store, clock, *(article(f"{number:02}", body_html=WEBHOOKS) for number in range(40)))
    for each in ids(store).values():
        due(store, clock, each)
    for number in range(5):
        store.releases.add("acme", f"4.{number}", notes="x", source="cli", now=clock())
    after = asked()
    # The texts of new articles are read once, in one query, to guess what they are about.
    assert [more - less for less, more in zip(before, after, strict=True)] == [1, 0, 0]
    assert asked() == before


def test_one_article_with_its_languages_versions_and_use(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    keep(store, clock, article("1"), article("1", locale="de"), article("2"))
    one = next(each.id for each in store.articles.find("acme", locale="en") if each.article.ref == "1")
    shown(store, clock, one, "71", "72")
    shown(store, clock, one, "71", act=Act.INSERT_TEXT, by="Mei")
    clock.forward(days=10)
    shown(store, clock, one, "73")
    shown(store, clock, one, "73", act=Act.FLAG, by="Mei")
    keep(store, clock, article("1", body_html="<h2>Now</h2><p>Choose <i>Import</i>.</p>"))
    page = service.article_page("acme", one)
    assert page.text == "## Now\n\nChoose Import."
    assert [each.text for each in page.versions] == ["Choose Export."]
    assert [(locale, state) for _, locale, state in page.languages] == [("en", State.VERIFIED), ("de", State.VERIFIED)]
    assert [(each.shown, each.inserted, each.flagged) for each in page.weeks] == [(1, 0, 1), (2, 1, 0)]
    assert [(each.word, each.by, each.note, each.ticket) for each in page.judgements] == [
        ("Flagged", "Mei", "Not so.", "73")
    ]
    assert page.ticket_url.format(ref="7").endswith("/7")


def test_facts_are_kept_and_what_is_unknown_is_refused(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    one = _kept(store, clock)
    due(store, clock, one)
    facts = Facts(owner=MEI, product_areas=("api",), roles=("admin",), applies_from="4.0", applies_to="5")
    service.set_facts("acme", one, facts)
    page = service.article_page("acme", one)
    assert (page.facts, page.about.areas, page.about.guessed) == (facts, ("API",), False)
    assert [each.owner for each in store.reviews.open("acme")] == [MEI]
    for wrong in (
        replace(facts, product_areas=("moon",)),
        replace(facts, roles=("king",)),
        replace(facts, owner="nobody"),
    ):
        with pytest.raises(Refused):
            service.set_facts("acme", one, wrong)
    assert service.article_page("acme", one).facts == facts


def test_a_files_facts_stay_the_files(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    keep(store, clock, article("plan"), source="folder:handbook")
    [plan] = store.articles.find("acme")
    assert not service.article_page("acme", plan.id).decides
    with pytest.raises(Refused, match="folder:handbook"):
        service.set_facts("acme", plan.id, Facts())
    due(store, clock, plan.id)
    service.assign("acme", plan.id, MEI)
    assert [each.owner for each in store.reviews.open("acme")] == [MEI]
    assert store.articles.some("acme", [plan.id])[plan.id].facts.owner is None


def test_reading_is_asked_for_once_and_its_end_is_told(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    assert service.sync_articles("acme")
    assert not service.sync_articles("acme")
    page = service.knowledge_page("acme", "", "")
    assert page
    assert page.synced.asked
    [(held, kind)] = store.inbox.claim(now=clock(), lease=timedelta(minutes=1), limit=5)
    assert kind == "articles"
    row = store.inbox.start(held, now=clock(), owner="test", lease=timedelta(minutes=1))
    assert row
    store.inbox.finish(row, "done", now=clock(), note="This helpdesk has no articles.")
    page = service.knowledge_page("acme", "", "")
    assert page
    assert (page.synced.asked, page.synced.problem) == (False, "This helpdesk has no articles.")
    clock.forward(minutes=1)
    assert service.sync_articles("acme")


def test_gaps_are_dismissed_by_somebody_and_taken_back(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    number = gap(store, clock)
    page = service.knowledge_page("acme", "", "")
    assert page
    assert [(row.title, row.tickets, row.replies, row.area) for row in page.gaps] == [
        ("Two-factor reset for admins", 2, 5, "Identity")
    ]
    service.dismiss_gap("acme", number, by="Eva Berg")
    page = service.knowledge_page("acme", "", "")
    assert page
    assert (page.gaps, page.gaps_total) == ((), 0)
    assert service.gap_page("acme", number).changed_by == "Eva Berg"
    service.reopen_gap("acme", number, by="Eva Berg")
    page = service.knowledge_page("acme", "", "")
    assert page
    assert page.gaps_total == 1


def test_the_newest_test_is_shown_and_a_refused_one_beside_it(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    def measured(at_3: float, *, used: bool) -> None:
        clock.forward(hours=1)
        store.search_tests.add(
            "acme",
            index_version="v1",
            ranker="shipped",
            source="inserts",
            queries=40,
            recall_at_1=0.5,
            recall_at_3=at_3,
            mrr_at_10=0.6,
            worst=(),
            is_used=used,
            why="It found fewer.",
            now=clock(),
        )

    measured(0.8, used=True)
    page = service.knowledge_page("acme", "", "")
    assert page
    assert page.test
    assert (page.test.in_three.count, page.test.first.count, page.test.first.of) == (32, 20, 40)
    assert (page.test.by_agents, page.refused) == (True, None)
    measured(0.4, used=False)
    page = service.knowledge_page("acme", "", "")
    assert page
    assert page.test
    assert page.refused
    assert (page.test.in_three.count, page.refused.why) == (32, "It found fewer.")
    measured(0.9, used=True)
    page = service.knowledge_page("acme", "", "")
    assert page
    assert page.refused is None


def test_inserts_are_counted_of_last_weeks_searched_tickets(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    one = _kept(store, clock)
    store.suggestions.keep("acme", suggestion(clock, "1"))
    shown(store, clock, one, "1", act=Act.INSERT_TEXT, by="Mei")
    clock.forward(days=8)
    for ref in ("2", "3", "4"):
        store.suggestions.keep("acme", suggestion(clock, ref))
    shown(store, clock, one, "2", act=Act.INSERT_TEXT, by="Mei")
    shown(store, clock, one, "2", act=Act.INSERT_LINK, by="Jonas")
    shown(store, clock, one, "9", act=Act.INSERT_TEXT, by="Mei")
    page = service.knowledge_page("acme", "", "")
    assert page
    assert page.inserted
    assert (page.inserted.count, page.inserted.of) == (1, 3)


def test_articles_to_look_at_begin_with_those_of_no_help(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    keep(store, clock, article("1"), article("2"))
    one, two = ids(store)["1"], ids(store)["2"]
    found = [
        ArticleFinding(kind=Kind.NEVER_SHOWN, article_id=one, why="Never shown."),
        ArticleFinding(kind=Kind.DUPLICATE, article_id=one, other_id=two, why="The same words."),
        ArticleFinding(kind=Kind.UNHELPFUL, article_id=two, why="6 of 20."),
    ]
    with store.database.write() as transaction:
        store.article_findings.replace_in(transaction, "acme", found, now=clock())
    page = service.knowledge_page("acme", "", "")
    assert page
    assert [(row.kind, row.other_title) for row in page.findings] == [
        ("unhelpful", ""),
        ("duplicate", "Article 2"),
        ("never_shown", ""),
    ]


def test_a_release_is_kept_for_the_worker_and_shows_what_it_opened(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    draft = ReleaseDraft(version="4.6", title="Menus", areas=("app",), notes="Renamed the menu Event log.")
    for wrong in (replace(draft, version=""), replace(draft, notes=""), replace(draft, areas=("moon",))):
        with pytest.raises(Refused):
            service.add_release("acme", wrong)
    assert store.releases.all("acme") == []
    service.add_release("acme", draft)
    [waiting] = store.releases.waiting("acme")
    assert (waiting.version, waiting.source, waiting.product_areas) == ("4.6", "console", ("app",))
    page = service.releases_page("acme", None)
    assert [(row.version, row.areas, row.is_read) for row in page.rows] == [("4.6", ("App",), False)]
    one = _kept(store, clock)
    due(store, clock, one, release_id=waiting.id)
    with store.database.write() as transaction:
        store.releases.read_in(transaction, "acme", waiting, now=clock())
    page = service.releases_page("acme", waiting.id)
    assert page.chosen
    assert (page.chosen.is_read, page.chosen.reviews, page.chosen.open) == (True, 1, 1)
    assert [(row.article, row.why, row.closed) for row in page.opened] == [(one, "Release 4.6 renamed the menu", False)]


def test_a_preview_names_what_a_release_would_open_and_keeps_nothing(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    menu = "<p>Open the menu <b>Event log</b>, and choose Replay in the Event log.</p>"
    keep(store, clock, article("1", title="Replay missed events", body_html=menu), article("2", title="Invoices"))
    draft = ReleaseDraft(version="4.6", notes="- Renamed the menu **Event log** to **Deliveries**.")
    found = service.preview_release("acme", draft)
    assert [row.article for row in found.opened] == [ids(store)["1"]]
    assert found.by_words
    assert store.releases.all("acme") == []
    assert store.reviews.counts("acme") == {}
    with pytest.raises(Refused):
        service.preview_release("acme", replace(draft, notes=""))


def test_a_draft_that_the_helpdesk_does_not_give_says_so(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    number = gap(store, clock)
    assert service.gap_page("acme", number).row.draft_from is None
    with pytest.raises(Refused, match="The helpdesk did not tell"):
        service.draft_gap("acme", number, by="Eva Berg", again=False)
    for ref, status in (("7", Status.SOLVED), ("8", Status.OPEN)):
        with store.database.write() as transaction:
            store.ticket_log.append_in(transaction, "acme", ref, [StatusSet(at=clock(), status=status)], now=clock())
    assert service.gap_page("acme", number).row.draft_from == 1
    store.gaps.set_draft("acme", number, "# Two", author=MEI, by="Eva Berg", now=clock())
    page = service.gap_page("acme", number)
    assert (page.draft, page.row.author, page.row.has_draft, page.is_open) == ("# Two", MEI, True, True)
    service.draft_gap("acme", number, by="Ana Lind", again=False)
    assert service.gap_page("acme", number).changed_by == "Eva Berg"


def test_another_tenants_things_are_not_there(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("globex"), webhook_token="other", now=clock())
    one, number = _kept(store, clock), gap(store, clock)
    released = store.releases.add("acme", "4.6", notes="x", source="cli", now=clock())
    due(store, clock, one)
    page = service.knowledge_page("globex", "", "")
    assert page
    assert (page.due, page.due_total, page.gaps, page.synced.articles) == ((), 0, (), 0)
    assert service.articles_page("globex", Search(), 1).rows == ()
    for action in (
        lambda: service.article_page("globex", one),
        lambda: service.still_right("globex", one, by="x"),
        lambda: service.outdate("globex", one, by="x"),
        lambda: service.assign("globex", one, ""),
        lambda: service.set_facts("globex", one, Facts()),
        lambda: service.gap_page("globex", number),
        lambda: service.dismiss_gap("globex", number, by="x"),
        lambda: service.reopen_gap("globex", number, by="x"),
        lambda: service.draft_gap("globex", number, by="x", again=False),
        lambda: service.releases_page("globex", released.id),
    ):
        with pytest.raises(NotHere):
            action()
    assert len(store.reviews.open("acme")) == 1
    assert service.shell().reviews == 1


def test_a_tenant_that_is_not_there_raises(service: ConsoleService) -> None:
    for action in (
        lambda: service.knowledge_page("nobody", "", ""),
        lambda: service.articles_page("nobody", Search(), 1),
        lambda: service.articles_export("nobody", Search()),
        lambda: service.article_page("nobody", 1),
        lambda: service.releases_page("nobody", None),
        lambda: service.sync_articles("nobody"),
        lambda: service.gap_page("nobody", 1),
        lambda: service.add_release("nobody", ReleaseDraft(version="1", notes="x")),
    ):
        with pytest.raises(UnknownTenant):
            action()
