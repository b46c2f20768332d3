"""The help centre is read: what changed, what went, who may read it; a run that is cut off goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.knowledge import indexing, reading
from app.knowledge.reading import LISTED, Reading, how_far, read_helpdesk
from app.knowledge.refreshing import Refreshed
from connectors.base import Feature, Helpdesk
from connectors.errors import Forbidden, Rejected
from connectors.registry import VENDORS
from connectors.simulator.records import HelpArticle, Translation
from connectors.store.article_rows import StoredArticle
from connectors.store.article_writes import Counts
from connectors.store.schema import inbox
from jobs.schedule import timetable
from tests.jobs.conftest import Desk
from triage.articles import Audience, State

pytestmark = pytest.mark.parametrize("vendor", VENDORS)
DE, EN = "de", "en"


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """At the simulated helpdesk's time; only the articles are on the timetable, and there is a small help centre."""
    desk.clock.at = datetime.now(UTC)
    desk.sweeper.timetable = tuple(each for each in timetable(desk.run.deps.settings) if each.name == "articles")
    state = desk.helpdesk.simulator.state
    for article in list(state.articles.values())[6:]:
        del state.articles[article.id]
    return desk


def run(desk: Desk) -> list[tuple[str, str | None]]:
    """Let the job run when it is due again; every run's state and note."""
    desk.clock.at += timedelta(days=1, minutes=10)
    desk.work()
    return runs(desk)


def known(desk: Desk) -> dict[tuple[str, str], StoredArticle]:
    return {(each.key, each.article.locale[:2]): each for each in desk.store.articles.find("acme")}


def texts(desk: Desk) -> list[HelpArticle]:
    return list(desk.helpdesk.simulator.state.articles.values())


def change(desk: Desk, article: HelpArticle, **changes: Any) -> None:
    """As an author changes it: the article's time moves too, a whole second at least."""
    state = desk.helpdesk.simulator.state
    state.put(state.articles, replace(article, updated_at=article.updated_at + timedelta(seconds=5), **changes))


def languages(desk: Desk) -> int:
    return sum(len(each.translations) for each in texts(desk))


def walk(desk: Desk, **how: Any) -> Reading:
    return read_helpdesk(desk.run.deps, "acme", **how)


def test_every_language_is_read_and_can_be_searched(desk: Desk) -> None:
    [(state, note)] = run(desk)
    assert state == "done"
    assert note == f"{languages(desk)} new, 0 changed, 0 deleted, 0 unchanged."
    assert {ref for ref, _ in known(desk)} == {str(each.id) for each in texts(desk)}
    assert {locale for _, locale in known(desk)} == {EN, DE}
    index = indexing.place_of(desk.run.deps, "acme").open()
    found = {(entry.ref, entry.locale[:2]) for entry in index.corpus.entries}
    assert found == set(known(desk))


def test_nothing_new_costs_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run(desk)
    before = known(desk)
    monkeypatch.setattr("app.knowledge.refreshing.make", None)
    assert run(desk)[-1] == ("done", f"0 new, 0 changed, 0 deleted, {languages(desk)} unchanged.")
    assert [each.changed_at for each in known(desk).values()] == [each.changed_at for each in before.values()]


def test_changes_deletions_drafts_translations_and_who_may_read(desk: Desk) -> None:
    run(desk)
    gone, draft, hidden, told, edited, *_ = texts(desk)
    desk.control("DELETE", f"articles/{gone.id}")
    home = draft.locale
    change(desk, draft, translations={home: replace(draft.translations[home], draft=True)})
    section = next(each.section_id for each in texts(desk) if each.id != hidden.id)
    change(desk, hidden, audience="agents", section_id=section)
    change(desk, told, translations={**told.translations, DE: Translation(title="Neu", body="<p>Neuer Text</p>")})
    text = replace(edited.translations[edited.locale], body="<h2>Now</h2><p>Another text.</p>")
    change(desk, edited, translations={**edited.translations, edited.locale: text})
    assert run(desk)[-1][0] == "done"
    now = known(desk)
    assert str(gone.id) not in {ref for ref, _ in now}
    assert {each.key for each in desk.store.articles.find("acme", deleted=True)} >= {str(gone.id)}
    assert now[str(draft.id), EN].state is State.DRAFT
    assert now[str(hidden.id), EN].article.audience is Audience.AGENTS
    assert now[str(told.id), DE].article.title == "Neu"
    mine = now[str(edited.id), EN]
    assert desk.store.articles.text("acme", mine.id) == "## Now\n\nAnother text."
    assert len(desk.store.articles.versions("acme", mine.id)) == 1
    index = indexing.place_of(desk.run.deps, "acme").open()
    assert str(gone.id) not in {entry.ref for entry in index.corpus.entries}


