"""Reviews as time passes: whatever happens in whatever order, nothing is asked or told twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.bootstrap import Deps
from app.knowledge import reviewing
from app.knowledge.checking import MOST_AGED, REST, look_through
from app.knowledge.opening import open_review_in
from app.knowledge.owning import FactsElsewhere, set_facts
from app.knowledge.reviewing import read_releases, tell_owners
from app.knowledge.rules import default_rules, rules_for
from app.knowledge.touching import Touched, texts_of
from app.settings import Settings
from connectors.defaults import load_knowledge
from connectors.store import Store
from connectors.store.article_rows import StoredArticle
from connectors.store.config import KNOWLEDGE
from connectors.store.review_rows import FLAG, Outcome
from connectors.store.schema import outbox
from connectors.store.schema import review as reviews
from connectors.store.tenants import LIVE, SHADOW
from tests.app.sla.ground import with_people
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_articles import article, delete_unseen, keep
from triage.articles import Article, Facts, State
from triage.reviews.affected import Affected, Release
from triage.suggestions import Act

DAY = timedelta(days=1)
NOTES = "- **Renamed:** the menu entry `Bulk export` is now called `Data download`."
BODY = "<p>Open <b>Settings</b> and choose <code>Bulk export</code>. The Bulk export takes a minute.</p>"
OTHER = "<p>An invoice can be paid by card or by transfer.</p>"


class Killed(BaseException):
    """The process ends here."""


def named(deps: Deps, tenant: str, release: Release, encoder: object) -> list[Touched]:
    """Articles that have what the notes name as code: which ones a release touches has tests of its own."""
    codes = re.findall("`([^`]+)`", release.notes)
    texts = texts_of(deps, tenant, deps.store.articles.find(tenant))
    return [
        Touched(
            each, each.facts.product_areas, Affected(index=0, score=0.9, why=f"Release {release.version}", evidence={})
        )
        for each in deps.store.articles.find(tenant)
        if any(code in texts[each.id] for code in codes)
    ]


@pytest.fixture
def deps(store: Store, tenant: str, clock: ToldClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deps:
    monkeypatch.setattr(reviewing, "touched", named)
    made = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)
    with_people(made)
    rule(made, owner="priya")
    return made


def rule(deps: Deps, tenant: str = "acme", *, review: dict[str, Any] | None = None, **changes: Any) -> None:
    body = {**load_knowledge(), **changes}
    body["review"] = {**body["review"], **(review or {})}
    deps.store.config.save(tenant, KNOWLEDGE, body, by="test", why="", now=deps.now())


def fill(store: Store, clock: ToldClock, *more: Article, tenant: str = "acme") -> dict[str, StoredArticle]:
    """Three articles of which a release of `NOTES` touches the first, in two languages."""
    now = clock()
    found = [
        article("1", title="Download everything", body_html=BODY, updated_at=now),
        article("1", title="Alles laden", body_html=BODY, locale="de", updated_at=now),
        article("2", title="Pay an invoice", body_html=OTHER, updated_at=now),
        article("3", title="Colours", body_html="<p>Choose a colour.</p>", updated_at=now),
    ]
    keep(store, clock, *found, *more, tenant=tenant)
    return {f"{each.key} {each.article.locale}": each for each in store.articles.find(tenant)}


def run(deps: Deps, tenant: str = "acme") -> tuple[dict[str, int], int, int]:
    """What the timed job does."""
    rules = rules_for(deps.store, tenant)
    return read_releases(deps, tenant, rules, None), look_through(deps, tenant, rules), tell_owners(deps, tenant, rules)


def release(deps: Deps, version: str = "4.6", notes: str = NOTES, tenant: str = "acme") -> None:
    deps.store.releases.add(tenant, version, notes=notes, source="api", now=deps.now())


def queue(deps: Deps, tenant: str = "acme") -> list[tuple[str, str, str]]:
    found = deps.store.reviews.open(tenant)
    return sorted((each.article.key, each.article.article.locale, each.kind) for each in found)


def mails(deps: Deps, tenant: str = "acme") -> list[tuple[str, str]]:
    with deps.store.database.read() as connection:
        rows = connection.execute(select(outbox.c.payload).where(outbox.c.tenant == tenant).order_by(outbox.c.id))
        return [(row.payload["to"], row.payload["subject"]) for row in rows]


PRIYA = "priya@desk.example"


def test_a_release_opens_a_review_for_each_language_and_one_mail_tells_of_them(deps: Deps, clock: ToldClock) -> None:
    fill(deps.store, clock)
    release(deps)
    assert run(deps) == ({"4.6": 2}, 0, 1)
    assert queue(deps) == [("1", "de", "release"), ("1", "en", "release")]
    first = deps.store.reviews.open("acme")[0]
    assert (first.owner, first.due_at, first.release) == ("priya", clock() + 10 * DAY, "4.6")
    assert "4.6" in first.why
    assert first.evidence["score"] >= 0.5
    assert mails(deps) == [(PRIYA, "2 articles to check by 27 November 2026")]
    assert run(deps) == ({}, 0, 0)
    release(deps)
    assert run(deps) == ({}, 0, 0), "the same notes again"
    assert deps.store.reviews.tallies("acme")[1].opened == 2


def test_reminders_come_once_each_and_end(deps: Deps, clock: ToldClock) -> None:
    fill(deps.store, clock)
    release(deps)
    for _ in range(30):
        run(deps)
        run(deps)
        clock.forward(days=1)
    assert [subject.partition(" by ")[0].partition(":")[0] for _, subject in mails(deps)] == [
        "2 articles to check",
        "Still to check",
        "Check overdue",
        "Check overdue",
    ]


def test_other_notes_of_the_same_version_add_what_they_touch(deps: Deps, clock: ToldClock) -> None:
    fill(deps.store, clock)
    release(deps)
    run(deps)
    deps.store.reviews.close_all(
        "acme", deps.store.articles.find("acme", locale="en")[0].id, Outcome.STILL_RIGHT, by="x", now=clock()
    )
    before = queue(deps)
    release(
        deps,
        notes=f"{NOTES}\n- An `invoice` can no longer be paid.",
    )
    opened, _, _ = run(deps)
    assert opened == {"4.6": 1}
    assert [each for each in queue(deps) if each not in before] == [("2", "en", "release")]


@pytest.mark.parametrize("broken", ["open_in", "read_in", "told_in", "add_in"])
def test_a_crash_at_any_step_is_made_up_by_the_next_run(
    deps: Deps, clock: ToldClock, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    fill(deps.store, clock)
    release(deps)
    owner = {"read_in": deps.store.releases, "add_in": deps.store.outbox}.get(broken, deps.store.reviews)
    whole: Callable[..., Any] = getattr(owner, broken)
    calls = Counter[str]()

    def killed(*args: Any, **kwargs: Any) -> Any:
        calls[broken] += 1
        whole(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, broken, killed)
        with pytest.raises(Killed):
            run(deps)
    assert calls[broken]
    run(deps)
    assert queue(deps) == [("1", "de", "release"), ("1", "en", "release")]
    assert len(mails(deps)) == 1
    assert deps.store.releases.waiting("acme") == []


def test_notes_that_change_while_they_are_read_are_read_again(
    deps: Deps, clock: ToldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(deps.store, clock)
    release(deps)
    touched = reviewing.touched

    def late(*args: Any) -> Any:
        found = touched(*args)
        release(deps, notes="- Faster.")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(reviewing, "touched", late)
        assert run(deps)[0] == {}
    assert run(deps)[0] == {"4.6": 0}
    assert queue(deps) == []


def test_in_shadow_mode_nobody_is_told_until_it_ends(deps: Deps, clock: ToldClock) -> None:
    fill(deps.store, clock)
    release(deps)
    deps.store.tenants.set_mode("acme", SHADOW)
    assert run(deps) == ({"4.6": 2}, 0, 0)
    deps.store.tenants.set_mode("acme", LIVE)
    assert run(deps) == ({}, 0, 1)


def test_without_an_owner_or_one_a_mail_reaches_the_review_waits_in_the_queue(deps: Deps, clock: ToldClock) -> None:
    rule(deps, owner=None)
    fill(deps.store, clock)
    release(deps)
    assert run(deps) == ({"4.6": 2}, 0, 0)
    assert [each.owner for each in deps.store.reviews.open("acme")] == [None, None]
    assert deps.store.reviews.due(clock()) == set(), "not looked up again every few seconds"
    rule(deps, owner="nobody-we-know")
    clock.forward(hours=2)
    run(deps)
    assert {each.owner for each in deps.store.reviews.open("acme")} == {"nobody-we-know"}
    assert mails(deps) == []
    for each in deps.store.articles.find("acme", locale="de"):
        set_facts(deps, "acme", each, Facts(owner="docs@example.com"))
    assert run(deps)[2] == 1
    assert mails(deps) == [("docs@example.com", "1 article to check by 27 November 2026")]


def test_the_area_decides_who_is_told(deps: Deps, clock: ToldClock) -> None:
    rule(deps, owner="priya", owners={"data": "data@example.com"})
    known = fill(deps.store, clock)
    deps.store.articles.set_facts("acme", known["1 de"].id, Facts(product_areas=("data",)), now=clock())
    deps.store.articles.set_facts(
        "acme", known["1 en"].id, Facts(owner="ana@example.com", product_areas=("data",)), now=clock()
    )
    release(deps)
    run(deps)
    assert sorted(to for to, _ in mails(deps)) == ["ana@example.com", "data@example.com"]


def test_facts_of_a_file_are_changed_in_the_file(deps: Deps, clock: ToldClock) -> None:
    keep(deps.store, clock, article("a.md"), source="folder:handbook", facts={})
    [each] = deps.store.articles.find("acme")
    with pytest.raises(FactsElsewhere, match="folder:handbook"):
        set_facts(deps, "acme", each, Facts(owner="ana"))


def test_facts_given_move_open_reviews_only_when_the_owner_is_another(deps: Deps, clock: ToldClock) -> None:
    fill(deps.store, clock)
    release(deps)
    run(deps)
    english = next(each for each in deps.store.articles.find("acme") if (each.key, each.article.locale) == ("1", "en"))
    assert set_facts(deps, "acme", english, Facts(roles=("admin",)))
    assert run(deps)[2] == 0
    english = deps.store.articles.some("acme", [english.id])[english.id]
    assert (english.facts.roles, deps.store.articles.mark("acme")) == (("admin",), deps.store.articles.mark("acme"))
    assert set_facts(deps, "acme", english, Facts(owner="ben@example.com"))
    assert run(deps)[2] == 1
    assert mails(deps)[-1][0] == "ben@example.com"


def test_old_articles_are_due_a_few_a_day_the_oldest_first(deps: Deps, clock: ToldClock) -> None:
    old = [article(f"old {n}", updated_at=clock() - timedelta(days=366 + n)) for n in range(12)]
    fill(deps.store, clock, *old, article("draft", is_draft=True, updated_at=clock() - 999 * DAY))
    assert run(deps)[1] == MOST_AGED
    assert [key for key, _, _ in queue(deps)] == ["old 10", "old 11", "old 7", "old 8", "old 9"]
    assert deps.store.reviews.open("acme")[0].why.startswith("Not checked for 12 months")
    assert len(mails(deps)) == 1, "one mail for all of them"
    for _ in range(25):
        clock.at += REST
        run(deps)
    assert len(queue(deps)) == 2 * MOST_AGED
    clock.forward(days=5)
    run(deps)
    assert len(queue(deps)) == 12
    for each in deps.store.articles.find("acme", state=State.REVIEW_DUE):
        deps.store.reviews.close_all("acme", each.id, Outcome.STILL_RIGHT, by="Ana", now=clock())
    clock.forward(days=1)
    assert run(deps)[1] == 0, "confirmed for a year"
    rule(deps, owner="priya", review={"check_every_days": 0})
    clock.forward(days=900)
    assert run(deps)[1] == 0, "never"


def test_what_agents_find_of_no_help_is_due_until_it_is_confirmed_or_rewritten(deps: Deps, clock: ToldClock) -> None:
    number = fill(deps.store, clock)["2 en"].id

    def used(count: int, judged: int) -> int:
        for ticket in range(count):
            ref = f"{clock().isoformat()} {ticket}"
            deps.store.article_events.add("acme", ref, number, Act.INSERT_TEXT, by_id="7", by_name="Kim", now=clock())
            if ticket < judged:
                deps.store.article_events.add(
                    "acme", ref, number, Act.NOT_HELPFUL, by_id="7", by_name="Kim", now=clock()
                )
        clock.at += REST
        return run(deps)[1]

    assert used(19, 19) == 0, "too few to say"
    assert used(1, 0) == 1
    assert deps.store.reviews.open("acme")[0].why == "“Not helpful” in 19 of 20 inserts"
    assert used(5, 5) == 0, "it is open"
    deps.store.reviews.close_all("acme", number, Outcome.STILL_RIGHT, by="Ana", now=clock())
    clock.forward(minutes=1)
    assert used(19, 19) == 0
    assert used(1, 1) == 1
    deps.store.reviews.close_all("acme", number, Outcome.STILL_RIGHT, by="Ana", now=clock())
    clock.forward(minutes=1)
    assert used(100, 19) == 0, "under a fifth"


def test_an_outdated_article_that_was_rewritten_is_looked_at(deps: Deps, clock: ToldClock) -> None:
    number = fill(deps.store, clock)["3 en"].id
    deps.store.reviews.close_all("acme", number, Outcome.OUTDATED, by="Ana", now=clock())
    run(deps)
    assert queue(deps) == []
    clock.forward(hours=2)
    keep(deps.store, clock, article("3", title="Colours", body_html="<p>Choose a theme.</p>", updated_at=clock()))
    run(deps)
    assert queue(deps) == [("3", "en", "edited")]
    deps.store.reviews.close_all("acme", number, Outcome.STILL_RIGHT, by="Ana", now=clock())
    clock.at += REST
    run(deps)
    assert (queue(deps), deps.store.articles.some("acme", [number])[number].state) == ([], State.VERIFIED)


def test_a_deleted_article_is_asked_about_by_nobody(deps: Deps, clock: ToldClock) -> None:
    fill(deps.store, clock)
    release(deps)
    run(deps)
    clock.forward(days=1)
    assert delete_unseen(deps.store, clock, clock()) == 4
    for _ in range(20):
        clock.forward(days=1)
        run(deps)
    assert (len(mails(deps)), queue(deps)) == (1, [])


def test_tenants_are_apart(deps: Deps, clock: ToldClock) -> None:
    deps.store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    fill(deps.store, clock)
    fill(deps.store, clock, tenant="other")
    release(deps, tenant="other")
    assert run(deps) == ({}, 0, 0)
    assert run(deps, "other") == ({"4.6": 2}, 0, 0), "it has no owners"
    assert queue(deps) == []


HAPPENS = (
    "release,other release,other notes,edit,back,verify,outdated,close one,flag,gone,hand over,hand back,run,run,"
    "hour,day,weeks,shadow,live,draft"
)
EVENTS = st.lists(
    st.sampled_from(HAPPENS.split(",")),
    min_size=4,
    max_size=25,
)
_numbers = iter(range(10**9))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS)
def test_whatever_happens_in_whatever_order(deps: Deps, clock: ToldClock, events: list[str]) -> None:
    tenant = f"t{next(_numbers)}"
    store = deps.store
    store.tenants.add(new_tenant(tenant), webhook_token=tenant, now=clock())
    rule(deps, tenant, owner="ana@example.com", review={"check_every_days": 30})
    first = fill(store, clock, tenant=tenant)
    closed: dict[int, Any] = {}
    for number, event in enumerate(["release", "flag", "run", *events, "run"]):
        happen(deps, clock, tenant, event, number, first)
        check(deps, tenant, closed)


def happen(deps: Deps, clock: ToldClock, tenant: str, event: str, number: int, known: dict[str, StoredArticle]) -> None:
    store, now = deps.store, clock()
    mine = known["1 en"]
    body = BODY.replace("minute", f"minute or {number}")
    match event:
        case "release":
            release(deps, tenant=tenant)
        case "other release":
            release(deps, "4.7", NOTES + " It moved.", tenant)
        case "other notes":
            release(deps, notes=NOTES + f"\n- Changed the colour {number}.", tenant=tenant)
        case "edit":
            keep(store, clock, article("1", title="Download everything", body_html=body, updated_at=now), tenant=tenant)
        case "draft":
            keep(store, clock, article("1", title="Download everything", body_html=BODY, is_draft=True), tenant=tenant)
        case "back":
            fill(store, clock, tenant=tenant)
        case "verify" | "outdated":
            outcome = Outcome.OUTDATED if event == "outdated" else Outcome.STILL_RIGHT
            store.reviews.close_all(tenant, mine.id, outcome, by="Ana", now=now)
        case "close one":
            for each in store.reviews.open(tenant)[:1]:
                store.reviews.close(tenant, each.id, Outcome.STILL_RIGHT, by="Ana", now=now)
        case "flag":
            with store.database.write() as transaction:
                rules = rules_for(store, tenant)
                more: dict[str, Any] = {"kind": FLAG, "why": "Kim flagged it", "evidence": {}, "now": now}
                open_review_in(store, transaction, tenant, mine, (), rules, cause=f"flag:{number % 2}", **more)
        case "gone":
            clock.forward(minutes=1)
            with store.database.write() as transaction:
                store.articles.delete_unseen_in(transaction, tenant, "helpdesk", since=clock(), now=clock())
        case "hand over" | "hand back":
            to = "ben@example.com" if event == "hand over" else "ana@example.com"
            store.reviews.assign(tenant, mine.id, to, now=now)
        case "run":
            run(deps, tenant)
        case "hour":
            clock.forward(hours=1)
        case "day":
            clock.forward(days=1)
        case "weeks":
            clock.forward(days=16)
        case "shadow" | "live":
            store.tenants.set_mode(tenant, event)


def check(deps: Deps, tenant: str, closed: dict[int, Any]) -> None:
    """An article has at most one review of a cause, closed ones stay as they are, nobody hears the same twice."""
    with deps.store.database.read() as connection:
        rows = connection.execute(select(reviews).where(reviews.c.tenant == tenant)).all()
        sent = connection.execute(select(outbox.c.payload).where(outbox.c.tenant == tenant)).scalars().all()
    assert max(Counter((row.article_id, row.cause) for row in rows).values(), default=1) == 1
    for row in rows:
        if row.id in closed:
            assert row == closed[row.id]
        if row.closed_at is not None:
            closed[row.id] = row
            assert row.next_at is None
    told = sum(sum(row.told.values()) for row in rows)
    # Whoever is told of a review has its number raised: as many lines as that, and none is a repetition.
    assert sum(mail["text"].count("Due ") for mail in sent) <= told
    in_review = {row.article_id for row in rows if row.closed_at is None}
    for each in deps.store.articles.find(tenant):
        if each.state is State.VERIFIED:
            assert each.id not in in_review
        if each.state is State.REVIEW_DUE and each.id not in in_review:
            assert deps.store.articles.versions(tenant, each.id), "outdated, and rewritten since"


def test_the_rules_of_a_fresh_install_hold_until_there_are_others(store: Store, tenant: str, clock: ToldClock) -> None:
    assert rules_for(store, tenant) is default_rules()
    store.config.save(tenant, KNOWLEDGE, {"owner": "ana"}, by="test", why="", now=clock())
    assert (rules_for(store, tenant).owner, rules_for(store, tenant).version) == ("ana", "1")
    assert rules_for(store, tenant) is rules_for(store, tenant)