def test_what_comes_back_is_there_again(desk: Desk) -> None:
    run(desk)
    gone = texts(desk)[0]
    desk.control("DELETE", f"articles/{gone.id}")
    run(desk)
    state = desk.helpdesk.simulator.state
    state.put(state.articles, gone)
    run(desk)
    assert (str(gone.id), EN) in known(desk)


def test_how_far_a_reading_is_can_be_told_while_it_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk, 250)
    assert how_far(desk.store, "acme") == (None, None)
    walk(desk)
    began = how_far(desk.store, "acme")[0]
    assert how_far(desk.store, "acme") == (began, None)
    assert began is not None
    desk.clock.forward(days=2)
    killed_at_half(desk, monkeypatch)
    at, seen = how_far(desk.store, "acme")
    assert at == began
    assert seen is not None
    assert 0 < seen < languages(desk)
    walk(desk)
    assert how_far(desk.store, "acme") == (began + timedelta(days=2), None)


def test_a_run_that_was_killed_goes_on_where_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk, 250)
    whole = requests_of(desk, lambda: walk(desk))
    desk.clock.forward(days=2)
    gone = texts(desk)[0]
    desk.control("DELETE", f"articles/{gone.id}")
    killed_at_half(desk, monkeypatch)
    assert under_way(desk)
    assert (str(gone.id), EN) in known(desk), "half a listing deletes nothing"
    found: list[Reading] = []
    second = requests_of(desk, lambda: found.append(walk(desk)))
    assert found[0].complete
    assert found[0].counts == Counts(unchanged=languages(desk), deleted=len(gone.translations))
    assert not under_way(desk)
    assert second < whole


def test_a_run_that_was_killed_after_its_last_page_ends_the_listing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk(desk)
    desk.clock.forward(days=2)
    desk.control("DELETE", f"articles/{texts(desk)[0].id}")
    with monkeypatch.context() as patched:
        patched.setattr(reading, "_finish", die)
        with pytest.raises(Killed):
            walk(desk)
    assert len(known(desk)) > languages(desk)
    assert requests_of(desk, lambda: walk(desk)) == 0
    assert len(known(desk)) == languages(desk)


def test_a_spent_budget_is_waited_for_and_nothing_is_read_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk, 150)
    whole = requests_of(desk, lambda: walk(desk))
    desk.clock.forward(days=2)
    desk.store.installations.set("acme", limits={"requests": 120, "help_center": 120})
    monkeypatch.setattr("jobs.articles.refresh_index", lambda *_args: Refreshed())
    spent = tries = 0
    while not tries or runs(desk)[-1][0] != "done":
        spent += requests_of(desk, desk.work)
        desk.clock.forward(seconds=10)
        tries += 1
        assert tries < 200
    assert not under_way(desk)
    assert tries > 2
    assert spent <= whole + tries, "each time the page that it was at is asked for again, and nothing else"


def test_a_listing_of_long_ago_is_begun_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk, 250)
    killed_at_half(desk, monkeypatch)
    desk.clock.forward(days=2)
    assert walk(desk).counts.unchanged > 0
    assert len(known(desk)) == languages(desk)


def test_a_place_that_the_helpdesk_forgot_is_begun_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk, 250)
    killed_at_half(desk, monkeypatch)
    helpdesk = desk.run.deps.helpdesk("acme")
    pages = type(helpdesk).article_pages

    def refuses(self: Helpdesk, *, cursor: str | None, updated_since: datetime | None = None) -> Any:
        if cursor is not None:
            raise Rejected("no such cursor")
        return pages(self, cursor=cursor, updated_since=updated_since)  # type: ignore[arg-type]

    monkeypatch.setattr(type(helpdesk), "article_pages", refuses)
    assert walk(desk).complete
    assert len(known(desk)) == languages(desk)


def test_changes_are_asked_for_each_hour_where_they_are_told(desk: Desk) -> None:
    walk(desk)
    desk.clock.forward(minutes=70)
    gone, edited, *_ = texts(desk)
    desk.control("DELETE", f"articles/{gone.id}")
    text = replace(edited.translations[edited.locale], title="Edited")
    state_of = desk.helpdesk.simulator.state
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    translations = {**edited.translations, edited.locale: text}
    state_of.put(state_of.articles, replace(edited, updated_at=later, translations=translations))
    found = walk(desk)
    assert known(desk)[str(edited.id), EN].article.title == "Edited"
    tells = Feature.ARTICLE_CHANGES in desk.run.helpdesk("acme").features
    assert found.full is not tells
    assert ((str(gone.id), EN) in known(desk)) is tells, "a list of changes does not tell of deletions"
    if tells:
        assert found.counts.unchanged + found.counts.changed < languages(desk)
    desk.clock.forward(minutes=1)
    assert walk(desk, full=True).full
    assert (str(gone.id), EN) not in known(desk)


def test_no_help_centre_is_asked_for_again_the_next_day_only(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_args: object, **_how: object) -> Reading:
        raise Forbidden("You are not allowed to see the help centre.")

    with monkeypatch.context() as patched:
        patched.setattr("jobs.articles.read_helpdesk", refuses)
        desk.work()
        desk.clock.forward(hours=20)
        desk.work()
    assert runs(desk) == [("done", "You are not allowed to see the help centre.")]
    assert desk.store.articles.due(desk.clock()) == []
    assert desk.store.articles.due(desk.clock() + LISTED) == ["acme"]


def test_an_index_that_is_gone_or_damaged_is_made_again(desk: Desk) -> None:
    run(desk)
    place = indexing.place_of(desk.run.deps, "acme")
    folder = place.scratch
    (folder / "current.json").unlink()
    run(desk)
    assert place.open().corpus.entries
    for path in folder.rglob("*.npy"):
        path.write_bytes(b"damaged")
    run(desk)
    assert place.open().corpus.entries


def test_a_refused_index_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.articles.refresh_index", lambda *_args: Refreshed(refused="It finds less."))
    assert run(desk)[-1] == ("done", f"{languages(desk)} new, 0 changed, 0 deleted, 0 unchanged. It finds less.")


def test_long_reading_lets_other_work_come_between(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk, 250)
    monkeypatch.setattr("jobs.articles.MOST", timedelta(0))
    monkeypatch.setattr("jobs.articles.refresh_index", lambda *_args: Refreshed())
    desk.work()
    assert under_way(desk)
    assert str(runs(desk)[0][1]).endswith("There is more to read.")
    for _ in range(60):
        if not under_way(desk):
            break
        desk.clock.forward(minutes=5)
        desk.work()
    assert desk.store.articles.sources("acme") == {"helpdesk": languages(desk)}
    assert {state for state, _ in runs(desk)} == {"done"}


def die(*_args: object, **_how: object) -> Counts:
    raise Killed


def fill(desk: Desk, count: int) -> None:
    """So many more articles, in one section: several pages with either helpdesk."""
    state = desk.helpdesk.simulator.state
    like = texts(desk)[0]
    for number in range(count):
        text = Translation(title=f"Article {number}", body=f"<p>What to do about {number}.</p>")
        state.put(state.articles, replace(like, id=state.next_id(), translations={like.locale: text}))


def killed_at_half(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read until a first page of articles is stored, and end as a killed process does."""
    helpdesk = type(desk.run.deps.helpdesk("acme"))
    pages = helpdesk.article_pages

    def dies(self: Helpdesk, *, cursor: str | None, updated_since: datetime | None = None) -> Iterator[Any]:
        read = 0
        for page in pages(self, cursor=cursor, updated_since=updated_since):  # type: ignore[arg-type]
            if read >= 100:
                raise Killed
            read += len(page[0])
            yield page

    with monkeypatch.context() as patched:
        patched.setattr(helpdesk, "article_pages", dies)
        with pytest.raises(Killed):
            walk(desk)


def runs(desk: Desk) -> list[tuple[str, str | None]]:
    with desk.store.database.read() as connection:
        rows = connection.execute(select(inbox).where(inbox.c.kind == "articles").order_by(inbox.c.id)).all()
    return [(row.state, row.error) for row in rows]


def requests_of(desk: Desk, work: Callable[[], object]) -> int:
    before = desk.helpdesk.simulator.face.summary()["requests"]
    work()
    return int(desk.helpdesk.simulator.face.summary()["requests"] - before)


def under_way(desk: Desk) -> bool:
    return reading._load(desk.store, "acme").walk is not None
